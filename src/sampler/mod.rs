// SPDX-License-Identifier: MPL-2.0
//! The reverse diffusion: levels, noise, and one loop over a trait.
//!
//! Knows no degradation, no tile and no runtime: the [`StepModel`] it is given knows those.

mod noise;
mod reverse;
mod schedule;

pub use noise::normal_image;
pub use reverse::{Initial, reverse};
pub use schedule::{BETA, LEVELS, Level, level, levels, time_grid};

use crate::image::{Image, Window};

/// One patch of the padded frame, ready for a step.
#[derive(Clone, Debug)]
pub struct Patch {
    /// Where the patch lies in the padded frame.
    pub window: Window,
    /// The noisy state at the step's level.
    pub xt: Image,
    /// The clean image from which the step starts.
    pub z0: Image,
    /// The inner noises of the step, for each of its iterations as many channels as the state has.
    pub noise: Image,
}

/// Which of the steps' estimates is the sampler's answer; a step graph says in its manifest which it is made for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Aggregation {
    /// The estimate of the last step.
    #[default]
    Last,
    /// The mean of all, each weighed by its place: 1, 2 … N. For steps that treat the image in different ways (mirrored,
    /// say): what one errs by at random the others do not.
    Mean,
}

/// One step of the conditional sampler: from a noisy state to an estimate of the clean image.
pub trait StepModel {
    type Error;

    /// K: how many inner noises a step takes.
    fn iterations(&self) -> usize;

    /// What the sampler answers with.
    fn aggregation(&self) -> Aggregation {
        Aggregation::Last
    }

    /// Turns the start z0 of each patch into its clean estimate.
    fn estimate(&mut self, patches: &mut [Patch], level: Level) -> Result<(), Self::Error>;
}
