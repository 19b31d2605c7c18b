// SPDX-License-Identifier: MPL-2.0
//! Antialiased reduction: y\[i\] = sum_j k\[j\] x\[s i + first + j\] along each side, first = (s - n) / 2.
//!
//! k are the n taps of Keys' kernel stretched by s, as image libraries shrink: low-res pixel i is centred at
//! (i + 1/2) s - 1/2. A A' is a circular convolution on the small grid; `gram` holds its eigenvalues.

use std::collections::HashMap;
use std::f64::consts::TAU;
use std::sync::Arc;

use smallvec::smallvec;

use crate::error::RestoreError;
use crate::graph::{GraphSpec, Tensor, Tensors};
use crate::image::{Border, Image, Scratch, Window};
use crate::operator::Canvas;
use crate::operator::canvas::{crossfade, part};
use crate::operator::initial::{keys, upscaled};
use crate::operator::physics::Physics;

/// Pixels of the observation that are reflected on each side.
const MARGIN: usize = 8;
/// Pixels of the observation that are blended across the wrap.
const BAND: usize = 2;

pub fn graph(scale: usize) -> GraphSpec {
    let side = Some(taps(scale).len());
    GraphSpec::new(format!("downscale{scale}"), scale)
        .input("kernel", &[side, side])
        .input("gram", &[None, None])
}

pub struct Downscale {
    scale: usize,
    taps: Vec<f64>,
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
    pub fn new(scale: usize) -> Result<Self, RestoreError> {
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

    /// Eigenvalues of A A' along a side of `len` low-res pixels: the transform of the taps' autocorrelation at every
    /// `scale`-th lag, wrapped.
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
        let rows = down.iter();
        rows.flat_map(|a| across.iter().map(move |b| (a * b) as f32))
            .collect()
    }
}

impl Physics for Downscale {
    fn margin(&self) -> usize {
        MARGIN * self.scale
    }

    fn grid(&self) -> usize {
        self.scale
    }

    fn border(&self) -> Border {
        Border::Symmetric
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
        // The sources of all outputs, one after another.
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
mod tests {
    use super::*;
    use crate::operator::tests::noise;

    #[test]
    fn taps_are_the_known_ones() {
        // Keys at 1.75, 1.25, 0.75, 0.25, over their sum of 2.
        let known = [-0.01171875, -0.03515625, 0.11328125, 0.43359375];
        let two = taps(2);
        assert_eq!(two.len(), 8);
        for (i, want) in known.iter().enumerate() {
            assert!((two[i] - want).abs() < 1e-12, "{} at {i}", two[i]);
            assert!((two[7 - i] - want).abs() < 1e-12);
        }
        assert_eq!((taps(3).len(), taps(4).len()), (11, 16));
        assert!((taps(3)[5] - 1.0 / 3.0).abs() < 0.01);
    }

    #[test]
    fn reduction_agrees_with_the_direct_formula() {
        for scale in [2, 3, 4] {
            let op = Downscale::new(scale).expect("a scale");
            let x = noise(1, 5 * scale, 7 * scale);
            let y = op.apply(&x);
            assert_eq!((y.height, y.width), (5, 7));
            for i in 0..5 {
                for j in 0..7 {
                    let (mut want, mut weight) = (0.0, 0.0);
                    for a in -30i32..60 {
                        for b in -30i32..60 {
                            let centre = |i: usize| (i as f64 + 0.5) * scale as f64 - 0.5;
                            let w = keys((f64::from(a) - centre(i)) / scale as f64)
                                * keys((f64::from(b) - centre(j)) / scale as f64);
                            let (a, b) = (
                                a.rem_euclid(5 * scale as i32),
                                b.rem_euclid(7 * scale as i32),
                            );
                            want += w * f64::from(x.row(0, a as usize)[b as usize]);
                            weight += w;
                        }
                    }
                    let found = f64::from(y.row(0, i)[j]);
                    assert!((found - want / weight).abs() < 1e-5, "x{scale}: {found}");
                }
            }
        }
    }

    #[test]
    fn a_flat_image_stays_flat_and_a_ramp_stays_a_ramp() {
        let op = Downscale::new(4).expect("a scale");
        for v in &op.apply(&Image::filled(1, 16, 20, 0.7)).data {
            assert!((v - 0.7).abs() < 1e-6);
        }
        let ramp = Image::from_fn(1, 4, 80, |_, _, x| x as f32);
        let small = op.apply(&ramp);
        for i in 3..17 {
            assert!((small.row(0, 0)[i] - (4.0 * i as f32 + 1.5)).abs() < 1e-3);
        }
    }

    #[test]
    fn gram_holds_the_eigenvalues_of_a_a_transposed() {
        for scale in [2, 3, 4] {
            for (height, width) in [(6, 9), (2, 3), (1, 1)] {
                let op = Downscale::new(scale).expect("a scale");
                let gram = op.gram(width, height);
                for (v, u) in [(0, 0), (1 % height, 2 % width), (height - 1, width / 2)] {
                    let wave = Image::from_fn(1, height, width, |_, y, x| {
                        let phase = (v * y) as f64 / height as f64 + (u * x) as f64 / width as f64;
                        (TAU * phase + 0.3).cos() as f32
                    });
                    let found = op.apply(&op.adjoint(&wave));
                    for (a, b) in found.data.iter().zip(&wave.data) {
                        let want = gram[v * width + u] * b;
                        assert!(
                            (a - want).abs() < 1e-5,
                            "x{scale} ({v},{u}): {a}, not {want}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn other_scales_are_refused_by_name() {
        let error = Downscale::new(5).err().expect("5 is refused");
        assert_eq!(error.to_string(), "scale is 5: set it to 2, 3 or 4.");
    }
}
