// SPDX-License-Identifier: MPL-2.0
//! Reads blocks of luma and of chroma from a frame whose blocks begin at its corner.

use super::super::color::{CODES, Subsampling, TO_YCC};
use super::blocks::{AREA, Blocks, ENOUGH};
use crate::image::{Border, Image, Scratch};
use crate::operator::dct::BLOCK;

/// How many blocks of luma are looked at, of which [`ENOUGH`] are chosen.
const SEEN: usize = 4 * ENOUGH;
/// Luma this near, in code values, to the end of its range was clipped.
const END: f32 = 0.4;
/// Samples around a block from which those of interpolated chroma are worked back.
const AROUND: usize = 6;
/// Means of two interpolated pixels are 1/8, 3/4 and 1/8 of three samples. What undoes that falls
/// off by this ratio from sample to sample, from this weight.
const RATIO: f32 = -0.171_572_88;
const WEIGHT: f32 = std::f32::consts::SQRT_2;
/// Samples are taken for interpolated where their pixels differ by more than this share of how
/// pixels of neighbours differ.
const REPEATED: f32 = 0.25;

/// Every so many blocks of `count` in rows of `across` are looked at, so that `most` are, and not
/// all of them in the same columns.
fn stride(count: usize, across: usize, most: usize) -> usize {
    let mut stride = count.div_ceil(most).max(1);
    while stride > 1 && across.is_multiple_of(stride) {
        stride += 1;
    }
    stride
}

/// Blocks of luma less 128, from all over the frame.
///
/// A pixel of R, G and B at the end of its range has a luma that is known on one side only.
pub fn luma(frame: &Image) -> Blocks {
    let (across, down) = (frame.width / BLOCK, frame.height / BLOCK);
    let count = across * down;
    let mut out = Blocks::with_capacity(SEEN.min(count));
    let [red, green, blue] = TO_YCC[0].map(|share| CODES * share);
    for block in (0..count).step_by(stride(count, across, SEEN)) {
        let (top, left) = (block / across * BLOCK, block % across * BLOCK);
        for y in top..top + BLOCK {
            let [r, g, b] = [0, 1, 2].map(|c| &frame.row(c, y)[left..left + BLOCK]);
            for ((r, g), b) in r.iter().zip(g).zip(b) {
                let luma = red * r + green * g + blue * b - 0.5;
                let above = luma > 127.0 - END || at_end(&[*r, *g, *b], 1.0);
                let below = luma < END - 128.0 || at_end(&[*r, *g, *b], -1.0);
                out.push(luma, above, below);
            }
        }
        out.drop_useless();
    }
    out
}

/// Whether one of three colours is the range's end. Beyond it they come from a wider range.
fn at_end(rgb: &[f32; 3], end: f32) -> bool {
    rgb.iter().any(|v| (v - end).abs() < 1e-4)
}

/// Blocks of Cb and Cr from all over the frame, without a clipped pixel.
///
/// Interpolated samples are worked back from the means of their pixels.
pub fn chroma(frame: &Image, subsampling: Subsampling) -> Blocks {
    let (across, down) = subsampling.factors();
    let (columns, rows) = (
        frame.width / (BLOCK * across),
        frame.height / (BLOCK * down),
    );
    let count = columns * rows;
    let mut out = Blocks::with_capacity(2 * ENOUGH.min(count));
    let mut window = Window::new(frame, subsampling);
    for block in (0..count).step_by(stride(count, columns, ENOUGH)) {
        let (row, column) = (block / columns * BLOCK, block % columns * BLOCK);
        if window.clips(row, column) {
            continue;
        }
        for component in [1, 2] {
            window.read(row, column, component);
            let interpolated = window.is_interpolated();
            window
                .block(interpolated)
                .for_each(|v| out.push(v, false, false));
            out.drop_useless();
        }
    }
    out
}

/// Side of a window of samples: a block, and what lies around it.
const SIDE: usize = BLOCK + 2 * AROUND;

/// A block of samples of chroma and those around it.
struct Window<'a> {
    frame: &'a Image,
    factors: (usize, usize),
    /// Samples, across and down, that the frame has.
    columns: usize,
    rows: usize,
    means: Scratch<f32>,
    /// Sums of differences of neighbouring pixels within a sample, and of different samples.
    within: f32,
    between: f32,
}

impl<'a> Window<'a> {
    fn new(frame: &'a Image, subsampling: Subsampling) -> Self {
        let (across, down) = subsampling.factors();
        Self {
            frame,
            factors: (across, down),
            columns: frame.width / across,
            rows: frame.height / down,
            means: Scratch::filled(SIDE * SIDE, 0.0),
            within: 0.0,
            between: 0.0,
        }
    }

    /// Whether a pixel of the block at this sample is at the end of its range.
    fn clips(&self, row: usize, column: usize) -> bool {
        let (across, down) = self.factors;
        let columns = column * across..(column + BLOCK) * across;
        let ends = |v: &f32| (v.abs() - 1.0).abs() < 1e-4;
        (row * down..(row + BLOCK) * down)
            .any(|y| (0..3).any(|c| self.frame.row(c, y)[columns.clone()].iter().any(ends)))
    }

    /// Reads the samples around a block: means of their pixels, mirrored beyond the frame.
    fn read(&mut self, row: usize, column: usize, component: usize) {
        let (across, down) = self.factors;
        let at = |i: usize, len: usize| Border::Symmetric.index(i as isize - AROUND as isize, len);
        let [red, green, blue] = TO_YCC[component].map(|share| CODES * share);
        let share = 1.0 / (across * down) as f32;
        (self.within, self.between) = (0.0, 0.0);
        for i in 0..SIDE {
            let top = at(row + i, self.rows) * down;
            let mut last: Option<f32> = None;
            for j in 0..SIDE {
                let left = at(column + j, self.columns) * across;
                let mut sum = 0.0;
                for y in top..top + down {
                    let [r, g, b] = [0, 1, 2].map(|c| &self.frame.row(c, y)[left..left + across]);
                    let value = |x: usize| red * r[x] + green * g[x] + blue * b[x];
                    sum += (0..across).map(value).sum::<f32>();
                    if y == top && across == 2 {
                        self.within += (value(1) - value(0)).abs();
                        self.between += last.map_or(0.0, |last| (value(0) - last).abs());
                        last = Some(value(1));
                    }
                }
                self.means[i * SIDE + j] = share * sum;
            }
        }
    }

    /// Whether the pixels of a sample differ as those of interpolated chroma do.
    fn is_interpolated(&self) -> bool {
        self.within > REPEATED * self.between
    }

    /// The samples of the block, worked back from their means where they are interpolated.
    fn block(&self, interpolated: bool) -> impl Iterator<Item = f32> {
        let (across, down) = self.factors;
        let taps = |factor: usize| {
            std::array::from_fn::<f32, { 2 * AROUND + 1 }, _>(|i| {
                let far = i.abs_diff(AROUND) as i32;
                if interpolated && factor == 2 {
                    WEIGHT * RATIO.powi(far)
                } else {
                    f32::from(u8::from(far == 0))
                }
            })
        };
        let (across, down) = (taps(across), taps(down));
        (0..AREA).map(move |i| {
            let (top, left) = (i / BLOCK, i % BLOCK);
            let row = |y: usize| -> f32 {
                let means = &self.means[(top + y) * SIDE + left..][..across.len()];
                means.iter().zip(&across).map(|(v, tap)| v * tap).sum()
            };
            down.iter()
                .enumerate()
                .filter(|(_, tap)| **tap != 0.0)
                .map(|(y, tap)| tap * row(y))
                .sum()
        })
    }
}
