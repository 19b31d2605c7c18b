// SPDX-License-Identifier: MPL-2.0
//! The quality at which a frame was compressed, estimated from the frame itself.

use std::f32::consts::PI;
use std::sync::LazyLock;

use super::color::luma;
use super::tables::quantisation;
use crate::image::{Image, Scratch};
use crate::operator::dct::{BLOCK, dct};

/// Rounding of the decoded RGB to 8 bits, as it shows in a luma coefficient (std, code values).
const JITTER: f32 = 0.36;
/// Coefficients nearer to zero than this, in code values, are not informative: most are zero at any
/// quality.
const NEAR_ZERO: f32 = 1.5;
/// Likelihood, beside that of a perfect fit, of a coefficient that no lattice explains, for its
/// pixels were clipped.
const STRAY: f32 = 2e-4;
/// How many blocks suffice.
const BLOCKS: usize = 768;

/// Estimates the IJG quality, 1 to 100, at which a frame was compressed. Its blocks start at the
/// frame's corner.
///
/// A decoded luma coefficient is a multiple of its step but for rounding. The result is the quality
/// whose steps make the coefficients most likely: a coarse lattice that fits explains more than a
/// fine one. A frame that was never compressed fits none and gives a quality near 100, as does a
/// frame of less than a block.
pub fn jpeg_quality(frame: &Image) -> u32 {
    let (mut plane, width) = luma(frame);
    if width == 0 || plane.is_empty() {
        return 100;
    }
    dct(&mut plane, width, false);
    let coefficients = informative(frame, &plane, width);
    // Many qualities share a step of a frequency: each is evaluated once.
    let mut cache = Scratch::filled(BLOCK * BLOCK * 256, f32::NAN);
    let mut best = (100, f32::MIN);
    for quality in (1..=100).rev() {
        let steps = quantisation(quality).0;
        let mut score = 0.0;
        for (i, (step, cache)) in steps.iter().zip(cache.chunks_exact_mut(256)).enumerate() {
            let cached = &mut cache[*step as usize];
            if cached.is_nan() {
                *cached = evidence(coefficients.of(i), *step);
            }
            score += *cached;
        }
        if score > best.1 {
            best = (quality, score);
        }
    }
    best.0
}

/// Magnitudes of the coefficients that are not near zero, by frequency, from blocks spread over the
/// frame.
///
/// Blocks that touch the range's end are left out as far as others remain, for clipping moved their
/// coefficients. So is the mean of every block, for rounding shifts a flat block as a whole.
fn informative(frame: &Image, plane: &[f32], width: usize) -> Coefficients {
    let across = width / BLOCK;
    let blocks = plane.len() / (BLOCK * BLOCK);
    let whole =
        (0..blocks as u32).filter(|i| !clips(frame, *i as usize / across, *i as usize % across));
    let inside = Scratch::collected(blocks, whole);
    let any = inside.len() * 20 < blocks;
    let kept = if any { blocks } else { inside.len() };
    let mut out = Coefficients {
        values: Scratch::filled(BLOCK * BLOCK * BLOCKS, 0.0),
        counts: [0; BLOCK * BLOCK],
    };
    for i in (0..kept).step_by(kept.div_ceil(BLOCKS).max(1)) {
        let block = if any { i } else { inside[i] as usize };
        let corner = block / across * BLOCK * width + block % across * BLOCK;
        for i in 1..BLOCK * BLOCK {
            let v = plane[corner + i / BLOCK * width + i % BLOCK].abs();
            if v > NEAR_ZERO {
                out.values[i * BLOCKS + out.counts[i]] = v;
                out.counts[i] += 1;
            }
        }
    }
    out
}

/// Magnitudes of coefficients, at most [`BLOCKS`] of each frequency.
struct Coefficients {
    values: Scratch<f32>,
    counts: [usize; BLOCK * BLOCK],
}

impl Coefficients {
    /// Those of frequency `i`.
    fn of(&self, i: usize) -> &[f32] {
        &self.values[i * BLOCKS..][..self.counts[i]]
    }
}

/// Whether the block in this row and column of blocks holds the lowest or the highest code in any
/// channel.
fn clips(frame: &Image, row: usize, column: usize) -> bool {
    let (y, x) = (row * BLOCK, column * BLOCK);
    let reaches = |v: &f32| v.abs() > 1.0 - 1e-3;
    let row = |c, y| frame.row(c, y)[x..x + BLOCK].iter().any(reaches);
    (0..frame.channels).any(|c| (y..y + BLOCK).any(|y| row(c, y)))
}

/// Log-likelihood of a coefficient's distance from the lattice, in cells of 1/64 code. Far away it
/// is that of a coefficient which no lattice explains.
static FIT: LazyLock<[f32; 128]> = LazyLock::new(|| {
    std::array::from_fn(|i| {
        let off = (i as f32 + 0.5) / 64.0 / JITTER;
        ((-0.5 * off * off).exp() + STRAY).ln()
    })
});

/// Log-likelihood of coefficients on a lattice of `step`, beside that on no lattice.
fn evidence(values: &[f32], step: f32) -> f32 {
    if step < 2.0 {
        return 0.0;
    }
    let fit = &*FIT;
    let (count, peak) = (values.len() as f32, step / (JITTER * (2.0 * PI).sqrt()));
    let sum: f32 = values
        .iter()
        .map(|v| {
            let off = (v - (v / step + 0.5).floor() * step).abs();
            fit[((64.0 * off) as usize).min(fit.len() - 1)]
        })
        .sum();
    count * peak.ln() + sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::Window;
    use crate::operator::tests::{noise, rounded, textured};
    use crate::operator::{Degradation, Operator, Subsampling};

    fn jpeg(quality: u32) -> Degradation {
        Degradation::Jpeg {
            quality,
            subsampling: Subsampling::C420,
        }
    }

    #[test]
    fn quality_is_found_within_two() {
        let clean = textured(240, 320);
        for quality in [5, 10, 20, 30, 45, 50, 60, 75, 85, 90] {
            let op = Operator::new(&jpeg(quality), 320, 240).expect("a quality");
            let found = jpeg_quality(&rounded(&op.apply(&clean)));
            assert!(found.abs_diff(quality) <= 2, "{quality} found as {found}");
        }
    }

    #[test]
    fn an_image_that_was_never_compressed_has_a_high_quality() {
        let mut clean = textured(120, 160);
        let noise = noise(3, 120, 160);
        clean
            .data
            .iter_mut()
            .zip(&noise.data)
            .for_each(|(v, n)| *v += 0.04 * n);
        let clean = rounded(&clean);
        assert!(jpeg_quality(&clean) > 95);
        let window = Window {
            x: 0,
            y: 0,
            width: 7,
            height: 100,
        };
        assert_eq!(jpeg_quality(&clean.crop(window)), 100);
    }
}
