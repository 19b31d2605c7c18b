// SPDX-License-Identifier: MPL-2.0
//! A step on a large picture made of steps on its tiles.
//!
//! States and noise live on the whole picture; the clean estimates of overlapping tiles are blended with weights that
//! sum to one. Knows no damage and no runtime.

mod feather;
mod grid;

pub use grid::offsets;

use feather::Axis;

use crate::image::{Image, Window};
use crate::sampler::{Level, Patch, StepModel};

/// How a picture is cut. Lengths are in pixels of the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Size of every tile, in multiples of `multiple`; a smaller picture is one tile of its own size.
    pub tile_width: usize,
    pub tile_height: usize,
    /// Neighbouring tiles share at least this much, and less than a tile.
    pub overlap: usize,
    /// Tiles start at multiples of this. The picture's sides must be multiples of it too.
    pub multiple: usize,
    /// Estimates this near to an inner edge of a tile lean on what lies beyond it and weigh next to nothing.
    pub halo: usize,
    /// How many tiles are handed to the model at once.
    pub batch: usize,
}

/// A [`StepModel`] that runs another one tile by tile.
pub struct Tiled<M> {
    inner: M,
    plan: Plan,
    columns: Axis,
    rows: Axis,
}

impl<M: StepModel> Tiled<M> {
    /// `inner` is asked for the tiles of `plan`.
    pub fn new(inner: M, plan: Plan) -> Self {
        Self {
            inner,
            plan,
            columns: Axis::default(),
            rows: Axis::default(),
        }
    }

    /// Offsets and weights for pictures of this size; kept from one step to the next.
    fn cut(&mut self, width: usize, height: usize) {
        let plan = &self.plan;
        if self.columns.len() != width {
            self.columns = Axis::new(width, plan.tile_width, plan);
        }
        if self.rows.len() != height {
            self.rows = Axis::new(height, plan.tile_height, plan);
        }
    }

    fn blended(&mut self, patch: &Patch, level: Level) -> Result<Image, M::Error> {
        let tiles: Vec<(usize, usize)> = (0..self.rows.tiles())
            .flat_map(|row| (0..self.columns.tiles()).map(move |column| (row, column)))
            .collect();
        let mut blend = Image::new(patch.xt.channels, patch.xt.height, patch.xt.width);
        for batch in tiles.chunks(self.plan.batch.max(1)) {
            let parts: Vec<Patch> = batch
                .iter()
                .map(|&(row, column)| self.part(patch, row, column))
                .collect();
            let estimates = self.inner.estimate(&parts, level)?;
            for (&(row, column), estimate) in batch.iter().zip(&estimates) {
                self.add(&mut blend, estimate, row, column);
            }
        }
        Ok(blend)
    }

    /// One tile of the patch.
    fn part(&self, patch: &Patch, row: usize, column: usize) -> Patch {
        let window = Window {
            x: self.columns.offset(column),
            y: self.rows.offset(row),
            width: self.columns.size(),
            height: self.rows.size(),
        };
        Patch {
            window: Window {
                x: patch.window.x + window.x,
                y: patch.window.y + window.y,
                ..window
            },
            xt: patch.xt.crop(window),
            z0: patch.z0.crop(window),
            noise: patch.noise.iter().map(|n| n.crop(window)).collect(),
        }
    }

    fn add(&self, blend: &mut Image, estimate: &Image, row: usize, column: usize) {
        let (left, top) = (self.columns.offset(column), self.rows.offset(row));
        let across = self.columns.weights(column);
        for c in 0..estimate.channels {
            for (y, down) in self.rows.weights(row).iter().enumerate() {
                let sum = &mut blend.row_mut(c, top + y)[left..left + across.len()];
                for ((sum, value), weight) in sum.iter_mut().zip(estimate.row(c, y)).zip(across) {
                    *sum += down * weight * value;
                }
            }
        }
    }
}

impl<M: StepModel> StepModel for Tiled<M> {
    type Error = M::Error;

    fn iterations(&self) -> usize {
        self.inner.iterations()
    }

    fn estimate(&mut self, patches: &[Patch], level: Level) -> Result<Vec<Image>, M::Error> {
        let (width, height) = (self.plan.tile_width, self.plan.tile_height);
        if patches
            .iter()
            .all(|p| p.xt.width <= width && p.xt.height <= height)
        {
            return self.inner.estimate(patches, level);
        }
        let mut estimates = Vec::with_capacity(patches.len());
        for patch in patches {
            self.cut(patch.xt.width, patch.xt.height);
            estimates.push(self.blended(patch, level)?);
        }
        Ok(estimates)
    }
}

#[cfg(test)]
mod tests;
