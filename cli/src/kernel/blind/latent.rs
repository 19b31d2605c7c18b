// SPDX-License-Identifier: MPL-2.0
//! The sharp picture that a kernel lets expect, in its edges only: a picture with few gradients.
//!
//! It minimises |y - k * x|² + weight · (number of pixels whose gradient is not zero) by half
//! quadratic splitting: gradients below a threshold are set to zero, and the picture follows them
//! in closed form, ever more closely (Xu, Zheng and Jia 2013; Xu, Lu, Xu and Jia 2011).

use rustfft::num_complex::Complex;

use super::fourier::{Fourier, Spectrum};
use super::plane::Plane;

/// How much more closely the picture follows its gradients from one step to the next.
const GROWTH: f32 = 2.0;
/// Where it follows them closely enough.
const CLOSEST: f32 = 1e5;

/// What stays the same for all kernels of one picture.
pub struct Latent {
    width: usize,
    height: usize,
    observed: Spectrum,
    /// |D|² of the forward differences.
    differences: Vec<f32>,
}

impl Latent {
    pub fn of(fourier: &Fourier, observed: &Plane) -> Self {
        let rows = wrapped(observed, fourier.width, fourier.height);
        let wave =
            |i: usize, n: usize| 2.0 - 2.0 * (std::f32::consts::TAU * i as f32 / n as f32).cos();
        let (width, height) = (fourier.width, fourier.height);
        let differences = (0..fourier.len())
            .map(|i| wave(i / height, width) + wave(i % height, height))
            .collect();
        Self {
            width: observed.width,
            height: observed.height,
            observed: fourier.forward(rows),
            differences,
        }
    }

    /// The picture for a kernel, given by its spectrum.
    pub fn estimate(&self, fourier: &Fourier, kernel: &[Complex<f32>], weight: f32) -> Plane {
        let data: Spectrum = kernel
            .iter()
            .zip(&self.observed)
            .map(|(k, y)| k.conj() * y)
            .collect();
        let power: Vec<f32> = kernel.iter().map(|k| k.norm_sqr()).collect();
        let mut picture = fourier.inverse(self.observed.clone());
        let mut closeness = 2.0 * weight;
        while closeness < CLOSEST {
            let kept = kept(&picture, fourier.width, weight / closeness);
            let mut spectrum = fourier.forward(kept);
            for (i, s) in spectrum.iter_mut().enumerate() {
                let below = power[i] + closeness * self.differences[i];
                *s = (data[i] + *s * closeness) / below.max(1e-12);
            }
            picture = fourier.inverse(spectrum);
            closeness *= GROWTH;
        }
        let at = |x: usize, y: usize| picture[y * fourier.width + x].re;
        Plane::of(self.width, self.height, at)
    }
}

/// The adjoint of the forward differences, of those gradients whose square is above `threshold`.
fn kept(picture: &[Complex<f32>], width: usize, threshold: f32) -> Spectrum {
    let height = picture.len() / width;
    let mut out = vec![Complex::default(); picture.len()];
    for y in 0..height {
        let (row, below) = (y * width, (y + 1) % height * width);
        for x in 0..width {
            let right = if x + 1 == width { 0 } else { x + 1 };
            let here = picture[row + x].re;
            let (h, v) = (picture[row + right].re - here, picture[below + x].re - here);
            if h * h + v * v >= threshold {
                out[row + x].re -= h + v;
                out[row + right].re += h;
                out[below + x].re += v;
            }
        }
    }
    out
}

/// A picture on a larger canvas, which leads smoothly from each edge to the opposite one.
pub fn wrapped(picture: &Plane, width: usize, height: usize) -> Spectrum {
    let lead = |i: usize, inner: usize, outer: usize| {
        let share = (i + 1 - inner.min(i + 1)) as f32 / (outer + 1 - inner) as f32;
        (inner - 1, share)
    };
    let across = |x: usize, y: usize| {
        if x < picture.width {
            return picture.at(x, y);
        }
        let (last, share) = lead(x, picture.width, width);
        picture.at(last, y) * (1.0 - share) + picture.at(0, y) * share
    };
    let wide = Plane::of(width, picture.height, across);
    let down = |x: usize, y: usize| {
        if y < wide.height {
            return wide.at(x, y);
        }
        let (last, share) = lead(y, wide.height, height);
        wide.at(x, last) * (1.0 - share) + wide.at(x, 0) * share
    };
    let whole = Plane::of(width, height, down);
    whole
        .data
        .into_iter()
        .map(|v| Complex::new(v, 0.0))
        .collect()
}
