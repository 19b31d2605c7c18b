// SPDX-License-Identifier: MPL-2.0
//! Compression, its losses and its refusals.

use super::color::CODES;
use super::*;
use crate::operator::tests::textured;

const ALL: [Subsampling; 3] = [Subsampling::C420, Subsampling::C422, Subsampling::C444];

fn distance(a: &Image, b: &Image) -> f32 {
    let pairs = a.data.iter().zip(&b.data);
    let sum: f32 = pairs.map(|(a, b)| (a - b) * (a - b)).sum();
    (sum / a.data.len() as f32).sqrt()
}

#[test]
fn compressing_twice_changes_little_more_and_low_quality_more_than_high() {
    let x = textured(48, 64);
    for subsampling in ALL {
        let mut last = f32::MAX;
        for quality in [10, 50, 90] {
            let op = Jpeg::new(quality, subsampling).expect("a quality");
            let once = op.apply(&x);
            let twice = op.apply(&once);
            let error = distance(&once, &x);
            let at = format!("{subsampling:?}, quality {quality}");
            assert!(error < last && error > 0.0, "{at}: {error}");
            assert!(distance(&once, &twice) < 1e-4, "{at}");
            // The truth lies in its cells: luma does not know how chroma was sampled.
            assert!(
                op.residual_rms(&x, &once, 0.0) < 1.05 && op.residual_rms(&x, &once, 0.0) > 0.1,
                "{at}"
            );
            last = error;
        }
    }
}

#[test]
fn finer_chroma_loses_less_colour() {
    // Stripes of one pixel whose luma is equal: chroma averaged across them is gone.
    let stripes = |vertical: bool| {
        Image::from_fn(3, 32, 48, |c, y, x| {
            let sign = if (if vertical { x } else { y }) % 2 == 0 {
                0.3
            } else {
                -0.3
            };
            to_rgb(0.0, CODES * sign, 0.0)[c]
        })
    };
    let lost = |subsampling, vertical| {
        let op = Jpeg::new(95, subsampling).expect("a quality");
        let x = stripes(vertical);
        distance(&op.apply(&x), &x)
    };
    for (subsampling, vertical, flat) in [
        (Subsampling::C420, true, true),
        (Subsampling::C420, false, true),
        (Subsampling::C422, true, true),
        (Subsampling::C422, false, false),
        (Subsampling::C444, true, false),
        (Subsampling::C444, false, false),
    ] {
        let error = lost(subsampling, vertical);
        assert_eq!(error > 0.2, flat, "{subsampling:?} {vertical}: {error}");
    }
}

#[test]
fn flat_gray_survives_at_every_quality_and_odd_size() {
    // Code 128 is the encoder's zero.
    let gray = Image::filled(3, 17, 9, 0.5 / CODES);
    for (quality, subsampling) in [(1, ALL[0]), (10, ALL[1]), (100, ALL[2])] {
        let out = Jpeg::new(quality, subsampling)
            .expect("a quality")
            .apply(&gray);
        assert_eq!((out.height, out.width), (17, 9));
        assert!(out.data.iter().all(|v| (v - 0.5 / CODES).abs() < 1e-6));
    }
}

#[test]
fn a_quality_above_100_is_refused_by_name() {
    let error = Jpeg::new(101, Subsampling::C420).err();
    let error = error.expect("refused").to_string();
    assert!(error.contains("jpeg-quality is 101"), "{error}");
}
