// SPDX-License-Identifier: MPL-2.0
//! What is assumed of the noise in a frame.

use super::Settings;
use super::smoothing::Smoothing;
use crate::image::Image;
use crate::operator::{Degradation, NoiseEstimate, estimate_noise, usable_pixels};

/// What is assumed of the noise n in y = A x + n.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct NoiseModel {
    /// Standard deviation of the white noise that the network is told, on the scale of [-1, 1]:
    /// twice its share of full scale.
    pub sigma_y: f32,
    /// Root mean square of the standard deviations of n in R, G and B, of full scale 1.
    pub sigma: f32,
    /// Standard deviation of n as the settings and reports count it: in luma for gray and YUV
    /// frames, else [`NoiseModel::sigma`].
    pub stated: f32,
    /// Root mean square of the standard deviations in Cb and Cr, and the correlation of
    /// neighbouring pixels in luma, where they were estimated.
    pub chroma: f32,
    pub correlation: f32,
}

/// Noise of luma lies along R + G + B, where white noise of equal power has a third of its own.
const OF_LUMA: f32 = 1.732;

impl NoiseModel {
    /// What the settings say or, where they leave it open, what `frame` and those before it show.
    ///
    /// `missing` is 0 where pixels of the frame are known to be missing. `limits` are the least and the largest sigma_y that the network was trained for; outside
    /// them the nearest level serves best.
    pub fn of(
        frame: &Image,
        missing: Option<&Image>,
        settings: &Settings,
        smoothing: &mut Smoothing,
        [low, high]: [f32; 2],
    ) -> Self {
        let model = if settings.noise_sigma < 0.0 {
            // Who asks for noise to be removed says that there is some.
            let noisy = settings.degradation == Degradation::Denoise;
            let estimate = estimate_noise(frame, Some(&usable_pixels(frame, missing)), noisy);
            Self::estimated(&smoothing.noise(estimate), settings)
        } else {
            let stated = settings.noise_sigma.clamp(low / 2.0, high / 2.0);
            let factor = if settings.noise_is_luma { OF_LUMA } else { 1.0 };
            Self {
                sigma_y: 2.0 * factor * stated,
                sigma: stated,
                stated,
                ..Self::default()
            }
        };
        Self {
            sigma_y: model.sigma_y.clamp(low, high),
            ..model
        }
    }

    fn estimated(estimate: &NoiseEstimate, settings: &Settings) -> Self {
        let luma = settings.noise_is_luma;
        Self {
            sigma_y: 2.0 * estimate.level,
            sigma: estimate.sigma(),
            stated: if luma {
                estimate.luma()
            } else {
                estimate.sigma()
            },
            chroma: estimate.chroma(),
            correlation: estimate.luma_correlation,
        }
    }
}
