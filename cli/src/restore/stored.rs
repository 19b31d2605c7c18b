// SPDX-License-Identifier: MPL-2.0
//! What a file holds, read without decoding: how its pictures are to be turned, and their times.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use gst::prelude::*;

use super::make;
use super::times::running_time;
use crate::failure::{Failure, Result};

/// How long a file may give no sign of life.
const LIMIT: gst::ClockTime = gst::ClockTime::from_seconds(60);

/// What was found of the first video.
#[derive(Clone, Debug, Default)]
pub struct Stored {
    /// How the pictures are to be turned, as the tag has it; nothing where they stand upright.
    pub orientation: Option<String>,
    /// Running times of the frames in nanoseconds, in the order of the file.
    pub times: Vec<i64>,
    /// Whether the first video has a pad.
    taken: bool,
}

/// Reads the file at `path`: as far as its first picture, or `whole`.
pub fn read(path: &Path, whole: bool) -> Result<Stored> {
    let pipeline = gst::Pipeline::new();
    let reader = make("filesrc")?;
    reader.set_property("location", path);
    let parser = make("parsebin")?;
    let linked = pipeline.add_many([&reader, &parser]);
    let linked = linked.and_then(|()| reader.link(&parser));
    linked.map_err(|e| Failure::failed(format!("The pipeline cannot be made: {e}.")))?;
    let found = Arc::new(Mutex::new(Stored::default()));
    let shared = found.clone();
    let weak = pipeline.downgrade();
    parser.connect_pad_added(move |_, pad| {
        if let Some(pipeline) = weak.upgrade() {
            // A stream that is not linked ends by itself.
            let _ = watch(&pipeline, pad, &shared);
        }
    });
    let _ = pipeline.set_state(gst::State::Playing);
    let wait = || {
        let bus = pipeline.bus()?;
        let mut last = 0;
        loop {
            let kinds = [gst::MessageType::Eos, gst::MessageType::Error];
            let step = if whole {
                LIMIT
            } else {
                gst::ClockTime::from_mseconds(5)
            };
            if let Some(message) = bus.timed_pop_filtered(step, &kinds) {
                return Some(message);
            }
            let count = found
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .times
                .len();
            if (!whole && count > 0) || (whole && count == last) {
                return None;
            }
            last = count;
        }
    };
    let end = wait();
    let _ = pipeline.set_state(gst::State::Null);
    if let Some(gst::MessageView::Error(e)) = end.as_ref().map(|message| message.view()) {
        let path = path.display();
        return Err(Failure::failed(format!(
            "{path} cannot be read: {}",
            e.error()
        )));
    }
    let found = found.lock().unwrap_or_else(PoisonError::into_inner);
    Ok(found.clone())
}

/// Leads a stream into nothing; of the first video tags and times are kept.
fn watch(
    pipeline: &gst::Pipeline,
    pad: &gst::Pad,
    found: &Arc<Mutex<Stored>>,
) -> std::result::Result<(), gst::glib::BoolError> {
    let sink = gst::ElementFactory::make("fakesink")
        .property("async", false)
        .build()?;
    pipeline.add(&sink)?;
    let caps = pad.current_caps().unwrap_or_else(|| pad.query_caps(None));
    let media = caps.structure(0).map_or("", |s| s.name().as_str());
    let media = media.to_owned();
    // GStreamer finds no parser of JPEG by itself, and only that reads EXIF.
    let pad = if media == "image/jpeg" {
        let parser = gst::ElementFactory::make("jpegparse").build()?;
        pipeline.add(&parser)?;
        parser.sync_state_with_parent()?;
        let ends = parser.static_pad("sink").zip(parser.static_pad("src"));
        let (entry, end) = ends.ok_or_else(|| gst::glib::bool_error!("no pads"))?;
        let _ = pad.link(&entry);
        end
    } else {
        pad.clone()
    };
    let mut stored = found.lock().unwrap_or_else(PoisonError::into_inner);
    let video = media.starts_with("video/") || media.starts_with("image/");
    if video && !stored.taken {
        stored.taken = true;
        let found = found.clone();
        let kinds = gst::PadProbeType::BUFFER | gst::PadProbeType::EVENT_DOWNSTREAM;
        pad.add_probe(kinds, move |pad, info| {
            let mut stored = found.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(buffer) = info.buffer() {
                stored.times.extend(running_time(pad, buffer));
            } else if let Some(gst::EventView::Tag(tag)) = info.event().map(|e| e.view())
                && let Some(orientation) = tag.tag().get::<gst::tags::ImageOrientation>()
            {
                let orientation = orientation.get();
                stored.orientation = (orientation != "rotate-0").then(|| orientation.to_owned());
            }
            gst::PadProbeReturn::Ok
        });
    }
    drop(stored);
    sink.sync_state_with_parent()?;
    sink.static_pad("sink").map(|entry| pad.link(&entry));
    Ok(())
}
