// SPDX-License-Identifier: MPL-2.0
//! What a step graph is told of the noise in y (docs/decisions/026-noise-model.md).

/// Least standard deviation along an axis, of [-1, 1]: half a code of 8 bits.
const LEAST_STD: f32 = 0.004;

/// What a step graph is told of the noise in y, on the scale of [-1, 1]. It is the same for every
/// image of a batch.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct NoiseTensors {
    /// `sigma_y`, \[1\]: standard deviation of white noise of equal power.
    pub sigma_y: f32,
    /// `noise_basis`, \[B, 3, 3\]: rows are orthonormal axes in R, G, B along which the noise is
    /// uncorrelated.
    pub basis: [f32; 9],
    /// `noise_std`, \[B, 3\]: standard deviation along each.
    pub std: [f32; 3],
    /// `noise_shape`, \[B, 5\]: correlation of neighbouring pixels in luma and in chroma, growth
    /// with brightness, 1 where values go beyond black and white, and 1 where all of this is
    /// estimated from the frame.
    pub shape: [f32; 5],
}

impl NoiseTensors {
    /// Independent noise of equal standard deviation in R, G and B.
    pub fn white(sigma_y: f32) -> Self {
        Self {
            sigma_y,
            basis: [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0],
            std: [sigma_y.max(LEAST_STD); 3],
            shape: [0.0; 5],
        }
    }

    /// Noise of these standard deviations along the rows of `basis`, and what the network was not
    /// trained for left out: a `sigma_y` below the first and above the second of `limits`.
    pub fn along(basis: [f32; 9], std: [f32; 3], shape: [f32; 5], [low, high]: [f32; 2]) -> Self {
        let std = std.map(|v| v.max(LEAST_STD));
        let level = (std.iter().map(|v| v * v).sum::<f32>() / 3.0).sqrt();
        let sigma_y = level.clamp(low, high);
        Self {
            sigma_y,
            basis,
            std: std.map(|v| v * sigma_y / level),
            shape,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_level_has_the_power_of_all_axes_and_stays_within_limits() {
        let of = |std, limits| {
            let found = NoiseTensors::along([0.0; 9], std, [0.0; 5], limits);
            (found.sigma_y, found.std)
        };
        let (level, std) = of([0.3, 0.0, 0.0], [0.0, 1.0]);
        assert!((level - 0.3 / 3.0f32.sqrt()).abs() < 1e-4);
        assert_eq!(std, [0.3, LEAST_STD, LEAST_STD]);
        let (level, std) = of([0.3, 0.3, 0.3], [0.0, 0.1]);
        assert_eq!(level, 0.1);
        assert!(std.iter().all(|s| (s - 0.1).abs() < 1e-6));
    }
}
