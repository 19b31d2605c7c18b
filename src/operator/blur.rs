// SPDX-License-Identifier: MPL-2.0
//! Blur: y = h * x.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use smallvec::smallvec;

use super::Canvas;
use super::canvas::{crossfade, part};
use super::physics::Physics;
use super::psf::Psf;
use super::spectrum::{Convolver, otf};
use crate::error::RestoreError;
use crate::image::{Image, Tensor, Tensors, Window};

/// Narrowest margin, in pixels: even a small kernel's inverse rings this far.
const MARGIN: usize = 16;

pub struct Blur {
    psf: Psf,
    size: (usize, usize),
    /// For the frame's own size; made when first asked for.
    convolver: OnceLock<Convolver>,
    /// By width and height of the window.
    otfs: HashMap<(usize, usize), Arc<[f32]>>,
}

impl Blur {
    /// For frames of `width` x `height`.
    pub fn new(psf: Psf, width: usize, height: usize) -> Self {
        Self {
            psf,
            size: (width, height),
            convolver: OnceLock::new(),
            otfs: HashMap::new(),
        }
    }

    fn convolve(&self, x: &Image, transpose: bool) -> Image {
        let own = self
            .convolver
            .get_or_init(|| Convolver::new(&self.psf, self.size.0, self.size.1));
        let other;
        let convolver = if own.fits(x.width, x.height) {
            own
        } else {
            other = Convolver::new(&self.psf, x.width, x.height);
            &other
        };
        let mut out = x.clone();
        (0..x.channels).for_each(|c| convolver.run(out.plane_mut(c), transpose));
        out
    }
}

impl Physics for Blur {
    fn margin(&self) -> usize {
        MARGIN.max(2 * self.psf.radius() + 8)
    }

    fn tensors(
        &mut self,
        observed: &Image,
        _canvas: &Canvas,
        window: Window,
        _quality: u32,
    ) -> Result<Tensors, RestoreError> {
        let mut y = part(observed, window, 1);
        // The whole margin fades: a narrower band is a sharp edge to the inverse, and it rings into the frame.
        // Small tiles overlap by half of their side at most, and hide an eighth of it.
        let hidden = window.width.min(window.height) / 8;
        crossfade(&mut y, self.margin().min(hidden));
        let (width, height) = (window.width, window.height);
        let data = self
            .otfs
            .entry((width, height))
            .or_insert_with(|| otf(&self.psf, width, height));
        let transfer = Tensor::shared("otf", &[2, height, width], data);
        Ok(smallvec![Tensor::own("y", y), transfer])
    }

    fn apply(&self, x: &Image) -> Image {
        self.convolve(x, false)
    }

    fn adjoint(&self, y: &Image) -> Image {
        self.convolve(y, true)
    }

    fn edge(&self) -> usize {
        self.psf.radius()
    }
}
