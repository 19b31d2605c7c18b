// SPDX-License-Identifier: MPL-2.0
//! Traces of two compressions, of which the coarser one tells most of what was lost.

use super::super::tables::{LUMA, Table, scaled};
use super::blocks::AREA;
use super::comb::{Evidence, JITTER};

/// Multiples of a step that are counted.
const BINS: usize = 64;
/// Steps of the first compression this many times coarser leave gaps.
const COARSER: f32 = 1.5;
/// How far, in code values, rounding between the compressions moves a coefficient.
const ROUNDING: f32 = 0.8;
/// Share of the coefficients that fall into a gap all the same.
const STRAY: f32 = 0.1;
/// Log-likelihood by which gaps must beat chance.
const EVIDENCE: f32 = 30.0;
/// Frequencies that must show gaps.
const FREQUENCIES: usize = 3;

/// The IJG quality of a coarser compression before the one with the steps of `table`, or 0.
///
/// Coefficients that were multiples of a coarser step leave some multiples of the finer one empty,
/// at equal distances.
pub fn first_quality(coefficients: &[f32], table: &Table) -> u32 {
    let mut best = (0, EVIDENCE);
    let counts: [[f32; BINS]; AREA] = std::array::from_fn(|i| counts(coefficients, i, table[i]));
    for quality in 1..100 {
        let first = scaled(&LUMA, quality);
        let (mut sum, mut shown) = (0.0, 0);
        for i in (1..AREA).filter(|i| first[*i] >= COARSER * table[*i]) {
            let score = gaps(&counts[i], table[i], first[i]);
            sum += score;
            shown += usize::from(score > 1.0);
        }
        if shown >= FREQUENCIES && sum > best.1 {
            best = (quality, sum);
        }
    }
    best.0
}

/// The IJG quality of a finer compression after the one with the steps of `table`, or 0: the
/// coefficients lie exactly on its steps, and only nearly on the coarser ones.
pub fn last_quality(coefficients: &[f32], table: &Table) -> u32 {
    let evidence = Evidence::of(coefficients, &JITTER[..1]);
    let mut best = (0, EVIDENCE);
    for quality in 1..100 {
        let steps = scaled(&LUMA, quality);
        let is_finer = |i: usize| table[i] >= COARSER * steps[i];
        if (0..AREA).filter(|i| is_finer(*i)).count() < AREA / 2 {
            continue;
        }
        // What lies on a step lies on its divisors too.
        let tells = |i: usize| i > 0 && is_finer(i) && table[i] % steps[i] > 0.0;
        let finer: Table = std::array::from_fn(|i| if tells(i) { steps[i] } else { 0.0 });
        let shown = finer.iter().filter(|step| **step > 0.0).count();
        let score = evidence.for_table(&finer);
        if shown >= FREQUENCIES && score > best.1 {
            best = (quality, score);
        }
    }
    best.0
}

/// How often each multiple of the step occurs at frequency `i`.
fn counts(coefficients: &[f32], i: usize, step: f32) -> [f32; BINS] {
    let mut counts = [0.0; BINS];
    for v in coefficients.iter().skip(i).step_by(AREA) {
        let multiple = (v.abs() / step).round() as usize;
        if multiple < BINS {
            counts[multiple] += 1.0;
        }
    }
    counts
}

/// Log-likelihood of nearly empty multiples between those that a `first` step leaves, beside counts
/// that fall evenly from one to the next. Negative where they are not empty.
fn gaps(counts: &[f32; BINS], step: f32, first: f32) -> f32 {
    let possible = |k: usize| {
        let value = k as f32 * step;
        (value - (value / first).round() * first).abs() <= step / 2.0 + ROUNDING
    };
    let (mut expected, mut found) = (0.0, 0.0);
    let mut last: Option<usize> = None;
    for k in (1..BINS).filter(|k| possible(*k)) {
        if let Some(last) = last {
            let between = k - last;
            for gap in 1..between {
                let share = gap as f32 / between as f32;
                expected += counts[last].powf(1.0 - share) * counts[k].powf(share);
                found += counts[last + gap];
            }
        }
        last = Some(k);
    }
    expected * (1.0 - STRAY) + found * STRAY.ln()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operator::tests::noise;

    /// Blocks of coefficients that fall off, on `first` and then on `last`.
    fn twice(first: Option<&Table>, last: &Table) -> Vec<f32> {
        let noise = noise(AREA, 12, 16);
        let mut out = Vec::new();
        for block in 0..192 {
            for i in 0..AREA {
                let v = noise.plane(i)[block] * noise.plane((i + 7) % AREA)[block];
                let v = 60.0 * v / (1.0 + 0.2 * i as f32);
                let v = first.map_or(v, |t| (v / t[i]).round() * t[i]);
                out.push((v / last[i]).round() * last[i]);
            }
        }
        out
    }

    #[test]
    fn a_coarser_compression_shows_and_a_single_one_shows_none() {
        use super::super::super::tables::quantisation;
        for last in [70, 90] {
            let table = quantisation(last).0;
            assert_eq!(first_quality(&twice(None, &table), &table), 0, "{last}");
        }
        let table = quantisation(90).0;
        for first in [30, 50, 70] {
            let found = first_quality(&twice(Some(&quantisation(first).0), &table), &table);
            assert!(found.abs_diff(first) <= 2, "{first} found as {found}");
        }
    }
}
