// SPDX-License-Identifier: MPL-2.0
//! Gradients of a picture, and the choice of those that tell most of a kernel.

use rustfft::num_complex::Complex;

use super::fourier::{Fourier, Spectrum};
use super::plane::Plane;

/// How many gradients of each direction are chosen at first, for each pixel of a kernel's side.
const MANY: usize = 20;
/// Sectors of direction; opposite directions are one.
const SECTORS: usize = 4;

/// Forward differences on the canvas, horizontal ones as real parts; zero beyond the picture.
pub fn gradients(picture: &Plane, fourier: &Fourier) -> Spectrum {
    let mut out = vec![Complex::default(); fourier.len()];
    for y in 0..picture.height.saturating_sub(1) {
        for x in 0..picture.width.saturating_sub(1) {
            let here = picture.at(x, y);
            let across = picture.at(x + 1, y) - here;
            let down = picture.at(x, y + 1) - here;
            out[y * fourier.width + x] = Complex::new(across, down);
        }
    }
    out
}

/// The square above which each direction has enough gradients for a kernel of `side`, or as many
/// as there are.
pub fn threshold(gradients: &[Complex<f32>], side: usize) -> f32 {
    let mut sectors = vec![Vec::new(); SECTORS];
    for g in gradients.iter().filter(|g| g.norm_sqr() > 0.0) {
        let turn = g.im.atan2(g.re).rem_euclid(std::f32::consts::PI) / std::f32::consts::PI;
        let sector = (turn * SECTORS as f32) as usize % SECTORS;
        sectors[sector].push(g.norm_sqr());
    }
    let many = MANY * side;
    let least = |sector: &mut Vec<f32>| {
        sector.sort_unstable_by(|a, b| b.total_cmp(a));
        sector.get(many).copied().unwrap_or(0.0)
    };
    sectors.iter_mut().map(least).fold(f32::INFINITY, f32::min)
}

/// Only the gradients whose square is at least `threshold`.
pub fn above(gradients: &[Complex<f32>], threshold: f32) -> Spectrum {
    let kept = |g: &Complex<f32>| {
        if g.norm_sqr() >= threshold {
            *g
        } else {
            Complex::default()
        }
    };
    gradients.iter().map(kept).collect()
}
