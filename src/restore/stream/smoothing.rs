// SPDX-License-Identifier: MPL-2.0
//! Keeps what is estimated in the frames of a stream: the noise, smoothed, and how they were
//! compressed.

use crate::operator::{Compression, NoiseEstimates};

/// The noise and the compression of the frames so far.
#[derive(Clone, Debug, Default)]
pub struct Smoothing {
    noise: Option<NoiseEstimates>,
    /// How the last frame was compressed.
    pub compression: Option<Compression>,
}

/// Share of a new frame's estimate. Eight frames make up nine tenths.
const SHARE: f32 = 0.25;
/// An estimate this many times larger or smaller belongs to another scene and is taken as it is.
const LEAP: f32 = 1.6;
/// Least noise, as a share of full scale: far below a code, and above zero, for ratios.
const LEAST: f32 = 1e-5;

impl Smoothing {
    /// The noise to assume, after `estimates` in a new frame.
    pub fn noise(&mut self, estimates: NoiseEstimates) -> NoiseEstimates {
        let (now, least) = (estimates.told.level.max(LEAST), LEAST);
        let smooth = |before: &NoiseEstimates| {
            let before = before.told.level.max(least);
            now < LEAP * before && before < LEAP * now
        };
        let noise = match self.noise.filter(smooth) {
            Some(before) => before.towards(&estimates, SHARE),
            None => estimates,
        };
        self.noise = Some(noise);
        noise
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operator::NoiseEstimate;

    #[test]
    fn a_wavering_estimate_is_smoothed_and_a_leap_is_followed_at_once() {
        let mut smoothing = Smoothing::default();
        let mut level = |level: f32| {
            let estimate = NoiseEstimate {
                level,
                ..NoiseEstimate::NONE
            };
            smoothing.noise(estimate.into()).told.level
        };
        assert_eq!(level(0.05), 0.05);
        let wavering: Vec<f32> = (0..40)
            .map(|i| level(if i % 2 == 0 { 0.06 } else { 0.042 }))
            .collect();
        let settled = &wavering[20..];
        let (low, high) = settled
            .iter()
            .fold((1.0f32, 0.0f32), |(l, h), v| (l.min(*v), h.max(*v)));
        assert!(
            high / low < 1.12 && low > 0.045 && high < 0.056,
            "{low} to {high}"
        );
        assert_eq!([0.2, 0.0, 0.01].map(level), [0.2, 0.0, 0.01]);
    }
}
