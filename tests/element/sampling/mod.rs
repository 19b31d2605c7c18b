// SPDX-License-Identifier: MPL-2.0
//! The sampler's steps: every output byte of a model with a closed form.

mod output;
mod realism;
mod stddev;
mod trained;

use gst::prelude::*;
use gst_video::VideoFormat::Rgb;
use gstud2m::sampler;

use crate::common::{Bench, assert_code, caps, code, element, info, pattern, place};

/// The output of `affine`, which is noise alone: x0 = xt/4 + noise_0/8 + noise_1/16 in each step,
/// by channel, row and column.
fn affine_run(seed: u64, steps: usize, zeta: f64, height: usize, width: usize) -> Vec<f64> {
    let noise = |stream| -> Vec<f64> {
        let drawn = sampler::normal_image(seed, stream, 3, height, width);
        drawn.data.iter().map(|v| f64::from(*v)).collect()
    };
    let levels = sampler::levels(steps);
    let mut xt = noise(0);
    for (i, level) in levels.iter().enumerate() {
        let stream = 1 + 3 * i as u32;
        let (n0, n1, fresh) = (noise(stream), noise(stream + 1), noise(stream + 2));
        let (alpha, sigma) = (f64::from(level.alpha), f64::from(level.sigma));
        let x0: Vec<f64> = (0..xt.len())
            .map(|p| xt[p] / 4.0 + n0[p] / 8.0 + n1[p] / 16.0)
            .collect();
        let Some(next) = levels.get(i + 1) else {
            return x0;
        };
        for p in 0..xt.len() {
            let eps = (xt[p] - alpha * x0[p]) / sigma;
            let eps = (1.0 - zeta).sqrt() * eps + zeta.sqrt() * fresh[p];
            xt[p] = f64::from(next.alpha) * x0[p] + f64::from(next.sigma) * eps;
        }
    }
    unreachable!("there is at least one step")
}

fn assert_affine(properties: &[(&str, &str)], seed: u64, steps: usize, zeta: f64, frames: usize) {
    let (width, height) = (45, 29);
    let format = info(Rgb, width, height);
    let element = element("affine", properties);
    element.set_property_from_str("task", "denoise");
    let mut bench = Bench::new(&element, &caps(Rgb, width, height));
    let mut out = Vec::new();
    for _ in 0..frames {
        out = bench.restore(&pattern(&format));
    }
    let (height, width) = (height as usize, width as usize);
    let expected = affine_run(seed, steps, zeta, height, width);
    for c in 0..3u8 {
        for y in 0..height {
            for x in 0..width {
                let wanted = code(expected[(usize::from(c) * height + y) * width + x]);
                assert_code(out[place(&format, c, y, x)], wanted, (c, y, x));
            }
        }
    }
}

#[test]
fn every_byte_of_a_run_is_the_one_the_sampler_predicts() {
    assert_affine(&[("seed", "7"), ("steps", "3")], 7, 3, 0.0, 1);
}

#[test]
fn steps_and_stochasticity_reach_the_sampler() {
    assert_affine(&[("steps", "1")], 0, 1, 0.0, 1);
    let properties = [("steps", "5"), ("stochasticity", "0.5"), ("seed", "3")];
    assert_affine(&properties, 3, 5, 0.5, 1);
}

#[test]
fn tiles_and_batches_do_not_change_a_byte_of_a_pointwise_model() {
    for batch in ["1", "3"] {
        let properties = [
            ("tile-width", "24"),
            ("tile-height", "16"),
            ("batch-size", batch),
            ("steps", "3"),
        ];
        assert_affine(&properties, 0, 3, 0.0, 1);
    }
}

#[test]
fn noise_is_the_same_in_every_frame_unless_asked_otherwise() {
    assert_affine(&[], 0, 1, 0.0, 3);
    let format = info(Rgb, 16, 16);
    let run = |mode| {
        let element = element("affine", &[("task", "denoise"), ("noise-mode", mode)]);
        let mut bench = Bench::new(&element, &caps(Rgb, 16, 16));
        [(); 2].map(|()| bench.restore(&pattern(&format)))
    };
    let [first, second] = run("per-frame");
    assert_ne!(first, second, "each frame has noise of its own");
    assert_eq!(
        run("per-frame"),
        [first.clone(), second],
        "and the same in each run"
    );
    assert_eq!(
        run("fixed")[0],
        first,
        "the first frame's noise is the seed's"
    );
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_seed_others() {
    let format = info(Rgb, 40, 24);
    let run = |seed| {
        let element = element("affine", &[("task", "denoise"), ("seed", seed)]);
        Bench::new(&element, &caps(Rgb, 40, 24)).restore(&pattern(&format))
    };
    assert_eq!(run("5"), run("5"));
    assert_ne!(run("5"), run("6"));
}
