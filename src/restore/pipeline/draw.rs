// SPDX-License-Identifier: MPL-2.0
//! The samples of a frame, each with a seed of its own.

use super::Request;
use super::moments::Moments;
use crate::error::RestoreError;
use crate::image::Image;
use crate::operator::Canvas;
use crate::sampler::{Chain, Initial};

/// The samples of `request`, each by `run` with a seed, a chain and the initial estimate.
///
/// With realism 0 these are answers of the chain to the posterior mean, with 1 of that to samples;
/// between them each is a convex mix of the frame's mean and a sample of its own (Freirich et al.
/// 2021).
pub fn draw(
    request: Request,
    canvas: &Canvas,
    initial: &Initial,
    mut run: impl FnMut(u64, Chain, Initial) -> Result<Image, RestoreError>,
) -> Result<Moments, RestoreError> {
    let settings = request.settings;
    let realism = settings.drawn_realism();
    let mut answer = |index, chain| {
        let seed = settings.seed_of(request.number, index);
        let x0 = run(seed, chain, initial.clone())?;
        Ok::<_, RestoreError>(x0.crop(canvas.frame()))
    };
    let to_mean = Chain::Mean {
        zeta: settings.stochasticity,
    };
    let count = settings.output.draws(settings.samples);
    if realism <= 0.0 {
        return Moments::draw(count, |index| answer(index, to_mean));
    }
    let mean = match realism < 1.0 {
        true => Some(answer(0, to_mean)?),
        false => None,
    };
    Moments::draw(count, |index| {
        let mut sample = answer(index, Chain::Sample)?;
        if let Some(mean) = &mean {
            for (x, m) in sample.data.iter_mut().zip(&mean.data) {
                *x = m + realism * (*x - m);
            }
        }
        Ok(sample)
    })
}
