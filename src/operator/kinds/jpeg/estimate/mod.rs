// SPDX-License-Identifier: MPL-2.0
//! How a frame was compressed, estimated from the frame itself: the step of each frequency of luma
//! and of chroma.
//!
//! A decoded coefficient is a multiple of its step but for rounding. Where pixels were clipped the
//! steps that are known so far move them back, and the others show.

mod blocks;
mod comb;
mod complete;
mod sampling;
mod twice;

use self::blocks::Blocks;
use self::comb::{Evidence, JITTER};
use super::color::Subsampling;
use super::tables::{Compression, Table, nearest_quality, quantisation};
use crate::image::Image;

/// Fewer blocks or frequencies than these tell nothing.
const TELLING: usize = 4;
const FREQUENCIES: usize = 3;
/// Least share of blocks that found steps must explain.
const LEAST_FIT: f32 = 0.25;
/// Log-likelihood by which chroma must speak for less likely steps.
const CLEARLY: f32 = 6.0;
/// Share of the blocks, clipped ones, that no table explains by chance.
const SURE: f32 = 0.75;
/// Share of the blocks, by that of the frame before, which keeps its steps.
const KEPT: f32 = 0.8;
/// Share of the multiples of the steps that are even where the steps have doubled.
const DOUBLED: f32 = 0.95;
/// Jitters of blocks without a clipped pixel.
const UNCLIPPED: usize = 3;
/// Projections of the clipped pixels between two looks at the steps, and how many looks at most.
const PROJECTIONS: usize = 3;
const LOOKS: usize = 16;
/// Projections that settle the pixels for known steps.
const SETTLED: usize = 5;
/// Blocks on which each quality is tried.
const TRIED: usize = 32;

/// The compression that `frame` shows; its blocks begin at the frame's corner. `before`: that of
/// the frame before, which is kept while it explains this one.
///
/// Of two compressions it is the coarser one, which tells most of what was lost.
///
/// A frame that was never compressed, or whose blocks begin elsewhere, has quality 100 and a fit of
/// 0. A frame that tells nothing has what came before, or quality 100 and a fit of 1.
pub fn compression(
    frame: &Image,
    subsampling: Subsampling,
    before: Option<&Compression>,
) -> Compression {
    let seen = sampling::luma(frame);
    let (luma, clipped) = seen.chosen();
    if let Some(before) = before
        && keeps(&luma, before)
    {
        return *before;
    }
    let Some((quality, luma_table)) = luma_table(&luma, clipped) else {
        let fit = f32::from(u8::from(luma.len() < TELLING));
        return Compression {
            fit,
            ..Compression::of_quality(100)
        };
    };
    let mut settled = luma.pixels();
    luma.unclip(&mut settled, &luma_table, SETTLED);
    let coefficients = Blocks::coefficients(&settled);
    let (quality, luma_table, last_quality) = match twice::first_quality(&coefficients, &luma_table)
    {
        0 => (
            quality,
            luma_table,
            twice::last_quality(&coefficients, &luma_table),
        ),
        first => (first, quantisation(first).0, quality),
    };
    let chroma = sampling::chroma(frame, subsampling).chosen().0;
    let chroma_table = chroma_table(&chroma, &luma_table, quality);
    Compression {
        luma: luma_table,
        chroma: chroma_table,
        quality,
        fit: share(&luma, &luma_table).min(share(&chroma, &chroma_table)),
        last_quality,
    }
}

/// How well `frame` agrees with a compression that is told.
pub fn fit(frame: &Image, subsampling: Subsampling, told: &Compression) -> f32 {
    let luma = sampling::luma(frame).chosen().0;
    let chroma = sampling::chroma(frame, subsampling).chosen().0;
    share(&luma, &told.luma).min(share(&chroma, &told.chroma))
}

/// Share of the blocks that could tell which a table explains; 1 where too few could.
fn share(blocks: &Blocks, table: &Table) -> f32 {
    let (explained, telling) = blocks.explained(table, SETTLED);
    if telling < TELLING {
        return 1.0;
    }
    explained as f32 / telling as f32
}

/// Whether the steps of the frame before are those of this one: they explain it as well, and not
/// merely because its own are twice as large.
fn keeps(luma: &Blocks, before: &Compression) -> bool {
    if luma.len() < TELLING {
        return true;
    }
    let (explained, telling) = luma.explained(&before.luma, SETTLED);
    let least = (KEPT * before.fit).max(LEAST_FIT) * telling as f32;
    telling >= TELLING && explained as f32 >= least && !has_doubled(luma, &before.luma)
}

/// Whether nearly all coefficients are even multiples of the steps.
fn has_doubled(luma: &Blocks, table: &Table) -> bool {
    let mut settled = luma.pixels();
    luma.unclip(&mut settled, table, SETTLED);
    let (mut even, mut all) = (0u32, 0u32);
    for block in Blocks::coefficients(&settled).chunks_exact(table.len()) {
        for (v, step) in block.iter().zip(table).skip(1) {
            let multiple = (v.abs() / step).round() as u32;
            all += u32::from(multiple > 0);
            even += u32::from(multiple > 0 && multiple.is_multiple_of(2));
        }
    }
    f64::from(even) > f64::from(DOUBLED) * f64::from(all)
}

/// The luma steps and their nearest quality; `None` where there is no lattice.
fn luma_table(blocks: &Blocks, clipped: bool) -> Option<(u32, Table)> {
    let found = if clipped {
        clipped_steps(blocks)
    } else {
        Evidence::of(&Blocks::coefficients(&blocks.values), &JITTER[..UNCLIPPED]).steps()
    };
    if known(&found) < FREQUENCIES {
        return None;
    }
    let completed = complete::completed(&found);
    let own = (nearest_quality(&found), completed);
    let best = match complete::standard_luma(&found) {
        Some(standard) if share(blocks, &standard.1) + 0.05 >= share(blocks, &completed) => {
            standard
        }
        _ => own,
    };
    (share(blocks, &best.1) >= LEAST_FIT).then_some(best)
}

/// The chroma steps: those of the luma's quality where that has its own steps, or the luma's, or
/// else those that the coefficients speak for.
fn chroma_table(blocks: &Blocks, luma: &Table, quality: u32) -> Table {
    let coefficients = Blocks::coefficients(&blocks.values);
    let evidence = Evidence::of(&coefficients, &JITTER[..UNCLIPPED]);
    let found = evidence.steps();
    let (standard, its_chroma) = quantisation(quality);
    let likely = if *luma == standard { its_chroma } else { *luma };
    let of_libjpeg = (1..=100)
        .map(quantisation)
        .flat_map(|(luma, chroma)| [chroma, luma]);
    let completed = (known(&found) > 0).then(|| complete::completed(&found));
    let all = [its_chroma, *luma]
        .into_iter()
        .chain(of_libjpeg)
        .chain(completed);
    let mut best = (likely, evidence.for_table(&likely));
    for table in all {
        let score = evidence.for_table(&table);
        if score > best.1 + CLEARLY {
            best = (table, score);
        }
    }
    best.0
}

/// How many steps are known.
fn known(steps: &Table) -> usize {
    steps.iter().filter(|step| **step > 0.0).count()
}

/// Luma steps from blocks with clipped pixels.
///
/// A quality that explains most blocks has them. One that explains some moves their pixels first.
/// Then steps and pixels are found in turn, until the steps stay.
fn clipped_steps(blocks: &Blocks) -> Table {
    let few = blocks.thinned(TRIED);
    let tried = |quality| (few.explained(&quantisation(quality).0, SETTLED).0, quality);
    let best = (1..=100)
        .map(tried)
        .max_by_key(|(explained, quality)| (*explained, 100 - quality));
    let (explained, quality) = best.unwrap_or((0, 100));
    let (share, standard) = (
        explained as f32 / few.len().max(1) as f32,
        quantisation(quality).0,
    );
    if share > SURE {
        return standard;
    }
    let mut moved = blocks.pixels();
    if share > LEAST_FIT {
        blocks.unclip(&mut moved, &standard, SETTLED);
    }
    let mut last = [0.0; 64];
    for _ in 0..LOOKS {
        let found = Evidence::of(&Blocks::coefficients(&moved), &JITTER).steps();
        if found == last || known(&found) < FREQUENCIES {
            break;
        }
        last = found;
        blocks.unclip(&mut moved, &complete::completed(&found), PROJECTIONS);
    }
    last
}

#[cfg(test)]
mod tests;
