// SPDX-License-Identifier: MPL-2.0
//! The power of a frame at each frequency, in its quietest blocks.
//!
//! A block is quiet by half of its coefficients, and its power is that of the other half: of
//! uncorrelated coefficients choosing by one half does not bias the other.

use super::blocks::{Blocks, SIZE};
use crate::image::Scratch;

/// Power along the axes of colour at the 64 frequencies of a block, full scale 1.
pub type Power = [[f32; SIZE]; 3];
/// Share of the largest squares at each frequency that is left out.
const TRIMMED: f32 = 0.3;
/// Mean of squared normal numbers without that share of the largest, over their mean.
const REMAINING: f32 = 0.309_6;
/// Least power of an axis that blocks are compared by.
const TINY: f32 = 1e-9;

/// Whether a coefficient belongs to the second half: rows and columns alternate.
fn half(index: usize) -> usize {
    (index + index / 8) % 2
}

/// How quiet each block is, by either half of its coefficients.
pub struct Quietness {
    /// Of each block: by the first half, and by the second.
    scores: [Scratch<f32>; 2],
}

impl Quietness {
    /// Sums of squares by half, each axis in units of what is low for it among `chosen` blocks.
    pub fn of(blocks: &Blocks, chosen: &[u32]) -> Self {
        let scores = [0, 1].map(|which| {
            let mut score = Scratch::filled(blocks.len(), 0.0f32);
            for axis in 0..3 {
                let sum = |block: &u32| energy(blocks.along(*block as usize, axis), which);
                let mut sums = Scratch::collected(chosen.len(), chosen.iter().map(sum));
                let place = sums.len() / 20;
                let low = *sums.select_nth_unstable_by(place, f32::total_cmp).1 + TINY;
                for block in chosen {
                    score[*block as usize] += sum(block) / low;
                }
            }
            score
        });
        Self { scores }
    }

    /// Power in the `count` quietest blocks of `part`, and how the axes correlate in them, as sums
    /// of products.
    pub fn power(&self, blocks: &Blocks, part: &[u32], count: usize) -> (Power, [[f32; 3]; 3]) {
        let count = count.clamp(1, part.len());
        let mut power = [[0.0; SIZE]; 3];
        let mut products = [[0.0; 3]; 3];
        for (which, score) in self.scores.iter().enumerate() {
            let ranked = part.iter().map(|b| (score[*b as usize], *b));
            let mut ranked = Scratch::collected(part.len(), ranked);
            ranked.select_nth_unstable_by(count - 1, |a, b| a.0.total_cmp(&b.0));
            let quiet = &ranked[..count];
            for (axis, power) in power.iter_mut().enumerate() {
                for (i, power) in power.iter_mut().enumerate() {
                    if i > 0 && half(i) != which {
                        *power = trimmed(quiet.iter().map(|(_, b)| {
                            let v = blocks.along(*b as usize, axis)[i];
                            v * v
                        }));
                    }
                }
            }
            for (_, block) in quiet {
                add_products(blocks, *block as usize, 1 - which, &mut products);
            }
        }
        for power in &mut power {
            // The mean's own coefficient holds the image: its neighbours stand for it.
            power[0] = (power[1] * power[8]).sqrt();
        }
        (power, products)
    }
}

/// Power in the quietest `share` of `part` by luma, whatever the colour does in them.
pub fn luma_quiet_power(blocks: &Blocks, part: &[u32], share: f32, least: usize) -> Power {
    let count = least
        .max((share * part.len() as f32) as usize)
        .min(part.len());
    let loudness = |b: &u32| -> f32 {
        let luma = &blocks.along(*b as usize, 0)[1..];
        luma.iter().map(|v| v * v).sum()
    };
    let ranked = part.iter().map(|b| (loudness(b), *b));
    let mut ranked = Scratch::collected(part.len(), ranked);
    ranked.select_nth_unstable_by(count - 1, |a, b| a.0.total_cmp(&b.0));
    let mut power = [[0.0; SIZE]; 3];
    for (axis, power) in power.iter_mut().enumerate() {
        for (i, power) in power.iter_mut().enumerate().skip(1) {
            let values = ranked[..count].iter();
            *power = trimmed(values.map(|(_, b)| blocks.along(*b as usize, axis)[i].powi(2)));
        }
        power[0] = (power[1] * power[8]).sqrt();
    }
    power
}

/// Sum of squares of one half of the coefficients, without the mean's.
fn energy(coefficients: &[f32], which: usize) -> f32 {
    let own = coefficients.iter().enumerate().skip(1);
    own.filter(|(i, _)| half(*i) == which)
        .map(|(_, v)| v * v)
        .sum()
}

/// Adds the products of the axes' coefficients over one half of them.
fn add_products(blocks: &Blocks, block: usize, which: usize, products: &mut [[f32; 3]; 3]) {
    for (a, row) in products.iter_mut().enumerate() {
        for (b, product) in row.iter_mut().enumerate() {
            let pairs = blocks.along(block, a).iter().zip(blocks.along(block, b));
            let own = pairs.enumerate().skip(1).filter(|(i, _)| half(*i) == which);
            *product += own.map(|(_, (u, v))| u * v).sum::<f32>();
        }
    }
}

/// Mean of squares without the largest, as if normal numbers had been squared.
fn trimmed(squares: impl ExactSizeIterator<Item = f32>) -> f32 {
    let mut squares = Scratch::collected(squares.len(), squares);
    let kept = ((squares.len() as f32 * (1.0 - TRIMMED)).round() as usize).max(1);
    squares.select_nth_unstable_by(kept - 1, f32::total_cmp);
    let share = if kept < squares.len() { REMAINING } else { 1.0 };
    squares[..kept].iter().sum::<f32>() / kept as f32 / share
}
