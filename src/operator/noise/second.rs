// SPDX-License-Identifier: MPL-2.0
//! A second opinion on the noise: that of a network, which takes over where the first is far off.
//!
//! The spectrum of quiet blocks is exact where noise is all that they hold; then their coefficients
//! are normal numbers. Where all is gravel or leaves it takes them for noise, and where a codec
//! emptied the quiet blocks it finds none; neither is normal.

use super::features::{self, FEATURES};
use super::network::{Answer, OUTPUTS};
use super::{NoiseEstimate, NoiseEstimates, level};

/// The network knows a standard deviation as the logarithm of it and this, of full scale 1.
const OFFSET: f32 = 1e-3;
/// Factors between the two, from which on the network has a say, and all of it.
const DOUBT: f32 = 1.7;
const WRONG: f32 = 2.5;
/// Kurtosis up to which coefficients are those of noise, and from which on they are not.
const NORMAL: f32 = 3.15;
const BUSY: f32 = 3.5;
/// Share of the network's inputs beyond the training's up to which it counts, and from which on it
/// does not. It is below 0.005 for nineteen of twenty images of the training.
const FAMILIAR: f32 = 0.006;
const STRANGE: f32 = 0.02;
/// Share of the blocks without noise that is cut off up to which the network does not count, for
/// the others look quiet, and from which on it does.
const CUT: f32 = 0.6;
const WHOLE: f32 = 0.75;
/// Added to standard deviations before they are compared: what is below rounding is no matter.
const ROUNDING: f32 = 2e-3;

/// `found`, or the network's `answer` where that is far from it, the quiet blocks hold more than
/// noise, and the network knows such frames.
///
/// whole: the share of the blocks in which noise as `found` is not cut off by black or white.
pub fn held_against(
    found: NoiseEstimates,
    answer: &Answer,
    features: &[f32; FEATURES],
    whole: f32,
) -> NoiseEstimates {
    let ramp = |v: f32, from: f32, to: f32| ((v - from) / (to - from)).clamp(0.0, 1.0);
    let busy = features::kurtosis(features).map(|kurtosis| ramp(kurtosis, NORMAL, BUSY));
    let known = (1.0 - ramp(answer.strange, FAMILIAR, STRANGE)) * ramp(whole, CUT, WHOLE);
    let one = |found: &NoiseEstimate| {
        let second = estimate(&answer.values, found);
        let [luma, chroma] = apart(found, &second);
        let doubt = (busy[0] * luma).max(busy[1].max(busy[2]) * chroma);
        found.towards(&second, known * doubt)
    };
    let shown = one(&found.shown);
    // Smoothed noise has the spectrum of texture. That it is noise the task says, not the frame: on
    // real footage the network, which looks at the frame alone, told it too low.
    let is_smoothed = found.told != found.shown;
    let told = if is_smoothed { found.told } else { shown };
    NoiseEstimates { shown, told }
}

/// How far two estimates are apart in luma and in chroma, 0 to 1.
fn apart(first: &NoiseEstimate, second: &NoiseEstimate) -> [f32; 2] {
    let luma = |e: &NoiseEstimate| e.covariance[0][0].max(0.0).sqrt();
    let chroma = |e: &NoiseEstimate| (e.covariance[1][1] + e.covariance[2][2]).max(0.0).sqrt();
    let apart = |a: f32, b: f32| {
        let factor = ((a + ROUNDING) / (b + ROUNDING)).ln().abs();
        ((factor - DOUBT.ln()) / (WRONG / DOUBT).ln()).clamp(0.0, 1.0)
    };
    [
        apart(luma(first), luma(second)),
        apart(chroma(first), chroma(second)),
    ]
}

/// What the network says; how the axes correlate and how noise grows with brightness is `found`.
fn estimate(answer: &[f32; OUTPUTS], found: &NoiseEstimate) -> NoiseEstimate {
    let [stds @ .., luma, chroma] = *answer;
    let std = stds.map(|v: f32| (v.exp() - OFFSET).max(0.0));
    let cosine = |a: usize, b: usize| {
        let scale = (found.covariance[a][a] * found.covariance[b][b]).sqrt();
        match a == b {
            true => 1.0,
            false => (found.covariance[a][b] / scale.max(1e-12)).clamp(-1.0, 1.0),
        }
    };
    let luma_correlation = luma.clamp(0.0, 1.0);
    NoiseEstimate {
        covariance: std::array::from_fn(|a| {
            std::array::from_fn(|b| cosine(a, b) * std[a] * std[b])
        }),
        luma_correlation,
        chroma_correlation: chroma.clamp(0.0, 1.0),
        growth: found.growth,
        level: level::level(std.map(|s| s * s)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Statistics with the same kurtosis in all bands and along all axes.
    fn with_kurtosis(kurtosis: f32) -> [f32; FEATURES] {
        [kurtosis.ln(); FEATURES]
    }

    /// What the network answers for white noise of `sigma` along each axis.
    fn white(sigma: f32) -> Answer {
        let log = (sigma + OFFSET).ln();
        Answer {
            values: [log, log, log, 0.1, 0.2],
            strange: 0.0,
        }
    }

    #[test]
    fn the_network_takes_over_where_it_is_far_off_and_the_quiet_blocks_are_busy() {
        let found = NoiseEstimates::from(NoiseEstimate::white(0.06));
        let told =
            |answer, kurtosis| held_against(found, &answer, &with_kurtosis(kurtosis), 1.0).told;
        assert_eq!(told(white(0.01), 3.0), found.told, "normal");
        assert_eq!(told(white(0.05), 9.0), found.told, "alike");
        let strange = Answer {
            strange: 0.1,
            ..white(0.01)
        };
        assert_eq!(told(strange, 9.0), found.told, "a frame as no other");
        let second = told(white(0.01), 9.0);
        assert!((second.sigma() - 0.01).abs() < 1e-4, "{second:?}");
        assert_eq!(
            [second.luma_correlation, second.chroma_correlation],
            [0.1, 0.2]
        );
        assert!((second.level - 0.012).abs() < 1e-3, "{second:?}");
        let cut = held_against(found, &white(0.01), &with_kurtosis(9.0), 0.5).told;
        assert_eq!(cut, found.told, "noise that is cut off");
        let none = NoiseEstimates::from(NoiseEstimate::NONE);
        let second = held_against(none, &white(0.02), &with_kurtosis(9.0), 1.0).told;
        assert!((second.sigma() - 0.02).abs() < 1e-4, "{second:?}");
    }
}
