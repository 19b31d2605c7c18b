// SPDX-License-Identifier: MPL-2.0
//! Restorers that share a loaded model and a stream: each restores a frame beside the others
//! (docs/decisions/038-frames-in-flight.md).

use super::Place;
use crate::error::RestoreError;
use crate::restore::missing::Filler;
use crate::restore::operators::CachedOperator;
use crate::restore::tiling::{self, Demands};
use crate::restore::{Restorer, Tiling};

/// What [`Restorer::prepare`] made, for a restorer that was split from that one.
pub struct Prepared(CachedOperator);

impl Restorer {
    /// How many frames can be restored side by side, at least 1.
    pub fn lanes(&self) -> usize {
        self.step.lanes()
    }

    /// `count` restorers of the same stream that share this one's sessions. Frames that do not
    /// start from the one before give the same bytes in each of them. They share estimates in the
    /// order of the [`Place`]s, and are ended by this one's handle.
    ///
    /// There are none where the sessions are fewer.
    pub fn split(&self, count: usize) -> Vec<Self> {
        let filler = |place: usize| match &self.filler {
            Some(Filler::Step(filler)) => {
                let part = filler.split(count).into_iter().nth(place)?;
                Some(Filler::Step(Box::new(part)))
            }
            Some(Filler::Means) => Some(Filler::Means),
            None => None,
        };
        let restorer = |(place, step)| {
            let (graph, package) = (self.graph.clone(), self.package.clone());
            let mut part = Self::of(step, graph, package, self.engine.clone());
            part.relay = self.relay.clone();
            part.largest_tile = self.largest_tile.clone();
            part.frame_masks = self.frame_masks;
            part.stddev = self.stddev.clone();
            part.filler = filler(place);
            if let Some(Filler::Step(filler)) = &mut part.filler {
                filler.pool = part.pool.clone();
                filler.relay = Default::default();
            }
            part
        };
        let steps = self.step.split(count).into_iter().enumerate();
        steps.map(restorer).collect()
    }

    /// Whether something fills missing pixels, which restorers that were split before do not have.
    pub fn fills(&self) -> bool {
        self.filler.is_some()
    }

    /// The place of the next frame in the stream, for a restorer that was split from this one. No
    /// frame starts from those before it.
    pub fn place(&mut self) -> Place {
        self.previous = None;
        self.relay.place()
    }

    /// Restores the next frame in this place.
    pub fn take_place(&mut self, place: Place) {
        self.place = Some(place);
    }

    /// Gives up the place of a frame that could not be restored.
    pub fn leave_place(&mut self) {
        self.place = None;
    }

    /// Counts what [`Restorer::prepare`] has made.
    pub fn preparations(&self) -> u64 {
        self.operators
    }

    /// The same as [`Restorer::prepare`] made last, without its files being read again.
    pub fn prepared(&self) -> Option<Prepared> {
        self.operator.as_ref().map(|cached| {
            Prepared(CachedOperator {
                degradation: cached.degradation.clone(),
                mask: cached.mask.clone(),
                operator: cached.operator.twin(),
                ..*cached
            })
        })
    }

    /// Takes over what another restorer of the stream has prepared.
    pub fn take_prepared(&mut self, Prepared(operator): Prepared) {
        self.previous = None;
        self.pool.clear();
        self.operator = Some(operator);
    }

    /// Whether the network sees all of a frame at once where it has a lane to itself.
    ///
    /// An error where nothing was prepared, or where the tiles do not fit.
    pub fn is_whole(&self, tiling: &Tiling) -> Result<bool, RestoreError> {
        let (manifest, operator) = (self.step.manifest(), self.operator()?);
        let canvas = operator.canvas(manifest.size_multiple);
        let demands = Demands {
            multiple: operator.multiple(manifest.size_multiple),
            halo: manifest.halo.max(operator.margin()),
            lanes: 1,
        };
        let plan = tiling::plan(tiling, &canvas, demands)?;
        Ok(tiling::count(&plan, &canvas) == 1)
    }
}
