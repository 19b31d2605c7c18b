// SPDX-License-Identifier: MPL-2.0
//! What every kind of degradation promises. A new kind implements this and joins the list in `operator`.

use super::Canvas;
use crate::error::RestoreError;
use crate::image::{Border, Image, Tensors, Window};

/// What each kind of degradation answers; [`super::Operator`] adds what is common.
pub trait Physics: Send {
    /// How many times larger the output is than the observation.
    fn scale(&self) -> usize {
        1
    }

    /// Output pixels added around the frame, because the observation leans on what lies beyond it.
    fn margin(&self) -> usize {
        0
    }

    /// Sides of a canvas, and of windows into it, are multiples of this many output pixels.
    fn grid(&self) -> usize {
        1
    }

    /// How the frame goes on beyond its edge.
    fn border(&self) -> Border {
        Border::Mirror
    }

    /// The padded frame as the graph takes it.
    fn observe(&self, padded: Image, _canvas: &Canvas) -> Image {
        padded
    }

    /// Where the first step starts.
    fn initial(&self, observed: &Image, _canvas: &Canvas) -> Image {
        observed.clone()
    }

    /// The graph's own inputs for one window of the canvas.
    fn tensors(
        &mut self,
        observed: &Image,
        canvas: &Canvas,
        window: Window,
        quality: u32,
    ) -> Result<Tensors, RestoreError>;

    /// A x, with circular borders.
    fn apply(&self, x: &Image) -> Image;

    /// The transpose of `apply`.
    fn adjoint(&self, y: &Image) -> Image;

    /// Pixels of the observation at each edge that depend on what lies beyond it.
    fn edge(&self) -> usize {
        0
    }

    /// y - A x of one channel, of the observation's size, with circular borders; zero where nothing is observed.
    fn residual(&self, x: &Image, y: &Image, channel: usize) -> Image {
        let mut residual = self.apply(&single(x, channel));
        let pairs = residual.data.iter_mut().zip(y.plane(channel));
        pairs.for_each(|(e, y)| *e = y - *e);
        residual
    }

    /// Root mean square of y - A x in green where both are known, for full scale 1.
    fn residual_rms(&self, x: &Image, y: &Image) -> f32 {
        let residual = self.residual(x, y, green(y));
        let (width, height) = (residual.width, residual.height);
        let margin = |side: usize| self.edge().min(side / 4);
        let (left, top) = (margin(width), margin(height));
        let mut sum = 0.0f64;
        for row in top..height - top {
            let inner = &residual.row(0, row)[left..width - left];
            sum += f64::from(inner.iter().map(|e| e * e).sum::<f32>());
        }
        let count = (width - 2 * left) * (height - 2 * top);
        (sum / count.max(1) as f64).sqrt() as f32 / 2.0
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
