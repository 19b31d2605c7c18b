// SPDX-License-Identifier: MPL-2.0
//! [`Walk`]: the images of one way down the levels, wherever they lie.

use super::{Aggregation, Level, Patch, StepModel};
use crate::image::Image;

/// The noisy state x_t, the clean estimate x_0 and the mean of the estimates, in the memory of the
/// processor or of a device. Images are those of [`Patch`].
pub trait Walk {
    type Error;

    /// K: the iterations of a step, each of which takes one inner noise.
    fn iterations(&self) -> usize;

    /// How the estimates become the answer.
    fn aggregation(&self) -> Aggregation;

    /// Begins with a state and an initial estimate.
    fn begin(&mut self, xt: Image, z0: Image);

    /// Replaces the estimate by the clean one at `level`. `draw(k)` is the noise of iteration k.
    fn estimate(
        &mut self,
        level: Level,
        draw: &mut dyn FnMut(u32) -> Image,
    ) -> Result<(), Self::Error>;

    /// Moves the mean by `share` towards the estimate; the first estimate is the first mean.
    fn average(&mut self, share: f32) -> Result<(), Self::Error>;

    /// Moves the state from the first of `levels` to the second: alpha_s x0 + keep (x_t - alpha_t
    /// x0), with s the second level, and the image of `fresh` by its factor.
    fn renoise(
        &mut self,
        levels: [Level; 2],
        keep: f32,
        fresh: Option<(f32, Image)>,
    ) -> Result<(), Self::Error>;

    /// Makes `z0` the initial estimate of the next step.
    fn restart(&mut self, z0: &Image);

    /// The mean where there is one, else the estimate.
    fn finish(&mut self) -> Result<Image, Self::Error>;
}

/// A walk in the memory of the processor.
pub struct HostWalk<'a, M> {
    model: &'a mut M,
    patch: [Patch; 1],
    mean: Option<Image>,
}

impl<'a, M: StepModel> HostWalk<'a, M> {
    /// A walk whose estimates are the model's.
    pub fn new(model: &'a mut M) -> Self {
        let none = || Image::new(0, 0, 0);
        let patch = Patch {
            window: none().bounds(),
            xt: none(),
            z0: none(),
            noise: none(),
        };
        Self {
            model,
            patch: [patch],
            mean: None,
        }
    }
}

impl<M: StepModel> Walk for HostWalk<'_, M> {
    type Error = M::Error;

    fn iterations(&self) -> usize {
        self.model.iterations()
    }

    fn aggregation(&self) -> Aggregation {
        self.model.aggregation()
    }

    fn begin(&mut self, xt: Image, z0: Image) {
        self.patch = [Patch::new(xt, z0, self.model.iterations())];
        self.mean = None;
    }

    fn estimate(
        &mut self,
        level: Level,
        draw: &mut dyn FnMut(u32) -> Image,
    ) -> Result<(), M::Error> {
        let inner = self.model.iterations() as u32;
        let [state] = &mut self.patch;
        state.draw(inner, draw);
        self.model.estimate(&mut self.patch, level)
    }

    fn average(&mut self, share: f32) -> Result<(), M::Error> {
        let [state] = &self.patch;
        match self.mean.as_mut() {
            None => self.mean = Some(state.z0.clone()),
            Some(mean) => approach(&mut mean.data, &state.z0.data, share),
        }
        Ok(())
    }

    fn renoise(
        &mut self,
        [level, next]: [Level; 2],
        keep: f32,
        fresh: Option<(f32, Image)>,
    ) -> Result<(), M::Error> {
        let [state] = &mut self.patch;
        for (x, &x0) in state.xt.data.iter_mut().zip(&state.z0.data) {
            *x = next.alpha * x0 + keep * (*x - level.alpha * x0);
        }
        if let Some((renew, fresh)) = fresh {
            for (x, &n) in state.xt.data.iter_mut().zip(&fresh.data) {
                *x += renew * n;
            }
        }
        Ok(())
    }

    fn restart(&mut self, z0: &Image) {
        let [state] = &mut self.patch;
        state.z0 = z0.clone();
    }

    fn finish(&mut self) -> Result<Image, M::Error> {
        let [state] = &mut self.patch;
        let estimate = std::mem::replace(&mut state.z0, Image::new(0, 0, 0));
        Ok(self.mean.take().unwrap_or(estimate))
    }
}

/// Moves `mean` by `share` towards `x0`.
fn approach(mean: &mut [f32], x0: &[f32], share: f32) {
    for (mean, &x0) in mean.iter_mut().zip(x0) {
        *mean += share * (x0 - *mean);
    }
}
