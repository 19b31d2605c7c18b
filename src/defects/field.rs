// SPDX-License-Identifier: MPL-2.0
//! Where the cells of a frame lie in a neighbouring one.

use super::plane::Plane;
use crate::image::filled;

/// Side of a cell, which has one vector, in pixels.
pub const CELL: usize = 8;
/// Quarters of a pixel across and down, by which what is seen at a place lies further in the other
/// frame.
pub type Vector = [i32; 2];

/// A vector for each cell of a frame.
pub struct Field {
    pub across: usize,
    pub down: usize,
    vectors: Vec<Vector>,
}

impl Field {
    /// One of cells that do not move, for frames like `plane`.
    pub fn new(plane: &Plane) -> Self {
        let (across, down) = (plane.width.div_ceil(CELL), plane.height.div_ceil(CELL));
        Self {
            across,
            down,
            vectors: filled(across * down, [0, 0]),
        }
    }

    /// The vector of a cell, to be set.
    pub fn cell_mut(&mut self, column: usize, row: usize) -> &mut Vector {
        &mut self.vectors[row * self.across + column]
    }

    /// The vector of a cell; that of the nearest one beyond the frame's edge.
    pub fn at(&self, column: isize, row: isize) -> Vector {
        let column = column.clamp(0, self.across as isize - 1) as usize;
        let row = row.clamp(0, self.down as isize - 1) as usize;
        self.vectors[row * self.across + column]
    }
}
