// SPDX-License-Identifier: MPL-2.0
//! The standard deviation of a frame that was restored once, told by a small network of its own
//! (docs/decisions/041-one-pass-stddev.md).

use super::pipeline::Observation;
use super::{Restorer, Settings, Stop};
use crate::error::RestoreError;
use crate::image::Image;
use crate::model::{OrtStddev, StddevInputs};
use crate::operator::Unobserved;

impl Restorer {
    /// Loads the network that tells the standard deviation from one sample, unless it is there.
    /// Restorers that share a stream share it. `stop` gives it up.
    ///
    /// An error where the model has none for this task, or one that cannot be loaded.
    pub fn load_stddev(&self, stop: &Stop) -> Result<(), RestoreError> {
        self.network(Some(stop)).map(|_| ())
    }

    /// The same where `settings` need it, and nothing gives it up.
    pub(super) fn check_stddev(&self, settings: &Settings) -> Result<(), RestoreError> {
        if settings.needs_stddev() {
            self.network(None)?;
        }
        Ok(())
    }

    fn network(&self, stop: Option<&Stop>) -> Result<&OrtStddev, RestoreError> {
        if let Some(loaded) = self.stddev.get() {
            return Ok(loaded);
        }
        let (family, stop) = (&self.graph.name, stop.cloned().unwrap_or_default());
        let found = OrtStddev::load(&self.package, family, &self.engine, &stop)?;
        let found = found.ok_or_else(|| {
            RestoreError::Settings(
                "output=stddev needs several samples, or a network that tells it from one, which \
                 the model does not have for this task: set samples to 2 or more, or choose a \
                 model that has a network for it."
                    .to_owned(),
            )
        })?;
        Ok(self.stddev.get_or_init(|| found))
    }

    /// The standard deviation of the restored mean `x0`, which was made of `initial`: one channel,
    /// on the scale of [-1, 1]. All have the size of the restored frame.
    pub(super) fn tell_stddev(
        &mut self,
        observation: &Observation,
        x0: &Image,
        initial: &Image,
    ) -> Result<Image, RestoreError> {
        let scale = self.operator()?.scale();
        let told = StddevInputs {
            x0,
            initial,
            observed: &observed(observation.unobserved.as_ref(), x0, scale),
            sigma_y: observation.noise.told.sigma_y,
        };
        let network = self.network(None)?;
        let (stddev, spent) = network.tell(&told, &self.step.interrupt())?;
        self.stddev_spent += spent;
        Ok(stddev)
    }
}

/// 1 where the frame shows a pixel, and 0 where it does not: one channel of the size of `x0`, which
/// is `scale` times that of the frame.
fn observed(unobserved: Option<&Unobserved>, x0: &Image, scale: usize) -> Image {
    let mut out = Image::filled(1, x0.height, x0.width, 1.0);
    let Some(Unobserved { mask, .. }) = unobserved else {
        return out;
    };
    for y in 0..out.height {
        let row = mask.row(0, y / scale).iter();
        let repeated = row.flat_map(|m| std::iter::repeat_n(*m, scale));
        let pairs = out.row_mut(0, y).iter_mut().zip(repeated);
        pairs.for_each(|(out, m)| *out = m);
    }
    out
}
