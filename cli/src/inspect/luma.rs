// SPDX-License-Identifier: MPL-2.0
//! Luma of a frame, in codes of 8 bits.

use gstud2m::image::Image;

/// Luma in codes, 0 to 255 and what lies between them, row by row.
pub struct Luma {
    pub width: usize,
    pub height: usize,
    pub data: Vec<f32>,
}

impl Luma {
    /// That of an image of R, G and B in [-1, 1], by the weights of ITU-R BT.601.
    pub fn of_image(image: &Image) -> Self {
        let [red, green, blue] = [0, 1, 2].map(|c| image.plane(c));
        let pixels = red.iter().zip(green).zip(blue);
        let luma = pixels.map(|((r, g), b)| 127.5 * (0.299 * r + 0.587 * g + 0.114 * b + 1.0));
        Self {
            width: image.width,
            height: image.height,
            data: luma.collect(),
        }
    }

    /// A made one, for tests.
    #[cfg(test)]
    pub fn of(width: usize, height: usize, at: impl Fn(usize, usize) -> f32) -> Self {
        let data = (0..width * height).map(|i| at(i % width, i / width));
        Self {
            width,
            height,
            data: data.collect(),
        }
    }

    pub fn at(&self, x: usize, y: usize) -> f32 {
        self.data[y * self.width + x]
    }

    pub fn row(&self, y: usize) -> &[f32] {
        &self.data[y * self.width..][..self.width]
    }
}
