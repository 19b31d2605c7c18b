// SPDX-License-Identifier: MPL-2.0
//! Pictures that are blurred by known kernels, and how alike kernels are.

use std::path::Path;

use image::GrayImage;

/// Pixels of a side of a picture.
pub const SIDE: usize = 160;

/// Numbers from 0 to 1 that look random, and are the same each time.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// A kernel with odd sides, row by row.
pub struct Kernel {
    side: usize,
    pub data: Vec<f64>,
}

impl Kernel {
    /// Of a density over the plane, sampled finely, about the middle.
    pub fn of(side: usize, density: impl Fn(f64, f64) -> f64) -> Self {
        let fine = 15;
        let place = |i: usize, s: usize| {
            i as f64 - (side / 2) as f64 + (s as f64 + 0.5) / fine as f64 - 0.5
        };
        let cell = |i: usize| {
            let samples = (0..fine * fine)
                .map(|s| density(place(i % side, s % fine), place(i / side, s / fine)));
            samples.sum::<f64>()
        };
        let mut data: Vec<f64> = (0..side * side).map(cell).collect();
        let sum: f64 = data.iter().sum();
        data.iter_mut().for_each(|v| *v /= sum);
        Self { side, data }
    }

    /// Of a path of points, each spread over a small blot.
    pub fn path(side: usize, points: &[(f64, f64)]) -> Self {
        Self::of(side, |x, y| {
            let blot = |(px, py): &(f64, f64)| {
                (-((x - px).powi(2) + (y - py).powi(2)) / (2.0 * 0.25)).exp()
            };
            points.iter().map(blot).sum()
        })
    }
}

/// A picture of many plain shapes that lie over one another, from 0 to 1.
fn shapes(side: usize, seed: u64) -> Vec<f64> {
    let mut numbers = Numbers(seed);
    let mut picture = vec![0.5; side * side];
    for _ in 0..150 {
        let [x, y, a, b] = [side, side, 24, 24].map(|n| numbers.next() * n as f64);
        let (turn, gray) = (numbers.next() * 3.2, 0.08 + 0.84 * numbers.next());
        let round = numbers.next() < 0.4;
        let (sin, cos) = turn.sin_cos();
        for (i, v) in picture.iter_mut().enumerate() {
            let (dx, dy) = ((i % side) as f64 - x, (i / side) as f64 - y);
            let (u, w) = (
                (dx * cos + dy * sin) / (a + 2.0),
                (dy * cos - dx * sin) / (b + 2.0),
            );
            if (round && u * u + w * w < 1.0) || (!round && u.abs().max(w.abs()) < 0.7) {
                *v = gray;
            }
        }
    }
    picture
}

/// The picture convolved, where the kernel lies within, with noise of 0.005.
pub fn blurred(kernel: &Kernel, seed: u64) -> GrayImage {
    let whole = SIDE + kernel.side - 1;
    let picture = shapes(whole, seed);
    let mut numbers = Numbers(seed + 1);
    let mut codes = Vec::new();
    for i in 0..SIDE * SIDE {
        let (x, y) = (i % SIDE, i / SIDE);
        let mut sum = 0.0;
        for (j, v) in kernel.data.iter().enumerate().filter(|(_, v)| **v > 0.0) {
            let (kx, ky) = (
                kernel.side - 1 - j % kernel.side,
                kernel.side - 1 - j / kernel.side,
            );
            sum += v * picture[(y + ky) * whole + x + kx];
        }
        let noise: f64 = (0..12).map(|_| numbers.next()).sum::<f64>() - 6.0;
        codes.push(((sum + 0.005 * noise) * 255.0).round().clamp(0.0, 255.0) as u8);
    }
    GrayImage::from_vec(SIDE as u32, SIDE as u32, codes).expect("a picture")
}

/// The numbers of an .npy file of float32.
pub fn array(path: &Path) -> Vec<f64> {
    let bytes = std::fs::read(path).expect("a kernel");
    assert!(bytes.starts_with(b"\x93NUMPY\x01\x00") && bytes.len().is_multiple_of(4));
    let header = 10 + usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    assert_eq!(header % 64, 0);
    let values = bytes[header..].chunks_exact(4);
    values
        .map(|v| f64::from(f32::from_le_bytes([v[0], v[1], v[2], v[3]])))
        .collect()
}

/// The largest normalised cross-correlation of two square kernels.
pub fn similarity(a: &[f64], b: &[f64]) -> f64 {
    let [n, m] = [a, b].map(|k| k.len().isqrt() as i64);
    let square = |k: &[f64]| k.iter().map(|v| v * v).sum::<f64>();
    let mut best = 0.0f64;
    for dy in -m..=n {
        for dx in -m..=n {
            let mut sum = 0.0;
            for (i, v) in b.iter().enumerate() {
                let (x, y) = (i as i64 % m + dx, i as i64 / m + dy);
                if (0..n).contains(&x) && (0..n).contains(&y) {
                    sum += v * a[(y * n + x) as usize];
                }
            }
            best = best.max(sum);
        }
    }
    best / (square(a) * square(b)).sqrt()
}
