// SPDX-License-Identifier: MPL-2.0
//! Antialiased bicubic downscaling by s: y\[i\] = sum_j k\[j\] x\[s i + first + j\] along each
//! side, with first = (s - n) / 2.
//!
//! k are the n taps of Keys' kernel stretched by s, as image libraries have them: low-res pixel i
//! is centred at (i + 1/2) s - 1/2. A A' is a circular convolution on the small grid, and `gram`
//! holds its eigenvalues (docs/decisions/009-downscale-small-grid.md).

use std::collections::HashMap;
use std::f64::consts::TAU;
use std::sync::Arc;

use smallvec::smallvec;

use super::Kind;
use crate::error::RestoreError;
use crate::graph::{GraphSpec, Tensor, Tensors};
use crate::image::{Border, Image, Scratch, Window, reserve, shared};
use crate::operator::Canvas;
use crate::operator::canvas::{crossfade, part};
use crate::operator::initial::{keys, upscaled};
use crate::operator::physics::Physics;
use crate::operator::unobserved::Search;

/// Pixels of the observation that are reflected on each side.
const MARGIN: usize = 8;
/// Pixels of the observation that are blended across the wrap.
const BAND: usize = 2;

/// Downscaling by `scale`, which is 2, 3 or 4.
pub(super) fn kind(scale: usize) -> Kind<'static> {
    let side = Some(taps(scale).len());
    let graph = GraphSpec::new(format!("downscale{scale}"), scale)
        .input("kernel", &[side, side])
        .input("gram", &[None, None]);
    Kind::new(graph, move |_, _| Downscale::new(scale))
}

/// The bicubic filter, and the eigenvalues of A A' by size.
#[derive(Clone)]
struct Downscale {
    scale: usize,
    /// Weights along one side.
    taps: Vec<f64>,
    /// Their products: the filter as the graph takes it.
    kernel: Arc<[f32]>,
    /// By width and height of the observation's window.
    grams: HashMap<(usize, usize), Arc<[f32]>>,
}

/// The 8, 11 or 16 taps for a scale of 2, 3 or 4; they sum to one.
fn taps(scale: usize) -> Vec<f64> {
    let (s, reach) = (scale as f64, 4 * scale as i32);
    let distance = |d: i32| (f64::from(d) - (s - 1.0) / 2.0) / s;
    let taps: Vec<f64> = (-reach..reach)
        .map(distance)
        .filter(|x| x.abs() < 2.0)
        .map(keys)
        .collect();
    let sum: f64 = taps.iter().sum();
    taps.iter().map(|t| t / sum).collect()
}

impl Downscale {
    /// `scale` is 2, 3 or 4.
    fn new(scale: usize) -> Result<Self, RestoreError> {
        if !(2..=4).contains(&scale) {
            return Err(RestoreError::Settings(format!(
                "scale is {scale}: set it to 2, 3 or 4."
            )));
        }
        let taps = taps(scale);
        let kernel = taps
            .iter()
            .flat_map(|a| taps.iter().map(move |b| (a * b) as f32))
            .collect();
        Ok(Self {
            scale,
            taps,
            kernel,
            grams: HashMap::new(),
        })
    }

    /// Source index of tap `j` for output `i` on a side of `len`, wrapped.
    fn source(&self, i: usize, j: usize, len: usize) -> usize {
        let first = (self.scale as isize - self.taps.len() as isize) / 2;
        ((self.scale * i + j) as isize + first).rem_euclid(len as isize) as usize
    }

    /// Eigenvalues of A A' along a side of `len` low-res pixels: the transform of the taps'
    /// autocorrelation at every `scale`-th lag, wrapped.
    fn eigenvalues(&self, len: usize) -> Vec<f64> {
        let lag = |m: usize| -> f64 {
            let shifted = self.taps.iter().skip(m * self.scale);
            shifted.zip(&self.taps).map(|(a, b)| a * b).sum()
        };
        let lags: Vec<f64> = (0..=self.taps.len() / self.scale).map(lag).collect();
        let value = |u: usize| -> f64 {
            let term = |(m, a): (usize, &f64)| a * (TAU * (m * u % len) as f64 / len as f64).cos();
            lags[0] + 2.0 * lags.iter().enumerate().skip(1).map(term).sum::<f64>()
        };
        (0..len).map(|u| value(u).max(0.0)).collect()
    }

    fn gram(&self, width: usize, height: usize) -> Arc<[f32]> {
        let across = self.eigenvalues(width);
        let down = self.eigenvalues(height);
        let values = down
            .iter()
            .flat_map(|a| across.iter().map(move |b| (a * b) as f32));
        let mut products = reserve(width * height);
        products.extend(values);
        shared(products.len(), products.iter().copied())
    }
}

impl Physics for Downscale {
    fn twin(&self) -> Box<dyn Physics> {
        Box::new(self.clone())
    }

    fn margin(&self) -> usize {
        MARGIN * self.scale
    }

    fn grid(&self) -> usize {
        self.scale
    }

    fn border(&self) -> Border {
        Border::Symmetric
    }

    fn search(&self) -> Search<'_> {
        Search::Bars
    }

    fn initial(&self, observed: &Image, _canvas: &Canvas) -> Image {
        upscaled(observed, self.scale)
    }

    fn tensors(&mut self, observed: &Image, _canvas: &Canvas, window: Window) -> Tensors {
        let mut y = part(observed, window, self.scale);
        crossfade(&mut y, BAND);
        let (width, height, n) = (y.width, y.height, self.taps.len());
        if !self.grams.contains_key(&(width, height)) {
            let made = self.gram(width, height);
            self.grams.insert((width, height), made);
        }
        let gram = &self.grams[&(width, height)];
        smallvec![
            Tensor::own("y", y),
            Tensor::shared("kernel", &[n, n], &self.kernel),
            Tensor::shared("gram", &[height, width], gram),
        ]
    }

    fn apply(&self, x: &Image) -> Image {
        let (height, width) = (x.height / self.scale, x.width / self.scale);
        let n = self.taps.len();
        let mut out = Image::new(x.channels, height, width);
        let mut line = Scratch::filled(x.width, 0.0f32);
        // The source columns of all outputs, one output after another.
        let columns = (0..width).flat_map(|i| (0..n).map(move |j| (i, j)));
        let columns = columns.map(|(i, j)| self.source(i, j, x.width) as u32);
        let columns = Scratch::collected(n * width, columns);
        for c in 0..x.channels {
            for i in 0..height {
                line.fill(0.0);
                for (j, tap) in self.taps.iter().enumerate() {
                    let (row, tap) = (x.row(c, self.source(i, j, x.height)), *tap as f32);
                    line.iter_mut()
                        .zip(row)
                        .for_each(|(sum, v)| *sum += tap * v);
                }
                let sources = columns.chunks_exact(n);
                for (out, sources) in out.row_mut(c, i).iter_mut().zip(sources) {
                    let terms = sources.iter().zip(&self.taps);
                    *out = terms.map(|(&x, tap)| line[x as usize] * *tap as f32).sum();
                }
            }
        }
        out
    }

    fn adjoint(&self, y: &Image) -> Image {
        let mut out = Image::new(y.channels, y.height * self.scale, y.width * self.scale);
        let (height, width) = (out.height, out.width);
        let mut line = Scratch::filled(width, 0.0f32);
        for c in 0..y.channels {
            for i in 0..y.height {
                line.fill(0.0);
                for (x, v) in y.row(c, i).iter().enumerate() {
                    for (j, tap) in self.taps.iter().enumerate() {
                        line[self.source(x, j, width)] += *tap as f32 * v;
                    }
                }
                for (j, tap) in self.taps.iter().enumerate() {
                    let (row, tap) = (out.row_mut(c, self.source(i, j, height)), *tap as f32);
                    row.iter_mut()
                        .zip(line.iter())
                        .for_each(|(sum, v)| *sum += tap * v);
                }
            }
        }
        out
    }

    fn edge(&self) -> usize {
        // The taps reach 3/2 low-res pixels beyond the edge of their own.
        2
    }
}

#[cfg(test)]
mod tests;
