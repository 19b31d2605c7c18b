// SPDX-License-Identifier: MPL-2.0
//! JPEG: 8x8 cosine transforms of luma and of subsampled chroma, rounded to steps.
//!
//! Steps are in 8-bit code values, and the encoder takes 128 off each code.

mod color;
mod quality;
mod tables;

use std::sync::Arc;

use smallvec::smallvec;

pub use color::Subsampling;
pub use tables::quantisation;

use crate::operator::dct::{BLOCK, dct};
use color::{averaged, luma, mixed, to_rgb};
use quality::jpeg_quality;

use super::Kind;
use crate::error::RestoreError;
use crate::graph::{GraphSpec, Tensor, Tensors};
use crate::image::{Border, Image, Window};
use crate::operator::Canvas;
use crate::operator::canvas::part;
use crate::operator::physics::{Physics, single};

/// JPEG of an IJG quality of 1 to 100, or 0 where it is estimated from each frame.
pub(super) fn kind(quality: u32, subsampling: Subsampling) -> Kind<'static> {
    let build = move |_, _| Jpeg::new(quality, subsampling);
    Kind::new(graph(subsampling), build)
}

fn graph(subsampling: Subsampling) -> GraphSpec {
    let name = match subsampling {
        Subsampling::C420 => "jpeg",
        Subsampling::C422 => "jpeg422",
        Subsampling::C444 => "jpeg444",
    };
    let block = [Some(BLOCK), Some(BLOCK)];
    let mut graph = GraphSpec::new(name, 1)
        .input("quant_luma", &block)
        .input("quant_chroma", &block);
    if subsampling != Subsampling::C420 {
        graph.missing = "does not exist and JPEG of this chroma subsampling needs it: export the \
                         model again, or set jpeg-subsampling=420 to restore it as 4:2:0."
            .to_owned();
    }
    graph
}

/// Compression at a quality.
struct Jpeg {
    /// Whether the settings leave the quality to the frames.
    estimates: bool,
    /// IJG quality of the frame, 1 to 100; 0 while none is known.
    quality: u32,
    subsampling: Subsampling,
    /// The quality that was used last, and its steps for luma and chroma.
    tables: Option<(u32, [Arc<[f32]>; 2])>,
}

impl Jpeg {
    fn new(quality: u32, subsampling: Subsampling) -> Result<Self, RestoreError> {
        if quality > 100 {
            return Err(RestoreError::Settings(format!(
                "jpeg-quality is {quality}: set it to 1 to 100, or to 0 to estimate it."
            )));
        }
        Ok(Self {
            estimates: quality == 0,
            quality,
            subsampling,
            tables: None,
        })
    }

    /// The quality that is set, or else the one estimated from `frame`.
    fn quality_of(&self, frame: &Image) -> u32 {
        match self.quality {
            0 => jpeg_quality(frame),
            set => set,
        }
    }

    /// The steps of luma and chroma at `quality`.
    fn tables(&mut self, quality: u32) -> &[Arc<[f32]>; 2] {
        let made = match self.tables.take() {
            Some((last, tables)) if last == quality => tables,
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
        self.subsampling.grid()
    }

    fn border(&self) -> Border {
        Border::Symmetric
    }

    fn quality(&self) -> u32 {
        self.quality
    }

    fn estimated_quality(&self, frame: &Image) -> Option<u32> {
        self.estimates.then(|| jpeg_quality(frame))
    }

    fn set_quality(&mut self, quality: u32) {
        self.quality = quality.clamp(1, 100);
    }

    fn tensors(&mut self, observed: &Image, _canvas: &Canvas, window: Window) -> Tensors {
        let quality = self.quality_of(observed);
        let [luma, chroma] = self.tables(quality);
        smallvec![
            Tensor::own("y", part(observed, window, 1)),
            Tensor::shared("quant_luma", &[BLOCK, BLOCK], luma),
            Tensor::shared("quant_chroma", &[BLOCK, BLOCK], chroma),
        ]
    }

    /// x compressed and decoded, before rounding to 8 bits; chroma is repeated over its pixels. x
    /// has three channels.
    fn apply(&self, x: &Image) -> Image {
        let ((across, down), grid) = (self.subsampling.factors(), self.grid());
        let (height, width) = (
            x.height.next_multiple_of(grid),
            x.width.next_multiple_of(grid),
        );
        let padded = x.pad(0, 0, height, width, Border::Symmetric);
        let (luma_steps, chroma_steps) = quantisation(self.quality_of(x));
        let mut luma = mixed(&padded, 0);
        // The encoder takes 128 off each code and an image's zero is code 127.5.
        luma.iter_mut().for_each(|v| *v -= 0.5);
        compress(&mut luma, width, &luma_steps);
        luma.iter_mut().for_each(|v| *v += 0.5);
        let [cb, cr] = [1, 2].map(|c| {
            let mut chroma = averaged(&mixed(&padded, c), width, (across, down));
            compress(&mut chroma, width / across, &chroma_steps);
            chroma
        });
        let mut out = Image::new(3, x.height, x.width);
        let size = x.height * x.width;
        for (row, luma) in luma.chunks_exact(width).take(x.height).enumerate() {
            for (column, luma) in luma.iter().take(x.width).enumerate() {
                let i = row / down * (width / across) + column / across;
                let rgb = to_rgb(*luma, cb[i], cr[i]);
                for (c, v) in rgb.into_iter().enumerate() {
                    out.data[c * size + row * x.width + column] = v;
                }
            }
        }
        out
    }

    fn adjoint(&self, y: &Image) -> Image {
        y.clone()
    }

    /// y - x: compressing x would compare roundings instead of images.
    fn residual(&self, x: &Image, y: &Image, channel: usize) -> Image {
        let mut residual = single(y, channel);
        let pairs = residual.data.iter_mut().zip(x.plane(channel));
        pairs.for_each(|(e, x)| *e -= x);
        residual
    }

    /// Difference of the luma coefficients, over the root mean square step / sqrt(12) that rounding
    /// to steps leaves; the noise does not matter.
    fn residual_rms(&self, x: &Image, y: &Image, _sigma: f32) -> f32 {
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
mod tests;
