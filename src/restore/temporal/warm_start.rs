// SPDX-License-Identifier: MPL-2.0
//! The frame before as a start: where it still explains what is observed, one step from a low level does for three.
//!
//! What is trusted is chosen pixel by pixel, by how much worse A x of the frame before fits the new observation than it
//! fitted its own. A cut, where little fits, costs the full steps again.

use super::average::Average;
use super::residual_map;
use crate::image::Image;
use crate::operator::{Canvas, Operator};

/// Local mean squared errors this many times those of the frame before are trusted wholly, and beyond the second not at
/// all. Wide apart and high: the network mends what moved better from the old picture than from a plain inverse
/// (docs/architecture.md); what is to be kept out is another scene.
const TRUSTED: [f32; 2] = [8.0, 16.0];
/// Share of the frame before in a start that trusts it. Below one, so that what the network adds where the observation
/// says nothing does not feed on itself from frame to frame.
const KEPT: f32 = 0.8;
/// Less of the frame than this trusted: a cut.
const LEAST_SHARE: f32 = 0.6;
/// Half a code of 8 bits, on the scale of [-1, 1], squared: no error is smaller.
const ROUNDING: f32 = 1.0 / (255.0 * 255.0);

/// What the frame before gives to a frame.
pub struct WarmStart {
    /// Where the step starts: the frame before where it is trusted, else the start of a frame by itself, on the canvas.
    pub start: Image,
    /// Share of the frame that begins anew.
    pub cold_share: f32,
    /// What of the frame before is part of the answer.
    pub average: Average,
}

/// What is kept of a frame for the next.
pub struct PreviousFrame {
    restored: Image,
    /// Local mean square of y - A x, one channel of the observation's size.
    residual_map: Image,
}

impl PreviousFrame {
    /// `restored` is the answer for the observation `frame`, whose noise has the standard deviation `sigma_y` on the
    /// scale of [-1, 1].
    pub fn of(restored: Image, frame: &Image, operator: &Operator, sigma_y: f32) -> Self {
        let mut map = residual_map::local(operator, &restored, frame);
        // An answer may fit its own observation's noise; the next has other noise.
        let least = sigma_y * sigma_y + ROUNDING;
        map.data.iter_mut().for_each(|m| *m = m.max(least));
        Self {
            restored,
            residual_map: map,
        }
    }

    /// What this gives to `frame`, whose start by itself on the canvas is `plain`. `None` after a cut, or for a frame of
    /// another size.
    pub fn warm_start(
        self,
        frame: &Image,
        plain: &Image,
        operator: &Operator,
        canvas: &Canvas,
    ) -> Option<WarmStart> {
        if (frame.width, frame.height) != (self.residual_map.width, self.residual_map.height) {
            return None;
        }
        let scale = operator.scale();
        let mut ratios = residual_map::local(operator, &self.restored, frame);
        for (now, before) in ratios.data.iter_mut().zip(&self.residual_map.data) {
            *now /= before;
        }
        let mut trust = ratios.clone();
        let [low, high] = TRUSTED;
        for ratio in trust.data.iter_mut() {
            *ratio = ((high - *ratio) / (high - low)).clamp(0.0, 1.0);
        }
        let share = trust.data.iter().sum::<f32>() / trust.data.len().max(1) as f32;
        // A frame of values that are no numbers trusts nothing.
        if share.is_nan() || share < LEAST_SHARE {
            return None;
        }
        let on_canvas = |image: &Image, scale: usize| {
            image.pad(
                canvas.y / scale,
                canvas.x / scale,
                canvas.height / scale,
                canvas.width / scale,
                operator.border(),
            )
        };
        let trust = on_canvas(&trust, scale);
        let mut start = on_canvas(&self.restored, 1);
        for c in 0..start.channels {
            for y in 0..start.height {
                let trust = trust.row(0, y / scale);
                let row = start.row_mut(c, y).chunks_mut(scale);
                for ((start, plain), w) in row.zip(plain.row(c, y).chunks(scale)).zip(trust) {
                    let w = KEPT * w;
                    for (s, p) in start.iter_mut().zip(plain) {
                        *s = w * *s + (1.0 - w) * p;
                    }
                }
            }
        }
        Some(WarmStart {
            start,
            cold_share: 1.0 - share,
            average: Average::of(self.restored, &ratios),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::Window;
    use crate::operator::Degradation;

    const SIGMA: f32 = 0.02;

    fn denoising() -> (Operator, Canvas) {
        let operator = Operator::new(&Degradation::Denoise, 40, 32).expect("an operator");
        let canvas = operator.canvas(16);
        (operator, canvas)
    }

    fn textured(seed: u64) -> Image {
        let noise = crate::sampler::normal_image(seed, 0, 3, 32, 40);
        Image::from_fn(3, 32, 40, |c, y, x| 0.3 * noise.row(c, y)[x])
    }

    fn noisy(x: &Image, seed: u64) -> Image {
        let noise = crate::sampler::normal_image(seed, 1, 3, x.height, x.width);
        let mut y = x.clone();
        let pairs = y.data.iter_mut().zip(&noise.data);
        pairs.for_each(|(v, n)| *v += SIGMA * n);
        y
    }

    fn kept(before: &Image, plain: &Image) -> Image {
        let mut mixed = before.clone();
        let pairs = mixed.data.iter_mut().zip(&plain.data);
        pairs.for_each(|(m, p)| *m = KEPT * *m + (1.0 - KEPT) * p);
        mixed
    }

    fn assert_near(a: &Image, b: &Image) {
        assert_eq!((a.width, a.height), (b.width, b.height));
        let far = a.data.iter().zip(&b.data).map(|(a, b)| (a - b).abs());
        assert!(far.fold(0.0, f32::max) < 1e-6);
    }

    #[test]
    fn a_steady_scene_starts_from_the_frame_before() {
        let ((operator, canvas), x) = (denoising(), textured(1));
        let previous = || PreviousFrame::of(x.clone(), &noisy(&x, 2), &operator, SIGMA);
        let frame = noisy(&x, 3);
        let plain = operator.initial(&operator.observe(&frame, &canvas), &canvas);
        let warm = previous().warm_start(&frame, &plain, &operator, &canvas);
        let WarmStart {
            start,
            cold_share: anew,
            ..
        } = warm.expect("no cut");
        assert_eq!(anew, 0.0);
        assert_near(&start, &kept(&operator.observe(&x, &canvas), &plain));
    }

    #[test]
    fn what_changed_begins_anew_and_a_cut_begins_anew_as_a_whole() {
        let ((operator, canvas), x) = (denoising(), textured(1));
        let previous = || PreviousFrame::of(x.clone(), &noisy(&x, 2), &operator, SIGMA);
        let mut moved = x.clone();
        for c in 0..3 {
            for y in 8..20 {
                moved.row_mut(c, y)[..12].copy_from_slice(&textured(9).row(c, y)[..12]);
            }
        }
        let frame = noisy(&moved, 3);
        let plain = operator.initial(&operator.observe(&frame, &canvas), &canvas);
        let warm = previous().warm_start(&frame, &plain, &operator, &canvas);
        let WarmStart {
            start,
            cold_share: anew,
            ..
        } = warm.expect("no cut");
        assert!(anew > 0.1 && anew < 0.4, "{anew}");
        assert_eq!(start.row(1, 14)[..8], plain.row(1, 14)[..8]);
        let bounds = x.bounds();
        let kept = kept(&x, &plain.crop(bounds));
        let corner = Window {
            x: 20,
            y: 26,
            width: 20,
            height: 6,
        };
        assert_near(&start.crop(corner), &kept.crop(corner));
        let cut = noisy(&textured(5), 3);
        assert!(
            previous()
                .warm_start(&cut, &plain, &operator, &canvas)
                .is_none()
        );
        let broken = Image::filled(3, 32, 40, f32::NAN);
        assert!(
            previous()
                .warm_start(&broken, &plain, &operator, &canvas)
                .is_none()
        );
    }

    #[test]
    fn a_change_of_colour_alone_begins_anew() {
        let ((operator, canvas), x) = (denoising(), textured(1));
        for channel in 0..3 {
            let mut other = x.clone();
            for y in 0..20 {
                other.row_mut(channel, y).iter_mut().for_each(|v| *v += 0.4);
            }
            let frame = noisy(&other, 3);
            let plain = operator.initial(&operator.observe(&frame, &canvas), &canvas);
            let previous = PreviousFrame::of(x.clone(), &noisy(&x, 2), &operator, SIGMA);
            let warm = previous.warm_start(&frame, &plain, &operator, &canvas);
            assert!(warm.is_none_or(|l| l.cold_share > 0.3), "channel {channel}");
        }
    }

    #[test]
    fn an_enlarging_operator_is_asked_at_its_own_resolution() {
        let operator = Operator::new(&Degradation::Downscale(2), 20, 16).expect("an operator");
        let (canvas, x) = (operator.canvas(16), textured(1));
        let frame = operator.apply(&x);
        let previous = || PreviousFrame::of(x.clone(), &frame, &operator, SIGMA);
        let plain = Image::new(3, canvas.height, canvas.width);
        let warm = previous().warm_start(&frame, &plain, &operator, &canvas);
        let WarmStart {
            start,
            cold_share: anew,
            ..
        } = warm.expect("no cut");
        assert_eq!(anew, 0.0);
        let inside = Window {
            x: canvas.x,
            y: canvas.y,
            ..x.bounds()
        };
        assert_near(&start.crop(inside), &kept(&x, &plain.crop(inside)));
        let larger = Image::new(3, 16, 24);
        assert!(
            previous()
                .warm_start(&larger, &plain, &operator, &canvas)
                .is_none()
        );
    }
}
