// SPDX-License-Identifier: MPL-2.0
//! The loop with models whose answers are known.

use super::*;
use crate::sampler::{Patch, level, levels, normal_image};
use std::convert::Infallible;

/// Returns one image from every call, and records the calls.
struct Exact {
    truth: Image,
    calls: Vec<(u32, Patch)>,
}

impl StepModel for Exact {
    type Error = Infallible;

    fn iterations(&self) -> usize {
        2
    }

    fn estimate(&mut self, patches: &mut [Patch], level: Level) -> Result<(), Infallible> {
        self.calls.push((level.t, patches[0].clone()));
        patches[0].z0 = self.truth.clone();
        Ok(())
    }
}

fn run(steps: usize, zeta: f32) -> (Image, Exact, Vec<u32>) {
    let mut model = Exact {
        truth: Image::from_fn(3, 5, 7, |c, y, x| (c * 35 + y * 7 + x) as f32 / 60.0 - 0.9),
        calls: Vec::new(),
    };
    let mut streams = Vec::new();
    let z0 = Image::filled(3, 5, 7, 0.5);
    let Ok(x0) = reverse(
        &mut model,
        &levels(steps),
        Initial::Cold(z0),
        Chain::Mean { zeta },
        |stream| {
            streams.push(stream);
            normal_image(11, stream, 3, 5, 7)
        },
    );
    (x0, model, streams)
}

#[test]
fn an_exact_denoiser_is_returned_unchanged_whatever_the_noise() {
    for steps in [1, 2, 3, 10] {
        for zeta in [0.0, 0.3, 1.0] {
            let (x0, model, _) = run(steps, zeta);
            assert_eq!(x0, model.truth, "{steps} steps, zeta {zeta}");
        }
    }
}

#[test]
fn streams_are_numbered_by_step_and_iteration() {
    assert_eq!(run(3, 0.0).2, [0, 1, 2, 4, 5, 7, 8]);
    assert_eq!(run(3, 0.5).2, [0, 1, 2, 3, 4, 5, 6, 7, 8]);
    assert_eq!(run(1, 1.0).2, [0, 1, 2]);
}

#[test]
fn each_step_starts_from_the_estimate_before_it() {
    let (_, model, _) = run(3, 0.0);
    assert_eq!(model.calls[0].1.z0, Image::filled(3, 5, 7, 0.5));
    assert_eq!(model.calls[0].1.xt, normal_image(11, 0, 3, 5, 7));
    assert_eq!(model.calls[1].1.z0, model.truth);
    assert_eq!(model.calls[2].1.z0, model.truth);
}

/// Returns i from its i-th call.
struct Counting(Aggregation, f32);

impl StepModel for Counting {
    type Error = Infallible;

    fn iterations(&self) -> usize {
        1
    }

    fn aggregation(&self) -> Aggregation {
        self.0
    }

    fn estimate(&mut self, patches: &mut [Patch], _: Level) -> Result<(), Infallible> {
        self.1 += 1.0;
        patches[0].z0.data.fill(self.1);
        Ok(())
    }
}

#[test]
fn a_model_that_asks_for_it_is_answered_by_the_weighted_mean() {
    for (answer, steps, want) in [
        (Aggregation::Last, 3, 3.0),
        (Aggregation::Mean, 1, 1.0),
        (Aggregation::Mean, 2, 5.0 / 3.0),
        (Aggregation::Mean, 3, 14.0 / 6.0),
        (Aggregation::Mean, 4, 3.0),
    ] {
        let (mut model, z0) = (Counting(answer, 0.0), Image::filled(3, 2, 2, 0.0));
        let Ok(x0) = reverse(
            &mut model,
            &levels(steps),
            Initial::Cold(z0),
            Chain::Mean { zeta: 0.0 },
            |stream| normal_image(1, stream, 3, 2, 2),
        );
        for v in &*x0.data {
            assert!((v - want).abs() < 1e-6, "{answer:?} of {steps}: {v}");
        }
    }
}

#[test]
fn a_warm_start_is_renoised_to_the_first_level() {
    let mut model = Exact {
        truth: Image::filled(3, 5, 7, 0.1),
        calls: Vec::new(),
    };
    let (z0, at) = (Image::filled(3, 5, 7, 0.5), level(111));
    let (start, mean) = (Initial::Warm(z0.clone()), Chain::Mean { zeta: 0.0 });
    let Ok(_) = reverse(&mut model, &[at], start, mean, |stream| {
        normal_image(11, stream, 3, 5, 7)
    });
    let (t, patch) = &model.calls[0];
    assert_eq!((*t, &patch.z0, model.calls.len()), (111, &z0, 1));
    for (x, n) in patch.xt.data.iter().zip(&normal_image(11, 0, 3, 5, 7).data) {
        assert_eq!(*x, at.alpha * 0.5 + at.sigma * n);
    }
    let Ok(same) = reverse(&mut model, &[], Initial::Warm(z0.clone()), mean, |_| {
        Image::default()
    });
    assert_eq!(same, z0);
}

#[test]
fn without_fresh_noise_the_state_keeps_its_own() {
    let (_, model, _) = run(3, 0.0);
    for (step, level) in levels(3).into_iter().enumerate() {
        let (t, patch) = &model.calls[step];
        assert_eq!(*t, level.t);
        // The first state is noise alone; that of later levels is truth and the same noise, in
        // their shares.
        if step == 0 {
            continue;
        }
        let first = levels(3)[0];
        let start = normal_image(11, 0, 3, 5, 7);
        for ((x, x0), n) in patch.xt.data.iter().zip(&model.truth.data).zip(&start.data) {
            let eps = (n - first.alpha * x0) / first.sigma;
            let want = level.alpha * x0 + level.sigma * eps;
            assert!((x - want).abs() < 1e-5, "{x} instead of {want}");
        }
    }
}

#[test]
fn with_zeta_one_the_noise_of_a_state_is_fresh() {
    let (_, model, _) = run(3, 1.0);
    let (level, noise) = (levels(3)[1], normal_image(11, 3, 3, 5, 7));
    for ((x, x0), n) in model.calls[1]
        .1
        .xt
        .data
        .iter()
        .zip(&model.truth.data)
        .zip(&noise.data)
    {
        let want = level.alpha * x0 + level.sigma * n;
        assert!((x - want).abs() < 1e-6, "{x} instead of {want}");
    }
}

#[test]
fn each_step_of_a_sample_starts_from_the_plain_estimate_and_the_last_one_answers() {
    let z0 = Image::filled(3, 2, 2, 0.0);
    let draw = |stream| normal_image(1, stream, 3, 2, 2);
    // The model counts its steps: their weighed mean would be 14/6.
    let (mut model, start) = (Counting(Aggregation::Mean, 0.0), Initial::Cold(z0));
    let Ok(x0) = reverse(&mut model, &levels(3), start, Chain::Sample, draw);
    assert!(x0.data.iter().all(|v| *v == 3.0), "{x0:?}");
    let mut model = Exact {
        truth: Image::from_fn(3, 2, 2, |c, _, _| c as f32 / 4.0),
        calls: Vec::new(),
    };
    let start = Initial::Cold(Image::filled(3, 2, 2, 0.5));
    let Ok(_) = reverse(&mut model, &levels(3), start, Chain::Sample, draw);
    for (step, (level, (_, patch))) in levels(3).iter().zip(&model.calls).enumerate() {
        assert!(patch.z0.data.iter().all(|v| *v == 0.5), "step {step}");
        if step == 0 {
            continue;
        }
        // The state is the estimate and the noise of the stream for re-noising, K = 2.
        let fresh = draw(3 * step as u32);
        for ((x, x0), n) in patch.xt.data.iter().zip(&model.truth.data).zip(&fresh.data) {
            assert!(
                (x - (level.alpha * x0 + level.sigma * n)).abs() < 1e-6,
                "step {step}"
            );
        }
    }
}
