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
/// Of smoothed noise more is left in busy parts than in quiet ones.
const BUSIER: f32 = 1.8;

/// What is strong along one axis of colour has to go, though it is weak along the others.
pub fn level(variances: [f32; 3]) -> f32 {
    let cubes = variances.map(|v| v.max(0.0).powi(3));
    1.2 * (cubes.iter().sum::<f32>() / 3.0).powf(1.0 / 6.0)
}

/// The level of noise of these `variances` that a camera or a codec smoothed, by the `power` of
/// luma; 0 where it was not smoothed.
pub fn smoothed_level(power: &[f32; SIZE], variances: [f32; 3]) -> f32 {
    let amplitude = |chosen: &dyn Fn(f32) -> bool| {
        let own = (0..SIZE).filter(|i| chosen(squared_frequency(*i)));
        let (sum, count) = own.fold((0.0, 0), |(sum, count), i| (sum + power[i], count + 1));
        (sum / count.max(1) as f32).sqrt()
    };
    let ratio = amplitude(&|f| f > HIGH) / amplitude(&|f| f < LOW).max(1e-6);
    let share = ((SMOOTHED - ratio) / RAMP).clamp(0.0, 1.0);
    share * BUSIER * level(variances)
}

/// Squared frequency of a coefficient, in cycles per pixel.
pub fn squared_frequency(index: usize) -> f32 {
    ((index / 8).pow(2) + (index % 8).pow(2)) as f32 / 256.0
}
