// SPDX-License-Identifier: MPL-2.0
//! Fourier transforms of pictures: transfer functions in f64, circular convolutions in f32, with kept plans.

use std::sync::Arc;

use rustfft::num_complex::Complex;
use rustfft::{Fft, FftNum, FftPlanner};

use super::psf::Psf;

/// Two-dimensional transform of one picture size.
struct Transform<T: FftNum> {
    width: usize,
    height: usize,
    forward: [Arc<dyn Fft<T>>; 2],
    inverse: [Arc<dyn Fft<T>>; 2],
}

impl<T: FftNum> Transform<T> {
    fn new(width: usize, height: usize) -> Self {
        let mut planner = FftPlanner::new();
        Self {
            width,
            height,
            forward: [width, height].map(|n| planner.plan_fft_forward(n)),
            inverse: [width, height].map(|n| planner.plan_fft_inverse(n)),
        }
    }

    /// The spectrum of a picture, column by column (transposed: saves two transpositions of a convolution).
    fn forward(&self, mut picture: Vec<Complex<T>>) -> Vec<Complex<T>> {
        self.forward[0].process(&mut picture);
        let mut spectrum = transposed(&picture, self.width, self.height);
        self.forward[1].process(&mut spectrum);
        spectrum
    }

    /// The picture of a spectrum as `forward` gives it, times the number of pixels.
    fn inverse(&self, mut spectrum: Vec<Complex<T>>) -> Vec<Complex<T>> {
        self.inverse[1].process(&mut spectrum);
        let mut picture = transposed(&spectrum, self.height, self.width);
        self.inverse[0].process(&mut picture);
        picture
    }
}

/// `width` columns by `height` rows become `height` columns by `width` rows, in blocks that fit the cache.
fn transposed<T: Copy>(from: &[T], width: usize, height: usize) -> Vec<T> {
    const BLOCK: usize = 16;
    let mut to = from.to_vec();
    for y0 in (0..height).step_by(BLOCK) {
        for x0 in (0..width).step_by(BLOCK) {
            for x in x0..(x0 + BLOCK).min(width) {
                for y in y0..(y0 + BLOCK).min(height) {
                    to[x * height + y] = from[y * width + x];
                }
            }
        }
    }
    to
}

/// The kernel's spectrum, column by column.
fn spectrum(psf: &Psf, transform: &Transform<f64>) -> Vec<Complex<f64>> {
    let (width, height) = (transform.width, transform.height);
    let mut wrapped = vec![Complex::new(0.0, 0.0); width * height];
    let place = |i: usize, side: usize, len: usize| {
        (i as isize - (side / 2) as isize).rem_euclid(len as isize) as usize
    };
    for (i, row) in psf.data.chunks_exact(psf.width).enumerate() {
        let y = place(i, psf.height, height);
        for (j, value) in row.iter().enumerate() {
            wrapped[y * width + place(j, psf.width, width)].re += f64::from(*value);
        }
    }
    transform.forward(wrapped)
}

/// Transfer function for pictures of a size: the real, then the imaginary part of the kernel's spectrum, row by row.
///
/// The kernel's centre (side / 2) lies at the origin; a kernel larger than the picture wraps. With it
/// F(y) = otf F(x) is the circular form of (h * x)\[i\] = sum_d h\[d\] x\[i - d\].
pub fn otf(psf: &Psf, width: usize, height: usize) -> Arc<[f32]> {
    let columns = spectrum(psf, &Transform::new(width, height));
    let rows = transposed(&columns, height, width);
    let real = rows.iter().map(|v| v.re as f32);
    real.chain(rows.iter().map(|v| v.im as f32)).collect()
}

/// Circular convolution of pictures of one size with one kernel.
pub struct Convolver {
    transform: Transform<f32>,
    /// The kernel's spectrum over the number of pixels.
    gain: Vec<Complex<f32>>,
}

impl Convolver {
    pub fn new(psf: &Psf, width: usize, height: usize) -> Self {
        let scale = 1.0 / (width * height) as f64;
        let gain = spectrum(psf, &Transform::new(width, height));
        let gain = gain.iter().map(|v| v * scale);
        Self {
            transform: Transform::new(width, height),
            gain: gain
                .map(|v| Complex::new(v.re as f32, v.im as f32))
                .collect(),
        }
    }

    /// Whether pictures of this size can be convolved.
    pub fn fits(&self, width: usize, height: usize) -> bool {
        self.transform.width == width && self.transform.height == height
    }

    /// h * x for one plane, or the correlation with h, which is the transpose.
    pub fn run(&self, plane: &[f32], transpose: bool) -> Vec<f32> {
        let picture = plane.iter().map(|&v| Complex::new(v, 0.0)).collect();
        let mut spectrum = self.transform.forward(picture);
        if transpose {
            spectrum
                .iter_mut()
                .zip(&self.gain)
                .for_each(|(v, g)| *v *= g.conj());
        } else {
            spectrum
                .iter_mut()
                .zip(&self.gain)
                .for_each(|(v, g)| *v *= g);
        }
        let picture = self.transform.inverse(spectrum);
        picture.iter().map(|v| v.re).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lopsided(width: usize, height: usize) -> Psf {
        let data: Vec<f32> = (0..width * height)
            .map(|i| ((i * 7 + 3) % 11) as f32)
            .collect();
        let sum: f32 = data.iter().sum();
        Psf {
            width,
            height,
            data: data.iter().map(|v| v / sum).collect(),
        }
    }

    /// sum_d h[d] x[i - d] by its definition, borders wrapped: the convention of scipy.ndimage.convolve.
    fn direct(x: &[f32], width: usize, height: usize, psf: &Psf) -> Vec<f32> {
        let at = |y: isize, x_: isize| {
            let (y, x_) = (y.rem_euclid(height as isize), x_.rem_euclid(width as isize));
            x[y as usize * width + x_ as usize]
        };
        let mut out = vec![0.0; width * height];
        for y in 0..height as isize {
            for x_ in 0..width as isize {
                let mut sum = 0.0;
                for dy in 0..psf.height as isize {
                    for dx in 0..psf.width as isize {
                        let (cy, cx) = ((psf.height / 2) as isize, (psf.width / 2) as isize);
                        let h = psf.data[dy as usize * psf.width + dx as usize];
                        sum += h * at(y - (dy - cy), x_ - (dx - cx));
                    }
                }
                out[y as usize * width + x_ as usize] = sum;
            }
        }
        out
    }

    #[test]
    fn convolution_agrees_with_its_definition_on_odd_sizes() {
        for (width, height, kw, kh) in [(17, 11, 3, 5), (8, 12, 7, 3), (5, 3, 9, 7), (1, 6, 3, 3)] {
            let psf = lopsided(kw, kh);
            let x: Vec<f32> = (0..width * height)
                .map(|i| ((i * 13 + 5) % 17) as f32 / 8.5 - 1.0)
                .collect();
            let convolver = Convolver::new(&psf, width, height);
            let want = direct(&x, width, height, &psf);
            for (a, b) in convolver.run(&x, false).iter().zip(&want) {
                assert!((a - b).abs() < 1e-5, "{width}x{height}: {a} instead of {b}");
            }
        }
    }

    #[test]
    fn the_transfer_function_is_the_transform_of_the_kernel_by_its_definition() {
        let (width, height, psf) = (9, 7, lopsided(5, 3));
        let otf = otf(&psf, width, height);
        for v in 0..height {
            for u in 0..width {
                let (mut re, mut im) = (0.0f64, 0.0f64);
                for (i, value) in psf.data.iter().enumerate() {
                    let (dy, dx) = ((i / 5) as f64 - 1.0, (i % 5) as f64 - 2.0);
                    let angle = std::f64::consts::TAU
                        * (dy * v as f64 / height as f64 + dx * u as f64 / width as f64);
                    re += f64::from(*value) * angle.cos();
                    im -= f64::from(*value) * angle.sin();
                }
                let i = v * width + u;
                assert!((f64::from(otf[i]) - re).abs() < 1e-6);
                assert!((f64::from(otf[width * height + i]) - im).abs() < 1e-6);
            }
        }
    }
}
