// SPDX-License-Identifier: MPL-2.0
//! The kernel that leads from the gradients of the sharp picture to those of the blurred one.
//!
//! It minimises the sum over pictures of |m · (∇y - k * ∇x)|², with |k|² and |∇k|², by conjugate
//! gradients; m leaves out what lies too near to the edge and what was cut off at white. A gradient
//! is a complex number, its horizontal part the real one, so that one transform serves both parts.

use rustfft::num_complex::Complex;

use super::fourier::{Fourier, Spectrum};
use super::plane::Plane;

/// Steps of conjugate gradients, of each round.
const STEPS: [usize; 3] = [20, 10, 10];
/// The share of the residual's square at which there is no need to go on.
const ENOUGH: f64 = 1e-8;
/// Weight of the square of the kernel, and of the square of its slope. Noise makes kernels that
/// change from pixel to pixel, motion and lenses do not.
const RIDGE: f64 = 2.0;
const SMOOTH: f64 = 10.0;

/// What one picture says of the kernel.
pub struct Equation<'a> {
    pub fourier: &'a Fourier,
    /// The spectrum of the gradients of the sharp picture.
    pub sharp: Spectrum,
    /// Gradients of the blurred picture, on the canvas.
    pub blurred: &'a [Complex<f32>],
    /// 1 where the blurred picture counts, on the canvas.
    pub mask: &'a [f32],
}

impl Equation<'_> {
    /// m · (k * ∇x), on the canvas.
    pub fn predicted(&self, kernel: &Plane) -> Spectrum {
        let mut spectrum = self.fourier.kernel(kernel);
        spectrum
            .iter_mut()
            .zip(self.sharp.iter())
            .for_each(|(k, x)| *k *= x);
        let mut rows = self.fourier.inverse(spectrum);
        rows.iter_mut().zip(self.mask).for_each(|(v, m)| *v *= m);
        rows
    }

    /// The adjoint of [`Self::predicted`] into a kernel of `side`.
    fn adjoint(&self, masked: Spectrum, side: usize) -> Vec<f64> {
        let mut spectrum = self.fourier.forward(masked);
        let both = spectrum.iter_mut().zip(self.sharp.iter());
        both.for_each(|(v, x)| *v *= x.conj());
        let rows = self.fourier.inverse(spectrum);
        let (width, height) = (self.fourier.width, self.fourier.height);
        let place = |i: usize, n: usize| (i + n - side / 2) % n;
        (0..side * side)
            .map(|i| {
                let (x, y) = (place(i % side, width), place(i / side, height));
                f64::from(rows[y * width + x].re)
            })
            .collect()
    }

    fn data(&self, side: usize) -> Vec<f64> {
        let masked = self.blurred.iter().zip(self.mask).map(|(v, m)| *v * *m);
        self.adjoint(masked.collect(), side)
    }

    /// |m · (∇y - k * ∇x)|² and |m · ∇y|².
    pub fn residual(&self, kernel: &Plane) -> (f64, f64) {
        let predicted = self.predicted(kernel);
        let mut sums = (0.0, 0.0);
        for ((p, y), m) in predicted.iter().zip(self.blurred).zip(self.mask) {
            let y = *y * *m;
            sums.0 += f64::from((y - *p).norm_sqr());
            sums.1 += f64::from(y.norm_sqr());
        }
        sums
    }
}

/// The kernel of `start`'s size that fits all equations, without negative values: conjugate
/// gradients over those values that are free, in a few rounds.
pub fn solve(equations: &[Equation], start: &Plane) -> Plane {
    let side = start.width;
    let mut data = vec![0.0; side * side];
    for equation in equations {
        let part = equation.data(side);
        data.iter_mut().zip(part).for_each(|(a, b)| *a += b);
    }
    let mut k: Vec<f64> = start.data.iter().map(|v| f64::from(*v)).collect();
    for (round, steps) in STEPS.into_iter().enumerate() {
        let mut rest = data.clone();
        let now = applied(equations, &k, side);
        rest.iter_mut().zip(now).for_each(|(r, a)| *r -= a);
        let both = k.iter().zip(&rest);
        let free: Vec<_> = both
            .map(|(k, r)| round == 0 || *k > 0.0 || *r > 0.0)
            .collect();
        descend(equations, &mut k, rest, &free, steps);
        k.iter_mut().for_each(|v| *v = v.max(0.0));
    }
    plane_of(&k, side)
}

/// Conjugate gradients from `k` with the residual `rest`, over what is free.
fn descend(equations: &[Equation], k: &mut [f64], mut rest: Vec<f64>, free: &[bool], steps: usize) {
    let side = k.len().isqrt();
    let hold = |v: &mut Vec<f64>| {
        let held = v.iter_mut().zip(free).filter(|(_, free)| !**free);
        held.for_each(|(v, _)| *v = 0.0);
    };
    hold(&mut rest);
    let mut way = rest.clone();
    let mut square = dot(&rest, &rest);
    let enough = square * ENOUGH;
    for _ in 0..steps {
        if square <= enough {
            break;
        }
        let mut along = applied(equations, &way, side);
        hold(&mut along);
        let step = square / dot(&way, &along).max(f64::MIN_POSITIVE);
        k.iter_mut().zip(&way).for_each(|(k, w)| *k += step * w);
        rest.iter_mut()
            .zip(&along)
            .for_each(|(r, a)| *r -= step * a);
        let next = dot(&rest, &rest);
        let turn = next / square;
        way.iter_mut()
            .zip(&rest)
            .for_each(|(w, r)| *w = r + turn * *w);
        square = next;
    }
}

/// The matrix of all equations and both weights, times a kernel.
fn applied(equations: &[Equation], k: &[f64], side: usize) -> Vec<f64> {
    let plane = plane_of(k, side);
    let at = |x: usize, y: usize| {
        if x < side && y < side {
            k[y * side + x]
        } else {
            0.0
        }
    };
    let mut sum: Vec<f64> = (0..side * side)
        .map(|i| {
            let (x, y) = (i % side, i / side);
            let across = at(x + 1, y) + at(x.wrapping_sub(1), y);
            let down = at(x, y + 1) + at(x, y.wrapping_sub(1));
            RIDGE * k[i] + SMOOTH * (4.0 * k[i] - across - down)
        })
        .collect();
    for equation in equations {
        let part = equation.adjoint(equation.predicted(&plane), side);
        sum.iter_mut().zip(part).for_each(|(a, b)| *a += b);
    }
    sum
}

fn plane_of(k: &[f64], side: usize) -> Plane {
    Plane {
        width: side,
        height: side,
        data: k.iter().map(|v| *v as f32).collect(),
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use super::super::project::point;
    use super::*;

    #[test]
    fn a_kernel_follows_from_gradients_before_and_after() {
        let fourier = Fourier::at_least(60, 50);
        let kernel = Plane::of(7, 7, |x, y| if x == y || x == 5 { 0.1 } else { 0.0 });
        let gradients: Vec<_> = (0..fourier.len())
            .map(|i| {
                let (x, y) = (i % fourier.width, i / fourier.width);
                let inside = (8..52).contains(&x) && (8..42).contains(&y);
                let value = if inside {
                    (i * i % 97) as f32 - 48.0
                } else {
                    0.0
                };
                Complex::new(value, (i * 31 % 89) as f32 * value.signum())
            })
            .collect();
        let mask = vec![1.0; fourier.len()];
        let nothing = vec![Complex::default(); fourier.len()];
        let mut equation = Equation {
            fourier: &fourier,
            sharp: fourier.forward(gradients),
            blurred: &nothing,
            mask: &mask,
        };
        let blurred = equation.predicted(&kernel);
        equation.blurred = &blurred;
        let found = solve(&[equation], &point(7));
        let apart = found
            .data
            .iter()
            .zip(&kernel.data)
            .map(|(a, b)| (a - b).abs());
        let worst = apart.fold(0.0f32, f32::max);
        assert!(worst < 0.01, "{worst}");
    }
}
