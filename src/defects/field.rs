// SPDX-License-Identifier: MPL-2.0
//! [`Field`]: a vector of motion for each cell of a frame.

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
    /// A field of zeros for the cells of `plane`.
    pub fn new(plane: &Plane) -> Self {
        let (across, down) = (plane.width.div_ceil(CELL), plane.height.div_ceil(CELL));
        Self {
            across,
            down,
            vectors: filled(across * down, [0, 0]),
        }
    }

    /// Sets the vector of a cell.
    pub fn set(&mut self, column: usize, row: usize, vector: Vector) {
        self.vectors[row * self.across + column] = vector;
    }

    /// The vector of a cell; that of the nearest one beyond the frame's edge.
    pub fn at(&self, column: isize, row: isize) -> Vector {
        let column = column.clamp(0, self.across as isize - 1) as usize;
        let row = row.clamp(0, self.down as isize - 1) as usize;
        self.vectors[row * self.across + column]
    }
}
