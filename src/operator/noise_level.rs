// SPDX-License-Identifier: MPL-2.0
//! The noise in a frame, estimated from the frame itself.

use crate::image::{EIGHT_BIT_STEP, Image, Scratch};

/// Median of |n| for standard normal n.
const MEDIAN: f32 = 0.674_489_8;
/// Share of a frame's 2x2 cells, the least structured, in which noise is measured.
const QUIET: f32 = 0.3;
/// A channel this near to the end of [-1, 1] is taken for clipped: a little more than one code.
const CLIPPED: f32 = 0.01;
/// Spacing of the diagonal band's values in a frame of 8-bit codes, of [-1, 1].
const CELL: f32 = (EIGHT_BIT_STEP / 2.0) as f32;

/// Standard deviation of white noise in a frame, of full scale 1 (the frame is in [-1, 1]).
///
/// Donoho's median of the diagonal Haar band (Donoho and Johnstone 1994), in the quietest part of
/// the frame. What is quiet follows from the other three bands, which white noise leaves
/// independent of the diagonal one: choosing by them does not bias the median. Clipped parts, where
/// noise is cut off, are left out as far as others remain. Frames below 2x2 pixels give 0.
pub fn noise_sigma(frame: &Image) -> f32 {
    let (height, width) = (frame.height / 2, frame.width / 2);
    if height == 0 || width == 0 {
        return 0.0;
    }
    let haar = Haar::new(frame, height, width);
    let everywhere = || haar.noise(-1.0);
    let mut sigma = haar.noise(CLIPPED).or_else(everywhere).unwrap_or(0.0);
    // Noise is cut off further from the range's end the stronger it is.
    for _ in 0..2 {
        sigma = haar.noise(CLIPPED + 2.0 * sigma).unwrap_or(sigma);
    }
    sigma / 2.0
}

/// One level of the Haar transform.
struct Haar {
    /// The diagonal band, orthonormal.
    diagonal: Image,
    /// How structured each 2x2 cell and its neighbours are, by the other three bands.
    structure: Scratch<f32>,
    /// Magnitude of each cell's mean, in the channel where it is largest.
    strongest: Scratch<f32>,
}

impl Haar {
    fn new(frame: &Image, height: usize, width: usize) -> Self {
        let mut mean = Image::new(frame.channels, height, width);
        let mut diagonal = Image::new(frame.channels, height, width);
        let mut slope = Scratch::filled(height * width, 0.0f32);
        let mut strongest = Scratch::filled(height * width, 0.0f32);
        for c in 0..frame.channels {
            for y in 0..height {
                let cells = frame.row(c, 2 * y).chunks_exact(2);
                let cells = cells.zip(frame.row(c, 2 * y + 1).chunks_exact(2));
                let out = mean.row_mut(c, y).iter_mut().zip(diagonal.row_mut(c, y));
                let out = out.zip(&mut slope[y * width..]);
                for ((top, low), ((mean, diagonal), slope)) in cells.zip(out) {
                    let (a, b, c, d) = (top[0], top[1], low[0], low[1]);
                    *mean = 0.25 * (a + b + c + d);
                    *diagonal = 0.5 * (a - b - c + d);
                    let (across, down) = (0.5 * (a - b + c - d), 0.5 * (a + b - c - d));
                    *slope += across * across + down * down;
                }
            }
            let cells = strongest.iter_mut().zip(mean.plane(c));
            cells.for_each(|(strongest, mean)| *strongest = strongest.max(mean.abs()));
        }
        Self {
            diagonal,
            structure: structure(&mean, slope),
            strongest,
        }
    }

    /// Robust standard deviation of the diagonal band over the least structured cells, of those
    /// whose means keep `reach` from the range's ends in all channels; none when too few do.
    fn noise(&self, reach: f32) -> Option<f32> {
        let cells = (0..)
            .zip(self.structure.iter())
            .map(|(i, s): (u32, &f32)| (*s, i));
        let mut order = Scratch::collected(self.structure.len(), cells);
        order.retain(|(_, i)| self.strongest[*i as usize] < 1.0 - reach);
        if order.len() * 20 < self.structure.len() || order.is_empty() {
            return None;
        }
        let quiet = ((order.len() as f32 * QUIET) as usize).max(1);
        order.select_nth_unstable_by(quiet - 1, |a, b| a.0.total_cmp(&b.0));
        // However many cells are chosen, the memory is the same.
        let mut values = Scratch::with_capacity(self.diagonal.data.len());
        for c in 0..self.diagonal.channels {
            let plane = self.diagonal.plane(c);
            let chosen = order[..quiet].iter();
            values.extend(chosen.map(|(_, i)| plane[*i as usize].abs()));
        }
        Some(median(&mut values) / MEDIAN)
    }
}

/// The median of at least one magnitude.
///
/// 8-bit codes leave the magnitudes on a lattice. Ties share their cell evenly, or else the median
/// could only be a multiple of it. Less than half a cell counts as nothing.
fn median(values: &mut [f32]) -> f32 {
    let middle = values.len() / 2;
    let (_, found, _) = values.select_nth_unstable_by(middle, f32::total_cmp);
    let found = *found;
    if found < 0.25 * CELL {
        return 0.0;
    }
    let below = values.iter().filter(|v| **v < found - 0.25 * CELL).count();
    let tied = values
        .iter()
        .filter(|v| (**v - found).abs() <= 0.25 * CELL)
        .count();
    let share = (0.5 * values.len() as f32 - below as f32) / tied as f32;
    found + CELL * (share - 0.5).clamp(-0.5, 0.5)
}

/// Squared slopes within cells and steps between the means of neighbours, summed over channels and
/// 3x3 cells.
fn structure(mean: &Image, mut local: Scratch<f32>) -> Scratch<f32> {
    let (width, height) = (mean.width, mean.height);
    for c in 0..mean.channels {
        for (y, local) in local.chunks_exact_mut(width).enumerate() {
            let row = mean.row(c, y);
            let below = mean.row(c, (y + 1).min(height - 1));
            let right = row[1..].iter().chain(row.last());
            for (((local, v), right), below) in local.iter_mut().zip(row).zip(right).zip(below) {
                *local += (right - v) * (right - v) + (below - v) * (below - v);
            }
        }
    }
    let copied = |from: &Scratch<f32>| Scratch::collected(from.len(), from.iter().copied());
    let mut across = copied(&local);
    for (sum, row) in across
        .chunks_exact_mut(width)
        .zip(local.chunks_exact(width))
    {
        let (first, last) = (&row[..1], &row[width - 1..]);
        let left = first.iter().chain(row);
        let right = row[1..].iter().chain(last);
        let sides = left.zip(right).map(|(a, b)| a + b);
        sum.iter_mut()
            .zip(sides)
            .for_each(|(sum, sides)| *sum += sides);
    }
    let row = |y: usize| &across[y * width..(y + 1) * width];
    let mut out = copied(&across);
    for (y, sum) in out.chunks_exact_mut(width).enumerate() {
        let sides = row(y.saturating_sub(1))
            .iter()
            .zip(row((y + 1).min(height - 1)));
        sum.iter_mut()
            .zip(sides)
            .for_each(|(sum, (a, b))| *sum += a + b);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operator::tests::{noise, rounded, textured};

    fn noisy(image: &Image, sigma: f32) -> Image {
        let mut out = image.clone();
        let noise = noise(image.channels, image.height, image.width);
        out.data
            .iter_mut()
            .zip(&noise.data)
            .for_each(|(v, n)| *v += 2.0 * sigma * n);
        rounded(&out)
    }

    #[test]
    fn noise_on_a_textured_image_is_found_within_a_tenth() {
        for (height, width) in [(240, 320), (135, 201)] {
            let clean = textured(height, width);
            for sigma in [0.01, 0.02, 0.05, 0.1, 0.2] {
                let found = noise_sigma(&noisy(&clean, sigma));
                assert!(
                    (found / sigma - 1.0).abs() < 0.1,
                    "{sigma} found as {found}"
                );
            }
        }
    }

    #[test]
    fn flat_and_clipped_parts_do_not_hide_the_noise() {
        let mut clean = textured(160, 240);
        for c in 0..3 {
            for y in 0..160 {
                clean.row_mut(c, y)[..60].fill(-1.2);
                clean.row_mut(c, y)[60..110].fill(1.4);
            }
        }
        for sigma in [0.01, 0.05, 0.1] {
            let found = noise_sigma(&noisy(&clean, sigma));
            assert!(
                (found / sigma - 1.0).abs() < 0.12,
                "{sigma} found as {found}"
            );
        }
    }

    #[test]
    fn images_without_noise_or_without_size_have_next_to_none() {
        assert!(noise_sigma(&rounded(&textured(120, 160))) < 0.004);
        assert_eq!(noise_sigma(&Image::filled(3, 64, 64, 0.2)), 0.0);
        assert_eq!(noise_sigma(&Image::filled(3, 64, 64, 1.0)), 0.0);
        assert_eq!(noise_sigma(&Image::filled(3, 1, 9, 0.2)), 0.0);
        assert_eq!(noise_sigma(&Image::filled(3, 2, 2, 0.2)), 0.0);
    }
}
