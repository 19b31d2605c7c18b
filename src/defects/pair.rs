// SPDX-License-Identifier: MPL-2.0
//! Two frames after each other: where each lies in the other, and what it shows beside it.

use super::brightness;
use super::compensate::Residual;
use super::field::{CELL, Field};
use super::motion;
use super::plane::Plane;
use super::pyramid::Pyramid;

/// Codes by which the cells of a frame differ less, on the mean, from those of one that it repeats.
const SAME: i32 = 9;

/// Where a frame lies in another, and what it shows beside it.
pub type Beside = (Field, Residual);

/// Two frames after each other.
pub struct Pair {
    /// Of the later frame, beside the earlier.
    backward: Beside,
    /// Of the earlier frame, beside the later.
    forward: Beside,
    cut: bool,
}

impl Pair {
    pub fn of(now: &Pyramid, next: &Pyramid) -> Self {
        let backward = against(next, now);
        let forward = against(now, next);
        let cut = backward.1.is_other_scene() && forward.1.is_other_scene();
        Self {
            backward,
            forward,
            cut,
        }
    }

    /// The later frame beside the earlier and the earlier beside the later; neither at a cut.
    pub fn split(self) -> (Option<Beside>, Option<Beside>) {
        match self.cut {
            true => (None, None),
            false => (Some(self.backward), Some(self.forward)),
        }
    }
}

/// Whether a frame repeats the one before, as where the frame rate of a film was raised: grain
/// alone makes others differ by more.
pub fn is_same(now: &Pyramid, next: &Pyramid) -> bool {
    let (now, next) = (now.finest(), next.finest());
    let side = CELL;
    let sum = |plane: &Plane, top: usize, left: usize| -> i32 {
        let rows = top..(top + side).min(plane.height);
        let columns = left..(left + side).min(plane.width);
        let of = |y| {
            plane.row(y)[columns.clone()]
                .iter()
                .map(|v| i32::from(*v))
                .sum::<i32>()
        };
        rows.map(of).sum()
    };
    let cells = (0..now.height).step_by(side);
    let mut cells = cells.flat_map(|y| (0..now.width).step_by(side).map(move |x| (y, x)));
    cells.all(|(y, x)| {
        let apart = (sum(now, y, x) - sum(next, y, x)).abs();
        apart < SAME * (side * side) as i32
    })
}

fn against(frame: &Pyramid, other: &Pyramid) -> Beside {
    let table = brightness::table(frame.coarsest(), other.coarsest());
    let same = table.map(|table| Pyramid::of(other.finest().through(&table)));
    let other = same.as_ref().unwrap_or(other);
    let field = motion::estimate(frame, other);
    let residual = Residual::of(frame.finest(), other.finest(), &field);
    (field, residual)
}
