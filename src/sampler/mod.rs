// SPDX-License-Identifier: MPL-2.0
//! The reverse diffusion: levels, noise, and one loop over a trait.
//!
//! Knows no damage, no tile and no runtime: the [`StepModel`] it is given knows those.

mod noise;
mod reverse;
mod schedule;

pub use noise::picture;
pub use reverse::{Start, reverse};
pub use schedule::{BETA, LEVELS, Level, level, levels, time_grid};

use crate::image::{Image, Window};

/// One patch of the padded frame, ready for a step.
#[derive(Clone, Debug)]
pub struct Patch {
    /// Where the patch lies in the padded frame.
    pub window: Window,
    /// The noisy state at the step's level.
    pub xt: Image,
    /// The clean picture from which the step starts.
    pub z0: Image,
    /// The inner noises of the step, one for each of its iterations.
    pub noise: Vec<Image>,
}

/// One step of the conditional sampler: from a noisy state to an estimate of the clean picture.
pub trait StepModel {
    type Error;

    /// K: how many inner noises a step takes.
    fn iterations(&self) -> usize;

    /// One clean estimate for each patch, of the patch's size and in its order.
    fn estimate(&mut self, patches: &[Patch], level: Level) -> Result<Vec<Image>, Self::Error>;
}
