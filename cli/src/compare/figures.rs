// SPDX-License-Identifier: MPL-2.0
//! How far apart two frames are.

use crate::media::frames::Frame;

/// The window of SSIM: 11 taps of a Gaussian of standard deviation 1.5.
const TAPS: usize = 11;
const SIGMA: f32 = 1.5;
/// (0.01 · 255)² and (0.03 · 255)².
const C1: f32 = 6.5025;
const C2: f32 = 58.5225;

/// Mean square of the difference over R, G and B, in squared codes.
pub fn mean_square(a: &Frame, b: &Frame) -> f64 {
    let squares = a.rgb.iter().zip(&b.rgb).map(|(a, b)| {
        let apart = u64::from(a.abs_diff(*b));
        apart * apart
    });
    squares.sum::<u64>() as f64 / a.rgb.len().max(1) as f64
}

/// PSNR in dB for codes up to 255; nothing where nothing differs.
pub fn psnr(mean_square: f64) -> Option<f64> {
    (mean_square > 0.0).then(|| 10.0 * (255.0 * 255.0 / mean_square).log10())
}

/// SSIM of luma (Wang et al. 2004), over all whole windows; 1 where nothing differs. Nothing where
/// a frame is smaller than a window.
pub fn ssim(a: &Frame, b: &Frame) -> Option<f64> {
    if a.width < TAPS || a.height < TAPS {
        return None;
    }
    let (x, y) = (luma(a), luma(b));
    let product =
        |a: &[f32], b: &[f32]| -> Vec<f32> { a.iter().zip(b).map(|(a, b)| a * b).collect() };
    let mean = |plane: &[f32]| blurred(plane, a.width);
    let (mx, my) = (mean(&x), mean(&y));
    let (xx, yy, xy) = (
        mean(&product(&x, &x)),
        mean(&product(&y, &y)),
        mean(&product(&x, &y)),
    );
    let index = |at: usize| {
        let (mx, my) = (mx[at], my[at]);
        let (vx, vy, both) = (xx[at] - mx * mx, yy[at] - my * my, xy[at] - mx * my);
        let means = (2.0 * mx * my + C1) / (mx * mx + my * my + C1);
        f64::from(means * (2.0 * both + C2) / (vx + vy + C2))
    };
    Some((0..mx.len()).map(index).sum::<f64>() / mx.len() as f64)
}

fn luma(frame: &Frame) -> Vec<f32> {
    let pixels = frame.rgb.chunks_exact(3);
    let luma =
        pixels.map(|p| 0.299 * f32::from(p[0]) + 0.587 * f32::from(p[1]) + 0.114 * f32::from(p[2]));
    luma.collect()
}

/// The plane under the window, where all of it lies inside.
fn blurred(plane: &[f32], width: usize) -> Vec<f32> {
    let taps = taps();
    let inner = width + 1 - TAPS;
    let across = plane.chunks_exact(width).flat_map(|row| {
        row.windows(TAPS)
            .map(|window| window.iter().zip(&taps).map(|(v, t)| v * t).sum::<f32>())
    });
    let across: Vec<f32> = across.collect();
    let rows = across.len() / inner + 1 - TAPS;
    let mut out = vec![0.0; rows * inner];
    for (y, row) in out.chunks_exact_mut(inner).enumerate() {
        for (tap, above) in taps.iter().zip(across[y * inner..].chunks_exact(inner)) {
            for (sum, value) in row.iter_mut().zip(above) {
                *sum += tap * value;
            }
        }
    }
    out
}

fn taps() -> [f32; TAPS] {
    let weight = |at: usize| {
        let away = at as f32 - (TAPS / 2) as f32;
        (-away * away / (2.0 * SIGMA * SIGMA)).exp()
    };
    let sum: f32 = (0..TAPS).map(weight).sum();
    std::array::from_fn(|at| weight(at) / sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(value: impl Fn(usize, usize) -> u8) -> Frame {
        let (width, height) = (24, 16);
        let pixels = (0..width * height).flat_map(|at| [value(at % width, at / width); 3]);
        Frame {
            width,
            height,
            rgb: pixels.collect(),
        }
    }

    #[test]
    fn figures_are_those_of_their_definitions() {
        let checks = frame(|x, y| if (x + y) % 2 == 0 { 100 } else { 140 });
        let shifted = frame(|x, y| if (x + y) % 2 == 0 { 110 } else { 150 });
        assert_eq!(mean_square(&checks, &shifted), 100.0);
        assert!((psnr(100.0).expect("a number") - 28.1308).abs() < 1e-4);
        assert_eq!(psnr(mean_square(&checks, &checks)), None);
        let same = ssim(&checks, &checks).expect("a number");
        assert!((same - 1.0).abs() < 1e-6, "{same}");
        // Only the means differ: (2·120·130 + C1) / (120² + 130² + C1).
        let moved = ssim(&checks, &shifted).expect("a number");
        assert!((moved - 0.99681).abs() < 2e-4, "{moved}");
        // Flat against checks: no variance is shared.
        let flat = frame(|_, _| 120);
        let lost = ssim(&checks, &flat).expect("a number");
        let expected = 58.5225 / (400.0 + 58.5225);
        assert!((lost - expected).abs() < 5e-3, "{lost} {expected}");
        let small = Frame {
            width: 8,
            height: 8,
            rgb: vec![0; 192],
        };
        assert_eq!(ssim(&small, &small), None);
    }
}
