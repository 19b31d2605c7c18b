// SPDX-License-Identifier: MPL-2.0
//! Cosine transforms of 8x8 blocks.

use std::f32::consts::PI;
use std::sync::LazyLock;

use crate::image::Scratch;

/// Side of a block.
pub const BLOCK: usize = 8;

/// Orthonormal DCT-II: row u holds the wave of frequency u.
static WAVES: LazyLock<[[f32; BLOCK]; BLOCK]> = LazyLock::new(|| {
    std::array::from_fn(|u| {
        let norm = if u == 0 { 0.125f32.sqrt() } else { 0.5 };
        std::array::from_fn(|i| norm * (PI * (2 * i + 1) as f32 * u as f32 / 16.0).cos())
    })
});

/// Replaces each 8x8 block of `plane` by its transform, or by the inverse transform. The sides are
/// multiples of 8.
pub fn dct(plane: &mut [f32], width: usize, inverse: bool) {
    let waves = *WAVES;
    let entry = |out: usize, i: usize| {
        if inverse {
            waves[i][out]
        } else {
            waves[out][i]
        }
    };
    let mut strip = Scratch::filled(BLOCK * width, 0.0f32);
    for rows in plane.chunks_exact_mut(BLOCK * width) {
        strip.fill(0.0);
        for (out, sum) in strip.chunks_exact_mut(width).enumerate() {
            for (i, row) in rows.chunks_exact(width).enumerate() {
                let weight = entry(out, i);
                sum.iter_mut()
                    .zip(row)
                    .for_each(|(sum, v)| *sum += weight * v);
            }
        }
        let blocks = strip.chunks_exact(BLOCK).zip(rows.chunks_exact_mut(BLOCK));
        for (from, to) in blocks {
            for (out, to) in to.iter_mut().enumerate() {
                *to = (0..BLOCK).map(|i| entry(out, i) * from[i]).sum();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operator::tests::noise;

    #[test]
    fn the_transform_is_orthonormal_and_agrees_with_its_definition() {
        let x = noise(1, 16, 24);
        let mut c = x.data.clone();
        dct(&mut c, 24, false);
        let power = |v: &[f32]| v.iter().map(|v| f64::from(v * v)).sum::<f64>();
        assert!((power(&c) / power(&x.data) - 1.0).abs() < 1e-5);
        for (u, v) in [(0, 0), (3, 5), (7, 1)] {
            let norm = |k: usize| if k == 0 { 0.125f64.sqrt() } else { 0.5 };
            let wave = |i: usize, k: usize| {
                (std::f64::consts::PI * (2 * i + 1) as f64 * k as f64 / 16.0).cos()
            };
            let mut want = 0.0;
            for i in 0..8 {
                for j in 0..8 {
                    want += f64::from(x.row(0, 8 + i)[16 + j]) * wave(i, u) * wave(j, v);
                }
            }
            let found = f64::from(c[(8 + u) * 24 + 16 + v]);
            assert!((found - want * norm(u) * norm(v)).abs() < 1e-5);
        }
        dct(&mut c, 24, true);
        assert!(c.iter().zip(&x.data).all(|(a, b)| (a - b).abs() < 1e-5));
    }
}
