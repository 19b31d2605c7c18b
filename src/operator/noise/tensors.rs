// SPDX-License-Identifier: MPL-2.0
//! A noise estimate as step graphs are told it (docs/decisions/026-noise-model.md).

use super::eigen::{Matrix, eigen};
use super::{NoiseEstimate, OPPONENT};
use crate::graph::NoiseTensors;

/// Covariance below this share of the variance is an error of rounding: of white noise it would
/// turn the axes anyhow.
const ROUNDING: f64 = 1e-6;
/// How far a level that is set may be from the estimate whose colours and correlation it gets.
const SCALED: f32 = 3.0;

impl NoiseEstimate {
    /// Independent noise of standard deviation `sigma`, of full scale 1, in each of R, G and B.
    pub fn white(sigma: f32) -> Self {
        let variance = sigma * sigma;
        Self {
            covariance: [
                [variance, 0.0, 0.0],
                [0.0, variance, 0.0],
                [0.0, 0.0, variance],
            ],
            level: sigma,
            ..Self::NONE
        }
    }

    /// Noise of standard deviation `sigma` in luma alone, so that R, G and B share it.
    pub fn of_luma(sigma: f32) -> Self {
        let mut covariance = [[0.0; 3]; 3];
        covariance[0][0] = 3.0 * sigma * sigma;
        Self {
            covariance,
            // White noise of equal power has a third of it along the axis of luma.
            level: 3.0f32.sqrt() * sigma,
            ..Self::NONE
        }
    }

    /// This noise, scaled so that luma has standard deviation `sigma`. Where that is not within a
    /// factor of three of what it has, noise of luma alone.
    pub fn with_luma(mut self, sigma: f32) -> Self {
        let scale = sigma / self.luma().max(f32::MIN_POSITIVE);
        if !(1.0 / SCALED..=SCALED).contains(&scale) {
            return Self::of_luma(sigma);
        }
        let covariance = self.covariance.iter_mut().flatten();
        covariance.for_each(|v| *v *= scale * scale);
        self.level *= scale;
        self
    }

    /// Covariance of R, G and B, of full scale 1.
    pub fn rgb_covariance(&self) -> Matrix {
        let product = |a: usize, b: usize, i: usize, j: usize| {
            f64::from(OPPONENT[i][a]) * f64::from(self.covariance[i][j]) * f64::from(OPPONENT[j][b])
        };
        let pairs = [0, 1, 2].map(|i| [0, 1, 2].map(|j| (i, j)));
        let sum = |a: usize, b: usize| -> f64 {
            let pairs = pairs.iter().flatten();
            pairs.map(|(i, j)| product(a, b, *i, *j)).sum()
        };
        let rounding = ROUNDING * (0..3).map(|a| sum(a, a)).sum::<f64>();
        std::array::from_fn(|a| {
            std::array::from_fn(|b| {
                let own = sum(a, b);
                if a == b || own.abs() > rounding {
                    own
                } else {
                    0.0
                }
            })
        })
    }

    /// What a graph is told of it that was trained for `sigma_y` within `limits`.
    ///
    /// `estimated`: from the frame, so that it errs. The axes are the eigenvectors of the
    /// covariance of R, G and B, the least noisy first.
    pub fn tensors(&self, limits: [f32; 2], estimated: bool) -> NoiseTensors {
        let (variances, vectors) = eigen(self.rgb_covariance());
        let mut basis = [0.0; 9];
        let values = vectors.iter().flatten();
        basis
            .iter_mut()
            .zip(values)
            .for_each(|(to, v)| *to = *v as f32);
        let std = variances.map(|v| 2.0 * v.max(0.0).sqrt() as f32);
        // Frames hold codes, so what goes beyond black and white is cut off.
        let shape = [
            self.luma_correlation,
            self.chroma_correlation,
            self.growth,
            0.0,
            f32::from(u8::from(estimated)),
        ];
        NoiseTensors::along(basis, std, shape, limits)
    }
}
