// SPDX-License-Identifier: MPL-2.0
//! What is assumed of the noise in a frame.

use super::Settings;
use crate::graph::NoiseTensors;
use crate::image::Image;
use crate::model::Manifest;
use crate::operator::{Degradation, NoiseEstimate, NoiseEstimates, estimate_noise, usable_pixels};

/// What is assumed of the noise n in y = A x + n.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct NoiseModel {
    /// What the network is told.
    pub told: NoiseTensors,
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

impl NoiseModel {
    /// What the settings say or, where they leave it open, what `frame` and those before it show.
    ///
    /// `smooth` has the estimates smoothed over the frames before. `missing` is 0 where pixels of
    /// the frame are known to be missing.
    /// `manifest`: of the graph. Where that takes a noise model it is told all of it, else the
    /// level of white noise that serves best. Outside the limits for which it was trained the
    /// nearest level does.
    pub fn of(
        frame: &Image,
        missing: Option<&Image>,
        settings: &Settings,
        smooth: impl FnOnce(NoiseEstimates) -> NoiseEstimates,
        manifest: &Manifest,
    ) -> Self {
        let [low, high] = manifest.sigma_y;
        let told = |estimate: &NoiseEstimate, estimated: bool| {
            if manifest.takes_noise_model() {
                estimate.tensors([low, high], estimated)
            } else {
                NoiseTensors::white((2.0 * estimate.level).clamp(low, high))
            }
        };
        let estimates = || {
            // Who asks for noise to be removed says that there is some.
            let noisy = settings.degradation == Degradation::Denoise;
            let found = estimate_noise(frame, Some(&usable_pixels(frame, missing)), noisy);
            smooth(found)
        };
        if settings.noise_sigma < 0.0 {
            let NoiseEstimates {
                shown,
                told: expected,
            } = estimates();
            let (sigma, luma) = (shown.sigma(), settings.noise_is_luma);
            return Self {
                told: told(&expected, true),
                sigma,
                stated: if luma { shown.luma() } else { sigma },
                chroma: shown.chroma(),
                correlation: shown.luma_correlation,
            };
        }
        let stated = settings.noise_sigma.clamp(low / 2.0, high / 2.0);
        let estimate = if !settings.noise_is_luma {
            NoiseEstimate::white(stated)
        } else if manifest.takes_noise_model() {
            // How much of it is in chroma, and how it is correlated, the frame has to say.
            estimates().told.with_luma(stated)
        } else {
            NoiseEstimate::of_luma(stated)
        };
        Self {
            told: told(&estimate, false),
            sigma: stated,
            stated,
            ..Self::default()
        }
    }
}
