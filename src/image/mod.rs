// SPDX-License-Identifier: MPL-2.0
//! Planar f32 images, windows into them, and the memory that they share.
//!
//! Copies work on whole rows. Values are not interpreted here.

mod memory;
mod pool;

pub use memory::{OutOfMemory, can_hold, emptied, filled, reserve, shared, within_memory};
pub use pool::{Pool, PoolGuard, Scratch};

use std::mem;

/// Distance of neighbouring 8-bit codes on the scale of [-1, 1].
pub const EIGHT_BIT_STEP: f64 = 2.0 / 255.0;

/// A planar f32 image: channel, then row, then column. Values are in [-1, 1] unless said otherwise.
#[derive(Debug, Default, PartialEq)]
pub struct Image {
    pub channels: usize,
    pub height: usize,
    pub width: usize,
    /// `channels * height * width` values, without gaps.
    pub data: Vec<f32>,
}

/// A rectangle of pixels: left edge, upper edge, size.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Window {
    pub x: usize,
    pub y: usize,
    pub width: usize,
    pub height: usize,
}

/// How an image continues beyond its edge.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Border {
    /// Reflection about the edge pixel, which is not repeated: `c b | a b c`.
    Mirror,
    /// Reflection about the edge itself, so that the edge pixel is repeated: `b a | a b c`.
    Symmetric,
    /// Repetition of the edge pixel: `a a | a b c`.
    Edge,
}

impl Border {
    /// Index inside `0..len` that stands for `i`, however far outside; `len` is at least 1.
    pub fn index(self, i: isize, len: usize) -> usize {
        let n = len as isize;
        let folded = match self {
            Self::Mirror if n == 1 => 0,
            Self::Mirror => {
                let i = i.rem_euclid(2 * n - 2);
                i.min(2 * n - 2 - i)
            }
            Self::Symmetric => {
                let i = i.rem_euclid(2 * n);
                i.min(2 * n - 1 - i)
            }
            Self::Edge => i.clamp(0, n - 1),
        };
        folded as usize
    }
}

impl Image {
    /// An image of zeros.
    pub fn new(channels: usize, height: usize, width: usize) -> Self {
        Self::filled(channels, height, width, 0.0)
    }

    /// An image of one value.
    pub fn filled(channels: usize, height: usize, width: usize, value: f32) -> Self {
        let mut image = Self::unfilled(channels, height, width);
        image.data.resize(channels * height * width, value);
        image
    }

    /// An image without values, with memory for all of them.
    fn unfilled(channels: usize, height: usize, width: usize) -> Self {
        Self {
            channels,
            height,
            width,
            data: pool::take(channels * height * width),
        }
    }

    /// An image whose value at (channel, row, column) is `f(c, y, x)`. For tests and small tables,
    /// not for frames.
    pub fn from_fn(
        channels: usize,
        height: usize,
        width: usize,
        mut f: impl FnMut(usize, usize, usize) -> f32,
    ) -> Self {
        let mut image = Self::unfilled(channels, height, width);
        for c in 0..channels {
            for y in 0..height {
                image.data.extend((0..width).map(|x| f(c, y, x)));
            }
        }
        image
    }

    /// All rows of channel `c`.
    pub fn plane(&self, c: usize) -> &[f32] {
        let size = self.height * self.width;
        &self.data[c * size..(c + 1) * size]
    }

    /// All rows of channel `c`.
    pub fn plane_mut(&mut self, c: usize) -> &mut [f32] {
        let size = self.height * self.width;
        &mut self.data[c * size..(c + 1) * size]
    }

    /// Row `y` of channel `c`.
    pub fn row(&self, c: usize, y: usize) -> &[f32] {
        let start = (c * self.height + y) * self.width;
        &self.data[start..start + self.width]
    }

    /// Row `y` of channel `c`.
    pub fn row_mut(&mut self, c: usize, y: usize) -> &mut [f32] {
        let start = (c * self.height + y) * self.width;
        &mut self.data[start..start + self.width]
    }

    /// The window that covers the whole image.
    pub fn bounds(&self) -> Window {
        Window {
            x: 0,
            y: 0,
            width: self.width,
            height: self.height,
        }
    }

    /// The part of the image inside `window`, which must lie within the image.
    pub fn crop(&self, window: Window) -> Self {
        let mut image = Self::unfilled(self.channels, window.height, window.width);
        for c in 0..self.channels {
            for y in window.y..window.y + window.height {
                let row = &self.row(c, y)[window.x..window.x + window.width];
                image.data.extend_from_slice(row);
            }
        }
        image
    }

    /// The image inside a larger one of `height` x `width`, its corner at (`top`, `left`),
    /// surrounded by `border`. Sizes of one pixel and paddings longer than the image are fine; the
    /// image must not be empty.
    pub fn pad(
        &self,
        top: usize,
        left: usize,
        height: usize,
        width: usize,
        border: Border,
    ) -> Self {
        let fold = |i: usize, offset: usize, len: usize| {
            border.index(i as isize - offset as isize, len) as u32
        };
        let columns = |from: usize, to: usize| {
            let folded = (from..to).map(|x| fold(x, left, self.width));
            Scratch::collected(to.saturating_sub(from), folded)
        };
        let (before, after) = (columns(0, left), columns(left + self.width, width));
        let mut image = Self::unfilled(self.channels, height, width);
        for c in 0..self.channels {
            for y in 0..height {
                let row = self.row(c, fold(y, top, self.height) as usize);
                let beyond = |columns: &Scratch<u32>, data: &mut Vec<f32>| {
                    data.extend(columns.iter().map(|&x| row[x as usize]));
                };
                beyond(&before, &mut image.data);
                image.data.extend_from_slice(row);
                beyond(&after, &mut image.data);
            }
        }
        image
    }
}

impl Clone for Image {
    fn clone(&self) -> Self {
        let mut image = Self::unfilled(self.channels, self.height, self.width);
        image.data.extend_from_slice(&self.data);
        image
    }
}

impl Drop for Image {
    fn drop(&mut self) {
        pool::give_back(mem::take(&mut self.data));
    }
}

#[cfg(test)]
mod tests;
