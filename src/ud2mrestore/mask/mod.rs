// SPDX-License-Identifier: MPL-2.0
//! Masks that come on a pad of their own, in step with the frames (docs/decisions/040-film.md).

mod pad;
mod queue;

pub use pad::{NAME, template};
pub use queue::MaskQueue;

use std::time::Duration;

use gst::prelude::*;
use gst::subclass::prelude::*;
use gst_base::prelude::*;

use super::MaskSource;
use super::imp::Ud2mRestore;
use crate::image::Image;
use queue::{Awaited, PATIENCE};

impl Ud2mRestore {
    /// An error where masks are to come on a pad that was not asked for.
    pub(super) fn check_mask_pad(&self, source: MaskSource) -> Result<(), gst::ErrorMessage> {
        if source != MaskSource::Pad || self.obj().static_pad(NAME).is_some() {
            return Ok(());
        }
        Err(gst::error_msg!(
            gst::ResourceError::Settings,
            ("mask-source=pad needs masks: link gray video, or video with alpha, to mask_sink.")
        ))
    }

    /// The mask of a frame, 0 where its pixels are missing, once it has come: `None` where all are
    /// observed, or where masks come otherwise.
    ///
    /// A frame without a mask is taken for whole, with a warning. An error is posted where masks
    /// are of another size than frames, and where none comes for a minute.
    pub(super) fn mask_for(&self, input: &gst::BufferRef) -> Result<Option<Image>, gst::FlowError> {
        let (source, size, interval) = {
            let guard = self.state.lock();
            let state = guard.as_ref().ok_or(gst::FlowError::Flushing)?;
            let size = state.formats.as_ref().map(|f| f.input_size());
            (state.fixed.mask_source, size, state.frame_duration())
        };
        if source != MaskSource::Pad {
            return Ok(None);
        }
        let segment = self.obj().segment().downcast::<gst::ClockTime>().ok();
        let time = segment.and_then(|s| s.to_running_time(input.pts()));
        let tolerance = interval.map_or(Duration::from_millis(5), |i| Duration::from(i) / 2);
        match self.masks.take(time, tolerance, PATIENCE) {
            Awaited::Mask(Some(mask)) if size != Some((mask.width, mask.height)) => {
                let (width, height) = size.unwrap_or_default();
                gst::element_imp_error!(
                    self,
                    gst::StreamError::Format,
                    (
                        "A mask on mask_sink has {}x{} pixels and the frame {width}x{height}: send \
                         masks of the frames' size.",
                        mask.width,
                        mask.height
                    )
                );
                Err(gst::FlowError::Error)
            }
            Awaited::Mask(mask) => Ok(mask),
            Awaited::Flushing => Err(gst::FlowError::Flushing),
            Awaited::Missing | Awaited::Ended => {
                self.warn([
                    "A frame has no mask on mask_sink, and is taken for whole: send a mask with \
                     the time of each frame.",
                ]);
                Ok(None)
            }
            Awaited::Late => {
                gst::element_imp_error!(
                    self,
                    gst::StreamError::Failed,
                    (
                        "No mask came to mask_sink for {} seconds while a frame waits for it: put \
                         a queue before both sink pads, and send a mask with each frame.",
                        PATIENCE.as_secs()
                    )
                );
                Err(gst::FlowError::Error)
            }
        }
    }

    /// The latency up to the masks, where they come on a pad: whether it is live, and the least.
    pub(super) fn mask_latency(&self) -> Option<(bool, gst::ClockTime)> {
        let pad = self.obj().static_pad(NAME)?;
        let mut query = gst::query::Latency::new();
        let answered = pad.peer_query(&mut query);
        let (live, min, _) = query.result();
        answered.then_some((live, min))
    }
}
