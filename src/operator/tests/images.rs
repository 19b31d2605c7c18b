// SPDX-License-Identifier: MPL-2.0
//! Images for the tests of this module.

use crate::image::Image;

/// Independent, standard normal enough (sums of uniforms); a function of the size.
pub fn noise(channels: usize, height: usize, width: usize) -> Image {
    let mut state = 0x2545_f491_4f6c_dd1du64 ^ (channels * 7919 + height * 104_729 + width) as u64;
    let mut uniform = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / (1u64 << 24) as f32
    };
    Image::from_fn(channels, height, width, |_, _, _| {
        (0..12).map(|_| uniform()).sum::<f32>() - 6.0
    })
}

/// An image with smooth shading, edges of several directions, and fine texture in one part.
pub fn textured(height: usize, width: usize) -> Image {
    Image::from_fn(3, height, width, |c, y, x| {
        let (v, u) = (y as f32 / height as f32, x as f32 / width as f32);
        let shade = 0.5 * (u - v) + 0.1 * c as f32 - 0.1;
        let disc = if (u - 0.6).hypot(v - 0.4) < 0.2 {
            0.35
        } else {
            0.0
        };
        let stripe = if (u + 0.7 * v).fract() < 0.25 {
            -0.25
        } else {
            0.0
        };
        let weave = if u < 0.45 && v > 0.5 {
            0.15 * (0.9 * x as f32).sin() * (0.7 * y as f32 + 0.3 * x as f32).cos()
        } else {
            0.0
        };
        shade + disc + stripe + weave + 0.05 * (0.11 * x as f32).sin() * (0.07 * y as f32).cos()
    })
}

/// As a frame arrives: clipped to the range and rounded to 8 bits.
pub fn rounded(image: &Image) -> Image {
    let mut out = image.clone();
    for v in &mut out.data {
        *v = ((*v + 1.0) * 127.5).round().clamp(0.0, 255.0) / 127.5 - 1.0;
    }
    out
}
