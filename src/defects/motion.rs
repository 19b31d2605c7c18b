// SPDX-License-Identifier: MPL-2.0
//! The motion of each cell of a frame to a neighbouring frame: block matching, from coarse frames
//! to fine ones, down to quarters of a pixel.
//!
//! Differences count up to a cap, so that dirt in a block does not decide where it is found.

use super::field::{CELL, Field, Vector};
use super::plane::Plane;
use super::pyramid::Pyramid;

/// Side of the block that is matched for it, in pixels.
const BLOCK: usize = 16;
/// Reach of the full search in the coarsest frame, and of the one after it, in pixels.
const REACH: i32 = 4;
/// Largest difference of two codes that counts.
const CAP: u8 = 48;
/// What a step away from the neighbours' motion costs, in codes.
const PULL: u32 = 6;

/// Where the cells of `now` lie in `other`, of the same size.
pub fn estimate(now: &Pyramid, other: &Pyramid) -> Field {
    let mut coarser: Option<Field> = None;
    for (level, (now, other)) in now.0.iter().zip(&other.0).enumerate().rev() {
        let mut field = Field::new(now);
        for row in 0..field.down {
            for column in 0..field.across {
                let found = Search {
                    now,
                    other,
                    left: (column * CELL) as isize - (BLOCK - CELL) as isize / 2,
                    top: (row * CELL) as isize - (BLOCK - CELL) as isize / 2,
                }
                .best(&field, coarser.as_ref(), column, row);
                *field.cell_mut(column, row) = match level {
                    0 => found.1.refined(found.0),
                    _ => found.0.map(|v| 4 * v),
                };
            }
        }
        coarser = Some(field);
    }
    coarser.unwrap_or_else(|| Field::new(now.finest()))
}

/// The block of a cell, and where it is looked for.
struct Search<'a> {
    now: &'a Plane,
    other: &'a Plane,
    left: isize,
    top: isize,
}

impl<'a> Search<'a> {
    /// The best vector in whole pixels, from those of the coarser frame and of neighbours.
    fn best(
        self,
        field: &Field,
        coarser: Option<&Field>,
        column: usize,
        row: usize,
    ) -> (Vector, Self) {
        let (c, r) = (column as isize, row as isize);
        let before = |c, r| field.at(c, r).map(|v| v / 4);
        let mut candidates = [[0, 0]; 8];
        let mut count = 1;
        let mut add = |v: Vector| {
            if !candidates[..count].contains(&v) {
                candidates[count] = v;
                count += 1;
            }
        };
        let parent = |dc: isize, dr: isize| {
            let coarser = coarser?;
            Some(coarser.at(c / 2 + dc, r / 2 + dr).map(|v| v / 2))
        };
        let pull = parent(0, 0).unwrap_or_default();
        let toward = |i: usize| if i.is_multiple_of(2) { -1 } else { 1 };
        let near = [
            parent(0, 0),
            parent(toward(column), 0),
            parent(0, toward(row)),
            (column > 0).then(|| before(c - 1, r)),
            (row > 0).then(|| before(c, r - 1)),
            (row > 0).then(|| before(c + 1, r - 1)),
        ];
        near.into_iter().flatten().for_each(&mut add);
        let cost = |v: Vector| self.cost(v) + PULL * distance(v, pull).min(16);
        let scored = candidates[..count].iter().map(|v| (cost(*v), *v));
        let mut best = scored.min().unwrap_or_default();
        if coarser.is_none() {
            for y in -REACH..=REACH {
                for x in -REACH..=REACH {
                    best = best.min((cost([x, y]), [x, y]));
                }
            }
        }
        // Downhill from there.
        for _ in 0..4 {
            let center = best.1;
            for [x, y] in [
                [-1, 0],
                [1, 0],
                [0, -1],
                [0, 1],
                [-1, -1],
                [1, 1],
                [-1, 1],
                [1, -1],
            ] {
                let v = [center[0] + x, center[1] + y];
                best = best.min((cost(v), v));
            }
            if best.1 == center {
                break;
            }
        }
        (best.1, self)
    }

    /// Sum of capped differences at a vector in whole pixels.
    fn cost(&self, [across, down]: Vector) -> u32 {
        let mut sum = 0;
        for y in 0..BLOCK as isize {
            let here = self.now.span(self.top + y, self.left, BLOCK);
            let (row, column) = (self.top + y + down as isize, self.left + across as isize);
            let there = self.other.span(row, column, BLOCK);
            let pairs = here.iter().zip(there);
            let line: u16 = pairs.map(|(a, b)| u16::from(a.abs_diff(*b).min(CAP))).sum();
            sum += u32::from(line);
        }
        sum
    }

    /// A vector of whole pixels in quarters, moved by parts of a pixel where that is better.
    fn refined(&self, whole: Vector) -> Vector {
        let mut best = (self.cost(whole), whole.map(|v| 4 * v));
        for step in [2, 1] {
            let center = best.1;
            for y in -1..=1 {
                for x in -1..=1 {
                    let v = [center[0] + step * x, center[1] + step * y];
                    if v != center {
                        // Where nothing is to be seen nothing moves.
                        best = best.min((self.cost_between(v) + distance(v, center), v));
                    }
                }
            }
        }
        best.1
    }

    /// The same at a vector in quarters of a pixel, between four pixels each.
    fn cost_between(&self, [across, down]: Vector) -> u32 {
        let (fx, fy) = (across.rem_euclid(4) as u16, down.rem_euclid(4) as u16);
        let (x, y) = (across.div_euclid(4) as isize, down.div_euclid(4) as isize);
        let weights = [(4 - fx) * (4 - fy), fx * (4 - fy), (4 - fx) * fy, fx * fy];
        let mut sum = 0;
        for line in 0..BLOCK as isize {
            let here = self.now.span(self.top + line, self.left, BLOCK);
            let above = self
                .other
                .span(self.top + line + y, self.left + x, BLOCK + 1);
            let below = self
                .other
                .span(self.top + line + y + 1, self.left + x, BLOCK + 1);
            let mut part = 0u16;
            for i in 0..BLOCK {
                let four = [above[i], above[i + 1], below[i], below[i + 1]].map(u16::from);
                let value: u16 = four.iter().zip(weights).map(|(v, w)| v * w).sum();
                let value = ((value + 8) / 16) as u8;
                part += u16::from(here[i].abs_diff(value).min(CAP));
            }
            sum += u32::from(part);
        }
        sum
    }
}

/// How far two vectors are apart, along both axes together.
fn distance(a: Vector, b: Vector) -> u32 {
    a[0].abs_diff(b[0]) + a[1].abs_diff(b[1])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scene(across: f32, down: f32) -> Plane {
        Plane::from_fn(96, 80, |y, x| {
            let (x, y) = (x as f32 + across, y as f32 + down);
            let fine = (0.8 * x).sin() * (0.6 * y + 0.2 * x).cos();
            let coarse = (0.11 * x + 0.05 * y).sin() + (0.09 * y - 0.04 * x).cos();
            (128.0 + 20.0 * fine + 40.0 * coarse) as u8
        })
    }

    #[test]
    fn cells_follow_motions_of_parts_and_of_many_pixels() {
        for (across, down) in [(0.0, 0.0), (1.5, -0.75), (-7.0, 4.25), (13.0, -9.0)] {
            let (now, other) = (scene(across, down), scene(0.0, 0.0));
            let field = estimate(&Pyramid::of(now), &Pyramid::of(other));
            let wanted = [4.0 * across, 4.0 * down];
            for row in 3..7 {
                for column in 3..9 {
                    let found = field.at(column, row);
                    for axis in 0..2 {
                        let off = (found[axis] as f32 - wanted[axis]).abs();
                        assert!(off <= 1.0, "{across}, {down}: {found:?} at {column}, {row}");
                    }
                }
            }
        }
    }

    #[test]
    fn frames_of_any_size_have_a_field() {
        for (width, height) in [(1, 1), (3, 50), (17, 9), (200, 2)] {
            let plane = || Pyramid::of(Plane::from_fn(width, height, |y, x| (x * 7 + y) as u8));
            let field = estimate(&plane(), &plane());
            assert_eq!(field.at(0, 0), [0, 0]);
            assert_eq!(field.across, width.div_ceil(8));
        }
    }
}
