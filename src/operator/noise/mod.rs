// SPDX-License-Identifier: MPL-2.0
//! The noise in a frame, estimated from the frame itself (docs/decisions/027-noise-estimate.md).

mod blocks;
mod clipping;
mod eigen;
mod features;
mod level;
mod measure;
mod network;
mod second;
mod spectrum;
mod split;
mod tensors;

use blocks::Blocks;

use std::f32::consts::FRAC_1_SQRT_2;

use crate::image::Image;

/// Orthonormal axes of colour, as rows over R, G, B: luma, blue against yellow, red against green.
pub const OPPONENT: [[f32; 3]; 3] = [
    [0.577_350_3, 0.577_350_3, 0.577_350_3],
    [-0.408_248_3, -0.408_248_3, 0.816_496_6],
    [FRAC_1_SQRT_2, -FRAC_1_SQRT_2, 0.0],
];
/// Far below a code: keeps logarithms finite.
const TINY: f32 = 1e-5;

/// The noise of a frame. Powers are of full scale 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NoiseEstimate {
    /// Covariance along three axes of colour: luma, blue against yellow, red against green.
    pub covariance: [[f32; 3]; 3],
    /// Correlation of neighbouring pixels in luma, 0 to 1.
    pub luma_correlation: f32,
    /// The same along the two axes of chroma.
    pub chroma_correlation: f32,
    /// Variance at brightness v, 0 to 1, is 1 + growth (2 v - 1) times that at one half; -1 to 1.
    pub growth: f32,
    /// Standard deviation of the white noise, equal in R, G and B, whose level serves a network
    /// best that knows no other.
    pub level: f32,
}

impl NoiseEstimate {
    /// No noise.
    pub const NONE: Self = Self {
        covariance: [[0.0; 3]; 3],
        luma_correlation: 0.0,
        chroma_correlation: 0.0,
        growth: 0.0,
        level: 0.0,
    };

    /// This estimate, moved by `share`, 0 to 1, towards another one.
    pub fn towards(&self, other: &Self, share: f32) -> Self {
        let mix = |a: f32, b: f32| a + share * (b - a);
        // Noise is a scale: levels are mixed by their logarithms.
        let scale = |a: f32, b: f32| (mix((a + TINY).ln(), (b + TINY).ln()).exp() - TINY).max(0.0);
        let (a, b) = (&self.covariance, &other.covariance);
        Self {
            covariance: std::array::from_fn(|i| std::array::from_fn(|j| mix(a[i][j], b[i][j]))),
            luma_correlation: mix(self.luma_correlation, other.luma_correlation),
            chroma_correlation: mix(self.chroma_correlation, other.chroma_correlation),
            growth: mix(self.growth, other.growth),
            level: scale(self.level, other.level),
        }
    }

    /// Standard deviation of luma, 0.299 R + 0.587 G + 0.114 B, of full scale 1.
    pub fn luma(&self) -> f32 {
        self.along([0.299, 0.587, 0.114])
    }

    /// Root mean square of the standard deviations of Cb and Cr, of full scale 1.
    pub fn chroma(&self) -> f32 {
        let blue = self.along([-0.168_736, -0.331_264, 0.5]);
        let red = self.along([0.5, -0.418_688, -0.081_312]);
        ((blue * blue + red * red) / 2.0).sqrt()
    }

    /// Standard deviation of a weighted sum of R, G and B.
    fn along(&self, weights: [f32; 3]) -> f32 {
        let axes: [f32; 3] = OPPONENT.map(|axis| (0..3).map(|c| axis[c] * weights[c]).sum());
        let row = |a: usize| (0..3).map(move |b| axes[a] * axes[b] * self.covariance[a][b]);
        (0..3).flat_map(row).sum::<f32>().max(0.0).sqrt()
    }

    /// Root mean square of the standard deviations in R, G and B, of full scale 1.
    pub fn sigma(&self) -> f32 {
        let trace: f32 = (0..3).map(|i| self.covariance[i][i]).sum();
        (trace / 3.0).max(0.0).sqrt()
    }
}

/// The noise of a frame twice: as its quiet parts show it, and as a network is to expect it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NoiseEstimates {
    pub shown: NoiseEstimate,
    pub told: NoiseEstimate,
}

impl NoiseEstimates {
    /// These estimates, moved by `share`, 0 to 1, towards other ones.
    pub fn towards(&self, other: &Self, share: f32) -> Self {
        Self {
            shown: self.shown.towards(&other.shown, share),
            told: self.told.towards(&other.told, share),
        }
    }
}

impl From<NoiseEstimate> for NoiseEstimates {
    fn from(estimate: NoiseEstimate) -> Self {
        Self {
            shown: estimate,
            told: estimate,
        }
    }
}

/// The noise in `frame`, RGB in [-1, 1]. `usable`, of its size, is 0 where pixels hold no data.
///
/// `noisy`: the frame is known to be noisy, so that a network is told of what could be texture or
/// noise that a camera or a codec smoothed as noise. Frames below 8x8 pixels, and those of one
/// colour, have none.
pub fn estimate_noise(frame: &Image, usable: Option<&Image>, noisy: bool) -> NoiseEstimates {
    let blocks = Blocks::of(frame, usable);
    let found = clipping::estimated(&blocks, noisy);
    match features::features(&blocks) {
        Some(features) => {
            let answer = network::answer(&features, noisy);
            let whole = clipping::whole_share(&blocks, found.shown.sigma());
            second::held_against(found, &answer, &features, whole)
        }
        None => found,
    }
}

/// What the network that estimates the noise sees of `frame`, or `None` where next to no blocks
/// vary.
pub fn noise_features(frame: &Image) -> Option<[f32; features::FEATURES]> {
    features::features(&Blocks::of(frame, None))
}

#[cfg(test)]
mod tests;
