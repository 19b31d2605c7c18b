// SPDX-License-Identifier: MPL-2.0
//! Where the times of a Matroska file begin.
//!
//! GStreamer's demuxer takes the first block for the beginning, and corrects itself once a block of
//! another stream is earlier: frames until then would keep a wrong running time. So the beginning
//! is found before, as the earliest time of all streams, and told to all from the start.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use gst::prelude::*;

/// Whether a parser has found Matroska; known before its pads are.
#[derive(Clone, Default)]
pub struct Demuxer(Arc<AtomicBool>);

impl Demuxer {
    pub fn watch(parser: &gst::Element) -> Self {
        let found = Self::default();
        let here = found.clone();
        if let Some(bin) = parser.downcast_ref::<gst::Bin>() {
            bin.connect_element_added(move |_, element| {
                if element
                    .factory()
                    .is_some_and(|f| f.name() == "matroskademux")
                {
                    here.0.store(true, Ordering::Relaxed);
                }
            });
        }
        found
    }

    pub fn is_matroska(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Lets a stream begin at `begin`, in nanoseconds of the file's times.
pub fn begin_at(pad: &gst::Pad, begin: i64) {
    let begin = gst::ClockTime::from_nseconds(begin.max(0).unsigned_abs());
    pad.add_probe(gst::PadProbeType::EVENT_DOWNSTREAM, move |_, info| {
        if let Some(event) = info.event_mut()
            && let gst::EventView::Segment(segment) = event.view()
            && let Some(segment) = segment.segment().downcast_ref::<gst::ClockTime>()
            && segment.start() != Some(begin)
        {
            let mut segment = segment.clone();
            segment.set_start(begin);
            segment.set_position(begin);
            *event = gst::event::Segment::new(&segment);
        }
        gst::PadProbeReturn::Ok
    });
}
