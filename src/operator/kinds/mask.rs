// SPDX-License-Identifier: MPL-2.0
//! Missing pixels: y = M x, with M read from an image, or told with each frame.

use smallvec::smallvec;

use super::Kind;
use crate::graph::{GraphSpec, Tensor, Tensors};
use crate::image::{Border, Image, Window};
use crate::operator::Canvas;
use crate::operator::canvas::part;
use crate::operator::initial::filled;
use crate::operator::input_file::{InputFile, check_mask, read_mask};
use crate::operator::physics::{Physics, green, multiply, over_noise, single};

/// Missing pixels by a mask's file, whose being there is checked, or by the masks of frames.
pub(super) fn kind(file: &InputFile) -> Kind<'_> {
    let graph = GraphSpec::new("mask", 1).input("mask", &[None, Some(1), None, None]);
    let build = |width, height| {
        let (mask, remarks) = match file.is_empty() {
            true => (Image::filled(1, height, width, 1.0), Vec::new()),
            false => read_mask(file, width, height)?,
        };
        Ok(Mask {
            own: mask.clone(),
            mask,
            with_holes: false,
            remarks,
            padded: None,
        })
    };
    Kind::new(graph, build).checked(|| match file.is_empty() {
        true => Ok(()),
        false => check_mask(file),
    })
}

/// Multiplication with a mask.
#[derive(Clone)]
struct Mask {
    /// One channel of the frame's size: 1 observed, 0 missing in all frames.
    own: Image,
    /// The same of the next frame.
    mask: Image,
    /// Whether the two differ.
    with_holes: bool,
    remarks: Vec<String>,
    /// The same on the last canvas.
    padded: Option<(Canvas, Image)>,
}

impl Mask {
    /// The mask padded to the canvas, mirrored beyond the frame's edge.
    fn on(&self, canvas: &Canvas) -> Image {
        self.mask.pad(
            canvas.y,
            canvas.x,
            canvas.height,
            canvas.width,
            Border::Mirror,
        )
    }
}

/// Zeros wherever the mask, of the same size, is zero.
fn masked(x: &Image, mask: &Image) -> Image {
    let mut out = x.clone();
    for c in 0..out.channels {
        let plane = out.plane_mut(c).iter_mut();
        plane.zip(&mask.data).for_each(|(v, m)| *v *= m);
    }
    out
}

impl Physics for Mask {
    fn twin(&self) -> Box<dyn Physics> {
        Box::new(self.clone())
    }

    fn remarks(&self) -> &[String] {
        &self.remarks
    }

    fn missing(&self) -> Option<&Image> {
        Some(&self.mask)
    }

    fn set_holes(&mut self, holes: Option<&Image>) {
        if holes.is_some() || self.with_holes {
            self.mask.data.copy_from_slice(&self.own.data);
            if let Some(holes) = holes {
                multiply(&mut self.mask, holes);
            }
            self.with_holes = holes.is_some();
            self.padded = None;
        }
    }

    fn observe(&self, padded: Image, canvas: &Canvas) -> Image {
        masked(&padded, &self.on(canvas))
    }

    fn initial(&self, observed: &Image, canvas: &Canvas) -> Image {
        filled(observed, &self.on(canvas))
    }

    fn tensors(&mut self, observed: &Image, canvas: &Canvas, window: Window) -> Tensors {
        let padded = match self.padded.take() {
            Some((last, padded)) if last == *canvas => padded,
            _ => self.on(canvas),
        };
        let (_, mask) = self.padded.insert((*canvas, padded));
        smallvec![
            Tensor::own("y", part(observed, window, 1)),
            Tensor::own("mask", mask.crop(window)),
        ]
    }

    fn apply(&self, x: &Image) -> Image {
        masked(x, &self.mask)
    }

    fn adjoint(&self, y: &Image) -> Image {
        masked(y, &self.mask)
    }

    fn residual(&self, x: &Image, y: &Image, channel: usize) -> Image {
        let mut residual = single(y, channel);
        let pairs = residual.data.iter_mut().zip(x.plane(channel));
        let masked = pairs.zip(&self.mask.data);
        masked.for_each(|((r, x), m)| *r = m * (*r - x));
        residual
    }

    fn residual_rms(&self, x: &Image, y: &Image, sigma: f32) -> f32 {
        let residual = self.residual(x, y, green(y));
        let sum: f32 = residual.data.iter().map(|r| r * r).sum();
        let observed: f32 = self.mask.data.iter().sum();
        over_noise((sum / observed.max(1.0)).sqrt(), sigma)
    }
}
