// SPDX-License-Identifier: MPL-2.0
//! Fourier transforms of images: transfer functions in f64, circular convolutions in f32.

use std::cell::Cell;
use std::sync::Arc;

use rustfft::num_complex::Complex;
use rustfft::{Fft, FftNum, FftPlanner};

use crate::image::{filled, reserve, shared};
use crate::operator::kernel::Psf;

/// Two-dimensional transform of one image size.
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

    /// The spectrum of an image, column by column: transposed, which saves a convolution two
    /// transpositions.
    fn forward(&self, work: &mut Work<T>) {
        let Work(values, turned, scratch) = work;
        process(&self.forward[0], values, scratch);
        transpose(values, turned, self.width, self.height);
        process(&self.forward[1], turned, scratch);
    }

    /// The image of a spectrum as `forward` gives it, times the number of pixels.
    fn inverse(&self, work: &mut Work<T>) {
        let Work(values, turned, scratch) = work;
        process(&self.inverse[1], turned, scratch);
        transpose(turned, values, self.height, self.width);
        process(&self.inverse[0], values, scratch);
    }
}

/// The memory of a transform: an image, its spectrum column by column, and scratch for the
/// transforms of their lines.
struct Work<T>(Vec<Complex<T>>, Vec<Complex<T>>, Vec<Complex<T>>);

impl<T: FftNum> Work<T> {
    fn new(transform: &Transform<T>) -> Self {
        let plans = transform.forward.iter().chain(&transform.inverse);
        let scratch = plans.map(|fft| fft.get_inplace_scratch_len()).max();
        let zeros = |len| filled(len, Complex::new(T::zero(), T::zero()));
        let len = transform.width * transform.height;
        Self(zeros(len), zeros(len), zeros(scratch.unwrap_or(0)))
    }
}

/// The transform of each line.
fn process<T: FftNum>(fft: &Arc<dyn Fft<T>>, lines: &mut [Complex<T>], scratch: &mut [Complex<T>]) {
    let len = fft.get_inplace_scratch_len().min(scratch.len());
    fft.process_with_scratch(lines, &mut scratch[..len]);
}

/// `width` columns by `height` rows become `height` columns by `width` rows, in blocks that fit the
/// cache.
fn transpose<T: Copy>(from: &[T], to: &mut [T], width: usize, height: usize) {
    const BLOCK: usize = 16;
    for y0 in (0..height).step_by(BLOCK) {
        for x0 in (0..width).step_by(BLOCK) {
            for x in x0..(x0 + BLOCK).min(width) {
                for y in y0..(y0 + BLOCK).min(height) {
                    to[x * height + y] = from[y * width + x];
                }
            }
        }
    }
}

/// The kernel's spectrum, column by column.
fn spectrum(psf: &Psf, width: usize, height: usize) -> Vec<Complex<f64>> {
    let transform = Transform::new(width, height);
    let mut work = Work::new(&transform);
    let place = |i: usize, side: usize, len: usize| {
        (i as isize - (side / 2) as isize).rem_euclid(len as isize) as usize
    };
    for (i, row) in psf.data.chunks_exact(psf.width).enumerate() {
        let y = place(i, psf.height, height);
        for (j, value) in row.iter().enumerate() {
            work.0[y * width + place(j, psf.width, width)].re += f64::from(*value);
        }
    }
    transform.forward(&mut work);
    work.1
}

/// Transfer function for images of a size: the real, then the imaginary part of the kernel's
/// spectrum, row by row.
///
/// The kernel's centre (side / 2) lies at the origin; a kernel larger than the image wraps. With it
/// F(y) = otf F(x) is the circular form of (h * x)\[i\] = sum_d h\[d\] x\[i - d\].
pub fn otf(psf: &Psf, width: usize, height: usize) -> Arc<[f32]> {
    let columns = spectrum(psf, width, height);
    let mut rows = filled(columns.len(), Complex::default());
    transpose(&columns, &mut rows, height, width);
    let real = rows.iter().map(|v| v.re as f32);
    let imaginary = rows.iter().map(|v| v.im as f32);
    shared(2 * rows.len(), real.chain(imaginary))
}

/// Circular convolution of images of one size with one kernel.
pub struct Convolver {
    transform: Transform<f32>,
    /// The kernel's spectrum over the number of pixels.
    gain: Vec<Complex<f32>>,
    /// Kept from one image to the next; `None` while it is in use.
    work: Cell<Option<Work<f32>>>,
}

impl Convolver {
    /// Convolves images of `width` x `height` with `psf`.
    pub fn new(psf: &Psf, width: usize, height: usize) -> Self {
        let scale = 1.0 / (width * height) as f64;
        let columns = spectrum(psf, width, height);
        let mut gain = reserve(columns.len());
        gain.extend(columns.iter().map(|v| {
            let v = v * scale;
            Complex::new(v.re as f32, v.im as f32)
        }));
        Self {
            transform: Transform::new(width, height),
            gain,
            work: Cell::new(None),
        }
    }

    /// Whether images of this size can be convolved.
    pub fn fits(&self, width: usize, height: usize) -> bool {
        self.transform.width == width && self.transform.height == height
    }

    /// h * x in place of one plane x; with `transpose` the correlation with h.
    pub fn run(&self, plane: &mut [f32], transpose: bool) {
        let work = self.work.take();
        let mut work = work.unwrap_or_else(|| Work::new(&self.transform));
        for (v, &x) in work.0.iter_mut().zip(&*plane) {
            *v = Complex::new(x, 0.0);
        }
        self.transform.forward(&mut work);
        let spectrum = work.1.iter_mut().zip(&self.gain);
        if transpose {
            spectrum.for_each(|(v, g)| *v *= g.conj());
        } else {
            spectrum.for_each(|(v, g)| *v *= g);
        }
        self.transform.inverse(&mut work);
        plane.iter_mut().zip(&work.0).for_each(|(x, v)| *x = v.re);
        self.work.set(Some(work));
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
            remarks: Vec::new(),
        }
    }

    /// sum_d h[d] x[i - d] by its definition, borders wrapped: the convention of
    /// scipy.ndimage.convolve.
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
            let mut found = x.clone();
            convolver.run(&mut found, false);
            for (a, b) in found.iter().zip(&want) {
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
