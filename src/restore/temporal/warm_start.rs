// SPDX-License-Identifier: MPL-2.0
//! The warm start: the restored frame before becomes the initial estimate of the next.
//!
//! Each pixel is trusted by how well A x of the frame before explains the new observation, beside
//! how well it explained its own. Where little of the frame is trusted there was a cut, and the
//! frame takes the full steps (docs/decisions/017-warm-start.md).

use super::average::Average;
use super::residual_map::residual_map;
use crate::image::{EIGHT_BIT_STEP, Image};
use crate::operator::{Canvas, Operator};

/// Ratios of the new residual map to the old one: up to the first a pixel is trusted wholly, from
/// the second on not at all. Wide apart and high, for the network mends what moved better from the
/// old image than from a plain inverse; only another scene must stay out.
const TRUSTED: [f32; 2] = [8.0, 16.0];
/// Share of the frame before where it is trusted wholly. Below one, so that what the network adds
/// where the observation is silent does not feed on itself from frame to frame.
const KEPT: f32 = 0.8;
/// Where less than this share of the frame is trusted, there was a cut.
const LEAST_SHARE: f32 = 0.6;
/// Half a step of 8-bit codes, squared: what rounding leaves of any residual.
const ROUNDING: f32 = (EIGHT_BIT_STEP * EIGHT_BIT_STEP / 4.0) as f32;

/// What the frame before gives to a frame.
pub struct WarmStart {
    /// The frame before where it is trusted, else the plain initial estimate. On the canvas.
    pub initial: Image,
    /// Share of the frame, 0 to 1, that is left to the plain initial estimate.
    pub cold_share: f32,
    /// How the result is averaged with the frame before.
    pub average: Average,
}

/// A restored frame that the next may start from.
pub struct PreviousFrame {
    restored: Image,
    /// Residual map of `restored` and its own observation, at least what noise leaves of it.
    residual_map: Image,
}

impl PreviousFrame {
    /// `restored` is the result for the observation `frame`, whose noise has the standard deviation
    /// `sigma_y` on the scale of [-1, 1].
    pub fn of(restored: Image, frame: &Image, operator: &Operator, sigma_y: f32) -> Self {
        let mut residual_map = residual_map(operator, &restored, frame);
        // A result may fit the noise of its own observation; the next one has other noise.
        let least = sigma_y * sigma_y + ROUNDING;
        residual_map.data.iter_mut().for_each(|m| *m = m.max(least));
        Self {
            restored,
            residual_map,
        }
    }

    /// The warm start of `frame`, whose plain initial estimate on the canvas is `plain`.
    ///
    /// `None` after a cut, and for a frame of another size.
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
        let mut ratios = residual_map(operator, &self.restored, frame);
        for (now, before) in ratios.data.iter_mut().zip(&self.residual_map.data) {
            *now /= before;
        }
        let (trust, share) = trust(&ratios);
        // The share of a frame with values that are not numbers is not a number.
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
        let trust = on_canvas(&trust, operator.scale());
        let mut initial = on_canvas(&self.restored, 1);
        keep_trusted(&mut initial, plain, &trust, operator.scale());
        Some(WarmStart {
            initial,
            cold_share: 1.0 - share,
            average: Average::of(self.restored, &ratios),
        })
    }
}

/// How far each pixel is trusted, 0 to 1, and the mean of that.
fn trust(ratios: &Image) -> (Image, f32) {
    let mut trust = ratios.clone();
    let [low, high] = TRUSTED;
    for ratio in trust.data.iter_mut() {
        *ratio = ((high - *ratio) / (high - low)).clamp(0.0, 1.0);
    }
    let share = trust.data.iter().sum::<f32>() / trust.data.len().max(1) as f32;
    (trust, share)
}

/// Blends `plain` into `initial`, the less the more a pixel is trusted; `trust` is `scale` times
/// smaller than both.
fn keep_trusted(initial: &mut Image, plain: &Image, trust: &Image, scale: usize) {
    for c in 0..initial.channels {
        for y in 0..initial.height {
            let trust = trust.row(0, y / scale);
            let row = initial.row_mut(c, y).chunks_mut(scale);
            for ((initial, plain), w) in row.zip(plain.row(c, y).chunks(scale)).zip(trust) {
                let w = KEPT * w;
                for (i, p) in initial.iter_mut().zip(plain) {
                    *i = w * *i + (1.0 - w) * p;
                }
            }
        }
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
    fn a_still_scene_starts_from_the_frame_before() {
        let ((operator, canvas), x) = (denoising(), textured(1));
        let previous = || PreviousFrame::of(x.clone(), &noisy(&x, 2), &operator, SIGMA);
        let frame = noisy(&x, 3);
        let plain = operator.initial(&operator.observe(&frame, &canvas), &canvas);
        let warm = previous().warm_start(&frame, &plain, &operator, &canvas);
        let warm = warm.expect("no cut");
        assert_eq!(warm.cold_share, 0.0);
        assert_near(&warm.initial, &kept(&operator.observe(&x, &canvas), &plain));
    }

    #[test]
    fn what_changed_starts_cold_and_after_a_cut_all_does() {
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
        let warm = warm.expect("no cut");
        let share = warm.cold_share;
        assert!(share > 0.1 && share < 0.4, "{share}");
        assert_eq!(warm.initial.row(1, 14)[..8], plain.row(1, 14)[..8]);
        let bounds = x.bounds();
        let kept = kept(&x, &plain.crop(bounds));
        let corner = Window {
            x: 20,
            y: 26,
            width: 20,
            height: 6,
        };
        assert_near(&warm.initial.crop(corner), &kept.crop(corner));
        let cut = noisy(&textured(5), 3);
        let broken = Image::filled(3, 32, 40, f32::NAN);
        for frame in [cut, broken] {
            let warm = previous().warm_start(&frame, &plain, &operator, &canvas);
            assert!(warm.is_none());
        }
    }

    #[test]
    fn a_change_of_colour_alone_starts_cold() {
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
            assert!(warm.is_none_or(|w| w.cold_share > 0.3), "channel {channel}");
        }
    }

    #[test]
    fn a_frame_is_compared_at_the_resolution_of_the_observation() {
        let operator = Operator::new(&Degradation::Downscale(2), 20, 16).expect("an operator");
        let (canvas, x) = (operator.canvas(16), textured(1));
        let frame = operator.apply(&x);
        let previous = || PreviousFrame::of(x.clone(), &frame, &operator, SIGMA);
        let plain = Image::new(3, canvas.height, canvas.width);
        let warm = previous().warm_start(&frame, &plain, &operator, &canvas);
        let warm = warm.expect("no cut");
        assert_eq!(warm.cold_share, 0.0);
        let inside = Window {
            x: canvas.x,
            y: canvas.y,
            ..x.bounds()
        };
        assert_near(&warm.initial.crop(inside), &kept(&x, &plain.crop(inside)));
        let larger = Image::new(3, 16, 24);
        let warm = previous().warm_start(&larger, &plain, &operator, &canvas);
        assert!(warm.is_none());
    }
}
