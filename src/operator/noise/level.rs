// SPDX-License-Identifier: MPL-2.0
//! The level of white noise that serves a network best which knows no other noise.
//!
//! The numbers were chosen on photographs of the training set with noise of many kinds drawn onto
//! them (docs/decisions/027-noise-estimate.md).

use super::blocks::SIZE;

/// Squared frequencies, in cycles per pixel, below which power counts as low and above which as
/// high.
const LOW: f32 = 0.04;
const HIGH: f32 = 0.1444;
/// Ratio of high to low amplitude below which noise must have been smoothed; and the width of the
/// ramp below it.
const SMOOTHED: f32 = 0.28;
const RAMP: f32 = 0.04;
/// Squared frequencies of a middle band, and those above which nothing of smoothed noise is left.
const MIDDLE: [f32; 2] = [0.06, 0.14];
const TOP: f32 = 0.25;
/// Ratio of top to middle power from which on the noise is white, on texture that falls; and the
/// width of the ramp below it.
const WHITE: f32 = 0.16;
const WHITE_RAMP: f32 = 0.06;
/// Power of rounding to 8 bits, of full scale 1: white whatever the noise.
const ROUNDING: f32 = 1.0 / (12.0 * 255.0 * 255.0);
/// Of smoothed noise more is left in busy parts than in quiet ones.
pub const BUSIER: f32 = 1.8;

/// What is strong along one axis of colour has to go, though it is weak along the others.
pub fn level(variances: [f32; 3]) -> f32 {
    let cubes = variances.map(|v| v.max(0.0).powi(3));
    1.2 * (cubes.iter().sum::<f32>() / 3.0).powf(1.0 / 6.0)
}

/// How sure it is, 0 to 1, that a camera or a codec smoothed noise of this `power` of luma.
pub fn smoothed_share(power: &[f32; SIZE]) -> f32 {
    let mean = |chosen: &dyn Fn(f32) -> bool| {
        let own = (0..SIZE).filter(|i| chosen(squared_frequency(*i)));
        let (sum, count) = own.fold((0.0f32, 0), |(sum, count), i| (sum + power[i], count + 1));
        sum / count.max(1) as f32
    };
    let steep = mean(&|f| f > HIGH).sqrt() / mean(&|f| f < LOW).sqrt().max(1e-6);
    let share = ((SMOOTHED - steep) / RAMP).clamp(0.0, 1.0);
    let noise = |chosen: &dyn Fn(f32) -> bool| (mean(chosen) - ROUNDING).max(0.0);
    let middle = noise(&|f| f > MIDDLE[0] && f < MIDDLE[1]);
    let flat = noise(&|f| f > TOP) / middle.max(1e-9);
    share * ((WHITE - flat) / WHITE_RAMP).clamp(0.0, 1.0)
}

/// Squared frequency of a coefficient, in cycles per pixel.
pub fn squared_frequency(index: usize) -> f32 {
    ((index / 8).pow(2) + (index % 8).pow(2)) as f32 / 256.0
}
