// SPDX-License-Identifier: MPL-2.0
//! One frame in, one restored frame out: binds the operator and the loaded step graph into the sampler.
//!
//! Knows neither GStreamer nor the runtime by name; settings are plain values.

mod blend;
mod fallback;
mod moments;
mod pipeline;
mod restorer;
mod smoothing;
mod step;
mod temporal;
mod tiling;

use std::time::Duration;

pub use moments::Output;
pub use restorer::Restorer;
pub use temporal::Temporal;
pub use tiling::Tiling;

use crate::error::RestoreError;
use crate::image::{Image, Window};
// What the settings are made of: whoever restores frames needs no other room.
pub use crate::model::{Engine, Interrupt, LogLevel, Provider, log_to};
use crate::operator::Psf;
pub use crate::operator::{Degradation, Family, Kernel, Subsampling};

/// What the user may change between two frames.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    pub degradation: Degradation,
    /// Standard deviation of the noise, 0 to 1 of full scale; negative: estimated, and followed from frame to frame.
    pub noise_sigma: f32,
    /// N: steps of the outer sampler, at least 1.
    pub steps: usize,
    pub seed: u64,
    /// Each frame has its own noise; otherwise all share one, which flickers least.
    pub noise_per_frame: bool,
    /// Zeta, 0 to 1: share of fresh noise in each re-noising.
    pub stochasticity: f32,
    /// How many samples `output` is made of, at least 1.
    pub samples: usize,
    pub output: Output,
    /// Whether a frame starts from the one before. The spread of samples is taken of frames by themselves.
    pub temporal: Temporal,
    /// 0 to 1: from the frame as it came, which costs nothing, to the restored one. The spread is not mixed.
    pub strength: f32,
    /// 0 to 1: share of the width, from the left, that shows the frame as it came.
    pub compare: f32,
    pub tiling: Tiling,
}

/// Whether nothing of a restoration is to be seen, so that none is made.
pub fn is_passthrough(output: Output, strength: f32, compare: f32) -> bool {
    (strength <= 0.0 && output != Output::Deviation) || compare >= 1.0
}

impl Settings {
    /// The frame as it came, at the output's size, where some of it is to be seen.
    fn unrestored(&self, frame: &Image, initial: &Image, inside: Window) -> Option<Image> {
        let mixed = self.strength < 1.0 && self.output != Output::Deviation;
        (mixed || self.compare > 0.0).then(|| {
            if frame.width == inside.width && frame.height == inside.height {
                frame.clone()
            } else {
                initial.crop(inside)
            }
        })
    }
}

/// What the restoration of one frame used and found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FrameReport {
    /// Outer steps of each sample.
    pub steps: usize,
    /// Network evaluations, and time spent inside the runtime.
    pub evaluations: u64,
    pub model_time: Duration,
    /// |y - A x| over what the noise alone would leave; near 1 the answer respects the frame.
    pub residual_rms: f32,
    /// The noise assumed, 0 to 1 of full scale.
    pub noise_sigma: f32,
    /// The quality assumed, or 0 when the task is not about JPEG.
    pub jpeg_quality: u32,
    pub tiles: usize,
    /// Share of the frame, 0 to 1, that did not start from the frame before.
    pub cold_share: f32,
    /// What is done from here on because memory ran out, where it did.
    pub smaller_tiles: Option<String>,
    /// Why the frame was left unrestored, where no valid answer could be had.
    pub failed: Option<String>,
}

/// Finds what is wrong with a damage's settings and files before the size of the frames is known.
pub fn check(damage: &Degradation) -> Result<(), RestoreError> {
    match damage {
        Degradation::Blur(kernel) => Psf::new(kernel).map(drop),
        Degradation::Mask(path) if !path.is_file() => Err(RestoreError::file(
            path,
            "does not exist: set mask-file to a gray PNG or PGM of the frame's size.",
        )),
        _ => Ok(()),
    }
}
