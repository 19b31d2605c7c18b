// SPDX-License-Identifier: MPL-2.0
//! What a frame shows that its neighbour, moved along, does not.

use super::field::{CELL, Field, Vector};
use super::plane::Plane;
use crate::image::filled;

/// Weights of four pixels, of 128, for a place a quarter, a half and three quarters between the
/// middle two (Catmull and Rom 1974).
const WEIGHTS: [[i32; 4]; 4] = [
    [0, 128, 0, 0],
    [-9, 111, 29, -3],
    [-8, 72, 72, -8],
    [-3, 29, 111, -9],
];
/// Largest local difference of brightness that flicker explains, in codes.
const FLICKER: i16 = 24;
/// Frames show another scene where cells differ by so many codes, and by so much of the contrast.
const OTHER_SCENE: [f32; 2] = [4.0, 0.2];
/// A median of absolute values times this is the standard deviation of a Gaussian.
const GAUSSIAN: f32 = 1.4826;

/// A frame less its neighbour.
pub struct Residual {
    width: usize,
    /// In codes, row by row.
    pub differences: Vec<i16>,
    /// What the neighbour shows at the same place of the scene, row by row.
    pub moved: Vec<u8>,
    /// Cells across.
    across: usize,
    /// Usual size of a difference around a cell, as a standard deviation in codes.
    scales: Vec<f32>,
    /// Mean size of the differences of cells, and of what the frame differs by from its own mean.
    contrasts: [f32; 2],
}

impl Residual {
    /// `now` less `other`, which moves by `field`. Where several vectors of the surroundings are
    /// possible the one counts that explains a pixel best.
    pub fn of(now: &Plane, other: &Plane, field: &Field) -> Self {
        let (width, height) = (now.width, now.height);
        let mut out = Self {
            width,
            differences: filled(width * height, 0),
            moved: filled(width * height, 0),
            across: field.across,
            scales: Vec::new(),
            contrasts: [0.0; 2],
        };
        let own = |c: isize, r: isize| [field.at(c, r); 5];
        out.fill(now, other, field, own, None);
        out.contrasts = [out.of_cells(field), contrast(now)];
        let offsets = medians(&out, field, |d| d);
        let offsets = offsets.iter().map(|o| (*o).clamp(-FLICKER, FLICKER));
        let offsets: Vec<i16> = offsets.collect();
        let around = |c: isize, r: isize| {
            let near = [(0, 0), (-1, 0), (1, 0), (0, -1), (0, 1)];
            near.map(|(x, y)| field.at(c + x, r + y))
        };
        out.fill(now, other, field, around, Some(&offsets));
        let scales = medians(&out, field, i16::abs);
        // Half a code, for those of less than one are rounded.
        let scales = scales.iter().map(|m| GAUSSIAN * (f32::from(*m) + 0.5));
        out.scales = scales.collect();
        out
    }

    /// Usual size of a difference around a pixel, in codes.
    pub fn scale(&self, y: usize, x: usize) -> f32 {
        self.scales[y / CELL * self.across + x / CELL]
    }

    /// Whether the two frames hardly show the same scene.
    pub fn is_other_scene(&self) -> bool {
        let [cells, contrast] = self.contrasts;
        cells > OTHER_SCENE[0] && cells > OTHER_SCENE[1] * contrast
    }

    /// Mean absolute difference of cells, in which noise counts little.
    fn of_cells(&self, field: &Field) -> f32 {
        let mut sums = vec![[0i32; 2]; field.across * field.down];
        for (y, line) in self.differences.chunks_exact(self.width).enumerate() {
            for (x, d) in line.iter().enumerate() {
                let sum = &mut sums[y / CELL * field.across + x / CELL];
                *sum = [sum[0] + i32::from(*d), sum[1] + 1];
            }
        }
        let mean = |[sum, count]: &[i32; 2]| *sum as f32 / *count as f32;
        sums.iter().map(|s| mean(s).abs()).sum::<f32>() / sums.len() as f32
    }

    fn fill(
        &mut self,
        now: &Plane,
        other: &Plane,
        field: &Field,
        vectors: impl Fn(isize, isize) -> [Vector; 5],
        offsets: Option<&[i16]>,
    ) {
        let mut predicted = [0u8; CELL * CELL];
        for row in 0..field.down {
            for column in 0..field.across {
                let offset = offsets.map_or(0, |o| o[row * field.across + column]);
                let (left, top) = (column * CELL, row * CELL);
                let w = CELL.min(self.width - left);
                let h = CELL.min(now.height - top);
                let vectors = vectors(column as isize, row as isize);
                for (i, v) in vectors.iter().enumerate() {
                    if vectors[..i].contains(v) {
                        continue;
                    }
                    predict(other, top as isize, left as isize, *v, &mut predicted);
                    for y in 0..h {
                        let here = &now.row(top + y)[left..left + w];
                        let start = (top + y) * self.width + left;
                        let kept = self.differences[start..start + w].iter_mut();
                        let kept = kept.zip(&mut self.moved[start..start + w]);
                        let pairs = here.iter().zip(&predicted[y * CELL..]);
                        for ((now, there), (d, m)) in pairs.zip(kept) {
                            let difference = i16::from(*now) - i16::from(*there) - offset;
                            if i == 0 || difference.abs() < d.abs() {
                                *d = difference;
                                *m = (i16::from(*there) + offset).clamp(0, 255) as u8;
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Mean absolute difference of a frame from its mean, in codes.
fn contrast(plane: &Plane) -> f32 {
    let count = (plane.width * plane.height) as f32;
    let rows = || (0..plane.height).flat_map(|y| plane.row(y));
    let mean = rows().map(|v| f32::from(*v)).sum::<f32>() / count;
    rows().map(|v| (f32::from(*v) - mean).abs()).sum::<f32>() / count
}

/// A cell of `other` at a vector.
fn predict(other: &Plane, top: isize, left: isize, v: Vector, out: &mut [u8; CELL * CELL]) {
    let (across, down) = (v[0].rem_euclid(4) as usize, v[1].rem_euclid(4) as usize);
    let (x, y) = (
        left + v[0].div_euclid(4) as isize,
        top + v[1].div_euclid(4) as isize,
    );
    if (across, down) == (0, 0) {
        for (line, row) in out.chunks_exact_mut(CELL).enumerate() {
            row.copy_from_slice(other.span(y + line as isize, x, CELL));
        }
        return;
    }
    let mut wide = [[0i32; CELL]; CELL + 3];
    for (line, sums) in wide.iter_mut().enumerate() {
        let codes = other.span(y + line as isize - 1, x - 1, CELL + 3);
        for (i, sum) in sums.iter_mut().enumerate() {
            let four = codes[i..i + 4].iter().zip(WEIGHTS[across]);
            *sum = four.map(|(v, w)| i32::from(*v) * w).sum();
        }
    }
    for (line, row) in out.chunks_exact_mut(CELL).enumerate() {
        for (i, v) in row.iter_mut().enumerate() {
            let four = wide[line..line + 4].iter().zip(WEIGHTS[down]);
            let sum: i32 = four.map(|(sums, w)| sums[i] * w).sum();
            *v = ((sum + (1 << 13)) >> 14).clamp(0, 255) as u8;
        }
    }
}

/// For each cell the median, over it and those around it, of a function of the differences.
fn medians(of: &Residual, field: &Field, f: impl Fn(i16) -> i16) -> Vec<i16> {
    let height = of.differences.len() / of.width;
    let mut values = Vec::with_capacity(9 * CELL * CELL);
    let mut out = filled(field.across * field.down, 0);
    for row in 0..field.down {
        for column in 0..field.across {
            let reach = |cell: usize, side: usize| {
                (cell.saturating_sub(1) * CELL)..((cell + 2) * CELL).min(side)
            };
            values.clear();
            for y in reach(row, height) {
                let line = &of.differences[y * of.width..][..of.width];
                values.extend(line[reach(column, of.width)].iter().map(|d| f(*d)));
            }
            let middle = values.len() / 2;
            out[row * field.across + column] = *values.select_nth_unstable(middle).1;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::motion::estimate;
    use super::super::pyramid::Pyramid;
    use super::*;

    fn scene(across: f32, brighter: f32) -> Plane {
        Plane::from_fn(64, 48, |y, x| {
            let (x, y) = (x as f32 + across, y as f32);
            let wave = (0.5 * x).sin() * (0.4 * y).cos() + (0.11 * x + 0.07 * y).sin();
            (120.0 + brighter + 35.0 * wave) as u8
        })
    }

    #[test]
    fn a_scene_that_moves_and_flickers_differs_little_but_for_a_spot() {
        let mut now = scene(0.0, 0.0);
        (20..26).for_each(|y| now.row_mut(y)[30..36].fill(250));
        now.extend();
        let (now, other) = (Pyramid::of(now), Pyramid::of(scene(2.5, 9.0)));
        let field = estimate(&now, &other);
        let found = Residual::of(now.finest(), other.finest(), &field);
        for y in 4..44 {
            for x in 4..56 {
                let spot = (20..26).contains(&y) && (30..36).contains(&x);
                let difference = found.differences[y * 64 + x];
                assert_eq!(difference.abs() > 20, spot, "{difference} at {x}, {y}");
            }
        }
        assert!(found.scale(23, 33) < 4.0);
    }
}
