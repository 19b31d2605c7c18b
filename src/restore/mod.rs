// SPDX-License-Identifier: MPL-2.0
//! Restores one frame: joins the operator, the sampler, the tiles and the loaded model.
//!
//! `pipeline` is the way of one frame, `restorer` holds what lasts from frame to frame, `fallback`
//! says what happens when memory or a valid answer is missing. Depends on neither GStreamer nor
//! ONNX Runtime.

mod fallback;
mod missing;
mod noise_model;
mod operators;
mod pipeline;
mod restorer;
mod settings;
mod stddev;
mod step;
mod stream;
mod temporal;
mod tiling;
mod trained;

use std::time::Duration;

pub use fallback::guarded;
pub use noise_model::NoiseModel;
pub use pipeline::Output;
pub use restorer::Restorer;
pub use settings::{Settings, is_passthrough, needs_stddev};
pub use stream::{Place, Prepared};
pub use temporal::Temporal;
pub use tiling::Tiling;

use crate::image::Image;
use crate::operator::Compression;
// The settings are made of these: a caller needs no other module.
pub use crate::model::{Engine, Interrupt, LogLevel, Provider, Stop, disable_telemetry, log_to};
pub use crate::operator::{
    Degradation, InputFile, Kernel, Subsampling, check_mask, fill_holes, is_observed,
};

/// A frame on its way out, and how it was made.
pub struct RestoredFrame {
    /// As many channels as the frame that came in, `scale` times its size, in [-1, 1] but for
    /// overshoot.
    pub image: Image,
    pub report: FrameReport,
}

/// How one frame was restored, and what was found on the way.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FrameReport {
    /// Outer steps of each sample; 0 where the network was not asked.
    pub steps: usize,
    /// Passes of the denoiser: samples x steps x tiles x the graph's iterations.
    pub evaluations: u64,
    /// Time inside ONNX Runtime, that of the network that tells the standard deviation among it.
    pub model_time: Duration,
    /// Root mean square of y - A x, divided by what the noise alone would leave. A ratio: near 1
    /// the restored frame explains the observation; 0 where the network was not asked.
    pub residual_rms: f32,
    /// What was assumed of the noise.
    pub noise: NoiseModel,
    /// IJG quality nearest to the steps that were assumed, 1 to 100; 0 where the task is not about
    /// JPEG, as for the next two.
    pub jpeg_quality: u32,
    /// Share, 0 to 1, of the blocks that could tell which these steps explain.
    pub jpeg_fit: f32,
    /// IJG quality nearest to a finer compression after that; 0 where none shows.
    pub jpeg_last_quality: u32,
    /// A warning, where the frame is the first to contradict what is assumed of it.
    pub doubt: Option<String>,
    /// Tiles that the canvas was cut into; 0 where the network was not asked.
    pub tiles: usize,
    /// Width and height of a tile in pixels of the output; 0 where the network was not asked.
    pub tile_size: (usize, usize),
    /// Images of noise that were drawn for it; those that frames share are drawn for the first two.
    pub noise_draws: usize,
    /// Share of the frame, 0 to 1, that started from the plain initial estimate and not from the
    /// frame before. 1 without a warm start.
    pub cold_share: f32,
    /// Share of the frame, 0 to 1, that holds no data: bars, cut-off codes, missing pixels.
    pub unobserved_share: f32,
    /// A warning with the new side of the tiles in pixels, where memory ran out on this frame.
    pub smaller_tiles: Option<String>,
    /// Why the frame was left unrestored, where the network gave no valid answer twice.
    pub failed: Option<String>,
}

impl FrameReport {
    /// The report of a frame by itself, before the network runs.
    fn of_assumed(noise: NoiseModel, compression: Option<&Compression>) -> Self {
        Self {
            noise,
            jpeg_quality: compression.map_or(0, |c| c.quality),
            jpeg_fit: compression.map_or(0.0, |c| c.fit),
            jpeg_last_quality: compression.map_or(0, |c| c.last_quality),
            cold_share: 1.0,
            ..Self::default()
        }
    }
}
