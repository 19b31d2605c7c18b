// SPDX-License-Identifier: MPL-2.0
//! What lives from start to stop: the loaded model with the negotiated formats.

use std::time::Instant;

use super::format::caps::packed_views;
use super::format::{self, Formats};
use super::frame::lane::{self, FrameMask, Wanted};
use super::messages::meta::FrameRecord;
use super::properties::settings::{Fixed, Live, Settings};
use super::{MaskSource, Output, Task};
use crate::error::RestoreError;
use crate::image::Image;
use crate::restore::{Degradation, InputFile, Restorer, Stop, Subsampling, check_mask, guarded};

/// A degradation, and the file that says which pixels are missing beside it.
type Asked = (Degradation, InputFile);

/// What the streaming thread works with. It is locked for a whole frame.
pub struct State {
    pub restorer: Restorer,
    pub fixed: Fixed,
    /// The last degradation, and mask beside it, for which an operator could be made.
    asked: Asked,
    /// What the application should know and has not been told, a sentence each.
    remarks: Vec<String>,
    /// Chroma subsampling of the last caps.
    subsampling: Subsampling,
    pub formats: Option<Formats>,
    /// Caps that were refused, whose reason has been posted.
    pub refused: Option<gst::Caps>,
    frames: u64,
}

impl State {
    /// Loads what the settings ask for. Errors in them are found here where they can be known
    /// before the first frame. A fallback of the provider goes to `warn`; `stop` gives it up.
    pub fn open(
        settings: &Settings,
        mut warn: impl FnMut(String),
        stop: &Stop,
    ) -> Result<Self, RestoreError> {
        let fixed = settings.fixed.clone();
        let subsampling = Subsampling::default();
        let degradation = settings.live.degradation(&fixed, subsampling)?;
        let mask = settings.live.mask(&fixed);
        degradation.check()?;
        if !mask.is_empty() {
            check_mask(&mask)?;
        }
        let asked = (degradation, mask);
        let for_frames = settings.live.restore_settings(&fixed, asked.clone(), false);
        let (model, engine) = (&fixed.model, fixed.engine());
        let mut restorer = Restorer::load(model, &asked.0, engine, &mut warn, stop)?;
        restorer.set_frame_masks(fixed.fills_frame_masks());
        restorer.load_filler(&asked.1, &mut warn, stop)?;
        restorer.check_trained(&for_frames)?;
        if settings.live.needs_stddev() {
            restorer.load_stddev(stop)?;
        }
        Ok(Self {
            restorer,
            fixed,
            asked,
            remarks: settings.without_effect(),
            subsampling,
            formats: None,
            refused: None,
            frames: 0,
        })
    }

    /// Whether frames of these caps need another step graph than the loaded one;
    /// [`State::reload`] loads it.
    pub fn needs_other_graph(&mut self, live: &Live, incaps: &gst::Caps) -> bool {
        if let Some(subsampling) = format::subsampling(incaps) {
            self.subsampling = subsampling;
        }
        let degradation = live.degradation(&self.fixed, self.subsampling);
        let needs_other = degradation.is_ok_and(|d| !self.restorer.fits(&d));
        if needs_other {
            // Should the other graph be missing, nothing is restored by this one.
            self.formats = None;
        }
        needs_other
    }

    /// Loads the step graph that the last caps need; on an error the one before stays. `stop` gives
    /// it up.
    pub fn reload(
        &mut self,
        live: &Live,
        mut warn: impl FnMut(String),
        stop: &Stop,
    ) -> Result<(), RestoreError> {
        let degradation = live.degradation(&self.fixed, self.subsampling)?;
        let (model, engine) = (&self.fixed.model, self.fixed.engine());
        let mut next = Restorer::load(model, &degradation, engine, &mut warn, stop)?;
        next.set_frame_masks(self.fixed.fills_frame_masks());
        next.load_filler(&live.mask(&self.fixed), &mut warn, stop)?;
        let before = std::mem::replace(&mut self.restorer, next);
        if before.interrupt().is_raised() {
            self.restorer.interrupt().raise();
        }
        Ok(())
    }

    /// Makes ready for frames of these caps. On an error there are no formats.
    pub fn negotiate(
        &mut self,
        live: &Live,
        incaps: &gst::Caps,
        outcaps: &gst::Caps,
    ) -> Result<(), gst::ErrorMessage> {
        self.formats = None;
        self.restorer.forget();
        let blurred = self.fixed.task == Task::Deblur;
        if let Some(mode) = packed_views(incaps).filter(|_| blurred) {
            self.remarks.push(format!(
                "Two views share each frame ({mode}), which is deblurred as one picture and rings \
                 where they meet: crop each view with videocrop and restore it by itself."
            ));
        }
        let size = format::size(incaps, outcaps)?;
        if !live.is_passthrough() {
            self.restorer.check_memory(size, 1)?;
        }
        guarded(|| {
            let formats = Formats::new(incaps, outcaps, self.fixed.task == Task::Jpeg)?;
            if self.fixed.mask_source == MaskSource::Alpha {
                formats.check_alpha()?;
            }
            self.prepare(live, size)?;
            self.formats = Some(formats);
            Ok(())
        })
    }

    /// Makes the operator for frames of a width and a height, and says what it is of.
    /// Where the settings or their files do not allow it the last one stays, with a remark.
    fn prepare(
        &mut self,
        live: &Live,
        (width, height): (usize, usize),
    ) -> Result<Asked, RestoreError> {
        let wanted = live.degradation(&self.fixed, self.subsampling);
        let made = wanted.and_then(|degradation| {
            let mask = live.mask(&self.fixed);
            self.restorer.prepare(&degradation, &mask, width, height)?;
            Ok((degradation, mask))
        });
        let error = match made {
            Err(e @ (RestoreError::Settings(_) | RestoreError::File { .. })) => e,
            Err(other) => return Err(other),
            Ok(asked) => {
                self.remarks.append(&mut self.restorer.take_remarks());
                self.asked.clone_from(&asked);
                return Ok(asked);
            }
        };
        let (degradation, mask) = &self.asked;
        let restored = self.restorer.prepare(degradation, mask, width, height);
        if restored.is_err() {
            return Err(error);
        }
        self.remarks.push(format!(
            "{error} Until then the settings before stay in force."
        ));
        Ok(self.asked.clone())
    }

    /// What the application should know, a sentence each; only once.
    pub fn take_remarks(&mut self) -> Vec<String> {
        std::mem::take(&mut self.remarks)
    }

    /// A copy of an input frame that lies as its caps say; `None` where it does so itself.
    pub fn in_default_layout(
        &self,
        input: &gst::BufferRef,
    ) -> Result<Option<gst::Buffer>, gst::ErrorMessage> {
        let formats = self.formats.as_ref().ok_or_else(without_caps)?;
        formats.in_default_layout(input)
    }

    /// How the frame of `input`, the next of the stream, is to be restored, whose mask of a pad is
    /// `holes`. What that takes is prepared.
    pub fn wanted(
        &mut self,
        live: &Live,
        (input, holes): (&gst::BufferRef, Option<Image>),
    ) -> Result<Wanted, gst::ErrorMessage> {
        let begun = Instant::now();
        let size = self.formats.as_ref().ok_or_else(without_caps)?.input_size();
        let asked = guarded(|| self.prepare(live, size))?;
        let formats = self.formats.as_ref().ok_or_else(without_caps)?;
        let number = formats.frame_number(input).unwrap_or(self.frames);
        self.frames += 1;
        // After a seek, a flush or a loss the stream may show something else.
        if input.flags().contains(gst::BufferFlags::DISCONT) {
            self.restorer.forget();
        }
        let mut settings = live.restore_settings(&self.fixed, asked, formats.has_luma());
        let mut untrained = self.restorer.within_training(&mut settings);
        self.remarks.append(&mut untrained);
        Ok(Wanted {
            settings,
            number,
            // A spread has no colours of its own under transparency.
            alpha: live.output != Output::Stddev,
            mask: match self.fixed.mask_source {
                MaskSource::File => FrameMask::None,
                MaskSource::Alpha => FrameMask::Alpha,
                MaskSource::Pad => FrameMask::Told(holes),
            },
            spent: begun.elapsed(),
        })
    }

    /// Restores the frame of `input`, whose mask of a pad is `holes`, into `output`.
    pub fn restore(
        &mut self,
        live: &Live,
        (input, holes): (&gst::BufferRef, Option<Image>),
        output: &mut gst::BufferRef,
    ) -> Result<FrameRecord, gst::ErrorMessage> {
        let mut wanted = self.wanted(live, (input, holes))?;
        let formats = self.formats.as_mut().ok_or_else(without_caps)?;
        let restorer = &mut self.restorer;
        guarded(|| lane::restored(restorer, formats, &mut wanted, (input, output)))
    }
}

/// An error where a frame came before its caps.
pub fn without_caps() -> gst::ErrorMessage {
    gst::error_msg!(
        gst::CoreError::Negotiation,
        ("A frame came before its caps: link the element to a source of raw video.")
    )
}
