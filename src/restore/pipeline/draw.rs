// SPDX-License-Identifier: MPL-2.0
//! The samples of a frame, each with a seed of its own.

use super::Request;
use super::moments::Moments;
use crate::error::RestoreError;
use crate::image::Image;
use crate::operator::Canvas;
use crate::sampler::Initial;

/// The samples of `request`, each from `initial` by `walk` with noise of its own: `noise` gives it
/// for the seed of a sample and a stream.
pub fn draw(
    request: Request,
    canvas: &Canvas,
    initial: &Initial,
    mut noise: impl FnMut(u64, u32) -> Image,
    mut walk: impl FnMut(&mut dyn FnMut(u32) -> Image, Initial, f32) -> Result<Image, RestoreError>,
) -> Result<Moments, RestoreError> {
    let settings = request.settings;
    let sample = |index: usize| {
        let seed = settings.seed_of(request.number, index);
        let mut noise = |stream| noise(seed, stream);
        let x0 = walk(&mut noise, initial.clone(), settings.stochasticity)?;
        Ok(x0.crop(canvas.frame()))
    };
    Moments::draw(settings.output.draws(settings.samples), sample)
}
