// SPDX-License-Identifier: MPL-2.0
//! What is changed in buffers and events on their way.

use std::sync::Mutex;

use gst::prelude::*;

/// A shorter duration is a decoder's way to say that it knows none.
const SHORTEST: gst::ClockTime = gst::ClockTime::from_mseconds(1);

/// Lets a filter behind the restorer ask for the pixel format in which frames enter.
pub fn keep_format(entry: &gst::Pad, filter: gst::Element) {
    entry.add_probe(gst::PadProbeType::EVENT_DOWNSTREAM, move |_, info| {
        if let Some(event) = info.event()
            && let gst::EventView::Caps(caps) = event.view()
            && let Some(caps) = caps.caps().structure(0)
            && let Ok(format) = caps.get::<&str>("format")
        {
            let wanted = gst::Caps::builder("video/x-raw").field("format", format);
            filter.set_property("caps", wanted.build());
        }
        gst::PadProbeReturn::Ok
    });
}

/// Gives frames without a duration that of the frame before. Decoders leave it out, or say a
/// nanosecond, and a muxer then ends the file before its last frame.
pub fn tell_durations(pad: &gst::Pad) {
    let before = Mutex::new((None, gst::ClockTime::from_mseconds(40)));
    pad.add_probe(gst::PadProbeType::BUFFER, move |_, info| {
        let Some(frame) = info.buffer_mut() else {
            return gst::PadProbeReturn::Ok;
        };
        let Ok(mut before) = before.lock() else {
            return gst::PadProbeReturn::Ok;
        };
        let (last, gap) = &mut *before;
        if let Some((now, last)) = frame.pts().zip(*last) {
            *gap = now.checked_sub(last).unwrap_or(*gap).max(SHORTEST);
        }
        *last = frame.pts();
        if frame.duration().is_none_or(|duration| duration < SHORTEST) {
            frame.make_mut().set_duration(*gap);
        }
        gst::PadProbeReturn::Ok
    });
}

/// Takes the orientation out of the tags, behind what turns the pictures.
pub fn forget_orientation(pad: &gst::Pad) {
    pad.add_probe(gst::PadProbeType::EVENT_DOWNSTREAM, |_, info| {
        if let Some(event) = info.event_mut()
            && let gst::EventView::Tag(tag) = event.view()
            && tag.tag().get::<gst::tags::ImageOrientation>().is_some()
        {
            let mut tags = tag.tag_owned();
            tags.make_mut().remove::<gst::tags::ImageOrientation>();
            *event = gst::event::Tag::new(tags);
        }
        gst::PadProbeReturn::Ok
    });
}
