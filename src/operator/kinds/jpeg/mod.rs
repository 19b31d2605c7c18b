// SPDX-License-Identifier: MPL-2.0
//! JPEG: 8x8 cosine transforms of luma and of subsampled chroma, rounded to steps.
//!
//! Steps are in 8-bit code values, and the encoder takes 128 off each code.

mod color;
mod doubt;
mod estimate;
mod holes;
mod tables;

use std::sync::Arc;

use smallvec::smallvec;

pub use color::Subsampling;
pub use tables::{Compression, quantisation};

use crate::operator::dct::{BLOCK, dct};
use color::{averaged, luma, mixed, to_rgb};
use tables::Table;

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

/// Compression with tables that are told or that the frames show.
#[derive(Clone)]
struct Jpeg {
    /// Whether the settings leave the tables to the frames.
    estimates: bool,
    subsampling: Subsampling,
    /// Of the last frame; `None` while none is known.
    compression: Option<Compression>,
    /// 1 where the frame is observed; `None` where all of it is.
    observed: Option<Image>,
    /// The steps that the graph took last, luma's and chroma's.
    tables: Option<[Arc<[f32]>; 2]>,
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
            subsampling,
            compression: (quality > 0).then(|| Compression::of_quality(quality)),
            observed: None,
            tables: None,
        })
    }

    /// What is told or was found, or else what `frame` shows.
    fn compression_of(&self, frame: &Image) -> Compression {
        let found = || estimate::compression(frame, self.subsampling, None);
        self.compression.unwrap_or_else(found)
    }

    /// The steps of luma and chroma as the graph takes them.
    fn tables(&mut self, compression: &Compression) -> &[Arc<[f32]>; 2] {
        let steps = [&compression.luma, &compression.chroma];
        let same = |tables: &[Arc<[f32]>; 2]| tables.iter().zip(steps).all(|(a, b)| **a == *b);
        let made = match self.tables.take().filter(same) {
            Some(tables) => tables,
            None => steps.map(|steps| steps.as_slice().into()),
        };
        self.tables.insert(made)
    }
}

impl Physics for Jpeg {
    fn twin(&self) -> Box<dyn Physics> {
        Box::new(self.clone())
    }

    fn grid(&self) -> usize {
        self.subsampling.grid()
    }

    fn border(&self) -> Border {
        Border::Symmetric
    }

    fn set_observed(&mut self, mask: Option<&Image>) {
        self.observed = mask.cloned();
    }

    fn inspect(&mut self, frame: &Image, before: Option<Compression>) -> Option<Compression> {
        let whole = holes::without(frame, self.observed.as_ref(), self.grid());
        let frame = whole.as_ref().unwrap_or(frame);
        let compression = match self.compression.filter(|_| !self.estimates) {
            Some(told) => Compression {
                fit: estimate::fit(frame, self.subsampling, &told),
                ..told
            },
            None => estimate::compression(frame, self.subsampling, before.as_ref()),
        };
        self.compression = Some(compression);
        self.compression
    }

    fn doubt(&self, frame: &Image) -> Option<String> {
        let whole = holes::without(frame, self.observed.as_ref(), self.grid());
        let frame = whole.as_ref().unwrap_or(frame);
        let found = || estimate::compression(frame, self.subsampling, None);
        doubt::sentence(&self.compression?, self.estimates, found)
    }

    fn tensors(&mut self, observed: &Image, _canvas: &Canvas, window: Window) -> Tensors {
        let compression = self.compression_of(observed);
        let [luma, chroma] = self.tables(&compression);
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
        let Compression {
            luma: luma_steps,
            chroma: chroma_steps,
            ..
        } = self.compression_of(x);
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
    fn residual_rms(&self, x: &Image, y: &Image, sigma: f32) -> f32 {
        let everywhere = Image::filled(1, y.height, y.width, 1.0);
        self.residual_rms_where(x, y, sigma, &everywhere)
    }

    /// The same of blocks that are observed as a whole.
    fn residual_rms_where(&self, x: &Image, y: &Image, _sigma: f32, mask: &Image) -> f32 {
        let steps = self.compression_of(y).luma;
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
        let (mut sum, mut count) = (0.0f64, 0usize);
        for (row, line) in difference.chunks_exact(width).enumerate() {
            let steps = &steps[row % BLOCK * BLOCK..][..BLOCK];
            let share = |(v, step): (&f32, &f32)| (v / step) * (v / step);
            for (column, block) in line.chunks_exact(BLOCK).enumerate() {
                if holes::is_whole(mask, row / BLOCK * BLOCK, column * BLOCK, BLOCK) {
                    sum += f64::from(block.iter().zip(steps).map(share).sum::<f32>());
                    count += BLOCK;
                }
            }
        }
        (12.0 * sum / count.max(1) as f64).sqrt() as f32
    }
}

/// Rounds the coefficients of a plane to their steps.
fn compress(plane: &mut [f32], width: usize, steps: &Table) {
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
