// SPDX-License-Identifier: MPL-2.0
//! The reverse diffusion: levels, noise, and one loop over a trait.
//!
//! Depends on no degradation, no tile and no runtime; these lie behind the [`StepModel`].

mod noise;
mod reverse;
mod schedule;
mod texture;
mod walk;

pub use noise::normal_image;
pub use reverse::{Chain, Initial, reverse, reverse_on};
pub use schedule::{BETA, LEVELS, Level, level, levels, time_grid};
pub use texture::{texture_image, y_noise_image};
pub use walk::Walk;

use crate::image::{Image, Window};

/// One patch of the padded frame, ready for a step.
#[derive(Clone, Debug)]
pub struct Patch {
    /// Where the patch lies in the padded frame.
    pub window: Window,
    /// The noisy state at the step's level.
    pub xt: Image,
    /// The initial estimate of the step, a clean image.
    pub z0: Image,
    /// The noise of the step: for each of its K iterations as many channels as the state has.
    pub noise: Image,
}

impl Patch {
    /// A whole image before its first step, with room for the noise of `iterations`.
    pub fn new(xt: Image, z0: Image, iterations: usize) -> Self {
        Self {
            window: z0.bounds(),
            noise: Image::new(z0.channels * iterations, z0.height, z0.width),
            xt,
            z0,
        }
    }

    /// Takes the noise of a step: `draw(k)` is that of iteration k.
    pub fn draw(&mut self, iterations: u32, draw: &mut dyn FnMut(u32) -> Image) {
        let drawn = &mut self.noise.data;
        drawn.clear();
        (0..iterations).for_each(|k| drawn.extend_from_slice(&draw(k).data));
    }
}

/// How the steps' estimates become the answer. A step graph's manifest says for which it is
/// trained.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Aggregation {
    /// The estimate of the last step.
    #[default]
    Last,
    /// The mean of all, with weights 1, 2 … N. For steps that treat the image in different ways
    /// (mirrored, say), whose random errors differ.
    Mean,
}

/// One step of the conditional sampler: from a noisy state to an estimate of the clean image.
pub trait StepModel {
    type Error;

    /// K: the iterations of a step, each of which takes one inner noise.
    fn iterations(&self) -> usize;

    /// How its estimates become the answer.
    fn aggregation(&self) -> Aggregation {
        Aggregation::Last
    }

    /// Replaces the initial estimate z0 of each patch by its clean estimate at `level`.
    fn estimate(&mut self, patches: &mut [Patch], level: Level) -> Result<(), Self::Error>;
}
