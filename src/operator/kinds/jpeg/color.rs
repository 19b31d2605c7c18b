// SPDX-License-Identifier: MPL-2.0
//! The planes that JPEG compresses: luma at full size, and chroma averaged over the pixels that the
//! subsampling joins.
//!
//! Values are 8-bit codes: a code v stands at (v - 127.5) / 127.5. Chroma lies around zero.

use crate::image::{EIGHT_BIT_STEP, Image, Scratch};
use crate::operator::dct::BLOCK;

/// 8-bit codes in one unit of [-1, 1].
pub const CODES: f32 = (1.0 / EIGHT_BIT_STEP) as f32;
/// Weights of red, green and blue in luma, Cb and Cr (ITU-T T.871).
pub const TO_YCC: [[f32; 3]; 3] = [
    [0.299, 0.587, 0.114],
    [-0.168_735_89, -0.331_264_1, 0.5],
    [0.5, -0.418_687_6, -0.081_312_41],
];

/// How many pixels share a sample of chroma.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Subsampling {
    /// 4:2:0: two across, two down.
    #[default]
    C420,
    /// 4:2:2: two across.
    C422,
    /// 4:4:4: one.
    C444,
}

impl Subsampling {
    /// Pixels of a sample, across and down.
    pub fn factors(self) -> (usize, usize) {
        match self {
            Self::C420 => (2, 2),
            Self::C422 => (2, 1),
            Self::C444 => (1, 1),
        }
    }

    /// Multiple of pixels at which blocks of luma and of chroma both end.
    pub fn grid(self) -> usize {
        self.factors().0 * BLOCK
    }
}

/// Luma less 128 codes, and its width. Only whole blocks: what lies beyond the last is left out.
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

/// Luma (0), Cb (1) or Cr (2) of each pixel, around zero.
pub fn mixed(image: &Image, component: usize) -> Scratch<f32> {
    let [r, g, b] = TO_YCC[component].map(|share| CODES * share);
    let pixels = image
        .plane(0)
        .iter()
        .zip(image.plane(1))
        .zip(image.plane(2));
    let mixed = pixels.map(|((red, green), blue)| r * red + g * green + b * blue);
    Scratch::collected(image.height * image.width, mixed)
}

/// Means over the pixels of each sample. Sides are multiples of the factors.
pub fn averaged(plane: &[f32], width: usize, (across, down): (usize, usize)) -> Scratch<f32> {
    let mut out = Scratch::filled(plane.len() / (across * down), 0.0);
    let share = 1.0 / (across * down) as f32;
    let samples = out.chunks_exact_mut(width / across);
    for (sums, rows) in samples.zip(plane.chunks_exact(down * width)) {
        for row in rows.chunks_exact(width) {
            for (sum, pixels) in sums.iter_mut().zip(row.chunks_exact(across)) {
                *sum += share * pixels.iter().sum::<f32>();
            }
        }
    }
    out
}

/// Red, green and blue of three code values, on the scale of [-1, 1].
pub fn to_rgb(luma: f32, cb: f32, cr: f32) -> [f32; 3] {
    [
        luma + 1.402 * cr,
        luma - 0.344_136_3 * cb - 0.714_136_3 * cr,
        luma + 1.772 * cb,
    ]
    .map(|code| code / CODES)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operator::tests::noise;

    #[test]
    fn colours_come_back_from_luma_and_chroma() {
        let x = noise(3, 4, 6);
        let [luma, cb, cr] = [0, 1, 2].map(|c| mixed(&x, c));
        for i in 0..24 {
            for (c, v) in to_rgb(luma[i], cb[i], cr[i]).into_iter().enumerate() {
                assert!((v - x.plane(c)[i]).abs() < 1e-5);
            }
        }
    }

    #[test]
    fn repeated_chroma_averages_to_itself_and_other_to_its_mean() {
        let (width, height) = (8, 4);
        for subsampling in [Subsampling::C420, Subsampling::C422, Subsampling::C444] {
            let (across, down) = subsampling.factors();
            let sample = |x: usize, y: usize| (x / across * 7 + y / down * 31) as f32 - 40.0;
            let plane: Vec<f32> = (0..width * height)
                .map(|i| sample(i % width, i / width))
                .collect();
            let means = averaged(&plane, width, (across, down));
            assert_eq!(means.len(), plane.len() / (across * down));
            for (i, mean) in means.iter().enumerate() {
                let (x, y) = (i % (width / across), i / (width / across));
                assert_eq!(*mean, sample(x * across, y * down), "{subsampling:?}");
            }
            let ramp: Vec<f32> = (0..width * height).map(|i| (i % width) as f32).collect();
            let first = averaged(&ramp, width, (across, down))[0];
            assert_eq!(first, (across - 1) as f32 / 2.0, "{subsampling:?}");
        }
    }
}
