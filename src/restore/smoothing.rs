// SPDX-License-Identifier: MPL-2.0
//! Estimates followed through a stream: what was measured in one frame wavers, what the stream suffered from does not.

/// The noise and the JPEG quality that the frames so far showed.
#[derive(Clone, Debug, Default)]
pub struct Smoothing {
    noise: Option<f32>,
    quality: Option<u32>,
}

/// Share of a new frame's estimate; eight frames make up nine tenths.
const RENEWAL: f32 = 0.25;
/// An estimate this many times larger or smaller is another scene's, and taken as it is.
const LEAP: f32 = 1.6;
/// Qualities this near are one quality.
const SAME_QUALITY: u32 = 2;
/// Keeps logarithms finite: far below a code value.
const LEAST: f32 = 1e-5;

impl Smoothing {
    /// The noise to assume for a frame in which `seen` was estimated: a running geometric mean, as noise is a scale.
    pub fn noise(&mut self, seen: f32) -> f32 {
        let seen = seen.max(LEAST);
        let now = match self.noise {
            Some(before) if seen < LEAP * before && before < LEAP * seen => {
                before * (seen / before).powf(RENEWAL)
            }
            _ => seen,
        };
        self.noise = Some(now);
        now
    }

    /// The quality to assume for a frame in which `seen` was estimated: the one before unless it changed.
    pub fn quality(&mut self, seen: u32) -> u32 {
        let now = match self.quality {
            Some(before) if before.abs_diff(seen) <= SAME_QUALITY => before,
            _ => seen,
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
        let seen = [30, 31, 29, 32, 50, 49, 10];
        assert_eq!(
            seen.map(|q| smoothing.quality(q)),
            [30, 30, 30, 30, 50, 50, 10]
        );
    }
}
