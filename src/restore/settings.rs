// SPDX-License-Identifier: MPL-2.0
//! What the user may change between two frames.

use super::{Output, Temporal, Tiling};
use crate::error::RestoreError;
use crate::operator::{Degradation, InputFile};

/// What the user may change between two frames.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    pub degradation: Degradation,
    /// White where pixels are observed, in an image of the frame's size; no file where all are.
    /// [`Degradation::Mask`] has its own.
    pub mask: InputFile,
    /// Whether bars and codes that were cut off are looked for, and taken for unobserved.
    pub detect_unobserved: bool,
    /// Standard deviation of the noise as a share of full scale, 0 to 1. Negative: estimated in
    /// each frame and smoothed over the stream.
    pub noise_sigma: f32,
    /// Whether that is the noise of luma, as for gray and YUV frames; else of each of R, G and B.
    pub noise_is_luma: bool,
    /// N: outer steps of the sampler, at least 1.
    pub steps: usize,
    pub seed: u64,
    /// Each frame draws noise of its own. Otherwise all frames share one, which flickers least.
    pub noise_per_frame: bool,
    /// Zeta, 0 to 1: share of fresh noise in each re-noising.
    pub stochasticity: f32,
    /// 0 asks for the posterior mean, 1 for samples of the posterior; between them for a mix. The
    /// standard deviation of one sample is that of the mean.
    pub realism: f32,
    /// How many samples `output` is made of, at least 1.
    pub samples: usize,
    pub output: Output,
    /// Whether a frame starts from the restored frame before it. Samples and their standard
    /// deviation are always those of frames by themselves.
    pub temporal: Temporal,
    /// 0 (the frame as it came, without a call of the network) to 1 (the restored frame). The
    /// standard deviation of samples is not blended.
    pub strength: f32,
    /// 0 to 1: share of the width, from the left, that shows the frame as it came.
    pub compare: f32,
    pub tiling: Tiling,
}

/// Whether nothing of a restoration would be visible, so that none is made.
pub fn is_passthrough(output: Output, strength: f32, compare: f32) -> bool {
    (strength <= 0.0 && output != Output::Deviation) || compare >= 1.0
}

/// Whether the standard deviation is to be told from one sample, which takes a network of its own.
pub fn needs_stddev(output: Output, samples: usize) -> bool {
    output == Output::Deviation && samples < 2
}

impl Settings {
    /// [`is_passthrough`] of these settings.
    pub(super) fn is_passthrough(&self) -> bool {
        is_passthrough(self.output, self.strength, self.compare)
    }

    /// Whether some of the frame as it came is visible beside or within the restored one.
    pub(super) fn shows_input(&self) -> bool {
        (self.strength < 1.0 && self.output != Output::Deviation) || self.compare > 0.0
    }

    /// [`needs_stddev`] of these settings.
    pub(super) fn needs_stddev(&self) -> bool {
        needs_stddev(self.output, self.samples)
    }

    /// The realism of what is drawn: a network tells how far the mean may be from the truth.
    pub(super) fn drawn_realism(&self) -> f32 {
        if self.needs_stddev() {
            0.0
        } else {
            self.realism
        }
    }

    /// An error where samples are asked for and the loaded graph, by `takes_realism`, answers with
    /// the mean alone.
    pub fn check_realism(&self, takes_realism: bool) -> Result<(), RestoreError> {
        if self.realism > 0.0 && !takes_realism {
            return Err(RestoreError::Settings(format!(
                "realism is {}, and the model answers with the posterior mean alone for this task: \
                 set realism to 0, or choose a model that was trained for samples.",
                self.realism
            )));
        }
        Ok(())
    }

    /// An error where more outer steps are asked for than the one of a `single_step` graph.
    pub fn check_steps(&self, single_step: bool) -> Result<(), RestoreError> {
        if self.steps > 1 && single_step {
            return Err(RestoreError::Settings(format!(
                "steps is {}, and the model was trained for one step alone: set steps to 1, or \
                 choose a larger model.",
                self.steps
            )));
        }
        Ok(())
    }

    /// The seed of one sample of frame `number`.
    ///
    /// The first sample of the first frame has [`Settings::seed`] itself; so has the first sample
    /// of every frame where all share their noise.
    pub(super) fn seed_of(&self, number: u64, sample: usize) -> u64 {
        let frame = if self.noise_per_frame { number } else { 0 };
        // Odd constants, as SplitMix64 has them, pass all 64-bit values before one returns.
        self.seed
            .wrapping_add(frame.wrapping_mul(0x9e37_79b9_7f4a_7c15))
            .wrapping_add((sample as u64).wrapping_mul(0xd1b5_4a32_d192_ed03))
    }

    /// Whether this frame may start from the one before, and is kept for the next.
    pub(super) fn is_temporal(&self) -> bool {
        let alone = self.output == Output::Deviation || self.realism > 0.0;
        self.temporal == Temporal::WarmStart && !alone
    }
}
