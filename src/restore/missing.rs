// SPDX-License-Identifier: MPL-2.0
//! Pixels that a mask says are missing, for tasks other than inpainting: the model's
//! inpainting step fills them before the task's own graph runs
//! (docs/decisions/032-missing-pixels.md).

use super::noise_model::NoiseModel;
use super::pipeline::Request;
use super::temporal::Temporal;
use super::{Output, Restorer, Settings, Stop};
use crate::error::RestoreError;
use crate::image::Image;
use crate::operator::{Degradation, InputFile, Unobserved};

/// What fills missing pixels.
pub enum Filler {
    /// The inpainting step.
    Step(Box<Restorer>),
    /// Ever coarser means of the pixels around them, for a model without such a step.
    Means,
}

impl Restorer {
    /// Says whether each frame brings a mask of its own, by [`Restorer::set_holes`].
    pub fn set_frame_masks(&mut self, frame_masks: bool) {
        self.frame_masks = frame_masks;
    }

    /// Says which pixels of the next frame are missing, and are to be filled, beside those that a
    /// mask's file names: those where `holes`, one channel of the frame's size, is 0. It holds
    /// until it is said anew.
    pub fn set_holes(&mut self, holes: Option<Image>) {
        if let Some(cached) = &mut self.operator {
            cached.operator.set_holes(holes.as_ref());
        }
        self.holes = holes;
    }

    /// Loads what fills the pixels that `mask` says are missing, or the masks of frames, where
    /// there are such and nothing is loaded yet. A model that cannot do it leaves a remark. `warn`
    /// and `stop` are those of [`Restorer::load`].
    pub fn load_filler(
        &mut self,
        mask: &InputFile,
        warn: &mut dyn FnMut(String),
        stop: &Stop,
    ) -> Result<(), RestoreError> {
        let masked = !mask.is_empty() || self.frame_masks;
        if !masked || self.filler.is_some() {
            return Ok(());
        }
        let inpaint = Degradation::Mask(mask.clone());
        let filler = match Self::load(&self.package, &inpaint, self.engine.clone(), warn, stop) {
            Ok(mut restorer) => {
                restorer.step.set_interrupt(self.step.interrupt());
                restorer.pool = self.pool();
                Filler::Step(Box::new(restorer))
            }
            Err(error @ RestoreError::Model { .. }) => {
                self.remarks.push(format!(
                    "Missing pixels are filled by means of those around them, because the model \
                     cannot inpaint: {error}"
                ));
                Filler::Means
            }
            Err(other) => return Err(other),
        };
        self.filler = Some(filler);
        Ok(())
    }

    /// Puts inpainted pixels into the first guess where a mask says that they are missing. `noise`
    /// is what is assumed of the others.
    pub(super) fn fill_missing(
        &mut self,
        request: Request,
        unobserved: &mut Unobserved,
        noise: &NoiseModel,
    ) -> Result<(), RestoreError> {
        let settings = request.settings;
        let Some(Filler::Step(filler)) = &mut self.filler else {
            return Ok(());
        };
        if (settings.mask.is_empty() && self.holes.is_none()) || settings.is_passthrough() {
            return Ok(());
        }
        let mut inpaint = Settings {
            degradation: Degradation::Mask(settings.mask.clone()),
            mask: InputFile::default(),
            detect_unobserved: false,
            noise_sigma: noise.told.sigma_y / 2.0,
            noise_is_luma: false,
            realism: 0.0,
            samples: 1,
            output: Output::Sample,
            temporal: Temporal::Off,
            strength: 1.0,
            compare: 0.0,
            ..settings.clone()
        };
        filler.within_training(&mut inpaint);
        // Where memory runs out, it is this restorer whose tiles become smaller.
        filler.largest_tile = self.largest_tile.clone();
        filler.set_holes(self.holes.clone());
        let filled = filler.restore_entered(Request {
            frame: &unobserved.frame,
            settings: &inpaint,
            ..request
        });
        filler.place = None;
        self.tile_side = self.tile_side.max(filler.tile_side);
        // They are those of this restorer's own mask.
        filler.remarks.clear();
        unobserved.guess_missing(&filled?.image);
        Ok(())
    }

    /// Passes of the denoiser so far, of both steps, and time inside ONNX Runtime, with that of
    /// what tells the standard deviation.
    pub(super) fn spent(&self) -> (u64, std::time::Duration) {
        let of = |restorer: &Self| (restorer.step.evaluations(), restorer.step.spent());
        let (evaluations, time) = of(self);
        let time = time + self.stddev_spent;
        match &self.filler {
            Some(Filler::Step(filler)) => {
                let more = of(filler);
                (evaluations + more.0, time + more.1)
            }
            _ => (evaluations, time),
        }
    }
}
