// SPDX-License-Identifier: MPL-2.0
//! The padded frame on which a step works, and parts of it that are smooth across their wrap.

use std::f32::consts::PI;

use crate::image::{Image, Scratch, Window};

/// Where the output frame lies in a larger image whose sides suit the step graph. All lengths are
/// in output pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Canvas {
    /// Size of the canvas.
    pub width: usize,
    pub height: usize,
    /// The frame's upper left corner.
    pub x: usize,
    pub y: usize,
    /// Size of the frame.
    pub frame_width: usize,
    pub frame_height: usize,
}

impl Canvas {
    /// The canvas of a frame of `width` x `height`: `margin` on all sides, then right and below
    /// whatever is missing to multiples of `multiple`. All in output pixels.
    pub(super) fn new(width: usize, height: usize, margin: usize, multiple: usize) -> Self {
        let side = |frame: usize| (frame + 2 * margin).next_multiple_of(multiple);
        Self {
            width: side(width),
            height: side(height),
            x: margin,
            y: margin,
            frame_width: width,
            frame_height: height,
        }
    }

    /// The window of the frame within the canvas.
    pub fn frame(&self) -> Window {
        Window {
            x: self.x,
            y: self.y,
            width: self.frame_width,
            height: self.frame_height,
        }
    }
}

/// The least common multiple of two numbers of at least 1.
pub fn common_multiple(a: usize, b: usize) -> usize {
    let (mut x, mut y) = (a, b);
    while y > 0 {
        (x, y) = (y, x % y);
    }
    a / x * b
}

/// The part of the observation that belongs to a window of the output.
pub fn part(observed: &Image, window: Window, scale: usize) -> Image {
    observed.crop(Window {
        x: window.x / scale,
        y: window.y / scale,
        width: window.width / scale,
        height: window.height / scale,
    })
}

/// Blends the outer `band` pixels with those of the opposite side, mirrored, so that the image is
/// smooth across its wrap. At least one pixel and at most a quarter of a side are blended; at the
/// edge itself both sides weigh the same.
pub fn crossfade(image: &mut Image, band: usize) {
    let (width, height) = (image.width, image.height);
    let down = weights(band, height);
    let across = weights(band, width);
    for c in 0..image.channels {
        let plane = image.plane_mut(c);
        for (i, &w) in down.iter().enumerate() {
            let (above, below) = plane.split_at_mut((height - 1 - i) * width);
            if let Some(near) = above.get_mut(i * width..(i + 1) * width) {
                for (near, far) in near.iter_mut().zip(below) {
                    (*near, *far) = (w * *near + (1.0 - w) * *far, w * *far + (1.0 - w) * *near);
                }
            }
        }
        for row in plane.chunks_exact_mut(width) {
            for (i, &w) in across.iter().enumerate() {
                let (near, far) = (row[i], row[width - 1 - i]);
                row[i] = w * near + (1.0 - w) * far;
                row[width - 1 - i] = w * far + (1.0 - w) * near;
            }
        }
    }
}

/// The pixel's own weight from the edge inwards: a raised cosine from 0.5 to 1.
fn weights(band: usize, len: usize) -> Scratch<f32> {
    let band = band.min(len / 4).max(1);
    let own = (0..band).map(|i| 0.75 - 0.25 * (PI * i as f32 / band as f32).cos());
    Scratch::collected(band, own)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crossfade_closes_the_wrap_and_leaves_the_inside() {
        let original = Image::from_fn(2, 24, 31, |c, y, x| (c + y * y + 3 * x) as f32);
        let mut image = original.clone();
        crossfade(&mut image, 5);
        let inside = Window {
            x: 5,
            y: 5,
            width: 21,
            height: 14,
        };
        assert_eq!(image.crop(inside), original.crop(inside));
        for c in 0..2 {
            for y in 0..24 {
                let row = image.row(c, y);
                assert!((row[0] - row[30]).abs() < 1e-3);
            }
            for x in 0..31 {
                assert!((image.row(c, 0)[x] - image.row(c, 23)[x]).abs() < 1e-3);
            }
        }
        // One pixel inside the edge the own share is 0.75 - cos(pi/5)/4.
        let w = 0.75 - 0.25 * (PI / 5.0).cos();
        let want = w * original.row(0, 10)[1] + (1.0 - w) * original.row(0, 10)[29];
        assert!((image.row(0, 10)[1] - want).abs() < 1e-4);
    }

    #[test]
    fn crossfading_images_of_a_few_pixels_is_harmless() {
        for (height, width) in [(1, 1), (1, 9), (2, 3), (4, 1)] {
            let mut image = Image::filled(3, height, width, 0.5);
            crossfade(&mut image, 8);
            assert_eq!(image, Image::filled(3, height, width, 0.5));
        }
    }
}
