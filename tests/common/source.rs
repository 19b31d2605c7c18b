// SPDX-License-Identifier: MPL-2.0
//! What the sources of harnesses say of themselves.

use gst::prelude::*;

/// Lets the source of `element` answer that it can seek, as a file's does.
pub fn can_seek(element: &gst::Element) {
    let pad = element.static_pad("sink").expect("a sink pad");
    pad.add_probe(gst::PadProbeType::QUERY_UPSTREAM, |_, info| {
        let Some(query) = info.query_mut() else {
            return gst::PadProbeReturn::Ok;
        };
        let gst::QueryViewMut::Seeking(seeking) = query.view_mut() else {
            return gst::PadProbeReturn::Ok;
        };
        seeking.set(true, gst::ClockTime::ZERO, gst::ClockTime::NONE);
        gst::PadProbeReturn::Handled
    });
}
