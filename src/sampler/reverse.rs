// SPDX-License-Identifier: MPL-2.0
//! The outer sampler (Algorithm 1 of arXiv 2507.02686): one function over a trait, with the noise given.
//!
//! x_t is the noisy state, x_0 the clean estimate, z the start of a step, zeta the share of fresh noise.

use super::{Aggregation, Level, Patch, StepModel};
use crate::image::Image;

/// From what the first step starts; of the canvas's size.
#[derive(Clone, Debug)]
pub enum Initial {
    /// A plain inverse: the state is noise alone.
    Cold(Image),
    /// An image that is nearly clean: the state is this image, re-noised to the first level.
    Warm(Image),
}

/// Walks `levels` from the most to the least noisy one and returns the last estimate, or the mean of all (see [`Aggregation`]).
///
/// Each step starts from the estimate of the one before, the first from `start`.
/// `noise(stream)` draws a standard normal image of the start's shape. Streams: 0 is the initial state; step i takes
/// 1 + i (K + 1) + k for its K inner noises and 1 + i (K + 1) + K for re-noising, which is not drawn when zeta is 0.
/// Without levels the answer is the start. Errors are the model's own.
pub fn reverse<M: StepModel>(
    model: &mut M,
    levels: &[Level],
    start: Initial,
    zeta: f32,
    mut noise: impl FnMut(u32) -> Image,
) -> Result<Image, M::Error> {
    let inner = model.iterations() as u32;
    let (z0, xt) = match (start, levels.first()) {
        (Initial::Cold(z0) | Initial::Warm(z0), None) => return Ok(z0),
        (Initial::Cold(z0), Some(_)) => (z0, noise(0)),
        (Initial::Warm(z0), Some(level)) => {
            let mut xt = noise(0);
            for (x, z) in xt.data.iter_mut().zip(&z0.data) {
                *x = level.alpha * z + level.sigma * *x;
            }
            (z0, xt)
        }
    };
    let mut patch = [Patch {
        window: z0.bounds(),
        noise: Image::new(z0.channels * inner as usize, z0.height, z0.width),
        xt,
        z0,
    }];
    let mut mean: Option<Image> = None;
    for (i, level) in levels.iter().enumerate() {
        let first = 1 + i as u32 * (inner + 1);
        let [state] = &mut patch;
        let drawn = &mut state.noise.data;
        drawn.clear();
        (0..inner).for_each(|k| drawn.extend_from_slice(&noise(first + k).data));
        model.estimate(&mut patch, *level)?;
        let [state] = &mut patch;
        if model.aggregation() == Aggregation::Mean && levels.len() > 1 {
            match mean.as_mut() {
                None => mean = Some(state.z0.clone()),
                Some(mean) => approach(&mut mean.data, &state.z0.data, 2.0 / (i + 2) as f32),
            }
        }
        if let Some(next) = levels.get(i + 1) {
            let fresh = (zeta > 0.0).then(|| noise(first + inner));
            descend(
                &mut state.xt.data,
                &state.z0.data,
                fresh.as_ref(),
                *level,
                *next,
                zeta,
            );
        }
    }
    let [state] = patch;
    Ok(mean.unwrap_or(state.z0))
}

/// Moves `mean` by `share` towards `x0`; a share of 2 / (i + 2) weighs estimate i by 1 + i.
fn approach(mean: &mut [f32], x0: &[f32], share: f32) {
    for (mean, &x0) in mean.iter_mut().zip(x0) {
        *mean += share * (x0 - *mean);
    }
}

/// From the state at `level` to the state at `next`: alpha_s x0 + sigma_s (sqrt(1-zeta) eps + sqrt(zeta) n).
fn descend(
    xt: &mut [f32],
    x0: &[f32],
    fresh: Option<&Image>,
    level: Level,
    next: Level,
    zeta: f32,
) {
    let keep = next.sigma * (1.0 - zeta).max(0.0).sqrt() / level.sigma;
    for (x, &x0) in xt.iter_mut().zip(x0) {
        *x = next.alpha * x0 + keep * (*x - level.alpha * x0);
    }
    if let Some(fresh) = fresh {
        let renew = next.sigma * zeta.sqrt();
        for (x, &n) in xt.iter_mut().zip(&fresh.data) {
            *x += renew * n;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sampler::{level, levels, normal_image};
    use std::convert::Infallible;

    /// Answers with one image, whatever it is given, and records what it was given.
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
            zeta,
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
                0.0,
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
        let start = Initial::Warm(z0.clone());
        let Ok(_) = reverse(&mut model, &[at], start, 0.0, |stream| {
            normal_image(11, stream, 3, 5, 7)
        });
        let (t, patch) = &model.calls[0];
        assert_eq!((*t, &patch.z0, model.calls.len()), (111, &z0, 1));
        for (x, n) in patch.xt.data.iter().zip(&normal_image(11, 0, 3, 5, 7).data) {
            assert_eq!(*x, at.alpha * 0.5 + at.sigma * n);
        }
        let Ok(same) = reverse(&mut model, &[], Initial::Warm(z0.clone()), 0.0, |_| {
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
            // The first state is noise alone; that of later levels is truth and the same noise, in their shares.
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
}
