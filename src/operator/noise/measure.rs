// SPDX-License-Identifier: MPL-2.0
//! The noise that chosen blocks of a frame show.

use smallvec::SmallVec;

use super::NoiseEstimate;
use super::blocks::Blocks;
use super::level::{self, squared_frequency};
use super::spectrum::{Power, Quietness, luma_quiet_power};
use super::split;

/// Parts of the brightness in which noise is measured by itself.
const BINS: usize = 8;
/// Share of each part's blocks, the quietest, in which it is measured, and how many at least.
const QUIET: f32 = 0.08;
const LEAST: usize = 24;
/// How far the noise of all blocks may be from that of the measured ones, as a factor.
const BEYOND: [f32; 2] = [0.5, 2.0];
/// Share of the blocks in which smoothed noise is measured, by luma alone.
const LUMA_QUIET: f32 = 0.1;
/// Frequencies, squared, above which texture is weak.
const HIGH: f32 = 0.09;

/// What the quietest blocks of one part of the brightness show.
#[derive(Clone, Copy)]
struct Bin {
    power: Power,
    products: [[f32; 3]; 3],
    brightness: f32,
    /// Mean power at high frequencies, along all axes.
    high: f32,
}

/// The noise that the blocks `chosen`, sorted by brightness, show. `left`: the share of the
/// variance that black and white left of it in a block.
pub fn measured(blocks: &Blocks, chosen: &[u32], left: &dyn Fn(u32) -> f32) -> NoiseEstimate {
    let quietness = Quietness::of(blocks, chosen);
    let size = chosen.len().div_ceil(BINS);
    let bins = chosen.chunks(size).map(|part| {
        let count = LEAST.max((QUIET * part.len() as f32) as usize);
        let (power, products) = quietness.power(blocks, part, count);
        let left = part.iter().map(|b| left(*b)).sum::<f32>() / part.len() as f32;
        let power = power.map(|axis| axis.map(|p| p / left));
        let sum: f32 = part.iter().map(|b| blocks.mean(*b as usize)).sum();
        Bin {
            high: high(&power),
            power,
            products,
            brightness: sum / part.len() as f32,
        }
    });
    let bins: SmallVec<[Bin; BINS]> = bins.collect();
    let (growth, middle) = growth(&bins);
    let (power, products) = average(&bins, growth, middle);
    // Where noise is cut off it is as the growth makes expect.
    let all = (0..blocks.len()).map(|b| blocks.mean(b));
    let here = chosen.iter().map(|b| blocks.mean(*b as usize));
    let beyond = (mean_rise(all, growth) / mean_rise(here, growth)).clamp(BEYOND[0], BEYOND[1]);
    let noise: Power =
        std::array::from_fn(|axis| split::noise_of(&power[axis].map(|v| v * beyond), axis > 0));
    let variances = variances(&noise);
    NoiseEstimate {
        covariance: covariance(variances, &products),
        luma_correlation: correlation(&noise[..1]),
        chroma_correlation: correlation(&noise[1..]),
        growth,
        level: level::level(variances),
    }
}

/// Variance at a brightness, over that at one half.
fn rise(growth: f32, brightness: f32) -> f32 {
    (1.0 + growth * (2.0 * brightness - 1.0)).max(0.05)
}

/// The mean of that over some brightnesses.
fn mean_rise(brightness: impl ExactSizeIterator<Item = f32>, growth: f32) -> f32 {
    let count = brightness.len() as f32;
    brightness.map(|b| rise(growth, b)).sum::<f32>() / count
}

/// Mean power and products of all bins. Those far above the others show texture: in their places
/// stands what the others make expect. `middle` is the power of most at one half.
fn average(bins: &[Bin], growth: f32, middle: f32) -> (Power, [[f32; 3]; 3]) {
    let own = |bin: &Bin| rise(growth, bin.brightness);
    let kept = |bin: &&Bin| (bin.high / own(bin) / middle).ln().abs() < 0.7;
    let count = bins.iter().filter(kept).count().max(1) as f32;
    let others: f32 = bins.iter().filter(|b| !kept(b)).map(own).sum();
    let mut power: Power = [[0.0; 64]; 3];
    let mut products = [[0.0; 3]; 3];
    for bin in bins.iter().filter(kept) {
        let weight = (1.0 + others / count / own(bin)) / bins.len() as f32;
        let pairs = power.iter_mut().flatten().zip(bin.power.iter().flatten());
        pairs.for_each(|(sum, v)| *sum += weight * v);
        let found = bin.products.iter().flatten();
        let pairs = products.iter_mut().flatten().zip(found);
        pairs.for_each(|(sum, v)| *sum += weight * v);
    }
    (power, products)
}

/// `found`, where its noise looks as if a camera or a codec had smoothed it: all power in blocks of
/// quiet luma among those `chosen`, sorted by brightness, is noise then.
pub fn or_smoothed(found: NoiseEstimate, blocks: &Blocks, chosen: &[u32]) -> NoiseEstimate {
    let mut power: Power = [[0.0; 64]; 3];
    for part in chosen.chunks(chosen.len().div_ceil(BINS)) {
        let own = luma_quiet_power(blocks, part, LUMA_QUIET, LEAST);
        let pairs = power.iter_mut().flatten().zip(own.iter().flatten());
        pairs.for_each(|(mean, p)| *mean += p * part.len() as f32 / chosen.len() as f32);
    }
    let variances = variances(&power);
    let share = level::smoothed_share(&power[0]);
    let smoothed = NoiseEstimate {
        covariance: covariance(variances, &found.covariance),
        luma_correlation: correlation(&power[..1]),
        chroma_correlation: correlation(&power[1..]),
        ..found
    };
    NoiseEstimate {
        level: found
            .level
            .max(share * level::BUSIER * level::level(variances)),
        ..found.towards(&smoothed, share)
    }
}

/// Variance along each axis.
fn variances(power: &Power) -> [f32; 3] {
    power.map(|axis| axis.iter().sum::<f32>() / axis.len() as f32)
}

/// Mean power at high frequencies.
fn high(power: &Power) -> f32 {
    let (mut sum, mut count) = (0.0, 0);
    for axis in power {
        for (i, p) in axis.iter().enumerate() {
            if squared_frequency(i) > HIGH {
                sum += p;
                count += 1;
            }
        }
    }
    (sum / count as f32).max(1e-14)
}

/// The growth with brightness that makes most bins alike, and their power at one half.
fn growth(bins: &[Bin]) -> (f32, f32) {
    let (first, last) = (bins[0].brightness, bins[bins.len() - 1].brightness);
    let most = if last - first < 0.1 { 0 } else { 10 };
    let mut best = (f32::MAX, 0.0, bins[0].high);
    for tenth in -most..=most {
        let growth = tenth as f32 / 10.0;
        let flat = |b: &Bin| (b.high / rise(growth, b.brightness)).ln();
        let mut logs: SmallVec<[f32; BINS]> = bins.iter().map(flat).collect();
        logs.sort_unstable_by(f32::total_cmp);
        let middle = logs[logs.len() / 4];
        let apart: f32 = logs.iter().map(|l| (l - middle).abs().min(0.7)).sum();
        let score = apart / bins.len() as f32 + 0.037 * growth.abs();
        if score < best.0 {
            best = (score, growth, middle.exp());
        }
    }
    (best.1, best.2)
}

/// Covariance of the axes, from the variance along each and from how they correlate.
fn covariance(variance: [f32; 3], products: &[[f32; 3]; 3]) -> [[f32; 3]; 3] {
    std::array::from_fn(|a| {
        std::array::from_fn(|b| {
            let scale = (products[a][a] * products[b][b]).max(1e-30).sqrt();
            let cosine = (products[a][b] / scale).clamp(-1.0, 1.0);
            let cosine = if a == b { 1.0 } else { cosine };
            cosine * (variance[a] * variance[b]).sqrt()
        })
    })
}

/// Correlation of neighbouring pixels, mean of both directions, of noise with these spectra.
fn correlation(spectra: &[[f32; 64]]) -> f32 {
    let (mut sum, mut total) = (0.0f64, 1e-30f64);
    for spectrum in spectra {
        for (i, power) in spectrum.iter().enumerate() {
            let own = (neighbours(i / 8) + neighbours(i % 8)) / 2.0;
            sum += f64::from(own * power);
            total += f64::from(*power);
        }
    }
    (sum / total).clamp(0.0, 1.0) as f32
}

/// Mean product of neighbours in the wave of frequency `u`, of mean square one.
fn neighbours(u: usize) -> f32 {
    let wave = |i: usize| {
        let angle = std::f32::consts::PI * (2 * i + 1) as f32 * u as f32 / 16.0;
        if u == 0 {
            1.0
        } else {
            2.0f32.sqrt() * angle.cos()
        }
    };
    (0..7).map(|i| wave(i) * wave(i + 1)).sum::<f32>() / 7.0
}
