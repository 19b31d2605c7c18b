// SPDX-License-Identifier: MPL-2.0
//! Chooses the tiles of a canvas: one where it is small, else equal ones that overlap by more than
//! the network's halo; as many as run side by side where that is quicker.

use crate::error::RestoreError;
use crate::operator::Canvas;
use crate::tile::{Plan, offsets};

/// Tiles that the user asked for. Lengths are output pixels; 0 leaves the choice to `plan`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tiling {
    pub width: usize,
    pub height: usize,
    pub overlap: usize,
    /// Tiles that go to the network at once; 0 counts as 1.
    pub batch: usize,
}

impl Tiling {
    /// The same with sides of at most `side` output pixels, also where they were left open.
    pub fn at_most(self, side: usize) -> Self {
        let within = |asked: usize| match (asked, side) {
            (asked, usize::MAX) => asked,
            (0, side) => side,
            (asked, side) => asked.min(side),
        };
        let (width, height) = (within(self.width), within(self.height));
        Self {
            width,
            height,
            overlap: self.overlap.min(side / 2),
            ..self
        }
    }
}

/// A canvas of up to this many pixels, and of sides up to [`WHOLE_SIDE`], is one tile.
const WHOLE_AREA: usize = 640 * 640;
const WHOLE_SIDE: usize = 768;
/// Largest side, in pixels, of the tiles of a larger canvas.
const TILE_SIDE: usize = 512;
/// Pixels over which two tiles are blended.
const RAMP: usize = 16;
/// For each lane but the first, by how many tenths a call takes longer on one thread beside the
/// other lanes than alone on all threads: measured with two (docs/decisions/033-side-by-side.md).
const TENTHS_A_LANE: usize = 4;

/// What the network asks of tiles. Lengths are output pixels.
#[derive(Clone, Copy, Debug)]
pub struct Demands {
    /// Sizes and offsets of tiles are multiples of this.
    pub multiple: usize,
    /// How far away a value still changes the result for a pixel.
    pub halo: usize,
    /// How many tiles run side by side, at least 1.
    pub lanes: usize,
}

/// The tiles of `canvas`. An overlap of the user's as large as a tile is an error.
pub fn plan(tiling: &Tiling, canvas: &Canvas, demands: Demands) -> Result<Plan, RestoreError> {
    let (width, height) = (canvas.width, canvas.height);
    let Demands {
        multiple,
        halo,
        lanes,
    } = demands;
    let wanted = match tiling.overlap {
        0 => 2 * halo + RAMP,
        explicit => explicit,
    };
    let (tile_width, tile_height) = match (tiling.width, tiling.height) {
        (0, 0) => quickest(canvas, wanted, demands),
        (across, down) => {
            let (columns, rows) = fewest(canvas, wanted);
            (
                side(across, width, columns, wanted, multiple),
                side(down, height, rows, wanted, multiple),
            )
        }
    };
    // Only a side that is cut needs room for an overlap.
    let cut = [(tile_width, width), (tile_height, height)];
    let shortest = cut
        .iter()
        .filter(|(tile, all)| tile < all)
        .map(|c| c.0)
        .min();
    let overlap = match shortest {
        None => wanted,
        Some(tile) if tiling.overlap >= tile => {
            return Err(RestoreError::Settings(format!(
                "tile-overlap is {} pixels and the tiles have {tile}: set a smaller tile-overlap \
                or larger tiles.",
                tiling.overlap
            )));
        }
        Some(_) if tiling.overlap > 0 => wanted,
        // Half a tile still leaves every pixel a tile in which it lies far from the edge.
        Some(tile) => wanted.min((tile / 2).max(1)),
    };
    Ok(Plan {
        tile_width,
        tile_height,
        overlap,
        multiple,
        halo: halo.min(overlap.saturating_sub(RAMP.min(overlap.div_ceil(2))) / 2),
        batch: tiling.batch.max(1) * lanes,
    })
}

/// How many tiles a plan cuts a canvas into.
pub fn count(plan: &Plan, canvas: &Canvas) -> usize {
    let along = |len, size| offsets(len, size, plan.overlap, plan.multiple).count();
    along(canvas.width, plan.tile_width) * along(canvas.height, plan.tile_height)
}

/// The fewest columns and rows of tiles that the network may be given.
fn fewest(canvas: &Canvas, overlap: usize) -> (usize, usize) {
    let (width, height) = (canvas.width, canvas.height);
    let whole = width * height <= WHOLE_AREA && width.max(height) <= WHOLE_SIDE;
    let overlap = overlap.min(TILE_SIDE / 2);
    let parts = |len: usize| match whole || len <= TILE_SIDE {
        true => 1,
        false => (len - overlap).div_ceil(TILE_SIDE - overlap),
    };
    (parts(width), parts(height))
}

/// Width and height of the tiles that take the least time: the fewest where they run one after the
/// other, else those that leave no lane idle for long and repeat little at their edges.
fn quickest(canvas: &Canvas, overlap: usize, demands: Demands) -> (usize, usize) {
    let Demands {
        multiple, lanes, ..
    } = demands;
    let (columns, rows) = fewest(canvas, overlap);
    let sides = |parts: (usize, usize)| {
        (
            side(0, canvas.width, parts.0, overlap, multiple),
            side(0, canvas.height, parts.1, overlap, multiple),
        )
    };
    let along = |len, size| offsets(len, size, overlap, multiple).count();
    let cost = |(width, height): (usize, usize)| {
        let count = along(canvas.width, width) * along(canvas.height, height);
        let tenths = if count == 1 {
            0
        } else {
            TENTHS_A_LANE * (lanes - 1)
        };
        count.div_ceil(lanes) * width * height * (10 + tenths)
    };
    // A tile is more than what it shares with its neighbours.
    let fits = |&(width, height): &(usize, usize)| {
        (width == canvas.width || width >= 2 * overlap)
            && (height == canvas.height || height >= 2 * overlap)
    };
    let more = (0..lanes).flat_map(|c| (0..lanes).map(move |r| (columns + c, rows + r)));
    let tiles = more.map(sides).filter(fits).min_by_key(|&tile| cost(tile));
    tiles.unwrap_or_else(|| sides((columns, rows)))
}

/// One side of the tiles: `asked` or, where that is 0, the smallest of which `parts` cover `len`.
fn side(asked: usize, len: usize, parts: usize, overlap: usize, multiple: usize) -> usize {
    let size = if asked > 0 {
        // Two multiples are the least that leaves an overlap of one and a step of one.
        asked.max(2 * multiple)
    } else {
        let overlap = overlap.min(TILE_SIDE / 2);
        (len + (parts - 1) * overlap).div_ceil(parts)
    };
    size.next_multiple_of(multiple).min(len)
}

#[cfg(test)]
mod tests;
