// SPDX-License-Identifier: MPL-2.0
//! Gain and offset of each channel from one frame to the next: fades, flicker, exposure that
//! follows the scene.
//!
//! They change the whole frame by less than its noise, so no pixel shows them; all together do
//! (docs/decisions/017-warm-start.md).

use crate::image::Image;
use crate::operator::Operator;

/// Largest gain, and its inverse the least.
const LARGEST: f64 = 2.0;
/// Passes of the robust fit.
const PASSES: usize = 5;
/// Standard deviations from which on a pixel counts less: it moved.
const FAR: f64 = 2.0;

/// Changes `restored`, of the frame before, to the brightness of the new observation `frame`.
///
/// `noise` is the local mean square of y - A x for its own observation. A scales all images alike
/// and keeps flat ones, so gain and offset of A x are those of x.
pub fn follow(restored: &mut Image, frame: &Image, operator: &Operator, noise: &Image) {
    for channel in 0..frame.channels {
        let residual = operator.residual(restored, frame, channel);
        let [gain, offset] = fit(frame.plane(channel), &residual.data, &noise.data);
        let (gain, offset) = (gain as f32, offset as f32);
        let values = restored.plane_mut(channel).iter_mut();
        values.for_each(|v| *v = (gain * *v + offset).clamp(-1.0, 1.0));
    }
}

/// Gain and offset that take `y` - `residual` nearest to `y`, of pixels with a residual. Those far
/// from the fit, for their noise, hardly count: they moved.
fn fit(y: &[f32], residual: &[f32], noise: &[f32]) -> [f64; 2] {
    let mut found = [1.0, 0.0];
    for pass in 0..=PASSES {
        // Weight, A x, its square, y, their product; all about mid-gray, which is 0.
        let mut sums = [0.0f64; 5];
        for ((y, r), noise) in y.iter().zip(residual).zip(noise) {
            // No pixel that is observed fits to the last bit.
            if *r == 0.0 {
                continue;
            }
            let (y, before) = (f64::from(*y), f64::from(y - r));
            let deviation = f64::from(*noise).sqrt();
            // Near the range's ends the noise is cut off, and its mean is not zero.
            if before.abs() > 1.0 - FAR * deviation {
                continue;
            }
            let off = (y - found[0] * before - found[1]).abs();
            let far = FAR * deviation;
            let w = if pass == 0 || off <= far {
                1.0
            } else {
                (far / off).powi(4)
            };
            let terms = [1.0, before, before * before, y, before * y];
            sums.iter_mut().zip(terms).for_each(|(s, t)| *s += w * t);
        }
        let [count, before, squares, y, products] = sums;
        if count < 1.0 {
            return [1.0, 0.0];
        }
        let (mean, target) = (before / count, y / count);
        let spread = squares / count - mean * mean;
        let common = products / count - mean * target;
        // A flat frame tells nothing of the gain.
        let gain = if spread > 1e-5 {
            (common / spread).clamp(1.0 / LARGEST, LARGEST)
        } else {
            1.0
        };
        found = [gain, target - gain * mean];
    }
    if found.iter().all(|v| v.is_finite()) {
        found
    } else {
        [1.0, 0.0]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operator::Degradation;

    fn scene() -> Image {
        let noise = crate::sampler::normal_image(4, 0, 3, 60, 80);
        Image::from_fn(3, 60, 80, |c, y, x| {
            let wave = (0.2 * x as f32 + 0.1 * c as f32).sin() * (0.15 * y as f32).cos();
            0.4 * wave + 0.02 * noise.row(c, y)[x]
        })
    }

    #[test]
    fn a_fade_far_below_the_noise_is_followed_while_something_moves() {
        let before = scene();
        let noise = crate::sampler::normal_image(5, 0, 3, 60, 80);
        let truth = Image::from_fn(3, 60, 80, |c, y, x| 0.9 * before.row(c, y)[x] + 0.03);
        let mut frame = truth.clone();
        let pairs = frame.data.iter_mut().zip(&noise.data);
        pairs.for_each(|(v, n)| *v += 0.2 * n);
        for c in 0..3 {
            (10..30).for_each(|y| frame.row_mut(c, y)[..30].fill(0.9));
        }
        let operator = Operator::new(&Degradation::Denoise, 80, 60).expect("an operator");
        let level = Image::filled(1, 60, 80, 0.04);
        let mut followed = before.clone();
        follow(&mut followed, &frame, &operator, &level);
        for c in 0..3 {
            let pairs = followed.plane(c).iter().zip(truth.plane(c));
            let error = pairs.map(|(a, b)| a - b).sum::<f32>() / 4800.0;
            assert!(error.abs() < 0.015, "channel {c}: {error}");
        }
    }

    #[test]
    fn where_nothing_is_observed_nothing_changes() {
        assert_eq!(fit(&[0.5; 9], &[0.0; 9], &[0.1; 9]), [1.0, 0.0]);
        assert_eq!(fit(&[f32::NAN; 9], &[0.2; 9], &[0.1; 9]), [1.0, 0.0]);
    }
}
