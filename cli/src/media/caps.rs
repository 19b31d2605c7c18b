// SPDX-License-Identifier: MPL-2.0
//! What streams are, and where a muxer takes them.

use gst::prelude::*;
use gst_pbutils::pb_utils_get_codec_description;

/// The caps of a stream as muxers know them. GStreamer calls the subtitles of Matroska markup, for
/// they may hold `<i>`; it stores the same bytes as plain text. And the version of FFV1 has another
/// name behind the demuxer of Matroska than before the muxer.
pub fn as_stored(caps: &gst::Caps) -> gst::Caps {
    let mut caps = caps.clone();
    let media = caps.structure(0).map_or("", |s| s.name().as_str());
    match media {
        "text/x-raw" => caps.make_mut().set("format", "utf8"),
        "video/x-ffv" => caps.make_mut().set("ffversion", 1),
        _ => {}
    }
    caps
}

/// Lets `pad` announce `caps` in the place of its own, where they are of one media type.
pub fn tell_caps(pad: &gst::Pad, caps: &gst::Caps) {
    if caps.structure(0).is_none_or(|s| s.name() != "text/x-raw") {
        return;
    }
    let caps = caps.clone();
    pad.add_probe(gst::PadProbeType::EVENT_DOWNSTREAM, move |_, info| {
        if let Some(event) = info.event_mut()
            && event.type_() == gst::EventType::Caps
        {
            *event = gst::event::Caps::new(&caps);
        }
        gst::PadProbeReturn::Ok
    });
}

/// What a stream is, in words.
pub fn description(caps: &gst::Caps) -> String {
    let media = caps.structure(0).map_or("", |s| s.name().as_str());
    let kind = match media.split('/').next() {
        Some("audio") => "the sound",
        Some("text" | "subpicture" | "closedcaption") => "the subtitles",
        Some("video" | "image") => "the second video",
        _ => "a stream",
    };
    // A parser that has seen nothing yet leaves parts of the caps open, which have no description.
    if caps.is_fixed() {
        format!("{kind} ({})", pb_utils_get_codec_description(caps))
    } else {
        format!("{kind} ({media})")
    }
}

/// A muxer's template, and a parser where one is needed before it.
pub type Place = (gst::PadTemplate, Option<gst::ElementFactory>);

/// Where a muxer takes a stream of `caps`, and the parser that makes its form of them.
pub fn place(muxer: &gst::Element, caps: &gst::Caps) -> Option<Place> {
    let templates: Vec<_> = muxer
        .pad_template_list()
        .into_iter()
        .filter(|t| t.direction() == gst::PadDirection::Sink)
        .collect();
    let direct = templates.iter().find(|t| t.caps().can_intersect(caps));
    if let Some(template) = direct {
        return Some((template.clone(), None));
    }
    let parsers = gst::ElementFactory::factories_with_type(
        gst::ElementFactoryType::PARSER,
        gst::Rank::MARGINAL,
    );
    parsers.into_iter().find_map(|parser| {
        let takes = parser.can_sink_any_caps(caps);
        let fits = |t: &&gst::PadTemplate| parser.can_src_any_caps(t.caps());
        let template = templates.iter().filter(|_| takes).find(fits)?;
        Some((template.clone(), Some(parser)))
    })
}
