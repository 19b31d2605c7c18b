// SPDX-License-Identifier: MPL-2.0
//! What is assumed of the noise in a frame.

use super::Settings;
use super::smoothing::Smoothing;
use crate::image::Image;
use crate::operator::noise_sigma;

/// What is assumed of the noise n in y = A x + n: white, and of one level.
#[derive(Clone, Copy, Debug)]
pub struct NoiseModel {
    /// Standard deviation of n on the scale of [-1, 1]: twice its share of full scale.
    pub sigma_y: f32,
}

impl NoiseModel {
    /// What the settings say or, where they leave it open, what `frame` and those before it show.
    ///
    /// `limits` are the least and the largest sigma_y that the network was trained for.
    pub fn of(
        frame: &Image,
        settings: &Settings,
        smoothing: &mut Smoothing,
        limits: [f32; 2],
    ) -> Self {
        let sigma = if settings.noise_sigma < 0.0 {
            smoothing.noise(noise_sigma(frame))
        } else {
            settings.noise_sigma
        };
        // Outside its limits the nearest level that the network knows serves best.
        let [low, high] = limits;
        Self {
            sigma_y: (2.0 * sigma).clamp(low, high),
        }
    }

    /// Standard deviation of n as a share of full scale, 0 to 1.
    pub fn sigma(&self) -> f32 {
        self.sigma_y / 2.0
    }
}
