// SPDX-License-Identifier: MPL-2.0
//! The physics of a degradation, y = A x + n: from a frame and a few settings to what a step graph
//! needs.
//!
//! Also applies A and its transpose, for residuals, tests and examples. Convolutions are circular:
//! frames are padded on a [`Canvas`] first. Knows no diffusion, no tile and no runtime.

mod blur;
mod canvas;
mod degradation;
mod downscale;
mod fft;
mod identity;
mod initial;
mod jpeg;
mod kernel;
mod mask;
mod noise_level;
#[expect(
    clippy::module_inception,
    reason = "the room is named after its main type"
)]
mod operator;
mod physics;

pub use canvas::Canvas;
pub use degradation::Degradation;
pub use jpeg::{Subsampling, quantisation};
pub use kernel::Kernel;
pub use noise_level::noise_sigma;
pub use operator::Operator;

#[cfg(test)]
pub(crate) mod tests;
