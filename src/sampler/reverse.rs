// SPDX-License-Identifier: MPL-2.0
//! The outer sampler (Algorithm 1 of arXiv 2507.02686): one function over a trait, with the noise
//! given.
//!
//! x_t is the noisy state, x_0 the clean estimate, z the initial estimate of a step, zeta the share
//! of fresh noise.

use super::walk::{HostWalk, Walk};
use super::{Aggregation, Level, StepModel};
use crate::image::Image;

/// What the first step starts from.
#[derive(Clone, Debug)]
pub enum Initial {
    /// A plain inverse: the state x_t is noise alone.
    Cold(Image),
    /// An image that is nearly clean: the state x_t is this image, re-noised to the first level.
    Warm(Image),
}

/// How a run goes from one step to the next.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Chain {
    /// Towards the posterior mean: a step starts from the estimate of the one before, and the
    /// estimates become the answer as the model's [`Aggregation`] says. zeta: share of fresh
    /// noise.
    Mean { zeta: f32 },
    /// To a posterior sample: each step starts from the plain initial estimate, its state has fresh
    /// noise, and the last estimate is the answer (docs/decisions/028-realism.md).
    Sample,
}

/// Takes one step at each of `levels`, from the most to the least noisy, and returns the answer of
/// the `chain`.
///
/// The first step starts from `initial`. Without levels the answer is `initial`. `noise(stream)`
/// draws a standard normal image of the shape of `initial`. Stream 0 is the first state; step i
/// takes 1 + i (K + 1) + k for its K inner noises and 1 + i (K + 1) + K for re-noising, which is
/// not drawn where zeta is 0. Errors are the model's own.
pub fn reverse<M: StepModel>(
    model: &mut M,
    levels: &[Level],
    initial: Initial,
    chain: Chain,
    noise: impl FnMut(u32) -> Image,
) -> Result<Image, M::Error> {
    reverse_on(&mut HostWalk::new(model), levels, initial, chain, noise)
}

/// [`reverse`], with the images where the walk has them.
pub fn reverse_on<W: Walk>(
    walk: &mut W,
    levels: &[Level],
    initial: Initial,
    chain: Chain,
    mut noise: impl FnMut(u32) -> Image,
) -> Result<Image, W::Error> {
    let inner = walk.iterations() as u32;
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
    let (zeta, plain) = match chain {
        Chain::Mean { zeta } => (zeta, None),
        Chain::Sample => (1.0, Some(z0.clone())),
    };
    let averages = chain != Chain::Sample && walk.aggregation() == Aggregation::Mean;
    walk.begin(xt, z0);
    for (i, level) in levels.iter().enumerate() {
        let first = 1 + i as u32 * (inner + 1);
        walk.estimate(*level, &mut |k| noise(first + k))?;
        if averages && levels.len() > 1 {
            // Estimate i counts 1 + i times.
            walk.average(2.0 / (i + 2) as f32)?;
        }
        if let Some(next) = levels.get(i + 1) {
            let keep = next.sigma * (1.0 - zeta).max(0.0).sqrt() / level.sigma;
            let renew = next.sigma * zeta.sqrt();
            let fresh = (zeta > 0.0).then(|| (renew, noise(first + inner)));
            walk.renoise([*level, *next], keep, fresh)?;
            if let Some(plain) = &plain {
                walk.restart(plain);
            }
        }
    }
    walk.finish()
}

#[cfg(test)]
mod tests;
