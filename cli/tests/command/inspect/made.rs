// SPDX-License-Identifier: MPL-2.0
//! Pictures with damage of known size.

use std::path::Path;

use image::{GrayImage, Rgb, RgbImage};

use crate::kernel::made::{Kernel, blurred};
use crate::media;

/// A sharp picture of plain shapes, in colour.
pub fn sharp(seed: u64) -> RgbImage {
    let gray = blurred(&Kernel::of(1, |_, _| 1.0), seed);
    RgbImage::from_fn(gray.width(), gray.height(), |x, y| {
        let v = gray.get_pixel(x, y).0[0];
        Rgb([v, v / 2 + 60, 230 - v / 2])
    })
}

/// Normal noise with `std` in codes, in each channel.
pub fn noisy(picture: &RgbImage, std: f64) -> RgbImage {
    let mut state = 1u64;
    let mut uniform = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 40) as f64 / f64::from(1u32 << 24)
    };
    let mut out = picture.clone();
    for value in out.iter_mut() {
        let normal: f64 = (0..12).map(|_| uniform()).sum::<f64>() - 6.0;
        *value = (f64::from(*value) + std * normal).round().clamp(0.0, 255.0) as u8;
    }
    out
}

/// With a second field `by` pixels further.
pub fn combed(picture: &RgbImage, by: u32) -> RgbImage {
    let (width, height) = picture.dimensions();
    RgbImage::from_fn(width - by, height, |x, y| {
        *picture.get_pixel(x + if y % 2 == 1 { by } else { 0 }, y)
    })
}

/// With so many black rows above and below.
pub fn barred(picture: &RgbImage, above: u32, below: u32) -> RgbImage {
    let (width, height) = picture.dimensions();
    RgbImage::from_fn(width, height, |x, y| {
        if y < above || y >= height - below {
            Rgb([0; 3])
        } else {
            *picture.get_pixel(x, y)
        }
    })
}

/// A picture in gray, as one in colour.
pub fn coloured(picture: &GrayImage) -> RgbImage {
    RgbImage::from_fn(picture.width(), picture.height(), |x, y| {
        Rgb([picture.get_pixel(x, y).0[0]; 3])
    })
}

/// Writes what GStreamer makes of a picture: `jpegenc quality=20`, say.
pub fn encoded(picture: &Path, encoder: &str, output: &Path) {
    media::play(&format!(
        "filesrc location=\"{}\" ! decodebin ! videoconvert ! {encoder} ! filesink location=\"{}\"",
        picture.display(),
        output.display()
    ));
}
