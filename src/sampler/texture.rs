// SPDX-License-Identifier: MPL-2.0
//! The noise that makes samples differ, a function of (seed, outer step, channel, y, x) alone
//! (docs/decisions/028-realism.md).

use std::array;
use std::f32::consts::FRAC_PI_2;

use super::normal_image;
use crate::image::Image;

/// Channels of texture noise: of each pixel, and of each point of a grid.
const FINE: usize = 4;
const COARSE: usize = 2;
/// Pixels from one point of the grid to the next.
const CELL: usize = 16;
/// Streams of the first outer step: fine, coarse, noise of y; each later step has the next ones.
/// They lie beyond those of any run's states.
const FIRST_STREAM: u32 = 1 << 16;
const STREAMS: u32 = 3;

/// Texture noise of the outer step 0, 1 … of a run: 6 channels, of unit variance at each pixel.
///
/// Channels 0 to 3 are independent from pixel to pixel. 4 and 5 go over smoothly between points
/// 16 pixels apart: along each side a pixel has its two neighbours by cosine and sine of its way
/// between them, whose squares sum to 1. Images of other sizes agree where they overlap.
pub fn texture_image(seed: u64, step: u32, height: usize, width: usize) -> Image {
    let stream = FIRST_STREAM + STREAMS * step;
    let points = |side: usize| side.div_ceil(CELL) + 1;
    let fine = normal_image(seed, stream, FINE, height, width);
    let coarse = normal_image(seed, stream + 1, COARSE, points(height), points(width));
    let ways: [[f32; 2]; CELL] = array::from_fn(|i| {
        let angle = (i as f32 + 0.5) / CELL as f32 * FRAC_PI_2;
        [angle.cos(), angle.sin()]
    });
    let mut image = Image::new(FINE + COARSE, height, width);
    for (value, drawn) in image.data.iter_mut().zip(&fine.data) {
        *value = *drawn;
    }
    for c in 0..COARSE {
        for y in 0..height {
            let [near, far] = ways[y % CELL];
            let (above, below) = (coarse.row(c, y / CELL), coarse.row(c, y / CELL + 1));
            let at = |i: usize| near * above[i] + far * below[i];
            for (x, value) in image.row_mut(FINE + c, y).iter_mut().enumerate() {
                let [near, far] = ways[x % CELL];
                *value = near * at(x / CELL) + far * at(x / CELL + 1);
            }
        }
    }
    image
}

/// Standard normal noise for the observation y in the outer step 0, 1 … of a run: 3 channels of
/// the sides of y.
pub fn y_noise_image(seed: u64, step: u32, height: usize, width: usize) -> Image {
    normal_image(seed, FIRST_STREAM + STREAMS * step + 2, 3, height, width)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::Window;

    #[test]
    fn texture_has_unit_variance_and_its_last_channels_are_smooth() {
        // 4096 images of one cell: each pixel sees its four neighbours of the grid anew.
        let count = 4096;
        let mut power = vec![0.0; (FINE + COARSE) * CELL * CELL];
        let (mut fine_step, mut coarse_step) = (0.0, 0.0);
        for seed in 0..count {
            let image = texture_image(seed, 0, CELL, CELL);
            for (sum, v) in power.iter_mut().zip(&image.data) {
                *sum += v * v / count as f32;
            }
            let step = |c| (image.row(c, 3)[8] - image.row(c, 3)[7]).powi(2) / count as f32;
            fine_step += step(0);
            coarse_step += step(FINE);
        }
        // Six standard errors of a variance of 4096 normal values.
        assert!(power.iter().all(|p| (p - 1.0).abs() < 0.14), "{power:?}");
        assert!(
            fine_step > 1.8 && coarse_step < 0.02,
            "{fine_step} {coarse_step}"
        );
    }

    #[test]
    fn a_larger_texture_holds_the_smaller_one() {
        let large = texture_image(3, 1, 48, 64);
        let bounds = Window {
            x: 0,
            y: 0,
            width: 33,
            height: 20,
        };
        assert_eq!(texture_image(3, 1, 20, 33), large.crop(bounds));
        assert_ne!(texture_image(3, 0, 20, 33), large.crop(bounds));
        assert_ne!(texture_image(4, 1, 20, 33), large.crop(bounds));
    }
}
