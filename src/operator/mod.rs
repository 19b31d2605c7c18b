// SPDX-License-Identifier: MPL-2.0
//! The physics of the degradation: y = A x + n. From a frame's size and a few settings to what a step graph needs.
//!
//! Also applies A and its transpose, for residuals, tests and examples. Convolutions are circular: frames are padded
//! on a [`Canvas`] first. Knows no diffusion, no tile and no runtime.

mod blur;
mod canvas;
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

use std::fmt;
use std::path::Path;
use std::sync::Arc;

pub use canvas::Canvas;
pub use fft::otf;
pub use jpeg::{Subsampling, jpeg_quality, quantisation};
pub use kernel::{Kernel, Psf};
pub use noise_level::noise_sigma;
pub use operator::Operator;

/// How a frame was degraded, as the user sets it.
#[derive(Clone, Debug, PartialEq)]
pub enum Degradation {
    /// Convolved with a kernel.
    Blur(Kernel),
    /// Pixels are missing where the image in this file, of the frame's size, is black.
    Mask(Arc<Path>),
    /// Shrunk by 2, 3 or 4 with an antialiasing bicubic filter.
    Downscale(usize),
    /// Compressed at an IJG quality of 1 to 100; 0 where the quality comes with each frame.
    Jpeg {
        quality: u32,
        subsampling: Subsampling,
    },
    /// Noise alone.
    Denoise,
}

/// The step graph a degradation needs. Displayed as the stem of the graph's file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Family {
    Blur,
    Mask,
    /// By this scale.
    Downscale(usize),
    /// With chroma of this size.
    Jpeg(Subsampling),
    Denoise,
}

impl Degradation {
    /// The family of step graphs that undoes it.
    pub fn family(&self) -> Family {
        match self {
            Self::Blur(_) => Family::Blur,
            Self::Mask(_) => Family::Mask,
            Self::Downscale(scale) => Family::Downscale(*scale),
            Self::Jpeg { subsampling, .. } => Family::Jpeg(*subsampling),
            Self::Denoise => Family::Denoise,
        }
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Blur => f.write_str("blur"),
            Self::Mask => f.write_str("mask"),
            Self::Downscale(scale) => write!(f, "downscale{scale}"),
            Self::Jpeg(Subsampling::C420) => f.write_str("jpeg"),
            Self::Jpeg(Subsampling::C422) => f.write_str("jpeg422"),
            Self::Jpeg(Subsampling::C444) => f.write_str("jpeg444"),
            Self::Denoise => f.write_str("denoise"),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
