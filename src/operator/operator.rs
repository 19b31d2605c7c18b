// SPDX-License-Identifier: MPL-2.0
//! [`Operator`]: a degradation of any kind for one frame size.

use super::canvas::{Canvas, common_multiple};
use super::input_file::{InputFile, read_mask};
use super::kinds::{Compression, Degradation};
use super::physics::{Physics, multiply};
use super::unobserved::{Search, Unobserved, both};
use crate::error::RestoreError;
use crate::graph::{GraphSpec, Tensors};
use crate::image::{Border, Image, Window};

/// A degradation and a frame size. Rebuilt when either changes; keeps what serves many frames.
pub struct Operator {
    physics: Box<dyn Physics>,
    graph: GraphSpec,
    width: usize,
    height: usize,
    /// What was assumed of files, a sentence each.
    remarks: Vec<String>,
    /// 0 where pixels of all frames are missing beside the degradation; `None` where none are.
    missing: Option<Image>,
    /// The same of the next frame, where it has more missing than all have.
    holes: Option<Image>,
    /// 1 where the next frame is observed; `None` where all of it is.
    observed: Option<Image>,
}

impl Operator {
    /// The operator for input frames of `width` x `height`. An error names the setting or the file
    /// that does not fit.
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
        let (graph, physics) = degradation.build(width, height)?;
        Ok(Self {
            remarks: physics.remarks().to_vec(),
            physics,
            graph,
            width,
            height,
            missing: None,
            holes: None,
            observed: None,
        })
    }

    /// The same with pixels missing where the image in a file, of the frame's size, is not white;
    /// no file leaves all observed. An error names the file that does not fit.
    pub fn with_mask(mut self, mask: &InputFile) -> Result<Self, RestoreError> {
        if !mask.is_empty() {
            let (missing, mut remarks) = read_mask(mask, self.width, self.height)?;
            self.missing = Some(missing);
            self.remarks.append(&mut remarks);
        }
        Ok(self)
    }

    /// The same for other frames, which may be looked at beside those of this one. Files are not
    /// read again.
    pub fn twin(&self) -> Self {
        Self {
            physics: self.physics.twin(),
            graph: self.graph.clone(),
            width: self.width,
            height: self.height,
            remarks: Vec::new(),
            missing: self.missing.clone(),
            holes: None,
            observed: None,
        }
    }

    /// The step graph it needs.
    pub fn graph(&self) -> &GraphSpec {
        &self.graph
    }

    /// What was assumed of a file that may be meant otherwise, a sentence each.
    pub fn remarks(&self) -> &[String] {
        &self.remarks
    }

    /// How many times larger the output is than the input.
    pub fn scale(&self) -> usize {
        self.graph.scale
    }

    /// Output pixels that are reflected on each side of the frame before the sampler.
    pub fn margin(&self) -> usize {
        self.physics.margin()
    }

    /// How the frame continues beyond its edge.
    pub fn border(&self) -> Border {
        self.physics.border()
    }

    /// The number, in output pixels, of which sides and offsets of windows are multiples: of
    /// `multiple`, which the graph needs, and of the operator's own grid.
    pub fn multiple(&self, multiple: usize) -> usize {
        common_multiple(multiple.max(1), self.physics.grid())
    }

    /// The canvas whose sides are multiples of [`Operator::multiple`].
    pub fn canvas(&self, multiple: usize) -> Canvas {
        let (width, height) = (self.width * self.scale(), self.height * self.scale());
        Canvas::new(width, height, self.margin(), self.multiple(multiple))
    }

    /// Learns from a frame what the settings leave to it. How JPEG frames were compressed, as told
    /// or as found; `before` is that of the frame before, kept while it explains this one.
    pub fn inspect(&mut self, frame: &Image, before: Option<Compression>) -> Option<Compression> {
        self.physics.inspect(frame, before)
    }

    /// A warning, where `frame`, which was inspected last, contradicts what is assumed of it.
    pub fn doubt(&self, frame: &Image) -> Option<String> {
        self.physics.doubt(frame)
    }

    /// The pixels of `frame` that hold no data, and a first guess of them, where there are any.
    ///
    /// `missing` is 0 where pixels are known to be missing. `detect`: whether bars, cut-off codes
    /// and dead pixels are looked for, where they do harm. `sigma_y`: standard deviation of the
    /// noise on the scale of [-1, 1].
    pub fn unobserved(
        &self,
        frame: &Image,
        missing: Option<&Image>,
        detect: bool,
        sigma_y: f32,
    ) -> Option<Unobserved> {
        let search = if detect {
            self.physics.search()
        } else {
            Search::Nothing
        };
        Unobserved::find(frame, search, missing, self.border(), sigma_y)
    }

    /// Sets what is observed of the next frame, of its size: 1 observed, 0 not; `None` where all
    /// is.
    pub fn set_observed(&mut self, mask: Option<&Image>) {
        self.physics.set_observed(mask);
        self.observed = mask.cloned();
    }

    /// Sets which pixels of the next frame are missing beside those of all frames: where `holes`,
    /// one channel of its size, is 0. `None` where no more are.
    pub fn set_holes(&mut self, holes: Option<&Image>) {
        self.physics.set_holes(holes);
        self.holes = holes.and_then(|holes| both(self.missing.as_ref(), Some(holes)));
    }

    /// Below 1 where pixels of the next frame are known to be missing, of its size.
    pub fn missing(&self) -> Option<&Image> {
        let beside = self.holes.as_ref().or(self.missing.as_ref());
        self.physics.missing().or(beside)
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

    /// The initial estimate of the first step: a plain inverse, of the canvas's size.
    pub fn initial(&self, observed: &Image, canvas: &Canvas) -> Image {
        self.physics.initial(observed, canvas)
    }

    /// The inputs of [`Operator::graph`], in its order and without the batch dimension, for one
    /// window of the canvas. The window's sides are multiples of the scale.
    pub fn tensors(&mut self, observed: &Image, canvas: &Canvas, window: Window) -> Tensors {
        self.physics.tensors(observed, canvas, window)
    }

    /// A x with circular borders. The sides of x are multiples of the scale.
    pub fn apply(&self, x: &Image) -> Image {
        self.physics.apply(x)
    }

    /// The transpose: <A x, y> = <x, A' y>. JPEG is not linear; its adjoint is the identity.
    pub fn adjoint(&self, y: &Image) -> Image {
        self.physics.adjoint(y)
    }

    /// y - A x of one channel, of the observation's size. It is zero where nothing is observed, and
    /// unreliable where A reaches over the frame's edge.
    pub fn residual(&self, x: &Image, y: &Image, channel: usize) -> Image {
        let mut residual = self.physics.residual(x, y, channel);
        if let Some(mask) = &self.observed {
            multiply(&mut residual, mask);
        }
        residual
    }

    /// Root mean square of y - A x over what noise of std `sigma` (full scale 1; at least that of
    /// rounding to 8 bits) alone leaves. About 1 where the answer respects the frame.
    ///
    /// Green only; where A reaches over the frame's edge the edge is left out, up to a quarter of
    /// the frame. For JPEG: luma coefficients, in units of what rounding to a step leaves.
    pub fn residual_rms(&self, x: &Image, y: &Image, sigma: f32) -> f32 {
        match &self.observed {
            Some(mask) => self.physics.residual_rms_where(x, y, sigma, mask),
            None => self.physics.residual_rms(x, y, sigma),
        }
    }
}
