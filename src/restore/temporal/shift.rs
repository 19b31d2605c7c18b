// SPDX-License-Identifier: MPL-2.0
//! Images moved by parts of a pixel.

use std::f32::consts::PI;

use crate::image::{Border, Image};

/// Samples on each side that an interpolated one is made of.
const LOBES: usize = 3;
const TAPS: usize = 2 * LOBES;

/// The image at places that lie `across` columns and `down` rows further, which may be negative:
/// Lanczos interpolation of three lobes, with the edges mirrored.
pub fn shifted(image: &Image, across: f32, down: f32) -> Image {
    let (columns, rows) = (Taps::new(across), Taps::new(down));
    let (height, width) = (image.height as isize, image.width);
    let mut out = Image::new(image.channels, image.height, width);
    let mut wide = Image::new(1, image.height, width);
    for c in 0..image.channels {
        for y in 0..image.height {
            let (row, wide) = (image.row(c, y), wide.row_mut(0, y));
            for (x, v) in wide.iter_mut().enumerate() {
                *v = columns.sum(x as isize, width as isize, |i| row[i]);
            }
        }
        for y in 0..image.height {
            let out = out.row_mut(c, y);
            for (tap, weight) in rows.weights.iter().enumerate() {
                let from = rows.place(y as isize, tap, height);
                let pairs = out.iter_mut().zip(wide.row(0, from));
                pairs.for_each(|(o, v)| *o += weight * v);
            }
        }
    }
    out
}

/// Weights of the samples around a place, the same for all places of a line.
struct Taps {
    /// Of the first sample, counted from the place in the result.
    first: isize,
    weights: [f32; TAPS],
}

impl Taps {
    fn new(shift: f32) -> Self {
        let whole = shift.floor();
        let part = shift - whole;
        let mut weights = std::array::from_fn(|i| lanczos(i as f32 - (LOBES - 1) as f32 - part));
        let sum: f32 = weights.iter().sum();
        weights.iter_mut().for_each(|w| *w /= sum);
        Self {
            first: whole as isize - (LOBES as isize - 1),
            weights,
        }
    }

    /// Where sample `tap` for `at` lies in a line of `len`.
    fn place(&self, at: isize, tap: usize, len: isize) -> usize {
        Border::Symmetric.index(at + self.first + tap as isize, len as usize)
    }

    fn sum(&self, at: isize, len: isize, value: impl Fn(usize) -> f32) -> f32 {
        let start = at + self.first;
        let pairs = self.weights.iter().enumerate();
        if start >= 0 && start + TAPS as isize <= len {
            return pairs.map(|(i, w)| w * value(start as usize + i)).sum();
        }
        pairs.map(|(i, w)| w * value(self.place(at, i, len))).sum()
    }
}

fn lanczos(x: f32) -> f32 {
    let lobes = LOBES as f32;
    match x.abs() {
        x if x < 1e-6 => 1.0,
        x if x >= lobes => 0.0,
        x => lobes * (PI * x).sin() * (PI * x / lobes).sin() / (PI * PI * x * x),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wave(across: f32, down: f32) -> Image {
        Image::from_fn(2, 40, 50, |c, y, x| {
            let (x, y) = (x as f32 + across, y as f32 + down);
            (0.5 * x + c as f32).sin() * (0.4 * y).cos()
        })
    }

    #[test]
    fn a_wave_moves_by_whole_pixels_and_by_parts() {
        for (across, down) in [(0.0, 0.0), (3.0, -2.0), (0.5, 0.25), (-1.3, 2.7)] {
            let (found, wanted) = (shifted(&wave(0.0, 0.0), across, down), wave(across, down));
            for y in 8..32 {
                for x in 8..42 {
                    let off = found.row(1, y)[x] - wanted.row(1, y)[x];
                    assert!(off.abs() < 0.02, "{across}, {down}: {off} at {x}, {y}");
                }
            }
        }
    }

    #[test]
    fn flat_images_stay_and_shifts_beyond_the_image_mirror_its_edge() {
        for shift in [0.4, -0.7, 400.0, -1e6] {
            let out = shifted(&Image::filled(1, 5, 7, 0.3), shift, shift);
            assert!(out.data.iter().all(|v| (v - 0.3).abs() < 1e-6), "{shift}");
        }
    }
}
