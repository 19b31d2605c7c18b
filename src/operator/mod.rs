// SPDX-License-Identifier: MPL-2.0
//! The physics of a degradation, y = A x + n: from a frame and a few settings to what a step graph
//! needs.
//!
//! Also applies A and its transpose, for residuals, tests and examples. Convolutions are circular:
//! frames are padded on a [`Canvas`] first. Depends on no diffusion, no tile and no
//! runtime.

mod canvas;
mod initial;
mod input_file;
mod kernel;
mod kinds;
mod noise;
#[expect(
    clippy::module_inception,
    reason = "the module is named after its main type"
)]
mod operator;
mod physics;
mod transform;
mod unobserved;

use transform::{dct, fft};

pub use canvas::Canvas;
pub use initial::filled as fill_holes;
pub use input_file::{InputFile, check_mask, is_observed};
pub use kernel::Kernel;
pub use kinds::{Compression, Degradation, Subsampling, quantisation};
pub use noise::{NoiseEstimate, NoiseEstimates, OPPONENT, estimate_noise, noise_features};
pub use operator::Operator;
pub use unobserved::{Bars, Unobserved, both, clipped_shares, usable_pixels};

#[cfg(test)]
pub(crate) mod tests;
