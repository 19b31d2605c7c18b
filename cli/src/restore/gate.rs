// SPDX-License-Identifier: MPL-2.0
//! Ends all streams of a file at once, where the user wants an end.

use std::sync::{Arc, Mutex, PoisonError};

use gst::prelude::*;

use crate::interrupt;
use crate::media::times::running_time;

/// Ends all streams of a file at the first frame that is not to be restored any more.
#[derive(Clone, Default)]
pub struct Gate(Arc<Mutex<Option<i64>>>);

impl Gate {
    /// Guards the video behind the decoder: its next frame sets the end.
    pub fn of_video(&self, pad: &gst::Pad) {
        let end = self.0.clone();
        pad.add_probe(gst::PadProbeType::BUFFER, move |pad, info| {
            if !interrupt::asked() {
                return gst::PadProbeReturn::Ok;
            }
            let time = info.buffer().and_then(|buffer| running_time(pad, buffer));
            let mut end = end.lock().unwrap_or_else(PoisonError::into_inner);
            *end = end.or(Some(time.unwrap_or(0)));
            drop(end);
            close(pad, info)
        });
    }

    /// Guards another stream, which ends where the video does.
    pub fn of_other(&self, pad: &gst::Pad) {
        let end = self.0.clone();
        pad.add_probe(gst::PadProbeType::BUFFER, move |pad, info| {
            let end = *end.lock().unwrap_or_else(PoisonError::into_inner);
            let time = info.buffer().and_then(|buffer| running_time(pad, buffer));
            match end {
                Some(end) if time.is_none_or(|time| time >= end) => close(pad, info),
                _ => gst::PadProbeReturn::Ok,
            }
        });
    }
}

/// Ends what follows `pad`, and tells those before that no more is wanted.
fn close(pad: &gst::Pad, info: &mut gst::PadProbeInfo) -> gst::PadProbeReturn {
    if let Some(next) = pad.peer() {
        next.send_event(gst::event::Eos::new());
    }
    info.flow_res = Err(gst::FlowError::Eos);
    gst::PadProbeReturn::Handled
}
