// SPDX-License-Identifier: MPL-2.0
//! The kinds of degradation, one row each. All else about a kind lies in a file of its own.

mod blur;
mod downscale;
mod identity;
mod jpeg;
mod mask;

pub use jpeg::{Compression, Subsampling, quantisation};

use super::input_file::InputFile;
use super::kernel::Kernel;
use super::physics::Physics;
use crate::error::RestoreError;
use crate::graph::GraphSpec;

/// How a frame was degraded, as the user sets it.
#[derive(Clone, Debug, PartialEq)]
pub enum Degradation {
    /// Convolved with a kernel.
    Blur(Kernel),
    /// Pixels are missing where the image in this file, of the frame's size, is not white; without
    /// a file, where each frame's own mask says so.
    Mask(InputFile),
    /// Shrunk by 2, 3 or 4 with an antialiasing bicubic filter.
    Downscale(usize),
    /// Compressed at an IJG quality of 1 to 100; 0 where the steps are estimated from the frames.
    Jpeg {
        quality: u32,
        subsampling: Subsampling,
    },
    /// Noise alone.
    Denoise,
}

impl Degradation {
    /// The table of kinds.
    fn kind(&self) -> Kind<'_> {
        match self {
            Self::Blur(kernel) => blur::kind(kernel),
            Self::Mask(file) => mask::kind(file),
            Self::Downscale(scale) => downscale::kind(*scale),
            Self::Jpeg {
                quality,
                subsampling,
            } => jpeg::kind(*quality, *subsampling),
            Self::Denoise => identity::kind(),
        }
    }

    /// The step graph that restores it.
    pub fn graph(&self) -> GraphSpec {
        self.kind().graph
    }

    /// Finds what is wrong with its settings and files before the size of the frames is known.
    pub fn check(&self) -> Result<(), RestoreError> {
        (self.kind().check)()
    }

    /// Its graph and its physics for frames of `width` x `height`. An error names the setting or
    /// the file that does not fit.
    pub(in crate::operator) fn build(
        &self,
        width: usize,
        height: usize,
    ) -> Result<(GraphSpec, Box<dyn Physics>), RestoreError> {
        let kind = self.kind();
        Ok((kind.graph, (kind.build)(width, height)?))
    }
}

type Check<'a> = Box<dyn Fn() -> Result<(), RestoreError> + 'a>;
type Build<'a> = Box<dyn Fn(usize, usize) -> Result<Box<dyn Physics>, RestoreError> + 'a>;

/// What a kind of degradation is, with its settings.
struct Kind<'a> {
    /// The step graph that restores it.
    graph: GraphSpec,
    /// Checks the settings and files before the size of the frames is known.
    check: Check<'a>,
    /// Makes the physics for frames of a width and a height.
    build: Build<'a>,
}

impl<'a> Kind<'a> {
    /// A kind that needs no check before the size of the frames is known.
    fn new<P: Physics + 'static>(
        graph: GraphSpec,
        build: impl Fn(usize, usize) -> Result<P, RestoreError> + 'a,
    ) -> Self {
        Self {
            graph,
            check: Box::new(|| Ok(())),
            build: Box::new(move |width, height| Ok(Box::new(build(width, height)?))),
        }
    }

    /// The same with a check.
    fn checked(self, check: impl Fn() -> Result<(), RestoreError> + 'a) -> Self {
        Self {
            check: Box::new(check),
            ..self
        }
    }
}
