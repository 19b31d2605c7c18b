// SPDX-License-Identifier: MPL-2.0
//! What is assumed of the noise in a frame.

use super::smoothing::Smoothing;
use super::{FrameReport, Settings};
use crate::image::Image;
use crate::operator::{Operator, noise_sigma};

/// What is assumed of the noise in y = A x + n, and of JPEG's rounding.
#[derive(Clone, Copy, Debug)]
pub struct NoiseModel {
    /// Standard deviation of n on the scale of [-1, 1]: twice its share of full scale.
    pub sigma_y: f32,
    /// IJG quality, 1 to 100; 0 where the task is not about JPEG.
    pub quality: u32,
}

impl NoiseModel {
    /// What the settings say or, where they leave it open, what `frame` and those before it show.
    ///
    /// The quality is set on `operator`. `limits` are the least and the largest sigma_y that the
    /// network was trained for.
    pub fn of(
        frame: &Image,
        settings: &Settings,
        operator: &mut Operator,
        smoothing: &mut Smoothing,
        limits: [f32; 2],
    ) -> Self {
        let sigma = if settings.noise_sigma < 0.0 {
            smoothing.noise(noise_sigma(frame))
        } else {
            settings.noise_sigma
        };
        if let Some(quality) = operator.estimated_quality(frame) {
            operator.set_quality(smoothing.quality(quality));
        }
        // Outside its limits the nearest level that the network knows serves best.
        let [low, high] = limits;
        Self {
            sigma_y: (2.0 * sigma).clamp(low, high),
            quality: operator.quality(),
        }
    }

    /// Standard deviation of n as a share of full scale, 0 to 1.
    pub fn sigma(&self) -> f32 {
        self.sigma_y / 2.0
    }

    /// A report that says what was assumed, and that the frame stands by itself.
    pub fn report(&self) -> FrameReport {
        FrameReport {
            noise_sigma: self.sigma(),
            jpeg_quality: self.quality,
            cold_share: 1.0,
            ..FrameReport::default()
        }
    }
}
