// SPDX-License-Identifier: MPL-2.0
//! Statistics of the blocks of a frame, from which its noise is told.
//!
//! Noise fills all blocks alike, texture only some. So what quiet blocks show, how it falls with
//! the frequency, how far quiet and busy blocks are apart, and how normal the coefficients are
//! tells the one from the other. `ud2m.physics.noise_features` computes the same for training; a
//! test holds the two against each other.

use std::sync::LazyLock;

use super::blocks::{Blocks, SIZE};
use crate::image::Scratch;

/// How many there are.
pub const FEATURES: usize = RANKS.len() * 3 + QUIET.len() * 51 + 24 + PARTS * 4 + 4;
/// Fewer blocks tell nothing.
const LEAST_BLOCKS: usize = 16;
/// Edges of the bands, in cycles per pixel.
const EDGES: [f64; 9] = [0.05, 0.1, 0.16, 0.22, 0.28, 0.34, 0.4, 0.47, 0.7];
const BANDS: usize = EDGES.len() - 1;
/// Frequency from which on coefficients count as high.
const HIGH: f64 = 0.3;
/// Ranks of the blocks by the power in them, as shares of all.
const RANKS: [f64; 6] = [0.005, 0.02, 0.08, 0.2, 0.5, 0.8];
/// Shares of the blocks, the quietest, and of those that are quietest in luma alone.
const QUIET: [f64; 3] = [0.02, 0.08, 0.3];
const LUMA_QUIET: f64 = 0.1;
const LEAST_QUIET: usize = 24;
/// Parts of the blocks by brightness, and the share of each that is measured.
const PARTS: usize = 4;
const PART_QUIET: f64 = 0.1;
/// Ranks of the blocks by brightness.
const BRIGHTNESS: [f64; 3] = [0.1, 0.5, 0.9];
/// Of power: far below a code.
const TINY: f32 = 1e-8;

/// Frequency of each coefficient, in cycles per pixel.
static FREQUENCY: LazyLock<[f64; SIZE]> =
    LazyLock::new(|| std::array::from_fn(|i| ((i / 8) as f64).hypot((i % 8) as f64) / 16.0));
/// The coefficients of each band.
static BAND: LazyLock<[Vec<usize>; BANDS]> = LazyLock::new(|| {
    std::array::from_fn(|band| {
        let within = |i: &usize| EDGES[band] <= FREQUENCY[*i] && FREQUENCY[*i] < EDGES[band + 1];
        (0..SIZE).filter(within).collect()
    })
});

/// Whether a coefficient belongs to the second half: rows and columns alternate.
fn half(index: usize) -> usize {
    (index + index / 8) % 2
}

/// The statistics of `blocks`, or `None` where they are too few.
pub fn features(blocks: &Blocks) -> Option<[f32; FEATURES]> {
    if blocks.len() < LEAST_BLOCKS {
        return None;
    }
    let mut row = Row {
        values: [0.0; FEATURES],
        len: 0,
    };
    let quietness = [0, 1].map(|which| loudness(blocks, which));
    ranked(blocks, &mut row);
    for share in QUIET {
        quiet(blocks, &quietness, share, &mut row);
    }
    luma_quiet(blocks, &mut row);
    by_brightness(blocks, &quietness[1], &mut row);
    Some(row.values)
}

/// Kurtosis of the coefficients of the quietest 8 % of the blocks along each axis: the geometric
/// mean over the bands without the lowest two, in which images vary. It is 3 for normal noise.
pub fn kurtosis(features: &[f32; FEATURES]) -> [f32; 3] {
    let of_share = RANKS.len() * 3 + 51 + 3 * BANDS;
    std::array::from_fn(|axis| {
        let bands = &features[of_share + axis * BANDS..][2..BANDS];
        (bands.iter().sum::<f32>() / bands.len() as f32).exp()
    })
}

/// Statistics as they are found.
struct Row {
    values: [f32; FEATURES],
    len: usize,
}

impl Row {
    fn push(&mut self, value: f32) {
        self.values[self.len] = value;
        self.len += 1;
    }

    fn push_power(&mut self, power: f32) {
        self.push((power + TINY).ln());
    }
}

/// Mean square of some coefficients of a block along an axis.
fn mean_square(blocks: &Blocks, block: usize, axis: usize, chosen: impl Fn(usize) -> bool) -> f32 {
    let own = blocks.along(block, axis).iter().enumerate().skip(1);
    let own = own.filter(|(i, _)| chosen(*i));
    let (sum, count) = own.fold((0.0, 0), |(sum, count), (_, v)| (sum + v * v, count + 1));
    sum / count as f32
}

/// For each block the sum over the axes of the logarithm of the power in one half.
fn loudness(blocks: &Blocks, which: usize) -> Scratch<f32> {
    let own = |block| -> f32 {
        let along = |axis| (mean_square(blocks, block, axis, |i| half(i) == which) + TINY).ln();
        (0..3).map(along).sum()
    };
    Scratch::collected(blocks.len(), (0..blocks.len()).map(own))
}

/// The `share` of `among` with the lowest scores; never fewer than 24 where there are as many.
fn quietest(
    score: impl Fn(u32) -> f32,
    among: impl ExactSizeIterator<Item = u32>,
    share: f64,
) -> Scratch<(f32, u32)> {
    let all = among.len();
    let count = ((share * all as f64) as usize).max(LEAST_QUIET).min(all);
    let mut ranked = Scratch::collected(all, among.map(|block| (score(block), block)));
    ranked.select_nth_unstable_by(count - 1, |a, b| a.0.total_cmp(&b.0));
    ranked.truncate(count);
    ranked
}

fn all(blocks: &Blocks) -> impl ExactSizeIterator<Item = u32> {
    0..blocks.len() as u32
}

/// Power of the block at each of the ranks, along each axis.
fn ranked(blocks: &Blocks, row: &mut Row) {
    for axis in 0..3 {
        let power = (0..blocks.len()).map(|b| mean_square(blocks, b, axis, |_| true));
        let mut power = Scratch::collected(blocks.len(), power);
        for rank in RANKS {
            let place = (rank * (blocks.len() - 1) as f64) as usize;
            row.push_power(*power.select_nth_unstable_by(place, f32::total_cmp).1);
        }
    }
}

/// Power by band in the quietest blocks, its kurtosis, and how the axes correlate there.
///
/// One half of a block's coefficients says how quiet it is, the other half is measured: of
/// uncorrelated coefficients choosing by one half does not bias the other.
fn quiet(blocks: &Blocks, loudness: &[Scratch<f32>; 2], share: f64, row: &mut Row) {
    let (mut square, mut fourth) = ([[0.0f32; SIZE]; 3], [[0.0f32; SIZE]; 3]);
    let mut products = [[0.0f32; 3]; 3];
    for (which, score) in loudness.iter().enumerate() {
        let chosen = quietest(|b| score[b as usize], all(blocks), share);
        let each = 1.0 / chosen.len() as f32;
        for (_, block) in chosen.iter() {
            let axes = [0, 1, 2].map(|axis| blocks.along(*block as usize, axis));
            for i in (1..SIZE).filter(|i| half(*i) != which) {
                for (axis, own) in axes.iter().enumerate() {
                    let power = own[i] * own[i];
                    square[axis][i] += each * power;
                    fourth[axis][i] += each * power * power;
                }
                if FREQUENCY[i] >= EDGES[0] {
                    for (a, b) in [(0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2)] {
                        products[a][b] += axes[a][i] * axes[b][i];
                    }
                }
            }
        }
    }
    square.iter().for_each(|own| by_band(own, row));
    for (square, fourth) in square.iter().zip(&fourth) {
        for band in BAND.iter() {
            let square = mean(square, band);
            row.push((mean(fourth, band) / (square * square + TINY * TINY) + 1e-3).ln());
        }
    }
    let std = [0, 1, 2].map(|axis| products[axis][axis].sqrt() + 1e-12);
    for (a, b) in [(0, 1), (0, 2), (1, 2)] {
        row.push(products[a][b] / (std[a] * std[b]));
    }
}

/// Power by band in the blocks that are quietest in luma, whatever the colour does in them.
fn luma_quiet(blocks: &Blocks, row: &mut Row) {
    let luma = |block| mean_square(blocks, block as usize, 0, |_| true);
    let chosen = quietest(luma, all(blocks), LUMA_QUIET);
    for axis in 0..3 {
        let mut power = [0.0f32; SIZE];
        for (_, block) in chosen.iter() {
            let own = blocks.along(*block as usize, axis);
            let pairs = power.iter_mut().zip(own);
            pairs.for_each(|(sum, v)| *sum += v * v / chosen.len() as f32);
        }
        by_band(&power, row);
    }
}

/// Power at high frequencies in the quiet blocks of each part of the brightness, and the mean
/// brightness of the part; then the brightness at some ranks, and the share of blocks that vary.
fn by_brightness(blocks: &Blocks, loudness: &[f32], row: &mut Row) {
    let brightness = |b: u32| blocks.mean(b as usize);
    let mut order = Scratch::collected(blocks.len(), all(blocks));
    order.sort_unstable_by(|a, b| {
        let by_value = brightness(*a).total_cmp(&brightness(*b));
        by_value.then(a.cmp(b))
    });
    let (size, larger) = (order.len() / PARTS, order.len() % PARTS);
    for part in 0..PARTS {
        let first = part * size + part.min(larger);
        let part = &order[first..first + size + usize::from(part < larger)];
        let score = |b: u32| loudness[b as usize];
        let chosen = quietest(score, part.iter().copied(), PART_QUIET);
        for axis in 0..3 {
            let high = |i: usize| FREQUENCY[i] >= HIGH && half(i) == 0;
            let own = |(_, b): &(f32, u32)| mean_square(blocks, *b as usize, axis, high);
            row.push_power(chosen.iter().map(own).sum::<f32>() / chosen.len() as f32);
        }
        row.push(part.iter().map(|b| brightness(*b)).sum::<f32>() / part.len() as f32);
    }
    for rank in BRIGHTNESS {
        row.push(brightness(
            order[(rank * (order.len() - 1) as f64) as usize],
        ));
    }
    row.push(blocks.varying_share());
}

/// Mean power in each band.
fn by_band(power: &[f32; SIZE], row: &mut Row) {
    BAND.iter()
        .for_each(|band| row.push_power(mean(power, band)));
}

fn mean(power: &[f32; SIZE], chosen: &[usize]) -> f32 {
    chosen.iter().map(|i| power[*i]).sum::<f32>() / chosen.len() as f32
}
