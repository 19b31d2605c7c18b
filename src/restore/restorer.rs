// SPDX-License-Identifier: MPL-2.0
//! A loaded model, and what is kept from one frame to the next.

use super::smoothing::Smoothing;
use super::step::TensorCache;
use super::temporal::PreviousFrame;
use super::{Engine, Interrupt, Settings};
use crate::error::RestoreError;
use crate::image::{Image, Pool};
use crate::model::{self, OrtStep};
use crate::operator::{Degradation, Family, Operator, Subsampling, jpeg_quality, noise_sigma};
use crate::sampler::Level;
use crate::tile::Tiles;

/// A loaded model and what is kept from one frame to the next.
pub struct Restorer {
    pub(super) step: OrtStep,
    pub(super) family: Family,
    pub(super) operator: Option<CachedOperator>,
    smoothing: Smoothing,
    pub(super) previous: Option<PreviousFrame>,
    /// What every frame needs again, so that none but the first ask for memory.
    pub(super) pool: Pool,
    pub(super) levels: Vec<Level>,
    pub(super) tiles: Tiles,
    pub(super) tensors: TensorCache,
    /// Side of the tiles of the last frame, and the largest that memory has room for.
    pub(super) tile_side: usize,
    pub(super) largest_tile: usize,
}

/// The operator built for one degradation and frame size.
pub(super) struct CachedOperator {
    degradation: Degradation,
    width: usize,
    height: usize,
    pub(super) operator: Operator,
}

/// What a frame is taken to have suffered from, beyond what its operator says.
pub(super) struct NoiseModel {
    /// On the scale of [-1, 1].
    pub sigma_y: f32,
    /// 0 when the task is not about JPEG.
    pub quality: u32,
}

impl Restorer {
    /// Loads the graph of `family` from the package `model`, a name or a path. A fallback of the provider is told to
    /// `warn`.
    pub fn load(
        model: &str,
        family: Family,
        engine: Engine,
        warn: &mut dyn FnMut(String),
    ) -> Result<Self, RestoreError> {
        let package = model::locate(model)?;
        let graph = package.join(format!("{family}.onnx"));
        if matches!(family, Family::Jpeg(s) if s != Subsampling::C420) && !graph.is_file() {
            return Err(RestoreError::Model {
                path: graph.display().to_string(),
                reason: "does not exist and JPEG of this chroma subsampling needs it: export the model again, or set jpeg-subsampling=420 to restore it as 4:2:0.".to_owned(),
            });
        }
        let scale = match family {
            Family::Downscale(scale) => scale,
            _ => 1,
        };
        let step = OrtStep::load(&package, &family.to_string(), scale, engine, warn)?;
        Ok(Self {
            step,
            family,
            operator: None,
            smoothing: Smoothing::default(),
            previous: None,
            pool: Pool::default(),
            levels: Vec::new(),
            tiles: Tiles::default(),
            tensors: TensorCache::new(),
            tile_side: 0,
            largest_tile: usize::MAX,
        })
    }

    /// The family whose graph is loaded.
    pub fn family(&self) -> Family {
        self.family
    }

    /// ONNX Runtime's name of the provider that runs the model.
    pub fn provider(&self) -> &'static str {
        self.step.provider()
    }

    /// A handle that ends [`Restorer::restore`] from another thread.
    pub fn interrupt(&self) -> Interrupt {
        self.step.interrupt()
    }

    /// The memory of the stream's pictures: while it is entered, frames and answers that are dropped go back to it.
    pub fn pool(&self) -> Pool {
        self.pool.clone()
    }

    /// Forgets what earlier frames showed: the next belongs to another scene or stream.
    pub fn forget(&mut self) {
        self.smoothing = Smoothing::default();
        self.previous = None;
    }

    /// Builds the operator for frames of a size, unless it is at hand; finds wrong kernel and mask files.
    pub fn prepare(
        &mut self,
        degradation: &Degradation,
        width: usize,
        height: usize,
    ) -> Result<(), RestoreError> {
        let fits = self.operator.as_ref().is_some_and(|b| {
            b.width == width && b.height == height && b.degradation == *degradation
        });
        if !fits {
            let operator = Operator::new(degradation, width, height)?;
            if operator.family() != self.family {
                return Err(RestoreError::Settings(format!(
                    "The loaded model is for {} and the settings ask for {}: stop the element to change its task.",
                    self.family,
                    operator.family()
                )));
            }
            // What fitted another operator tells nothing of this one.
            self.previous = None;
            self.pool.clear();
            self.operator = Some(CachedOperator {
                degradation: degradation.clone(),
                width,
                height,
                operator,
            });
        }
        Ok(())
    }

    /// What the settings say, or what this frame and those before it show.
    pub(super) fn noise_model(&mut self, frame: &Image, settings: &Settings) -> NoiseModel {
        let noise = if settings.noise_sigma < 0.0 {
            self.smoothing.noise(noise_sigma(frame))
        } else {
            settings.noise_sigma
        };
        // The network has seen no other noise; outside the range the nearest it knows is the best there is.
        let [low, high] = self.step.manifest().sigma_y;
        let quality = match settings.degradation {
            Degradation::Jpeg { quality: 0, .. } => self.smoothing.quality(jpeg_quality(frame)),
            Degradation::Jpeg { quality, .. } => quality,
            _ => 0,
        };
        NoiseModel {
            sigma_y: (2.0 * noise).clamp(low, high),
            quality,
        }
    }
}
