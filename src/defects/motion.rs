// SPDX-License-Identifier: MPL-2.0
//! The motion of each cell of a frame to a neighbouring frame: block matching, from coarse frames to
//! fine ones, down to quarters of a pixel.
//!
//! Differences count up to a cap, so that dirt in a block does not decide where it is found.

pub use super::field::{CELL, Field, Vector};
use super::plane::Plane;
use super::search::{BLOCK, Search};

/// Frames, each half as large as the one before.
const LEVELS: usize = 4;
/// Least side of the coarsest, in pixels.
const LEAST: usize = 12;
/// A frame and its halves, the finest first.
pub struct Pyramid(Vec<Plane>);

impl Pyramid {
    pub fn of(plane: Plane) -> Self {
        let mut levels = vec![plane];
        while levels.len() < LEVELS {
            match levels.last().and_then(|level| level.halved(LEAST)) {
                Some(level) => levels.push(level),
                None => break,
            }
        }
        Self(levels)
    }

    /// The frame itself.
    pub fn finest(&self) -> &Plane {
        &self.0[0]
    }

    /// The smallest of its halves.
    pub fn coarsest(&self) -> &Plane {
        &self.0[self.0.len() - 1]
    }
}

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
                let vector = match level {
                    0 => found.1.refined(found.0),
                    _ => found.0.map(|v| 4 * v),
                };
                field.set(column, row, vector);
            }
        }
        coarser = Some(field);
    }
    coarser.unwrap_or_else(|| Field::new(now.finest()))
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
