// SPDX-License-Identifier: MPL-2.0
//! [`Operator`]: one kind of degradation for one frame size, whichever kind it is.

use super::blur::Blur;
use super::downscale::Downscale;
use super::identity::Identity;
use super::jpeg::Jpeg;
use super::kernel::Psf;
use super::mask::Mask;
use super::physics::Physics;
use super::{Canvas, Degradation, Family};
use crate::error::RestoreError;
use crate::image::{Border, Image, Tensors, Window};

/// Noise below this is below what rounding to 8 bits leaves (full scale 1).
const ROUNDING: f32 = 0.288_675 / 255.0;

/// A degradation and a frame size. Rebuilt when either changes; keeps what serves many frames.
pub struct Operator {
    physics: Box<dyn Physics>,
    family: Family,
    width: usize,
    height: usize,
}

impl Operator {
    /// The operator for input frames of `width` x `height`. Errors name the setting or the file that does not fit.
    pub fn new(
        degradation: &Degradation,
        width: usize,
        height: usize,
    ) -> Result<Self, RestoreError> {
        if width == 0 || height == 0 {
            return Err(RestoreError::Frame(
                "The frame is empty: send frames of at least one pixel.".to_owned(),
            ));
        }
        let physics: Box<dyn Physics> = match degradation {
            Degradation::Blur(kernel) => Box::new(Blur::new(Psf::new(kernel)?, width, height)),
            Degradation::Mask(path) => Box::new(Mask::open(path, width, height)?),
            Degradation::Downscale(scale) => Box::new(Downscale::new(*scale)?),
            Degradation::Jpeg {
                quality,
                subsampling,
            } => Box::new(Jpeg::new(*quality, *subsampling)?),
            Degradation::Denoise => Box::new(Identity),
        };
        Ok(Self {
            physics,
            family: degradation.family(),
            width,
            height,
        })
    }

    /// The step graph it needs.
    pub fn family(&self) -> Family {
        self.family
    }

    /// How many times larger the output is than the input.
    pub fn scale(&self) -> usize {
        self.physics.scale()
    }

    /// Output pixels that are reflected around the frame before the sampler.
    pub fn margin(&self) -> usize {
        self.physics.margin()
    }

    /// The canvas whose sides are multiples of `multiple` and of what the operator itself needs.
    pub fn canvas(&self, multiple: usize) -> Canvas {
        Canvas::new(self.physics.as_ref(), self.width, self.height, multiple)
    }

    /// The frame `y` padded to the canvas, at the observation's resolution.
    pub fn observe(&self, y: &Image, canvas: &Canvas) -> Image {
        let scale = self.scale();
        let padded = y.pad(
            canvas.y / scale,
            canvas.x / scale,
            canvas.height / scale,
            canvas.width / scale,
            self.border(),
        );
        self.physics.observe(padded, canvas)
    }

    /// Where the first step starts: a plain inverse of the canvas's size.
    pub fn initial(&self, observed: &Image, canvas: &Canvas) -> Image {
        self.physics.initial(observed, canvas)
    }

    /// The graph's own inputs for one window of the canvas, whose sides are multiples of the scale; without the batch
    /// dimension. `quality` is that of a JPEG frame and does not matter to others.
    pub fn tensors(
        &mut self,
        observed: &Image,
        canvas: &Canvas,
        window: Window,
        quality: u32,
    ) -> Result<Tensors, RestoreError> {
        self.physics.tensors(observed, canvas, window, quality)
    }

    /// A x with circular borders. The sides of x are multiples of the scale.
    pub fn apply(&self, x: &Image) -> Image {
        self.physics.apply(x)
    }

    /// The transpose: <A x, y> = <x, A' y>. JPEG is not linear; its adjoint is the identity.
    pub fn adjoint(&self, y: &Image) -> Image {
        self.physics.adjoint(y)
    }

    /// y - A x of one channel, of the observation's size; zero where nothing is observed, and not to be trusted where A
    /// reaches over the frame's edge.
    pub fn residual(&self, x: &Image, y: &Image, channel: usize) -> Image {
        self.physics.residual(x, y, channel)
    }

    /// How the frame goes on beyond its edge.
    pub fn border(&self) -> Border {
        self.physics.border()
    }

    /// |y - A x| over what noise of std `sigma` (full scale 1; at least that of 8 bits) alone would leave.
    ///
    /// About 1 where the answer respects the frame. Green only; where A reaches over the frame's edge the edge is left
    /// out, up to a quarter of the frame. For JPEG: luma coefficients, in units of what rounding to a step leaves.
    pub fn residual_rms(&self, x: &Image, y: &Image, sigma: f32) -> f32 {
        match self.family {
            Family::Jpeg(_) => self.physics.residual_rms(x, y),
            _ => self.physics.residual_rms(x, y) / sigma.max(ROUNDING),
        }
    }
}
