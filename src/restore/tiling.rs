// SPDX-License-Identifier: MPL-2.0
//! Chooses the tiles of a canvas: one where it is small, else equal ones that overlap by more than
//! the network's halo.

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

/// The tiles of `canvas`.
///
/// Sizes and offsets of tiles are multiples of `multiple`, in output pixels. `halo` is how far
/// away, in output pixels, a value still changes the result for a pixel. An overlap of the user's
/// as large as a tile is an error.
pub fn plan(
    tiling: &Tiling,
    canvas: &Canvas,
    multiple: usize,
    halo: usize,
) -> Result<Plan, RestoreError> {
    let (width, height) = (canvas.width, canvas.height);
    let whole = width * height <= WHOLE_AREA && width.max(height) <= WHOLE_SIDE;
    let wanted = match tiling.overlap {
        0 => 2 * halo + RAMP,
        explicit => explicit,
    };
    let tile_width = side(tiling.width, width, whole, wanted, multiple);
    let tile_height = side(tiling.height, height, whole, wanted, multiple);
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
        batch: tiling.batch.max(1),
    })
}

/// How many tiles a plan cuts a canvas into.
pub fn count(plan: &Plan, canvas: &Canvas) -> usize {
    let along = |len, size| offsets(len, size, plan.overlap, plan.multiple).count();
    along(canvas.width, plan.tile_width) * along(canvas.height, plan.tile_height)
}

/// One side of the tiles: `asked` or, where that is 0, the smallest that cuts `len` into as few
/// parts as possible.
fn side(asked: usize, len: usize, whole: bool, overlap: usize, multiple: usize) -> usize {
    let size = if asked > 0 {
        // Two multiples are the least that leaves an overlap of one and a step of one.
        asked.max(2 * multiple)
    } else if whole || len <= TILE_SIDE {
        len
    } else {
        let overlap = overlap.min(TILE_SIDE / 2);
        let parts = (len - overlap).div_ceil(TILE_SIDE - overlap);
        (len + (parts - 1) * overlap).div_ceil(parts)
    };
    size.next_multiple_of(multiple).min(len)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canvas(width: usize, height: usize) -> Canvas {
        Canvas {
            width,
            height,
            x: 0,
            y: 0,
            frame_width: width,
            frame_height: height,
        }
    }

    fn made(tiling: Tiling, width: usize, height: usize) -> Plan {
        plan(&tiling, &canvas(width, height), 8, 16).expect("a plan")
    }

    #[test]
    fn a_small_canvas_is_not_cut() {
        for (width, height) in [(8, 8), (320, 240), (640, 640), (768, 520)] {
            let plan = made(Tiling::default(), width, height);
            assert_eq!((plan.tile_width, plan.tile_height), (width, height));
            assert_eq!(count(&plan, &canvas(width, height)), 1);
        }
    }

    #[test]
    fn a_large_canvas_is_cut_into_tiles_of_at_most_512() {
        for (width, height) in [(1280, 720), (1920, 1080), (3840, 2160), (776, 8)] {
            let plan = made(Tiling::default(), width, height);
            assert!(
                plan.tile_width <= 512 && plan.tile_height <= 512,
                "{plan:?}"
            );
            assert!(plan.overlap > 2 * plan.halo, "{plan:?}");
            assert_eq!((plan.tile_width % 8, plan.overlap), (0, 48), "{plan:?}");
        }
        let plan = made(Tiling::default(), 1280, 720);
        assert_eq!(count(&plan, &canvas(1280, 720)), 6);
    }

    #[test]
    fn explicit_tiles_are_rounded_up_and_their_overlap_shrinks_to_fit() {
        let tiling = Tiling {
            width: 61,
            height: 1,
            ..Tiling::default()
        };
        let plan = made(tiling, 320, 240);
        assert_eq!((plan.tile_width, plan.tile_height), (64, 16));
        assert!(
            plan.overlap <= 8 && plan.overlap > 2 * plan.halo,
            "{plan:?}"
        );
    }

    #[test]
    fn an_explicit_overlap_as_large_as_the_tile_is_refused() {
        let tiling = Tiling {
            width: 64,
            overlap: 64,
            ..Tiling::default()
        };
        let error = plan(&tiling, &canvas(320, 240), 8, 16).expect_err("no step is left");
        assert!(error.to_string().contains("tile-overlap is 64"), "{error}");
    }
}
