// SPDX-License-Identifier: MPL-2.0
//! The blocks of a frame in which its quantisation is looked for, and what clipping hid of them.

use super::super::tables::Table;
use crate::image::Scratch;
use crate::operator::dct::{BLOCK, dct};

/// Pixels of a block.
pub const AREA: usize = BLOCK * BLOCK;
/// How far a conversion to R, G and B may have lowered the means of blocks, in eighths of a code,
/// which is in units of their coefficients: fast conversions cut fractions off.
pub const DARKER: usize = BLOCK;
/// How many blocks suffice.
pub const ENOUGH: usize = 192;
/// Blocks whose pixels deviate less than this from their mean, in code values, tell nothing.
const FLAT: f32 = 1.0;
/// Blocks with more clipped pixels than this tell nothing.
const MOST_CLIPPED: usize = AREA / 2;
/// Deviation, in code values, up to which pixels count as explained: that of rounding, with room.
const EXPLAINED: f32 = 0.6;
/// The same as a share of what tables that have nothing to do with the frame would leave.
const SHARE: f32 = 0.3;

/// Blocks of pixels around zero, one after the other. A clipped pixel has bounds; the others are
/// their own.
pub struct Blocks {
    pub values: Scratch<f32>,
    low: Scratch<f32>,
    high: Scratch<f32>,
}

impl Blocks {
    /// No blocks, with room for `count`.
    pub fn with_capacity(count: usize) -> Self {
        let room = || Scratch::with_capacity(AREA * count);
        Self {
            values: room(),
            low: room(),
            high: room(),
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.values.len() / AREA
    }

    /// Adds a pixel that is at most or at least its value where it was clipped.
    pub fn push(&mut self, value: f32, clipped_above: bool, clipped_below: bool) {
        self.values.push(value);
        self.low.push(if clipped_below { f32::MIN } else { value });
        self.high.push(if clipped_above { f32::MAX } else { value });
    }

    /// Takes the last block away where it is flat or mostly clipped.
    pub fn drop_useless(&mut self) {
        let start = self.values.len() - AREA;
        let values = &self.values[start..];
        let mean = values.iter().sum::<f32>() / AREA as f32;
        let power: f32 = values.iter().map(|v| (v - mean) * (v - mean)).sum();
        if power < FLAT * FLAT * AREA as f32 || self.clipped(self.len() - 1) > MOST_CLIPPED {
            self.values.truncate(start);
            self.low.truncate(start);
            self.high.truncate(start);
        }
    }

    /// Clipped pixels of a block.
    fn clipped(&self, block: usize) -> usize {
        let range = block * AREA..(block + 1) * AREA;
        let bounds = self.low[range.clone()].iter().zip(&self.high[range]);
        bounds.filter(|(low, high)| low < high).count()
    }

    /// At most [`ENOUGH`] of the blocks, those without a clipped pixel first. Where a third of them
    /// are free of these, the others are left out. And whether any has one.
    pub fn chosen(&self) -> (Self, bool) {
        let keys = (0..self.len()).map(|i| ((self.clipped(i) as u32) << 16) | i as u32);
        let mut order = Scratch::collected(self.values.capacity() / AREA, keys);
        order.sort_unstable();
        let free = order.iter().filter(|key| **key >> 16 == 0).count();
        let clipped = 3 * free < order.len().min(ENOUGH);
        let count = if clipped { order.len() } else { free };
        let kept = count.min(ENOUGH);
        let mut chosen = Self::with_capacity(ENOUGH);
        for i in 0..kept {
            // Those with few clipped pixels, or else some from all over the frame.
            let at = if clipped { i } else { i * count / kept };
            let block = (order[at] & 0xffff) as usize;
            let range = block * AREA..(block + 1) * AREA;
            chosen.values.extend_from_slice(&self.values[range.clone()]);
            chosen.low.extend_from_slice(&self.low[range.clone()]);
            chosen.high.extend_from_slice(&self.high[range]);
        }
        (chosen, clipped)
    }

    /// Some `count` of the blocks, from all over.
    pub fn thinned(&self, count: usize) -> Self {
        let mut out = Self::with_capacity(count);
        let step = self.len().div_ceil(count).max(1);
        for block in (0..self.len()).step_by(step) {
            let range = block * AREA..(block + 1) * AREA;
            out.values.extend_from_slice(&self.values[range.clone()]);
            out.low.extend_from_slice(&self.low[range.clone()]);
            out.high.extend_from_slice(&self.high[range]);
        }
        out
    }

    /// The pixels, to be moved.
    pub fn pixels(&self) -> Scratch<f32> {
        copied(&self.values)
    }

    /// The coefficients of `pixels`, block by block.
    pub fn coefficients(pixels: &Scratch<f32>) -> Scratch<f32> {
        let mut out = copied(pixels);
        dct(&mut out, BLOCK, false);
        out
    }

    /// What the steps of `table` make of `pixels`: coefficients, rounded and transformed back.
    fn compressed(pixels: &Scratch<f32>, table: &Table) -> Scratch<f32> {
        let mut out = Self::coefficients(pixels);
        round(&mut out, table);
        dct(&mut out, BLOCK, true);
        out
    }

    /// Moves the clipped pixels to where the steps of `table` put them, as far as they were clipped
    /// (projections in turn onto the lattice and onto the bounds).
    pub fn unclip(&self, pixels: &mut Scratch<f32>, table: &Table, times: usize) {
        for _ in 0..times {
            let made = Self::compressed(pixels, table);
            let bounds = self.low.iter().zip(self.high.iter());
            for ((pixel, made), (low, high)) in pixels.iter_mut().zip(made.iter()).zip(bounds) {
                *pixel = made.clamp(*low, *high);
            }
        }
    }

    /// How many blocks the steps of `table` explain, and how many could tell.
    ///
    /// A block is explained where its pixels, but for the clipped ones, are what the steps make of
    /// them, within rounding or a share of what other steps would leave.
    pub fn explained(&self, table: &Table, times: usize) -> (usize, usize) {
        // Where it is not darker too, so that every frame takes the same memory.
        let lighter = self.lighter(self.darker(table[0]));
        lighter.explained_exactly(table, times)
    }

    /// By how many eighths of a code the frame became darker, as the means of the blocks tell.
    fn darker(&self, step: f32) -> usize {
        let off = |darker: usize| -> f32 {
            let mean = |block: &[f32]| block.iter().sum::<f32>() / BLOCK as f32 + darker as f32;
            let blocks = self.values.chunks_exact(AREA).map(mean);
            blocks.map(|v| (v - (v / step).round() * step).abs()).sum()
        };
        (0..=DARKER)
            .min_by(|a, b| off(*a).total_cmp(&off(*b)))
            .unwrap_or(0)
    }

    /// The blocks with all pixels lighter by `eighths` of a code.
    fn lighter(&self, eighths: usize) -> Self {
        let by = eighths as f32 / DARKER as f32;
        let raised = |values: &Scratch<f32>| {
            Scratch::collected(values.capacity(), values.iter().map(|v| v + by))
        };
        Self {
            values: raised(&self.values),
            low: raised(&self.low),
            high: raised(&self.high),
        }
    }

    fn explained_exactly(&self, table: &Table, times: usize) -> (usize, usize) {
        let mut pixels = self.pixels();
        self.unclip(&mut pixels, table, times);
        let coefficients = Self::coefficients(&pixels);
        let made = Self::compressed(&pixels, table);
        let (mut explained, mut telling) = (0, 0);
        for (block, coefficients) in coefficients.chunks_exact(AREA).enumerate() {
            let by_chance = |(c, step): (&f32, &f32)| {
                let beyond = c.abs() > step / 2.0;
                f32::from(u8::from(beyond)) * step * step / 12.0
            };
            let chance: f32 = coefficients.iter().zip(table).map(by_chance).sum();
            let chance = (chance / AREA as f32).sqrt();
            if chance < 1.0 {
                continue;
            }
            telling += 1;
            let allowed = EXPLAINED.max(SHARE * chance);
            explained += usize::from(self.deviation(block, &made) < allowed);
        }
        (explained, telling)
    }

    /// Root mean square of what `made` differs by from the pixels of a block that are not clipped.
    fn deviation(&self, block: usize, made: &[f32]) -> f32 {
        let (mut sum, mut count) = (0.0, 0.0f32);
        let own = block * AREA..(block + 1) * AREA;
        for (i, made) in own.clone().zip(&made[own]) {
            if self.low[i] == self.high[i] {
                let off = made - self.values[i];
                sum += off * off;
                count += 1.0;
            }
        }
        (sum / count.max(1.0)).sqrt()
    }
}

/// A copy that takes as much memory, so that frames with fewer blocks take no other.
fn copied(values: &Scratch<f32>) -> Scratch<f32> {
    Scratch::collected(values.capacity(), values.iter().copied())
}

/// Rounds coefficients, block by block, to the steps of a table.
fn round(coefficients: &mut [f32], table: &Table) {
    for block in coefficients.chunks_exact_mut(AREA) {
        let pairs = block.iter_mut().zip(table);
        pairs.for_each(|(v, step)| *v = (*v / step).round() * step);
    }
}
