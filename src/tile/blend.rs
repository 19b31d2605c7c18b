// SPDX-License-Identifier: MPL-2.0
//! Weights of the tiles along one side of an image: a partition of unity.
//!
//! The weight of a pixel is the product of those along the two sides: it needs no image of its own.

use super::Plan;
use super::grid::offsets;

/// Weight beside an inner edge, as a share of the full one. Above zero, so that a pixel which only
/// halos cover has a weight.
const FAINT: f32 = 1e-6;

/// The tiles along one side, and their weights.
#[derive(Default)]
pub struct Axis {
    len: usize,
    size: usize,
    starts: Vec<usize>,
    weights: Vec<Vec<f32>>,
}

impl Axis {
    /// Tiles of at most `size` along `len` pixels; overlap and halo are the plan's.
    pub fn new(len: usize, size: usize, plan: &Plan) -> Self {
        let size = size.min(len);
        let starts: Vec<usize> = offsets(len, size, plan.overlap, plan.multiple).collect();
        let mut weights: Vec<Vec<f32>> = starts
            .iter()
            .map(|&start| ramps(size, start > 0, start + size < len, plan))
            .collect();
        let mut sums = vec![0.0f64; len];
        for (start, tile) in starts.iter().zip(&weights) {
            for (sum, weight) in sums[*start..].iter_mut().zip(tile) {
                *sum += f64::from(*weight);
            }
        }
        for (start, tile) in starts.iter().zip(&mut weights) {
            for (sum, weight) in sums[*start..].iter().zip(tile) {
                *weight = (f64::from(*weight) / sum) as f32;
            }
        }
        Self {
            len,
            size,
            starts,
            weights,
        }
    }

    /// Length of the side.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Length of each tile.
    pub fn size(&self) -> usize {
        self.size
    }

    /// How many tiles there are.
    pub fn tiles(&self) -> usize {
        self.starts.len()
    }

    /// Where a tile starts.
    pub fn offset(&self, tile: usize) -> usize {
        self.starts[tile]
    }

    /// One weight for each pixel of a tile; over all tiles they sum to one.
    pub fn weights(&self, tile: usize) -> &[f32] {
        &self.weights[tile]
    }
}

/// Full weight in the middle and at the image's own edges, a ramp towards each inner edge.
fn ramps(size: usize, inner_start: bool, inner_end: bool, plan: &Plan) -> Vec<f32> {
    let far = size + plan.overlap;
    (0..size)
        .map(|i| {
            let before = if inner_start { i } else { far };
            let after = if inner_end { size - 1 - i } else { far };
            ramp(before.min(after), plan)
        })
        .collect()
}

/// Weight `i` pixels inside an inner edge: faint within the halo, then linear up to 1 at
/// `overlap - halo`.
fn ramp(i: usize, plan: &Plan) -> f32 {
    let depth = i as f32 + 0.5;
    let span = plan.overlap.saturating_sub(2 * plan.halo).max(1) as f32;
    let faint = FAINT * (depth / plan.overlap.max(1) as f32).min(1.0);
    ((depth - plan.halo as f32) / span).clamp(faint, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn plan(overlap: usize, multiple: usize, halo: usize) -> Plan {
        Plan {
            tile_width: 64,
            tile_height: 64,
            overlap,
            multiple,
            halo,
            batch: 1,
        }
    }

    #[test]
    fn a_halo_weighs_next_to_nothing_and_the_frames_edge_everything() {
        let axis = Axis::new(104, 64, &plan(24, 8, 8));
        assert_eq!(axis.weights(0)[0], 1.0);
        assert_eq!(axis.weights(1)[63], 1.0);
        assert!(axis.weights(0)[56..].iter().all(|w| *w > 0.0 && *w < 1e-5));
        assert!(axis.weights(1)[..8].iter().all(|w| *w > 0.0 && *w < 1e-5));
        assert!((axis.weights(0)[51] - 0.5).abs() < 0.1);
    }

    proptest! {
        #[test]
        fn weights_cover_every_pixel_and_sum_to_one(
            multiple in 1usize..17,
            blocks in 1usize..120,
            tile in 2usize..12,
            overlap in 0usize..100,
            halo in 0usize..60,
        ) {
            let (len, size) = (blocks * multiple, tile * multiple);
            let axis = Axis::new(len, size, &plan(overlap % size, multiple, halo));
            let mut sums = vec![0.0f64; len];
            for i in 0..axis.tiles() {
                prop_assert!(axis.weights(i).iter().all(|w| *w > 0.0));
                for (sum, w) in sums[axis.offset(i)..].iter_mut().zip(axis.weights(i)) {
                    *sum += f64::from(*w);
                }
            }
            for sum in sums {
                prop_assert!((sum - 1.0).abs() < 1e-6, "sum {}", sum);
            }
        }
    }
}
