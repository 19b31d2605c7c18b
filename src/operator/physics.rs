// SPDX-License-Identifier: MPL-2.0
//! What every kind of damage promises. A new kind implements this and joins the list in `dispatch`.

use super::Canvas;
use crate::error::RestoreError;
use crate::image::{Border, Image, Tensor, Window};

/// What each kind of damage answers; [`super::Operator`] adds what is common.
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

    /// The padded frame as the graph sees it.
    fn observe(&self, padded: Image, _canvas: &Canvas) -> Image {
        padded
    }

    /// Where the first step starts.
    fn start(&self, observed: &Image, _canvas: &Canvas) -> Image {
        observed.clone()
    }

    /// The graph's own inputs for one window of the canvas.
    fn tensors(
        &mut self,
        observed: &Image,
        canvas: &Canvas,
        window: Window,
        quality: u32,
    ) -> Result<Vec<Tensor>, RestoreError>;

    /// A x, with circular borders.
    fn apply(&self, x: &Image) -> Image;

    /// The transpose of `apply`.
    fn adjoint(&self, y: &Image) -> Image;

    /// Pixels of the observation at each edge that depend on what lies beyond it.
    fn edge(&self) -> usize {
        0
    }

    /// Root mean square of y - A x where both are known, for full scale 1.
    fn misfit(&self, x: &Image, y: &Image) -> f32 {
        let channel = usize::from(y.channels > 1);
        let ax = self.apply(&single(x, channel));
        let margin = |side: usize| self.edge().min(side / 4);
        let (left, top) = (margin(y.width), margin(y.height));
        let mut sum = 0.0f64;
        for row in top..y.height - top {
            let pairs = y.row(channel, row).iter().zip(ax.row(0, row));
            let inner = pairs.skip(left).take(y.width - 2 * left);
            sum += f64::from(inner.map(|(y, ax)| (y - ax) * (y - ax)).sum::<f32>());
        }
        let count = (y.width - 2 * left) * (y.height - 2 * top);
        (sum / count.max(1) as f64).sqrt() as f32 / 2.0
    }
}

/// One channel as a picture of its own.
pub fn single(image: &Image, channel: usize) -> Image {
    Image {
        channels: 1,
        height: image.height,
        width: image.width,
        data: image.plane(channel).to_vec(),
    }
}
