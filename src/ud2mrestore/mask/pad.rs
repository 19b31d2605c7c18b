// SPDX-License-Identifier: MPL-2.0
//! The request pad `mask_sink`: gray frames, or frames with alpha, that say what is missing.

use gst::subclass::prelude::*;
use gst_video::VideoInfo;
use parking_lot::Mutex;

use super::super::format::mask;
use super::super::imp::Ud2mRestore;

/// The only pad of its template.
pub const NAME: &str = "mask_sink";

/// What is known of the stream of masks.
#[derive(Default)]
struct Stream {
    info: Option<VideoInfo>,
    segment: Option<gst::FormattedSegment<gst::ClockTime>>,
}

/// Its template; `None` where GStreamer does not allow it.
pub fn template() -> Option<gst::PadTemplate> {
    let (direction, presence) = (gst::PadDirection::Sink, gst::PadPresence::Request);
    gst::PadTemplate::new(NAME, direction, presence, &mask::template()).ok()
}

impl Ud2mRestore {
    /// A pad for masks.
    pub(in super::super) fn mask_pad(&self, template: &gst::PadTemplate) -> gst::Pad {
        let stream = std::sync::Arc::new(Mutex::new(Stream::default()));
        let of_events = stream.clone();
        gst::Pad::builder_from_template(template)
            .name(NAME)
            .chain_function(move |_, parent, buffer| {
                Self::catch_panic_pad_function(
                    parent,
                    || Err(gst::FlowError::Error),
                    |imp| imp.take_mask(&stream, &buffer),
                )
            })
            .event_function(move |_, parent, event| {
                Self::catch_panic_pad_function(
                    parent,
                    || false,
                    |imp| imp.mask_event(&of_events, event),
                )
            })
            .build()
    }

    /// Keeps a mask until its frame has come.
    fn take_mask(
        &self,
        stream: &Mutex<Stream>,
        buffer: &gst::BufferRef,
    ) -> Result<gst::FlowSuccess, gst::FlowError> {
        let (info, time) = {
            let stream = stream.lock();
            let info = stream.info.clone().ok_or(gst::FlowError::NotNegotiated)?;
            let segment = stream.segment.as_ref();
            (info, segment.and_then(|s| s.to_running_time(buffer.pts())))
        };
        let mask = mask::read(buffer, &info).map_err(|error| {
            self.post_error_message(error);
            gst::FlowError::Error
        })?;
        self.masks.add(time, mask)?;
        Ok(gst::FlowSuccess::Ok)
    }

    fn mask_event(&self, stream: &Mutex<Stream>, event: gst::Event) -> bool {
        match event.view() {
            gst::EventView::Caps(caps) => {
                let info = VideoInfo::from_caps(caps.caps()).ok();
                let known = info.is_some();
                stream.lock().info = info;
                return known;
            }
            gst::EventView::Segment(segment) => {
                stream.lock().segment = segment.segment().clone().downcast().ok();
                self.masks.set_ended(false);
            }
            gst::EventView::Eos(_) => self.masks.set_ended(true),
            gst::EventView::FlushStart(_) => self.masks.flush_masks(true),
            gst::EventView::FlushStop(_) => self.masks.flush_masks(false),
            // What is told downstream comes with the frames.
            _ => {}
        }
        true
    }
}
