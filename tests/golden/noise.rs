// SPDX-License-Identifier: MPL-2.0
//! Noise as the training draws describe it, against what is estimated and told of it here.

use gstud2m::graph::NoiseTensors;
use gstud2m::image::Image;
use gstud2m::operator::{NoiseEstimate, OPPONENT, estimate_noise, noise_features};

use crate::common;
use crate::files::{Array, npz};

/// Written by `tests/data/make_noise.py`.
const FILE: &str = "tests/data/noise.npz";

/// The covariance [3,3] of R, G and B along the axes of an estimate.
fn opponent(rgb: &[f32]) -> [[f32; 3]; 3] {
    let sum = |i: usize, j: usize| -> f32 {
        let pairs = (0..9).map(|k| OPPONENT[i][k / 3] * rgb[k] * OPPONENT[j][k % 3]);
        pairs.sum()
    };
    std::array::from_fn(|i| std::array::from_fn(|j| sum(i, j)))
}

/// The covariance of R, G and B, of [-1, 1], that axes and standard deviations describe.
fn covariance(basis: &[f32], std: &[f32]) -> [f32; 9] {
    let sum = |i: usize| -> f32 {
        let axes = (0..3).map(|k| basis[3 * k + i / 3] * std[k] * std[k] * basis[3 * k + i % 3]);
        axes.sum()
    };
    std::array::from_fn(sum)
}

/// Row `i` of an array.
fn row(array: &Array, i: usize) -> &[f32] {
    let len = array.shape[1..].iter().product::<usize>();
    &array.data[i * len..][..len]
}

fn assert_near(found: &[f32], wanted: &[f32], allowed: f32, at: impl std::fmt::Debug) {
    let near = found
        .iter()
        .zip(wanted)
        .all(|(f, w)| (f - w).abs() <= allowed);
    assert!(
        near && found.len() == wanted.len(),
        "{at:?}: {found:?}, not {wanted:?}"
    );
}

#[test]
fn a_step_is_told_of_noise_what_training_tells_it() {
    let (arrays, _) = npz(common::path(FILE).as_ref());
    let of = |name: &str, i| row(&arrays[name], i);
    for i in 0..arrays["sigma_y"].shape[0] {
        let shape = of("noise_shape", i);
        let estimate = NoiseEstimate {
            covariance: opponent(of("covariance", i)),
            luma_correlation: shape[0],
            chroma_correlation: shape[1],
            growth: shape[2],
            ..NoiseEstimate::NONE
        };
        let told: NoiseTensors = estimate.tensors([0.0, 1.0], shape[4] > 0.0);
        assert_near(&told.std, of("noise_std", i), 1e-4, (i, "std"));
        assert_near(&[told.sigma_y], of("sigma_y", i), 1e-4, (i, "level"));
        assert_near(&told.shape, shape, 0.0, (i, "shape"));
        // Signs are free, and axes among those of equal noise too.
        let wanted = covariance(of("noise_basis", i), of("noise_std", i));
        assert_near(
            &covariance(&told.basis, &told.std),
            &wanted,
            2e-5,
            (i, "covariance"),
        );
        assert_near(
            &covariance(&told.basis, &[1.0; 3]),
            &IDENTITY,
            1e-6,
            (i, "axes"),
        );
    }
}

const IDENTITY: [f32; 9] = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0];

#[test]
fn drawn_noise_is_estimated_as_it_is_described() {
    let (arrays, _) = npz(common::path(FILE).as_ref());
    let [count, channels, height, width] = arrays["frames"].shape[..] else {
        panic!("frames are four-dimensional");
    };
    for i in 0..count {
        let codes = row(&arrays["frames"], i);
        let frame = Image {
            channels,
            height,
            width,
            data: codes.iter().map(|v| v / 127.5 - 1.0).collect(),
        };
        let seen = noise_features(&frame).expect("blocks enough");
        assert_near(&seen, row(&arrays["frame_features"], i), 2e-3, (i, "seen"));
        let found = estimate_noise(&frame, None, false).shown;
        let told = found.tensors([0.0, 1.0], false);
        let wanted = NoiseEstimate {
            covariance: opponent(row(&arrays["frame_covariance"], i)),
            ..NoiseEstimate::NONE
        };
        let wanted = wanted.tensors([0.0, 1.0], false);
        let (level, loudest) = (wanted.sigma_y, wanted.std[2]);
        assert_near(&[told.sigma_y], &[level], 0.15 * level, (i, "level"));
        assert_near(&told.std[2..], &[loudest], 0.2 * loudest, (i, told, wanted));
        let shape = row(&arrays["frame_shape"], i);
        assert_near(&told.shape[..2], &shape[..2], 0.2, (i, "correlation"));
        assert_near(&told.shape[2..], &shape[2..], 0.5, (i, "growth"));
    }
}
