// SPDX-License-Identifier: MPL-2.0
//! A step on a large image, made of steps on its tiles.
//!
//! States and noise belong to the whole image. The clean estimates of overlapping tiles are blended
//! with weights that sum to one. Depends on no degradation and no
//! runtime.

mod blend;
mod grid;

pub use grid::offsets;

use std::mem;

use blend::Axis;

use crate::image::{Image, Window};
use crate::sampler::{Aggregation, Level, Patch, StepModel};

/// How an image is cut into tiles. Lengths are in output pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Size of every tile, multiples of `multiple`; a smaller image is one tile of its own size.
    pub tile_width: usize,
    pub tile_height: usize,
    /// Neighbouring tiles share at least this many pixels, and less than a tile.
    pub overlap: usize,
    /// Tiles start at multiples of this. The image's sides must be multiples of it too.
    pub multiple: usize,
    /// Estimates this near to an inner edge of a tile depend on what lies beyond it and weigh next
    /// to nothing.
    pub halo: usize,
    /// How many tiles the model takes at once.
    pub batch: usize,
}

/// Places and weights of the tiles of a plan, kept for the next image of the same size.
#[derive(Default)]
pub struct Tiles {
    plan: Plan,
    columns: Axis,
    rows: Axis,
    /// The patches of the batch in progress; empty between images.
    parts: Vec<Patch>,
}

/// A [`StepModel`] that runs another one tile by tile.
pub struct Tiled<'a, M> {
    inner: M,
    tiles: &'a mut Tiles,
    /// Whether each tile is kept as it starts; those beyond its end are not.
    kept: &'a [bool],
}

impl Tiles {
    /// The tiles of `plan`.
    pub fn new(plan: Plan) -> Self {
        Self {
            plan,
            ..Self::default()
        }
    }

    /// Makes these the tiles of `plan`. Nothing is made anew where the plan is the same.
    pub fn set_plan(&mut self, plan: Plan) {
        if self.plan != plan {
            *self = Self::new(plan);
        }
    }

    /// Makes the tiles of an image of `width` x `height`, unless they are at hand.
    fn fit(&mut self, width: usize, height: usize) {
        let plan = &self.plan;
        if self.columns.len() != width {
            self.columns = Axis::new(width, plan.tile_width, plan);
        }
        if self.rows.len() != height {
            self.rows = Axis::new(height, plan.tile_height, plan);
        }
    }

    /// Where the tiles of an image of `width` x `height` lie, row by row.
    pub fn windows(&mut self, width: usize, height: usize) -> impl Iterator<Item = Window> + '_ {
        self.fit(width, height);
        (0..self.count()).map(|tile| self.window(tile))
    }

    fn count(&self) -> usize {
        self.rows.tiles() * self.columns.tiles()
    }

    /// Row and column of a tile, counted row by row.
    fn place(&self, tile: usize) -> (usize, usize) {
        (tile / self.columns.tiles(), tile % self.columns.tiles())
    }

    fn window(&self, tile: usize) -> Window {
        let (row, column) = self.place(tile);
        Window {
            x: self.columns.offset(column),
            y: self.rows.offset(row),
            width: self.columns.size(),
            height: self.rows.size(),
        }
    }

    /// The part of the patch in one tile.
    fn part(&self, patch: &Patch, tile: usize) -> Patch {
        let window = self.window(tile);
        Patch {
            window: Window {
                x: patch.window.x + window.x,
                y: patch.window.y + window.y,
                ..window
            },
            xt: patch.xt.crop(window),
            z0: patch.z0.crop(window),
            noise: patch.noise.crop(window),
        }
    }

    /// Adds the weighted estimate of a tile to the blend.
    fn add(&self, blend: &mut Image, estimate: &Image, tile: usize) {
        let (row, column) = self.place(tile);
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

impl<'a, M: StepModel> Tiled<'a, M> {
    /// `inner` estimates the tiles.
    pub fn new(inner: M, tiles: &'a mut Tiles) -> Self {
        Self {
            inner,
            tiles,
            kept: &[],
        }
    }

    /// Tiles for which `kept` is true have their initial estimate as their answer. They are counted
    /// as [`Tiles::windows`] has them.
    pub fn keeping(self, kept: &'a [bool]) -> Self {
        Self { kept, ..self }
    }

    fn is_kept(&self, tile: usize) -> bool {
        self.kept.get(tile) == Some(&true)
    }

    /// Estimates a patch that is larger than a tile.
    fn blend(&mut self, patch: &mut Patch, level: Level) -> Result<(), M::Error> {
        self.tiles.fit(patch.xt.width, patch.xt.height);
        let mut parts = mem::take(&mut self.tiles.parts);
        let tiles = &*self.tiles;
        let mut blend = Image::new(patch.xt.channels, patch.xt.height, patch.xt.width);
        let batch = tiles.plan.batch.max(1);
        let mut from = 0;
        while from < tiles.count() {
            // As many tiles as hold a batch that the network is to see.
            let seen = |tile: &usize| !self.is_kept(*tile);
            let next = (from..tiles.count()).filter(seen).nth(batch);
            let all = from..next.unwrap_or(tiles.count());
            parts.extend(all.clone().filter(seen).map(|tile| tiles.part(patch, tile)));
            if !parts.is_empty() {
                self.inner.estimate(&mut parts, level)?;
            }
            let mut estimates = parts.iter();
            for tile in all.clone() {
                if self.kept.get(tile) == Some(&true) {
                    tiles.add(&mut blend, &patch.z0.crop(tiles.window(tile)), tile);
                } else if let Some(part) = estimates.next() {
                    tiles.add(&mut blend, &part.z0, tile);
                }
            }
            parts.clear();
            from = all.end;
        }
        self.tiles.parts = parts;
        patch.z0 = blend;
        Ok(())
    }
}

impl<M: StepModel> StepModel for Tiled<'_, M> {
    type Error = M::Error;

    fn iterations(&self) -> usize {
        self.inner.iterations()
    }

    fn aggregation(&self) -> Aggregation {
        self.inner.aggregation()
    }

    fn estimate(&mut self, patches: &mut [Patch], level: Level) -> Result<(), M::Error> {
        let (width, height) = (self.tiles.plan.tile_width, self.tiles.plan.tile_height);
        if patches
            .iter()
            .all(|p| p.xt.width <= width && p.xt.height <= height)
        {
            return match self.is_kept(0) {
                true => Ok(()),
                false => self.inner.estimate(patches, level),
            };
        }
        patches
            .iter_mut()
            .try_for_each(|patch| self.blend(patch, level))
    }
}

#[cfg(test)]
mod tests;
