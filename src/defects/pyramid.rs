// SPDX-License-Identifier: MPL-2.0
//! A frame and smaller ones of it, in which large motions are short.

use super::plane::Plane;

/// Frames, each half as large as the one before.
const LEVELS: usize = 4;
/// Least side of the coarsest, in pixels.
const LEAST: usize = 12;

/// A frame and its halves, the finest first.
pub struct Pyramid(pub(super) Vec<Plane>);

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
