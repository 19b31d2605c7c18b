// SPDX-License-Identifier: MPL-2.0
//! Blur kernels: shapes that a few numbers describe, and files.

mod file;
mod psf;
mod shape;

pub use psf::Psf;

use super::input_file::InputFile;
use crate::error::RestoreError;

/// A kernel as the user sets it. Lengths are in pixels; a `size` is odd, or 0 to follow from the
/// other numbers.
#[derive(Clone, Debug, PartialEq)]
pub enum Kernel {
    /// Standard deviation `sigma` > 0, sampled at pixel centres and cut to `size`; 0 reaches three
    /// sigmas.
    Gaussian { size: usize, sigma: f32 },
    /// A square of equal weights; 0 means 9.
    Uniform { size: usize },
    /// A disk of `radius` > 0 about the centre; a pixel at its edge weighs by the area covered. 0
    /// holds all of it.
    Disk { size: usize, radius: f32 },
    /// A straight line of `length` through the centre; `angle` is in degrees, counter-clockwise
    /// from the right on the screen.
    Motion {
        length: f32,
        angle: f32,
        size: usize,
    },
    /// A gray PNG or PGM image, or an .npy array; its sum does not matter.
    File(InputFile),
}

impl Kernel {
    /// Makes or reads the kernel. An error names the property or the file.
    pub fn psf(&self) -> Result<Psf, RestoreError> {
        match *self {
            Self::Gaussian { size, sigma } => shape::gaussian(size, f64::from(sigma)),
            Self::Uniform { size } => shape::uniform(size),
            Self::Disk { size, radius } => shape::disk(size, f64::from(radius)),
            Self::Motion {
                length,
                angle,
                size,
            } => shape::motion(f64::from(length), f64::from(angle), size),
            Self::File(ref file) => file::read(file),
        }
    }
}

#[cfg(test)]
mod tests;
