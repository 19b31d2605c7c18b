// SPDX-License-Identifier: MPL-2.0
//! [`Restorer`]: a loaded model, and what a stream keeps from one frame to the next.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use super::missing::Filler;
use super::operators::CachedOperator;
use super::pipeline::{Levels, SharedNoise};
use super::step::TensorCache;
use super::stream::{Place, Relay};
use super::temporal::{PreviousFrame, StillTiles};
use super::{Engine, Interrupt, Settings, Stop, fallback};
use crate::error::RestoreError;
use crate::graph::GraphSpec;
use crate::image::{Image, Pool};
use crate::model::{self, OrtStddev, OrtStep};
use crate::operator::Degradation;
use crate::tile::Tiles;

/// A loaded model, and what a stream keeps from one frame to the next.
pub struct Restorer {
    pub(super) step: OrtStep,
    pub(super) graph: GraphSpec,
    /// Where it was loaded from, and onto.
    pub(super) package: PathBuf,
    pub(super) engine: Engine,
    /// What fills missing pixels; `None` where no file has named any yet.
    pub(super) filler: Option<Filler>,
    /// What tells the standard deviation from one sample, once it was asked for: of this restorer
    /// and those that were split from it.
    pub(super) stddev: Arc<OnceLock<OrtStddev>>,
    /// Time that it took inside ONNX Runtime.
    pub(super) stddev_spent: Duration,
    pub(super) operator: Option<CachedOperator>,
    /// How many operators were made.
    pub(super) operators: u64,
    /// Whether each frame brings a mask of its own.
    pub(super) frame_masks: bool,
    /// Whether it was told that a mask of a frame leaves nothing to look at.
    pub(super) blank_told: bool,
    /// 0 where pixels of the next frame are missing beside those of a mask's file.
    pub(super) holes: Option<Image>,
    /// 0 where pixels of the next frame hold no data beside those of a mask's file.
    pub(super) hidden: Option<Image>,
    /// What frames hand on, and the place of the frame that is restored.
    pub(super) relay: Relay,
    pub(super) place: Option<Place>,
    pub(super) previous: Option<PreviousFrame>,
    /// The memory of images, which goes from frame to frame.
    pub(super) pool: Pool,
    /// The noise that frames share.
    pub(super) noise: SharedNoise,
    pub(super) levels: Levels,
    pub(super) tiles: Tiles,
    pub(super) still: StillTiles,
    /// Those of the last frame that may be the start of another.
    pub(super) settings: Option<Settings>,
    pub(super) tensors: TensorCache,
    /// Longer side of the last frame's tiles, in pixels.
    pub(super) tile_side: usize,
    /// The same of the last frame that left memory to others.
    pub(super) roomy_side: usize,
    /// Longest side, in pixels, of tiles for which memory suffices: of this restorer and those
    /// that were split from it.
    pub(super) largest_tile: Arc<AtomicUsize>,
    /// What operators assumed, which nobody has asked for yet.
    pub(super) remarks: Vec<String>,
}

impl Restorer {
    /// Loads the graph that `degradation` needs from the package `model`, a name or a path.
    ///
    /// `warn` gets a sentence where [`super::Provider::Auto`] falls back to the CPU; `stop` gives
    /// the loading up. Errors say what is wrong with the package, the graph or ONNX Runtime.
    pub fn load(
        model: impl AsRef<Path>,
        degradation: &Degradation,
        engine: Engine,
        warn: &mut dyn FnMut(String),
        stop: &Stop,
    ) -> Result<Self, RestoreError> {
        let graph = degradation.graph();
        let package = model::locate(model.as_ref())?;
        let step = OrtStep::load(&package, &graph, &engine, warn, stop)?;
        Ok(Self::of(step, graph, package, engine))
    }

    /// A restorer that has seen no frame.
    pub(super) fn of(step: OrtStep, graph: GraphSpec, package: PathBuf, engine: Engine) -> Self {
        Self {
            step,
            graph,
            package,
            engine,
            filler: None,
            stddev: Arc::default(),
            stddev_spent: Duration::ZERO,
            operator: None,
            operators: 0,
            frame_masks: false,
            blank_told: false,
            holes: None,
            hidden: None,
            relay: Relay::default(),
            place: None,
            previous: None,
            pool: Pool::default(),
            noise: SharedNoise::default(),
            levels: Levels::default(),
            tiles: Tiles::default(),
            still: StillTiles::default(),
            settings: None,
            tensors: TensorCache::new(),
            tile_side: 0,
            roomy_side: 0,
            largest_tile: Arc::new(AtomicUsize::new(usize::MAX)),
            remarks: Vec::new(),
        }
    }

    /// Whether the loaded graph is the one that `degradation` needs.
    pub fn fits(&self, degradation: &Degradation) -> bool {
        degradation.graph() == self.graph
    }

    /// ONNX Runtime's name of the provider that runs the model.
    pub fn provider(&self) -> &'static str {
        self.step.provider()
    }

    /// A handle that ends [`Restorer::restore`] from another thread.
    pub fn interrupt(&self) -> Interrupt {
        self.step.interrupt()
    }

    /// The memory of the stream's images. While it is entered on a thread, images that are dropped
    /// there leave their memory to it.
    pub fn pool(&self) -> Pool {
        self.pool.clone()
    }

    /// Forgets the frames so far: the next belongs to another scene or stream.
    pub fn forget(&mut self) {
        self.relay.forget();
        self.previous = None;
    }

    /// An error where there is no memory to restore `count` frames of `width` x `height` pixels at
    /// once.
    pub fn check_memory(
        &self,
        (width, height): (usize, usize),
        count: usize,
    ) -> Result<(), RestoreError> {
        self.pool.clear();
        let along = |side: usize| side.saturating_mul(self.graph.scale);
        let iterations = self.step.manifest().iterations;
        let bytes = fallback::estimate(along(width), along(height), iterations);
        fallback::check(bytes, (width, height), count)
    }

    /// What [`Restorer::prepare`] assumed of files that may be meant otherwise, a sentence each;
    /// only once.
    pub fn take_remarks(&mut self) -> Vec<String> {
        std::mem::take(&mut self.remarks)
    }

    /// Says which pixels of the next frame hold no data, beside those that a mask's file names:
    /// those where `mask`, one channel of the frame's size, is 0.
    pub fn hide(&mut self, mask: Option<&Image>) {
        self.hidden = mask.cloned();
    }

    /// Below 1 where pixels of the next frame are known to be missing, of its size; `None` before
    /// the first frame and where none are.
    pub fn missing(&self) -> Option<&Image> {
        self.operator.as_ref()?.operator.missing()
    }
}
