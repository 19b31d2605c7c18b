// SPDX-License-Identifier: MPL-2.0
//! Whole tables from the steps of some frequencies.

use super::super::tables::{CHROMA, LUMA, Table, quantisation, scaled};
use crate::operator::dct::BLOCK;

/// Share of the found steps that a known table must have to be taken for the frame's.
const AGREEING: f32 = 0.9;
/// How little a few steps say of how the ratio grows: squared frequencies.
const STIFFNESS: f32 = 0.1;
/// How far the ratio of found steps to a shape reaches, in frequencies.
const REACH: f32 = 1.5;

/// The table of an IJG quality that has the found luma steps, with its quality; those of 0 are
/// unknown.
pub fn standard_luma(found: &Table) -> Option<(u32, Table)> {
    let agreeing = (1..=100).filter(|q| agrees(found, &quantisation(*q).0));
    middle(agreeing).map(|q| (q, quantisation(q).0))
}

/// The middle one of qualities that serve alike.
fn middle(qualities: impl Iterator<Item = u32> + Clone) -> Option<u32> {
    let count = qualities.clone().count();
    qualities.clone().nth(count / 2)
}

/// Whether nearly all found steps are those of `table`, within a hundredth.
fn agrees(found: &Table, table: &Table) -> bool {
    let known = || found.iter().zip(table).filter(|(f, _)| **f > 0.0);
    let same = known().filter(|(f, t)| (*f - *t).abs() < 0.5 + 0.01 * *t);
    let (same, known) = (same.count() as f32, known().count() as f32);
    known > 0.0 && same >= AGREEING * known
}

/// The found steps, with the unknown ones, which are 0, from the shape that fits best: libjpeg's
/// luma or chroma, or a flat one, scaled as the found steps nearby are and as these grow.
pub fn completed(found: &Table) -> Table {
    let flat = [16u32; BLOCK * BLOCK];
    let shapes = [LUMA, CHROMA, flat].map(|shape| shape.map(|step| step as f32));
    let known = || (0..found.len()).filter(|i| found[*i] > 0.0);
    let count = known().count() as f32;
    if count == 0.0 {
        return scaled(&LUMA, 100);
    }
    let spread = |shape: &Table| {
        let ratios = || known().map(|i| (found[i] / shape[i]).ln());
        let mean = ratios().sum::<f32>() / count;
        ratios().map(|r| (r - mean) * (r - mean)).sum::<f32>()
    };
    let best = |a: &&Table, b: &&Table| spread(a).total_cmp(&spread(b));
    let shape = shapes.iter().min_by(best).unwrap_or(&shapes[0]);
    let order = |i: usize| (i % BLOCK + i / BLOCK) as f32;
    let ratio = |i: usize| (found[i] / shape[i]).ln();
    // How the ratio grows with the frequency, on the whole.
    let (middle, mean) = (
        known().map(order).sum::<f32>() / count,
        known().map(ratio).sum::<f32>() / count,
    );
    let along = |i: usize| order(i) - middle;
    let power: f32 = known().map(|i| along(i) * along(i)).sum();
    let growth = known().map(|i| along(i) * (ratio(i) - mean)).sum::<f32>() / (power + STIFFNESS);
    std::array::from_fn(|i| {
        if found[i] > 0.0 {
            return found[i];
        }
        let (mut sum, mut weights) = (0.0, 0.0);
        for j in known() {
            let across = (i % BLOCK) as f32 - (j % BLOCK) as f32;
            let down = (i / BLOCK) as f32 - (j / BLOCK) as f32;
            let far = (across * across + down * down) / (2.0 * REACH * REACH);
            let weight = (-far).exp() + 1e-6;
            sum += weight * (ratio(j) + growth * (order(i) - order(j)));
            weights += weight;
        }
        (shape[i] * (sum / weights).exp()).round().clamp(1.0, 255.0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The lower frequencies of a table.
    fn low(table: &Table) -> Table {
        std::array::from_fn(|i| if i / 8 + i % 8 < 4 { table[i] } else { 0.0 })
    }

    #[test]
    fn a_few_steps_tell_a_table_of_libjpeg() {
        for quality in [10, 30, 62, 85] {
            let luma = quantisation(quality).0;
            let (found, table) = standard_luma(&low(&luma)).expect("known");
            assert!(found.abs_diff(quality) <= 1, "{quality} found as {found}");
            assert_eq!(low(&table), low(&luma));
        }
    }

    #[test]
    fn other_tables_keep_their_steps_and_go_on_like_them() {
        let flat = [80.0; 64];
        assert_eq!(standard_luma(&low(&flat)), None);
        assert_eq!(completed(&low(&flat)), flat);
        let coarse = quantisation(30)
            .0
            .map(|step| (1.7 * step).round().min(255.0));
        let made = completed(&low(&coarse));
        assert_eq!(low(&made), low(&coarse));
        for (a, b) in made.iter().zip(&coarse) {
            assert!((a / b).ln().abs() < 0.1, "{a} for {b}");
        }
        assert_eq!(completed(&[0.0; 64]), [1.0; 64]);
    }
}
