// SPDX-License-Identifier: MPL-2.0
//! Noise near black and white, which cut it off.

use super::blocks::Blocks;
use super::measure::{measured, or_smoothed};
use super::{NoiseEstimate, NoiseEstimates};
use crate::image::Scratch;

/// Noise is whole beyond this many standard deviations from black and white.
const REACH: f32 = 1.7;
/// What 8 bits round is added to it, of full scale 1.
const ROUNDING: f32 = 0.004;
/// Nearer than this many standard deviations so little is left that it tells nothing.
const NEAREST: f32 = 0.3;
/// Blocks of whole noise are enough at this share of all, and may be enough at that one.
const MANY: f32 = 0.5;
const FEW: f32 = 0.05;
/// The level of few blocks over that of many that are cut off, from which on the few are believed.
const ALIKE: f32 = 0.75;
/// A level below this is none, less than rounding makes: all was taken for texture.
const NONE: f32 = 0.001;
/// Least share of the variance that counts as left: shadows often have less noise by themselves.
const LEAST_LEFT: f32 = 0.4;
/// The level decides where noise is cut off, and that the level.
const ROUNDS: usize = 4;

/// The noise of `blocks`. `noisy`: see [`super::estimate_noise`].
pub fn estimated(blocks: &Blocks, noisy: bool) -> NoiseEstimates {
    let mut sigma = 0.0;
    let mut found = NoiseEstimates::from(NoiseEstimate::NONE);
    for _ in 0..ROUNDS {
        let Some(next) = beside(blocks, sigma, noisy) else {
            break;
        };
        // Where noise was found, blocks that show none are those whose noise passes for texture.
        if next.shown.sigma() < NONE.min(sigma) {
            break;
        }
        (found, sigma) = (next, next.shown.sigma());
    }
    found
}

/// The noise where that of `sigma` is whole, if many blocks are there. Few are often all texture:
/// of them and of those where it is cut off, the less noisy ones. `None` without any blocks.
fn beside(blocks: &Blocks, sigma: f32, noisy: bool) -> Option<NoiseEstimates> {
    let count = blocks.len() as f32;
    let whole = by_brightness(blocks, REACH * sigma + ROUNDING);
    let strict = (whole.len() as f32 >= (FEW * count).max(64.0))
        .then(|| measure(blocks, &whole, None, noisy));
    if whole.len() as f32 >= MANY * count && strict.is_some() {
        return strict;
    }
    let mut all = by_brightness(blocks, NEAREST * sigma);
    if all.len() < 16 {
        all = by_brightness(blocks, f32::MIN);
    }
    if all.is_empty() {
        return None;
    }
    let loose = measure(blocks, &all, Some(sigma), noisy);
    strict
        .filter(|s| {
            let apart = s.shown.sigma() / loose.shown.sigma().max(1e-9);
            (ALIKE..=1.0).contains(&apart) || loose.shown.sigma() < NONE
        })
        .or(Some(loose))
}

/// What the blocks `chosen` show; `cut`: the level of noise that is cut off in them.
fn measure(blocks: &Blocks, chosen: &[u32], cut: Option<f32>, noisy: bool) -> NoiseEstimates {
    let left = |block: u32| cut.map_or(1.0, |sigma| left(blocks.room(block as usize), sigma));
    let shown = measured(blocks, chosen, &left);
    let told = if noisy {
        or_smoothed(shown, blocks, chosen)
    } else {
        shown
    };
    NoiseEstimates { shown, told }
}

/// Share of the blocks in which noise of `sigma` is whole, 0 to 1.
pub fn whole_share(blocks: &Blocks, sigma: f32) -> f32 {
    by_brightness(blocks, REACH * sigma + ROUNDING).len() as f32 / blocks.len().max(1) as f32
}

/// Blocks whose channels are all further than `least` from black and white, by brightness.
fn by_brightness(blocks: &Blocks, least: f32) -> Scratch<u32> {
    let mut chosen = Scratch::with_capacity(blocks.len());
    let room = |b: u32| blocks.room(b as usize).into_iter().fold(1.0, f32::min);
    chosen.extend((0..blocks.len() as u32).filter(|b| room(*b) > least));
    let mean = |b: &u32| blocks.mean(*b as usize);
    chosen.sort_unstable_by(|a, b| mean(a).total_cmp(&mean(b)));
    chosen
}

/// Share of the variance of normal noise of `sigma` that is left where the means of the channels
/// are `room` from black or white.
fn left(room: [f32; 3], sigma: f32) -> f32 {
    // Within 0.01 of the exact share, that of a normal number that is raised to zero where it is
    // negative, as a function of its mean.
    let own = |room: f32| {
        let mean = room.max(0.0) / sigma.max(1e-9);
        1.0 - (-0.91 * mean - 0.345 * mean * mean).exp()
    };
    (room.map(own).iter().sum::<f32>() / 3.0).max(LEAST_LEFT)
}

#[cfg(test)]
mod tests {
    use super::left;

    #[test]
    fn the_share_that_is_left_is_that_of_rectified_normal_numbers() {
        // Means and variances of max(0, d + n) at d of 0, 0.5, 1, 1.5 and 2.
        let known = [
            (0.398_9, 0.340_8),
            (0.697_8, 0.553_3),
            (1.083_3, 0.751_1),
            (1.529_3, 0.888_1),
            (2.008_5, 0.960_2),
        ];
        for (mean, variance) in known {
            let found = left([mean * 0.03; 3], 0.03);
            let want: f32 = variance;
            assert!((found - want.max(0.4)).abs() < 0.01, "{mean}: {found}");
        }
        assert_eq!(left([0.3; 3], 0.0), 1.0);
    }
}
