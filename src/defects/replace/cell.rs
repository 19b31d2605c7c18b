// SPDX-License-Identifier: MPL-2.0
//! A cell with a defect, and where what surrounds it lies in a neighbour.

use super::{Pixels, Shown, Side};
use crate::defects::field::{CELL, Vector};
use crate::defects::mask::Mask;
use crate::defects::plane::Plane;

/// Pixels around a cell that are compared.
const AROUND: usize = 6;
/// Pixels without defects that a comparison needs.
const LEAST: usize = 48;
/// Cells from a cell from which on vectors are no candidates.
const REACH: isize = 3;
/// Largest difference of brightness between neighbours, in codes.
const FLICKER: f32 = 24.0;
/// Mean difference of the surroundings up to which a neighbour counts: in codes, or as a share of
/// their contrast, whichever is more.
const CLOSE: [f32; 2] = [3.0, 0.5];
/// Codes by which two neighbours may differ within the dust, beside what they differ around it.
const AGREE: f32 = 4.0;

/// A cell with a defect, and the pixels around it that are seen.
pub struct Cell {
    top: usize,
    left: usize,
    /// Row, column, and code.
    seen: Vec<(usize, usize, f32)>,
    /// Mean difference of these from their mean, in codes.
    contrast: f32,
}

/// Where a cell lies in a neighbour.
#[derive(Clone, Copy)]
struct Match {
    vector: Vector,
    /// By what the frame is brighter, in codes.
    offset: f32,
    /// Mean difference beside that, in codes.
    error: f32,
}

impl Cell {
    pub fn of(now: &Plane, top: usize, left: usize, mask: &Mask) -> Self {
        let mut seen = Vec::with_capacity((CELL + 2 * AROUND).pow(2));
        for y in top.saturating_sub(AROUND)..(top + CELL + AROUND).min(now.height) {
            for x in left.saturating_sub(AROUND)..(left + CELL + AROUND).min(now.width) {
                if !mask.row(y)[x] {
                    seen.push((y, x, f32::from(now.row(y)[x])));
                }
            }
        }
        let count = seen.len().max(1) as f32;
        let mean = seen.iter().map(|(.., v)| v).sum::<f32>() / count;
        let contrast = seen.iter().map(|(.., v)| (v - mean).abs()).sum::<f32>() / count;
        Self {
            top,
            left,
            seen,
            contrast,
        }
    }

    /// What those of its neighbours show that show the same scene; `None` where none does or where
    /// they contradict each other.
    pub fn sides(
        &self,
        sides: [Option<Side>; 2],
        pixels: &Pixels,
        lines: &Mask,
    ) -> Option<[Option<Shown>; 2]> {
        if self.seen.len() < LEAST {
            return None;
        }
        let close = CLOSE[0].max(CLOSE[1] * self.contrast);
        let found = sides.map(|side| {
            let side = side?;
            let best = self.best(side);
            (best.error <= close).then_some((side, best))
        });
        let shown = found.map(|found| {
            let (side, Match { vector, .. }) = found?;
            let mut pixels = *pixels;
            for (y, row) in pixels.iter_mut().enumerate() {
                for (x, pixel) in row.iter_mut().enumerate().filter(|(_, p)| **p) {
                    let (y, x) = (self.top + y, self.left + x);
                    let shadow = match lines.row(y)[x] {
                        true => &side.shadow.any,
                        false => &side.shadow.suspected,
                    };
                    *pixel = !is_below(shadow, y, x, vector);
                }
            }
            let any = pixels.as_flattened().contains(&true);
            any.then_some(Shown { vector, pixels })
        });
        if let ([Some(before), Some(after)], [Some(b), Some(a)]) = (found, &shown) {
            let allowed = AGREE + before.1.error + after.1.error;
            if self.apart([before, after], [b, a]) > allowed {
                return None;
            }
        }
        shown.iter().any(Option::is_some).then_some(shown)
    }

    /// The vector of a cell nearby that explains the surroundings best, and what lies next to it.
    fn best(&self, side: Side) -> Match {
        let (row, column) = ((self.top / CELL) as isize, (self.left / CELL) as isize);
        let mut tried: Vec<Vector> = Vec::new();
        let mut best = self.at(side, side.field.at(column, row));
        for y in -REACH..=REACH {
            for x in -REACH..=REACH {
                let vector = side.field.at(column + x, row + y);
                if !tried.contains(&vector) {
                    tried.push(vector);
                    best = better(best, self.at(side, vector));
                }
            }
        }
        for step in [4, 2, 1] {
            let [across, down] = best.vector;
            for (x, y) in [(-step, 0), (step, 0), (0, -step), (0, step)] {
                best = better(best, self.at(side, [across + x, down + y]));
            }
        }
        best
    }

    /// How well a vector explains the surroundings.
    fn at(&self, side: Side, vector: Vector) -> Match {
        let seen = self.seen.iter();
        let seen = seen.filter(|(y, x, _)| !is_below(&side.shadow.suspected, *y, *x, vector));
        let off = |(y, x, v): &(usize, usize, f32)| v - between(side.plane, *y, *x, vector);
        let differences: Vec<f32> = seen.map(off).collect();
        if differences.len() < LEAST {
            return Match {
                vector,
                offset: 0.0,
                error: f32::INFINITY,
            };
        }
        let count = differences.len() as f32;
        let offset = differences.iter().sum::<f32>() / count;
        let offset = offset.clamp(-FLICKER, FLICKER);
        let error = differences.iter().map(|d| (d - offset).abs()).sum::<f32>() / count;
        Match {
            vector,
            offset,
            error,
        }
    }

    /// Mean difference of two neighbours where both replace a pixel, in codes.
    fn apart(&self, sides: [(Side, Match); 2], shown: [&Shown; 2]) -> f32 {
        let (mut sum, mut count) = (0.0, 0.0f32);
        for y in 0..CELL {
            for x in 0..CELL {
                if shown.iter().all(|shown| shown.pixels[y][x]) {
                    let (y, x) = (self.top + y, self.left + x);
                    let [a, b] =
                        sides.map(|(side, m)| between(side.plane, y, x, m.vector) + m.offset);
                    sum += (a - b).abs();
                    count += 1.0;
                }
            }
        }
        sum / count.max(1.0)
    }
}

/// Whether the vector takes a pixel into a shadow.
fn is_below(shadow: &Mask, y: usize, x: usize, [across, down]: Vector) -> bool {
    // To the nearest pixel: shadows are wider than lines by more than a half.
    let place = |at: usize, by: i32, end: usize| {
        (at as isize + (by + 2).div_euclid(4) as isize).clamp(0, end as isize - 1) as usize
    };
    let row = shadow.row(place(y, down, shadow.height));
    row[place(x, across, shadow.width)]
}

fn better(a: Match, b: Match) -> Match {
    if b.error < a.error { b } else { a }
}

/// What a neighbour shows where the vector takes a pixel, between four of its own.
fn between(other: &Plane, y: usize, x: usize, [across, down]: Vector) -> f32 {
    let (right, below) = (across.rem_euclid(4) as f32, down.rem_euclid(4) as f32);
    let (right, below) = (right / 4.0, below / 4.0);
    let x = x as isize + across.div_euclid(4) as isize;
    let y = y as isize + down.div_euclid(4) as isize;
    let [above, under] = [y, y + 1].map(|y| {
        let codes = other.span(y, x, 2);
        (1.0 - right) * f32::from(codes[0]) + right * f32::from(codes[1])
    });
    (1.0 - below) * above + below * under
}
