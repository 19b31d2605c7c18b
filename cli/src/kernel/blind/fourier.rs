// SPDX-License-Identifier: MPL-2.0
//! Fourier transforms of planes on a canvas that wraps.

use std::sync::Arc;

use rustfft::num_complex::Complex;
use rustfft::{Fft, FftPlanner};

use super::plane::Plane;

pub type Spectrum = Vec<Complex<f32>>;

/// The transforms of a canvas of one size. Spectra are stored column by column.
pub struct Fourier {
    pub width: usize,
    pub height: usize,
    across: [Arc<dyn Fft<f32>>; 2],
    down: [Arc<dyn Fft<f32>>; 2],
}

impl Fourier {
    /// For a canvas of at least this size; its sides have no prime factor above five.
    pub fn at_least(width: usize, height: usize) -> Self {
        let (width, height) = (smooth(width), smooth(height));
        let mut planner = FftPlanner::new();
        let mut both = |n| [planner.plan_fft_forward(n), planner.plan_fft_inverse(n)];
        Self {
            width,
            height,
            across: both(width),
            down: both(height),
        }
    }

    pub fn len(&self) -> usize {
        self.width * self.height
    }

    /// The spectrum of values in rows.
    pub fn forward(&self, mut rows: Spectrum) -> Spectrum {
        self.across[0].process(&mut rows);
        let mut columns = transposed(&rows, self.width, self.height);
        self.down[0].process(&mut columns);
        columns
    }

    /// The values, in rows, of a spectrum.
    pub fn inverse(&self, mut columns: Spectrum) -> Spectrum {
        self.down[1].process(&mut columns);
        let mut rows = transposed(&columns, self.height, self.width);
        self.across[1].process(&mut rows);
        let scale = 1.0 / self.len() as f32;
        rows.iter_mut().for_each(|v| *v *= scale);
        rows
    }

    /// The spectrum of a kernel, whose middle comes to the canvas's origin.
    pub fn kernel(&self, kernel: &Plane) -> Spectrum {
        let mut rows = vec![Complex::default(); self.len()];
        let (left, above) = (kernel.width / 2, kernel.height / 2);
        for (i, v) in kernel.data.iter().enumerate() {
            let x = (i % kernel.width + self.width - left) % self.width;
            let y = (i / kernel.width + self.height - above) % self.height;
            rows[y * self.width + x] += v;
        }
        self.forward(rows)
    }
}

/// The next number that has no prime factor above five.
fn smooth(n: usize) -> usize {
    let is_smooth = |n: &usize| {
        let mut rest: usize = *n;
        for prime in [2, 3, 5] {
            while rest.is_multiple_of(prime) {
                rest /= prime;
            }
        }
        rest == 1
    };
    (n.max(1)..).find(is_smooth).unwrap_or(n)
}

/// Rows of `width` as columns.
fn transposed(data: &[Complex<f32>], width: usize, height: usize) -> Spectrum {
    const BLOCK: usize = 16;
    let mut out = vec![Complex::default(); data.len()];
    for top in (0..height).step_by(BLOCK) {
        for left in (0..width).step_by(BLOCK) {
            for y in top..(top + BLOCK).min(height) {
                for x in left..(left + BLOCK).min(width) {
                    out[x * height + y] = data[y * width + x];
                }
            }
        }
    }
    out
}
