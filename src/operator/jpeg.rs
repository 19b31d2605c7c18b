// SPDX-License-Identifier: MPL-2.0
//! JPEG: 8x8 cosine transforms, rounded to steps; luma at full size, chroma averaged over 2x2 pixels (4:2:0).
//!
//! Steps are in 8-bit code values. A code v stands at (v - 127.5) / 127.5, and the encoder takes 128 off each code.

use std::f32::consts::PI;
use std::sync::{Arc, LazyLock};

use smallvec::smallvec;

use super::canvas::part;
use super::physics::{Physics, single};
use super::{Canvas, jpeg_quality};
use crate::error::RestoreError;
use crate::image::{Border, Image, Scratch, Tensor, Tensors, Window};

/// Side of a block.
pub const BLOCK: usize = 8;
/// 8-bit codes in one unit of [-1, 1].
const CODES: f32 = 127.5;
/// ITU-T T.81, Annex K, luma: the table that the IJG quality scales.
const LUMA: [u32; 64] = [
    16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56,
    14, 17, 22, 29, 51, 87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113,
    92, 49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99,
];
/// The same for chroma.
const CHROMA: [u32; 64] = [
    17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99, 24, 26, 56, 99, 99, 99, 99, 99,
    47, 66, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
    99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
];
/// Shares of red, green and blue in luma, Cb and Cr.
const TO_YCC: [[f32; 3]; 3] = [
    [0.299, 0.587, 0.114],
    [-0.168_735_89, -0.331_264_1, 0.5],
    [0.5, -0.418_687_6, -0.081_312_41],
];

/// Steps of luma and chroma at an IJG quality of 1 to 100 (others count as the nearest), row by row of frequencies.
pub fn quantisation(quality: u32) -> ([f32; 64], [f32; 64]) {
    let quality = quality.clamp(1, 100);
    let scale = if quality < 50 {
        5000 / quality
    } else {
        200 - 2 * quality
    };
    let step = |base: u32| ((base * scale + 50) / 100).clamp(1, 255) as f32;
    (LUMA.map(step), CHROMA.map(step))
}

/// Orthonormal DCT-II: row u holds the wave of frequency u.
static WAVES: LazyLock<[[f32; BLOCK]; BLOCK]> = LazyLock::new(|| {
    std::array::from_fn(|u| {
        let norm = if u == 0 { 0.125f32.sqrt() } else { 0.5 };
        std::array::from_fn(|i| norm * (PI * (2 * i + 1) as f32 * u as f32 / 16.0).cos())
    })
});

/// The transform of each 8x8 block, in place of the block, or its inverse. Sides are multiples of 8.
pub fn dct(plane: &mut [f32], width: usize, inverse: bool) {
    let waves = *WAVES;
    let entry = |out: usize, i: usize| {
        if inverse {
            waves[i][out]
        } else {
            waves[out][i]
        }
    };
    let mut strip = Scratch::filled(BLOCK * width, 0.0f32);
    for rows in plane.chunks_exact_mut(BLOCK * width) {
        strip.fill(0.0);
        for (out, sum) in strip.chunks_exact_mut(width).enumerate() {
            for (i, row) in rows.chunks_exact(width).enumerate() {
                let weight = entry(out, i);
                sum.iter_mut()
                    .zip(row)
                    .for_each(|(sum, v)| *sum += weight * v);
            }
        }
        let blocks = strip.chunks_exact(BLOCK).zip(rows.chunks_exact_mut(BLOCK));
        for (from, to) in blocks {
            for (out, to) in to.iter_mut().enumerate() {
                *to = (0..BLOCK).map(|i| entry(out, i) * from[i]).sum();
            }
        }
    }
}

/// Luma less 128 codes, in code values, in whole blocks: what lies beyond the last is left out.
pub fn luma(frame: &Image) -> (Scratch<f32>, usize) {
    let (width, height) = (frame.width / BLOCK * BLOCK, frame.height / BLOCK * BLOCK);
    let mut out = Scratch::with_capacity(width * height);
    let shares = if frame.channels == 3 {
        TO_YCC[0]
    } else {
        [1.0, 0.0, 0.0]
    };
    for y in 0..height {
        let [r, g, b] = [0, 1, 2].map(|c| &frame.row(c.min(frame.channels - 1), y)[..width]);
        let pixels = r.iter().zip(g).zip(b);
        out.extend(
            pixels.map(|((r, g), b)| CODES * (shares[0] * r + shares[1] * g + shares[2] * b) - 0.5),
        );
    }
    (out, width)
}

pub struct Jpeg {
    /// As set; 0 where it comes with each frame.
    quality: u32,
    /// The quality of the last frame, and its steps for luma and chroma.
    tables: Option<(u32, [Arc<[f32]>; 2])>,
}

impl Jpeg {
    pub fn new(quality: u32) -> Result<Self, RestoreError> {
        if quality > 100 {
            return Err(RestoreError::Settings(format!(
                "jpeg-quality is {quality}: set it to 1 to 100, or to 0 to estimate it."
            )));
        }
        Ok(Self {
            quality,
            tables: None,
        })
    }

    /// The quality that was set or told last, or else that which `frame` shows.
    fn quality_of(&self, frame: &Image) -> u32 {
        match (self.quality, &self.tables) {
            (0, Some((told, _))) => *told,
            (0, None) => jpeg_quality(frame),
            (set, _) => set,
        }
    }

    fn told(&mut self, quality: u32) -> &[Arc<[f32]>; 2] {
        let made = match self.tables.take() {
            Some((known, tables)) if known == quality => tables,
            _ => {
                let (luma, chroma) = quantisation(quality);
                [luma.as_slice().into(), chroma.as_slice().into()]
            }
        };
        &self.tables.insert((quality, made)).1
    }
}

impl Physics for Jpeg {
    fn grid(&self) -> usize {
        2 * BLOCK
    }

    fn border(&self) -> Border {
        Border::Symmetric
    }

    fn tensors(
        &mut self,
        observed: &Image,
        _canvas: &Canvas,
        window: Window,
        quality: u32,
    ) -> Result<Tensors, RestoreError> {
        let quality = if quality == 0 {
            self.quality_of(observed)
        } else {
            quality
        };
        let [luma, chroma] = self.told(quality.clamp(1, 100));
        Ok(smallvec![
            Tensor::own("y", part(observed, window, 1)),
            Tensor::shared("quant_luma", &[BLOCK, BLOCK], luma),
            Tensor::shared("quant_chroma", &[BLOCK, BLOCK], chroma),
        ])
    }

    /// Compressed and decoded, before rounding to 8 bits; chroma is repeated over 2x2 pixels. Three channels.
    fn apply(&self, x: &Image) -> Image {
        let (height, width) = (x.height.next_multiple_of(16), x.width.next_multiple_of(16));
        let padded = x.pad(0, 0, height, width, Border::Symmetric);
        let (luma_steps, chroma_steps) = quantisation(self.quality_of(x));
        let mut luma = mixed(&padded, 0);
        // The encoder takes 128 off each code and a picture's zero is code 127.5.
        luma.iter_mut().for_each(|v| *v -= 0.5);
        compress(&mut luma, width, &luma_steps);
        luma.iter_mut().for_each(|v| *v += 0.5);
        let [cb, cr] = [1, 2].map(|c| {
            let mut chroma = halved(&mixed(&padded, c), width);
            compress(&mut chroma, width / 2, &chroma_steps);
            chroma
        });
        Image::from_fn(3, x.height, x.width, |c, row, column| {
            let i = row / 2 * (width / 2) + column / 2;
            let code = luma[row * width + column]
                + match c {
                    0 => 1.402 * cr[i],
                    1 => -0.344_136_3 * cb[i] - 0.714_136_3 * cr[i],
                    _ => 1.772 * cb[i],
                };
            code / CODES
        })
    }

    fn adjoint(&self, y: &Image) -> Image {
        y.clone()
    }

    /// y - x: compressing x would compare roundings rather than pictures.
    fn errors(&self, x: &Image, y: &Image) -> Image {
        let channel = usize::from(y.channels > 1);
        let mut errors = single(y, channel);
        let pairs = errors.data.iter_mut().zip(x.plane(channel));
        pairs.for_each(|(e, x)| *e -= x);
        errors
    }

    /// Difference of the luma coefficients, over the root mean square step / sqrt(12) that rounding to steps leaves.
    fn misfit(&self, x: &Image, y: &Image) -> f32 {
        let (steps, _) = quantisation(self.quality_of(y));
        let (mut difference, width) = luma(x);
        let (observed, _) = luma(y);
        difference
            .iter_mut()
            .zip(observed.iter())
            .for_each(|(x, y)| *x -= y);
        if width == 0 || difference.is_empty() {
            return 0.0;
        }
        dct(&mut difference, width, false);
        let mut sum = 0.0f64;
        for (row, line) in difference.chunks_exact(width).enumerate() {
            let steps = &steps[row % BLOCK * BLOCK..][..BLOCK];
            let blocks = line.chunks_exact(BLOCK);
            let share = |(v, step): (&f32, &f32)| (v / step) * (v / step);
            sum += f64::from(
                blocks
                    .map(|b| b.iter().zip(steps).map(share).sum::<f32>())
                    .sum::<f32>(),
            );
        }
        (12.0 * sum / difference.len() as f64).sqrt() as f32
    }
}

/// One of luma, Cb and Cr, in code values around zero.
fn mixed(image: &Image, component: usize) -> Vec<f32> {
    let [r, g, b] = TO_YCC[component].map(|share| CODES * share);
    let pixels = image
        .plane(0)
        .iter()
        .zip(image.plane(1))
        .zip(image.plane(2));
    pixels
        .map(|((red, green), blue)| r * red + g * green + b * blue)
        .collect()
}

/// Means over 2x2 pixels.
fn halved(plane: &[f32], width: usize) -> Vec<f32> {
    let mut out = Vec::with_capacity(plane.len() / 4);
    for rows in plane.chunks_exact(2 * width) {
        let (above, below) = rows.split_at(width);
        let pairs = above.chunks_exact(2).zip(below.chunks_exact(2));
        out.extend(pairs.map(|(a, b)| 0.25 * (a[0] + a[1] + b[0] + b[1])));
    }
    out
}

/// Rounds the coefficients of a plane to their steps.
fn compress(plane: &mut [f32], width: usize, steps: &[f32; 64]) {
    dct(plane, width, false);
    for (row, line) in plane.chunks_exact_mut(width).enumerate() {
        let steps = &steps[row % BLOCK * BLOCK..][..BLOCK];
        for block in line.chunks_exact_mut(BLOCK) {
            block
                .iter_mut()
                .zip(steps)
                .for_each(|(v, step)| *v = (*v / step).round() * step);
        }
    }
    dct(plane, width, true);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operator::tests::{noise, textured};

    #[test]
    fn steps_are_those_that_libjpeg_uses() {
        let (luma, chroma) = quantisation(50);
        assert_eq!(
            (luma[0], luma[1], luma[63], chroma[0], chroma[63]),
            (16.0, 11.0, 99.0, 17.0, 99.0)
        );
        let (luma, chroma) = quantisation(10);
        assert_eq!(
            luma[..8],
            [80.0, 55.0, 50.0, 80.0, 120.0, 200.0, 255.0, 255.0]
        );
        assert_eq!(chroma[..4], [85.0, 90.0, 120.0, 235.0]);
        let (luma, chroma) = quantisation(90);
        assert_eq!(luma[..8], [3.0, 2.0, 2.0, 3.0, 5.0, 8.0, 10.0, 12.0]);
        assert_eq!(chroma[..4], [3.0, 4.0, 5.0, 9.0]);
        assert_eq!(quantisation(75).0[..3], [8.0, 6.0, 5.0]);
        assert_eq!(quantisation(100), ([1.0; 64], [1.0; 64]));
        assert_eq!(quantisation(1).0[0], 255.0);
    }

    #[test]
    fn the_transform_is_orthonormal_and_agrees_with_its_definition() {
        let x = noise(1, 16, 24);
        let mut c = x.data.clone();
        dct(&mut c, 24, false);
        let power = |v: &[f32]| v.iter().map(|v| f64::from(v * v)).sum::<f64>();
        assert!((power(&c) / power(&x.data) - 1.0).abs() < 1e-5);
        for (u, v) in [(0, 0), (3, 5), (7, 1)] {
            let norm = |k: usize| if k == 0 { 0.125f64.sqrt() } else { 0.5 };
            let wave = |i: usize, k: usize| {
                (std::f64::consts::PI * (2 * i + 1) as f64 * k as f64 / 16.0).cos()
            };
            let mut want = 0.0;
            for i in 0..8 {
                for j in 0..8 {
                    want += f64::from(x.row(0, 8 + i)[16 + j]) * wave(i, u) * wave(j, v);
                }
            }
            let found = f64::from(c[(8 + u) * 24 + 16 + v]);
            assert!((found - want * norm(u) * norm(v)).abs() < 1e-5);
        }
        dct(&mut c, 24, true);
        assert!(c.iter().zip(&x.data).all(|(a, b)| (a - b).abs() < 1e-5));
    }

    #[test]
    fn compressing_twice_changes_little_more_and_low_quality_more_than_high() {
        let x = textured(48, 64);
        let distance = |a: &Image, b: &Image| {
            let sum: f32 = a
                .data
                .iter()
                .zip(&b.data)
                .map(|(a, b)| (a - b) * (a - b))
                .sum();
            (sum / a.data.len() as f32).sqrt()
        };
        let mut last = f32::MAX;
        for quality in [10, 50, 90] {
            let op = Jpeg::new(quality).expect("a quality");
            let once = op.apply(&x);
            let twice = op.apply(&once);
            let error = distance(&once, &x);
            assert!(error < last && error > 0.0, "quality {quality}: {error}");
            assert!(distance(&once, &twice) < 1e-4, "quality {quality}");
            assert!(op.misfit(&x, &once) < 1.05 && op.misfit(&x, &once) > 0.1);
            last = error;
        }
    }

    #[test]
    fn flat_gray_survives_at_every_quality() {
        // Code 128 is the encoder's zero.
        let gray = Image::filled(3, 17, 9, 0.5 / CODES);
        for quality in [1, 10, 100] {
            let out = Jpeg::new(quality).expect("a quality").apply(&gray);
            assert!(out.data.iter().all(|v| (v - 0.5 / CODES).abs() < 1e-6));
        }
    }

    #[test]
    fn a_quality_above_100_is_refused_by_name() {
        let error = Jpeg::new(101).err().expect("refused").to_string();
        assert!(error.contains("jpeg-quality is 101"), "{error}");
    }
}
