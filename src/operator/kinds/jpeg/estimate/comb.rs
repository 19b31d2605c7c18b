// SPDX-License-Identifier: MPL-2.0
//! The steps on which coefficients lie, frequency by frequency.

use std::f32::consts::TAU;
use std::sync::LazyLock;

use super::super::tables::Table;
use super::blocks::{AREA, DARKER, ENOUGH};
use crate::image::Scratch;

/// Standard deviations with which coefficients may lie beside their lattice, in code values: that
/// of rounding to 8 bits of R, G and B, and ever larger ones where clipping moved them.
pub const JITTER: [f32; 6] = [0.36, 0.7, 1.4, 2.8, 5.6, 11.0];
/// Likelihood, beside that of a perfect fit, of a coefficient that no lattice explains.
const STRAY: f32 = 5e-4;
/// Log-likelihood by which a lattice must beat none. Chance finds 1e5 lattices in a frame: e^12.
const EVIDENCE: f32 = 16.0;
/// Steps of a frequency, from 0.
const STEPS: usize = 256;
/// Steps must be this many times the jitter, or else every coefficient lies near the lattice.
const COARSE: f32 = 3.2;
/// Cells of the table of likelihoods in a standard deviation.
const CELLS: f32 = 16.0;

/// Log-likelihood of a distance from the lattice beside that of none, by its cell.
static FIT: LazyLock<[f32; 128]> = LazyLock::new(|| {
    std::array::from_fn(|i| {
        let off = (i as f32 + 0.5) / CELLS;
        ((-0.5 * off * off).exp() + STRAY).ln()
    })
});

/// How far the coefficients of each frequency speak for each step.
///
/// Only what lies beyond half a step counts: most coefficients are near zero at any step.
pub struct Evidence {
    /// Log-likelihood of a lattice beside that of none, for steps of 0 to 255 of each frequency.
    /// Steps of 1 cannot be told from none.
    scores: Scratch<f32>,
}

impl Evidence {
    /// That of at most [`ENOUGH`] blocks of coefficients, one after the other, which lie within one
    /// of `jitters` beside the lattice.
    pub fn of(coefficients: &[f32], jitters: &[f32]) -> Self {
        let mut scores = Scratch::filled(AREA * STEPS, 0.0);
        let mut values = Scratch::with_capacity(ENOUGH);
        for (i, scores) in scores.chunks_exact_mut(STEPS).enumerate() {
            let all = || coefficients.iter().skip(i).step_by(AREA);
            for darker in 0..=if i == 0 { DARKER } else { 0 } {
                values.clear();
                values.extend(all().map(|v| (v + darker as f32).abs()));
                values.sort_unstable_by(|a, b| b.total_cmp(a));
                for (step, score) in scores.iter_mut().enumerate().skip(2) {
                    let step = step as f32;
                    let count = values.partition_point(|v| *v > step / 2.0);
                    if count == 0 {
                        break;
                    }
                    let found = evidence(&values[..count], step, jitters);
                    *score = if darker == 0 { found } else { score.max(found) };
                }
            }
        }
        Self { scores }
    }

    /// The step of each frequency, in code values, and 0 where the coefficients tell none.
    pub fn steps(&self) -> Table {
        let mut steps = [0.0; AREA];
        for (found, scores) in steps.iter_mut().zip(self.scores.chunks_exact(STEPS)) {
            let mut best = EVIDENCE;
            for (step, score) in scores.iter().enumerate() {
                if *score > best {
                    (*found, best) = (step as f32, *score);
                }
            }
        }
        steps
    }

    /// Log-likelihood of all steps of a table.
    pub fn for_table(&self, table: &Table) -> f32 {
        let scores = self.scores.chunks_exact(STEPS).zip(table);
        scores.map(|(scores, step)| scores[*step as usize]).sum()
    }
}

/// Log-likelihood of magnitudes on a lattice of `step` beside that on none, at the best jitter.
fn evidence(values: &[f32], step: f32, jitters: &[f32]) -> f32 {
    let fit = &*FIT;
    let mut sums = [0.0f32; JITTER.len()];
    for v in values {
        let off = (v - (v / step + 0.5).floor() * step).abs();
        for (sum, jitter) in sums.iter_mut().zip(jitters) {
            *sum += fit[((CELLS / jitter * off) as usize).min(fit.len() - 1)];
        }
    }
    let scores = sums.iter().zip(jitters).map(|(sum, jitter)| {
        if step < COARSE * jitter {
            return -1e3;
        }
        values.len() as f32 * (step / (jitter * TAU.sqrt())).ln() + sum
    });
    scores.fold(-1e3, f32::max)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operator::tests::noise;

    #[test]
    fn the_step_of_a_lattice_is_found_and_none_where_there_is_none() {
        let noise = noise(2, 8 * 8, ENOUGH);
        let pairs = || noise.plane(0).iter().zip(noise.plane(1));
        for step in [2.0, 3.0, 9.0, 40.0, 255.0] {
            let near = |(a, b): (&f32, &f32)| (2.0 * a).round() * step + 0.3 * b;
            let lattice: Vec<f32> = pairs().map(near).collect();
            let evidence = Evidence::of(&lattice, &JITTER);
            assert_eq!(evidence.steps(), [step; AREA]);
            assert!(evidence.for_table(&[step; AREA]) > 64.0 * EVIDENCE);
        }
        let smooth: Vec<f32> = noise.plane(0).iter().map(|v| 20.0 * v).collect();
        assert_eq!(Evidence::of(&smooth, &JITTER).steps(), [0.0; AREA]);
    }
}
