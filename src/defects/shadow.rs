// SPDX-License-Identifier: MPL-2.0
//! What of a frame may lie below scratches, so that it replaces nothing.

use super::lines::{self, Bands, Line};
use super::mask::Mask;
use super::tracks;

/// Pixels by which a line is wider here than where it is marked: it has soft edges.
const EDGE: usize = 1;

/// The pixels of a frame that may lie below scratches.
pub struct Shadow {
    /// Below lines of which something tells that they are scratches.
    pub suspected: Mask,
    /// Below all lines: where the next frame has a scratch, any of these may be the same one.
    pub any: Mask,
}

impl Shadow {
    /// That of a frame, of its `lines` and what tells of each. `grow`: pixels by which marks grow.
    pub fn of(
        size: (usize, usize),
        lines: &[Line],
        told: &[f32],
        bands: &Bands,
        grow: usize,
    ) -> Self {
        let below = |least: fn(f32) -> bool| {
            let mut mask = Mask::new(size.0, size.1);
            let taken = lines.iter().zip(told).filter(|(_, told)| least(**told));
            taken.for_each(|(line, _)| lines::mark(line, bands, &mut mask));
            mask.grow(grow + EDGE);
            mask
        };
        Self {
            suspected: below(tracks::may_be_scratch),
            any: below(|_| true),
        }
    }
}
