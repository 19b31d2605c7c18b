// SPDX-License-Identifier: MPL-2.0
//! Taps, downscaling and its eigenvalues against their definitions.

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
fn downscaling_agrees_with_the_direct_formula() {
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
