// SPDX-License-Identifier: MPL-2.0
//! Where the block of a cell lies in another frame.

use super::field::{Field, Vector};
use super::plane::Plane;

/// Side of the block that is matched for it, in pixels.
pub const BLOCK: usize = 16;
/// Reach of the full search in the coarsest frame, and of the one after it, in pixels.
const REACH: i32 = 4;
/// Largest difference of two codes that counts.
const CAP: u8 = 48;
/// What a step away from the neighbours' motion costs, in codes.
const PULL: u32 = 6;

/// The block of a cell, and where it is looked for.
pub struct Search<'a> {
    pub now: &'a Plane,
    pub other: &'a Plane,
    /// The block's first column and row.
    pub left: isize,
    pub top: isize,
}

impl<'a> Search<'a> {
    /// The best vector in whole pixels, from those of the coarser frame and of neighbours.
    pub fn best(
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
        let toward = |i: usize| if i % 2 == 0 { -1 } else { 1 };
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
    pub fn refined(&self, whole: Vector) -> Vector {
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
