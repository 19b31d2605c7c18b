// SPDX-License-Identifier: MPL-2.0
//! The outer sampler (Algorithm 1 of arXiv 2507.02686): one function over a trait, with the noise
//! given.
//!
//! x_t is the noisy state, x_0 the clean estimate, z the initial estimate of a step, zeta the share
//! of fresh noise.

use super::{Aggregation, Level, Patch, StepModel};
use crate::image::Image;

/// What the first step starts from.
#[derive(Clone, Debug)]
pub enum Initial {
    /// A plain inverse: the state x_t is noise alone.
    Cold(Image),
    /// An image that is nearly clean: the state x_t is this image, re-noised to the first level.
    Warm(Image),
}

/// Takes one step at each of `levels`, from the most to the least noisy, and returns the estimates
/// as the model's [`Aggregation`] says.
///
/// Each step starts from the estimate of the one before, the first from `initial`. Without levels
/// the answer is `initial`. `noise(stream)` draws a standard normal image of the shape of
/// `initial`. Stream 0 is the first state; step i takes 1 + i (K + 1) + k for its K inner noises
/// and 1 + i (K + 1) + K for re-noising, which is not drawn where zeta is 0. Errors are the model's
/// own.
pub fn reverse<M: StepModel>(
    model: &mut M,
    levels: &[Level],
    initial: Initial,
    zeta: f32,
    mut noise: impl FnMut(u32) -> Image,
) -> Result<Image, M::Error> {
    let inner = model.iterations() as u32;
    let (z0, xt) = match (initial, levels.first()) {
        (Initial::Cold(z0) | Initial::Warm(z0), None) => return Ok(z0),
        (Initial::Cold(z0), Some(_)) => (z0, noise(0)),
        (Initial::Warm(z0), Some(level)) => {
            let mut xt = noise(0);
            for (x, z) in xt.data.iter_mut().zip(&z0.data) {
                *x = level.alpha * z + level.sigma * *x;
            }
            (z0, xt)
        }
    };
    let mut patch = [Patch {
        window: z0.bounds(),
        noise: Image::new(z0.channels * inner as usize, z0.height, z0.width),
        xt,
        z0,
    }];
    let mut mean: Option<Image> = None;
    for (i, level) in levels.iter().enumerate() {
        let first = 1 + i as u32 * (inner + 1);
        let [state] = &mut patch;
        let drawn = &mut state.noise.data;
        drawn.clear();
        (0..inner).for_each(|k| drawn.extend_from_slice(&noise(first + k).data));
        model.estimate(&mut patch, *level)?;
        let [state] = &mut patch;
        if model.aggregation() == Aggregation::Mean && levels.len() > 1 {
            match mean.as_mut() {
                None => mean = Some(state.z0.clone()),
                Some(mean) => approach(&mut mean.data, &state.z0.data, 2.0 / (i + 2) as f32),
            }
        }
        if let Some(next) = levels.get(i + 1) {
            let fresh = (zeta > 0.0).then(|| noise(first + inner));
            renoise(
                &mut state.xt.data,
                &state.z0.data,
                fresh.as_ref(),
                *level,
                *next,
                zeta,
            );
        }
    }
    let [state] = patch;
    Ok(mean.unwrap_or(state.z0))
}

/// Moves `mean` by `share` towards `x0`; a share of 2 / (i + 2) weighs estimate i by 1 + i.
fn approach(mean: &mut [f32], x0: &[f32], share: f32) {
    for (mean, &x0) in mean.iter_mut().zip(x0) {
        *mean += share * (x0 - *mean);
    }
}

/// Moves the state from `level` to `next`: alpha_s x0 + sigma_s (sqrt(1-zeta) eps + sqrt(zeta) n),
/// with s the next level and eps the noise that the estimate leaves in the state.
fn renoise(
    xt: &mut [f32],
    x0: &[f32],
    fresh: Option<&Image>,
    level: Level,
    next: Level,
    zeta: f32,
) {
    let keep = next.sigma * (1.0 - zeta).max(0.0).sqrt() / level.sigma;
    for (x, &x0) in xt.iter_mut().zip(x0) {
        *x = next.alpha * x0 + keep * (*x - level.alpha * x0);
    }
    if let Some(fresh) = fresh {
        let renew = next.sigma * zeta.sqrt();
        for (x, &n) in xt.iter_mut().zip(&fresh.data) {
            *x += renew * n;
        }
    }
}

#[cfg(test)]
mod tests;
