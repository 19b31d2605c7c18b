// SPDX-License-Identifier: MPL-2.0
//! Where the frames before and after show what a defect hides.
//!
//! The motion of a cell with a defect in it is found anew from the pixels around, for the defect
//! itself may have misled the search. A neighbour counts where, moved so, it shows what surrounds
//! the defect, and where none of its own lines lies. So scratches are replaced where the scene has
//! moved below them.

mod cell;

use super::field::{CELL, Field, Vector};
use super::mask::Mask;
use super::plane::Plane;
use super::shadow::Shadow;
use cell::Cell;

/// A cell of a frame, and what of its defects its neighbours can replace.
#[derive(Clone, Debug, PartialEq)]
pub struct Patch {
    /// First row and column of its [`CELL`] rows and columns.
    pub top: usize,
    pub left: usize,
    /// In the frame before and in the one after; at least in one.
    pub sides: [Option<Shown>; 2],
}

/// What a neighbour shows of a cell.
#[derive(Clone, Debug, PartialEq)]
pub struct Shown {
    /// Where the cell lies in it.
    pub vector: Vector,
    /// Row by row of the cell, which pixels it can replace.
    pub pixels: Pixels,
}

/// Pixels of a cell.
pub type Pixels = [[bool; CELL]; CELL];

impl Patch {
    /// Whether a pixel of the cell is replaced.
    pub fn replaces(&self, row: usize, column: usize) -> bool {
        self.sides
            .iter()
            .flatten()
            .any(|side| side.pixels[row][column])
    }
}

/// A neighbour, where the frame lies in it, and what of it may lie below scratches.
#[derive(Clone, Copy)]
pub struct Side<'a> {
    pub plane: &'a Plane,
    pub field: &'a Field,
    pub shadow: &'a Shadow,
}

/// The cells of `now` in which neighbours can replace what is marked in `mask`. `sides`: the frames
/// before and after; `lines`: what of the mask are scratches.
pub fn patches(now: &Plane, sides: [Option<Side>; 2], mask: &Mask, lines: &Mask) -> Vec<Patch> {
    let mut out = Vec::new();
    for top in (0..now.height).step_by(CELL) {
        for left in (0..now.width).step_by(CELL) {
            let mut pixels = [[false; CELL]; CELL];
            for (y, row) in (top..now.height).zip(&mut pixels) {
                let marks = row.iter_mut().zip(&mask.row(y)[left..]);
                marks.for_each(|(pixel, marked)| *pixel = *marked);
            }
            if pixels.as_flattened().contains(&true) {
                let cell = Cell::of(now, top, left, mask);
                let sides = cell.sides(sides, &pixels, lines);
                out.extend(sides.map(|sides| Patch { top, left, sides }));
            }
        }
    }
    out
}

#[cfg(test)]
mod tests;
