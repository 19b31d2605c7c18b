// SPDX-License-Identifier: MPL-2.0
//! Smooths the noise level and the JPEG quality that are estimated in each frame of a stream.

/// The noise level and the JPEG quality of the frames so far.
#[derive(Clone, Debug, Default)]
pub struct Smoothing {
    noise: Option<f32>,
    quality: Option<u32>,
}

/// Share of a new frame's estimate. Eight frames make up nine tenths.
const SHARE: f32 = 0.25;
/// An estimate this many times larger or smaller belongs to another scene and is taken as it is.
const LEAP: f32 = 1.6;
/// Qualities that differ by no more than this are one quality.
const SAME_QUALITY: u32 = 2;
/// Least noise, as a share of full scale: far below a code, and above zero, for ratios.
const LEAST: f32 = 1e-5;

impl Smoothing {
    /// The noise to assume, after `estimate` in a new frame; both as a share of full scale.
    ///
    /// A running geometric mean, for noise is a scale.
    pub fn noise(&mut self, estimate: f32) -> f32 {
        let estimate = estimate.max(LEAST);
        let now = match self.noise {
            Some(before) if estimate < LEAP * before && before < LEAP * estimate => {
                before * (estimate / before).powf(SHARE)
            }
            _ => estimate,
        };
        self.noise = Some(now);
        now
    }

    /// The IJG quality to assume, after `estimate` in a new frame.
    ///
    /// The one before, unless it changed.
    pub fn quality(&mut self, estimate: u32) -> u32 {
        let now = match self.quality {
            Some(before) if before.abs_diff(estimate) <= SAME_QUALITY => before,
            _ => estimate,
        };
        self.quality = Some(now);
        now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wavering_estimate_is_smoothed_and_a_leap_is_followed_at_once() {
        let mut smoothing = Smoothing::default();
        assert_eq!(smoothing.noise(0.05), 0.05);
        let wavering: Vec<f32> = (0..40)
            .map(|i| smoothing.noise(if i % 2 == 0 { 0.06 } else { 0.042 }))
            .collect();
        let settled = &wavering[20..];
        let (low, high) = settled
            .iter()
            .fold((1.0f32, 0.0f32), |(l, h), v| (l.min(*v), h.max(*v)));
        assert!(
            high / low < 1.12 && low > 0.045 && high < 0.056,
            "{low} to {high}"
        );
        assert_eq!(smoothing.noise(0.2), 0.2);
        assert_eq!(smoothing.noise(0.0), LEAST);
        assert_eq!(smoothing.noise(0.01), 0.01);
    }

    #[test]
    fn a_quality_stays_until_it_has_changed() {
        let mut smoothing = Smoothing::default();
        let estimates = [30, 31, 29, 32, 50, 49, 10];
        assert_eq!(
            estimates.map(|q| smoothing.quality(q)),
            [30, 30, 30, 30, 50, 50, 10]
        );
    }
}
