// SPDX-License-Identifier: MPL-2.0
//! What every kind of degradation promises. A new kind implements this in a file of its own and
//! joins the table in `kinds`.

use super::Canvas;
use super::kinds::Compression;
use super::unobserved::Search;
use crate::graph::Tensors;
use crate::image::{Border, EIGHT_BIT_STEP, Image, Window};

/// Standard deviation of rounding to 8 bits, 1/sqrt(12) of a step, for full scale 1.
const ROUNDING: f32 = 0.288_675 * EIGHT_BIT_STEP as f32 / 2.0;

/// A kind of degradation; [`super::Operator`] adds what is common to all.
///
/// x is an image of the output's size, y one of the observation's. Lengths are in pixels of the
/// output unless said otherwise.
pub trait Physics: Send {
    /// The same for other frames.
    fn twin(&self) -> Box<dyn Physics>;

    /// Pixels added on each side of the frame, because the observation leans on what lies beyond.
    fn margin(&self) -> usize {
        0
    }

    /// Sides of a canvas, and of windows into it, are multiples of this many pixels.
    fn grid(&self) -> usize {
        1
    }

    /// How the frame continues beyond its edge.
    fn border(&self) -> Border {
        Border::Mirror
    }

    /// Learns from a frame what the settings leave to it. How JPEG frames were compressed; `before`
    /// is that of the frame before.
    fn inspect(&mut self, _frame: &Image, _before: Option<Compression>) -> Option<Compression> {
        None
    }

    /// A warning, where the frame that was inspected last contradicts what is assumed of it.
    fn doubt(&self, _frame: &Image) -> Option<String> {
        None
    }

    /// What of a frame by itself does harm, for it holds no data.
    fn search(&self) -> Search<'_> {
        Search::Nothing
    }

    /// Sets what is observed of the next frames: 1 observed, 0 not; `None` where all is. Kinds
    /// whose graph takes no mask take no notice.
    fn set_observed(&mut self, _mask: Option<&Image>) {}

    /// What was assumed of a file that may be meant otherwise, a sentence each.
    fn remarks(&self) -> &[String] {
        &[]
    }

    /// Below 1 where pixels of the frames are known to be missing, of their size.
    fn missing(&self) -> Option<&Image> {
        None
    }

    /// Sets which pixels of the next frame are missing beside those of all frames: where `holes`,
    /// of its size, is 0. Kinds whose missing pixels others fill take no notice.
    fn set_holes(&mut self, _holes: Option<&Image>) {}

    /// The padded frame as the graph takes it.
    fn observe(&self, padded: Image, _canvas: &Canvas) -> Image {
        padded
    }

    /// The initial estimate, of the canvas's size.
    fn initial(&self, observed: &Image, _canvas: &Canvas) -> Image {
        observed.clone()
    }

    /// The inputs of the graph's specification, in its order, for one window of the canvas.
    fn tensors(&mut self, observed: &Image, canvas: &Canvas, window: Window) -> Tensors;

    /// A x, with circular borders.
    fn apply(&self, x: &Image) -> Image;

    /// The transpose of `apply`.
    fn adjoint(&self, y: &Image) -> Image;

    /// Pixels of the observation at each edge that depend on what lies beyond it.
    fn edge(&self) -> usize {
        0
    }

    /// y - A x of one channel, with circular borders; zero where nothing is observed.
    fn residual(&self, x: &Image, y: &Image, channel: usize) -> Image {
        let mut residual = self.apply(&single(x, channel));
        let pairs = residual.data.iter_mut().zip(y.plane(channel));
        pairs.for_each(|(r, y)| *r = y - *r);
        residual
    }

    /// Root mean square of y - A x over the standard deviation `sigma` of the noise, which is for
    /// full scale 1. Green only; the edge is left out, up to a quarter of the frame.
    fn residual_rms(&self, x: &Image, y: &Image, sigma: f32) -> f32 {
        let everywhere = Image::filled(1, y.height, y.width, 1.0);
        self.residual_rms_where(x, y, sigma, &everywhere)
    }

    /// [`Physics::residual_rms`] where `mask`, of the size of y, is 1 and not 0.
    fn residual_rms_where(&self, x: &Image, y: &Image, sigma: f32, mask: &Image) -> f32 {
        let residual = self.residual(x, y, green(y));
        let (width, height) = (residual.width, residual.height);
        let margin = |side: usize| self.edge().min(side / 4);
        let (left, top) = (margin(width), margin(height));
        let (mut sum, mut count) = (0.0f64, 0.0f64);
        for row in top..height - top {
            let inner = &residual.row(0, row)[left..width - left];
            let mask = &mask.row(0, row)[left..width - left];
            let squares = inner.iter().zip(mask).map(|(r, m)| m * r * r);
            sum += f64::from(squares.sum::<f32>());
            count += f64::from(mask.iter().sum::<f32>());
        }
        over_noise((sum / count.max(1.0)).sqrt() as f32, sigma)
    }
}

/// A root mean square on the scale of \[-1, 1\] over noise of std `sigma` (full scale 1), which is
/// at least what rounding to 8 bits leaves.
pub fn over_noise(rms: f32, sigma: f32) -> f32 {
    rms / 2.0 / sigma.max(ROUNDING)
}

/// Multiplies each channel with a mask of the same size.
pub fn multiply(image: &mut Image, mask: &Image) {
    for c in 0..image.channels {
        let pairs = image.plane_mut(c).iter_mut().zip(&mask.data);
        pairs.for_each(|(v, m)| *v *= m);
    }
}

/// One channel as an image of its own.
pub fn single(image: &Image, channel: usize) -> Image {
    let mut one = Image::new(1, image.height, image.width);
    one.data.copy_from_slice(image.plane(channel));
    one
}

/// The channel that stands for all where one must do: green, or the only one.
pub fn green(image: &Image) -> usize {
    usize::from(image.channels > 1)
}
