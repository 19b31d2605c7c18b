// SPDX-License-Identifier: MPL-2.0
//! What a file holds, read without decoding: how its pictures are to be turned, and their times.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use gst::glib;
use gst::prelude::*;

use super::begin::Demuxer;
use super::make;
use super::times::running_time;
use crate::failure::{Failure, Result};

/// How long a file may give no sign of life, in steps of [`STEP`].
const PATIENCE: u32 = 300;
/// How the tag begins by which this command tells what it did.
pub const SIGNATURE: &str = "ud2m ";
const STEP: gst::ClockTime = gst::ClockTime::from_mseconds(100);

/// What was found of the first video.
#[derive(Clone, Debug, Default)]
pub struct Stored {
    /// How the pictures are to be turned, as the tag has it; nothing where they stand upright.
    pub orientation: Option<String>,
    /// Pictures that are to be shown.
    pub count: usize,
    /// Their running times in nanoseconds, in the order of the file. Pictures may have none.
    pub times: Vec<i64>,
    /// Where the last of all streams ends, as a running time in nanoseconds.
    pub end: i64,
    /// In Matroska the earliest time of all streams, which becomes the running time zero.
    pub begin: Option<i64>,
    /// What this command wrote of itself into the file.
    pub made: Option<String>,
    /// All tags of the first video.
    pub tags: Vec<gst::TagList>,
    /// Streams of all kinds.
    pub streams: usize,
    /// Whether the first video has a pad.
    taken: bool,
}

impl Stored {
    /// The same with running times in the place of the file's own.
    fn begun(mut self) -> Self {
        let begin = self.begin.unwrap_or(0);
        self.times.iter_mut().for_each(|time| *time -= begin);
        self.end -= begin;
        self
    }

    fn learn(&mut self, tags: &gst::TagListRef) {
        self.tags.push(tags.to_owned());
        if let Some(orientation) = tags.get::<gst::tags::ImageOrientation>() {
            let orientation = orientation.get();
            self.orientation = (orientation != "rotate-0").then(|| orientation.to_owned());
        }
        if let Some(encoder) = tags.get::<gst::tags::Encoder>() {
            let made = Some(encoder.get()).filter(|made| made.starts_with(SIGNATURE));
            self.made = made.map(str::to_owned).or(self.made.take());
        }
    }

    /// What was found before of so many frames.
    pub fn known(count: usize, orientation: Option<String>, begin: Option<i64>) -> Self {
        Self {
            orientation,
            count,
            begin,
            ..Self::default()
        }
    }

    /// Frames alone, at these times.
    pub fn at(times: Vec<i64>) -> Self {
        Self {
            count: times.len(),
            times,
            streams: 1,
            ..Self::default()
        }
    }
}

type Found = Arc<Mutex<Stored>>;

fn of(found: &Found) -> std::sync::MutexGuard<'_, Stored> {
    found.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Reads the file at `path`.
pub fn read(path: &Path) -> Result<Stored> {
    let pipeline = gst::Pipeline::new();
    let reader = make("filesrc")?;
    reader.set_property("location", path);
    let parser = make("parsebin")?;
    let linked = pipeline.add_many([&reader, &parser]);
    let linked = linked.and_then(|()| reader.link(&parser));
    linked.map_err(|e| Failure::failed(format!("The pipeline cannot be made: {e}.")))?;
    let found = Found::default();
    let shared = found.clone();
    let weak = pipeline.downgrade();
    let demuxer = Demuxer::watch(&parser);
    parser.connect_pad_added(move |_, pad| {
        if let Some(pipeline) = weak.upgrade() {
            // A stream that is not linked ends by itself.
            let _ = watch(&pipeline, pad, &shared, demuxer.is_matroska());
        }
    });
    let _ = pipeline.set_state(gst::State::Playing);
    let end = wait(&pipeline, &found);
    let _ = pipeline.set_state(gst::State::Null);
    let path = path.display();
    match end.as_ref().map(|message| message.view()) {
        Some(gst::MessageView::Eos(_)) => Ok(of(&found).clone().begun()),
        Some(gst::MessageView::Error(e)) => Err(Failure::failed(format!(
            "{path} cannot be read: {}",
            e.error()
        ))),
        _ => Err(Failure::failed(format!(
            "{path} has no end that GStreamer finds: bring it into another container first."
        ))),
    }
}

/// Waits for the end of the file; nothing where it has none.
fn wait(pipeline: &gst::Pipeline, found: &Found) -> Option<gst::Message> {
    let bus = pipeline.bus()?;
    let (mut last, mut still) = (0, 0);
    while still < PATIENCE {
        let kinds = [gst::MessageType::Eos, gst::MessageType::Error];
        if let Some(message) = bus.timed_pop_filtered(STEP, &kinds) {
            return Some(message);
        }
        let count = of(found).count;
        still = if count == last { still + 1 } else { 0 };
        last = count;
    }
    None
}

/// Leads a stream into nothing; of the first video tags and times are kept.
fn watch(
    pipeline: &gst::Pipeline,
    pad: &gst::Pad,
    found: &Found,
    matroska: bool,
) -> std::result::Result<(), glib::BoolError> {
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
        let (entry, end) = ends.ok_or_else(|| glib::bool_error!("no pads"))?;
        let _ = pad.link(&entry);
        end
    } else {
        pad.clone()
    };
    of(found).streams += 1;
    let time = if matroska { own_time } else { running_time };
    let shared = found.clone();
    pad.add_probe(gst::PadProbeType::BUFFER, move |pad, info| {
        if let Some(time) = info.buffer().and_then(|buffer| time(pad, buffer)) {
            let length = info.buffer().and_then(|buffer| buffer.duration());
            let length = length.map_or(0, |length| length.nseconds() as i64);
            let mut stored = of(&shared);
            stored.end = stored.end.max(time + length);
            if matroska {
                stored.begin = Some(stored.begin.map_or(time, |begin| begin.min(time)));
            }
        }
        gst::PadProbeReturn::Ok
    });
    let video = media.starts_with("video/") || media.starts_with("image/");
    if video && !std::mem::replace(&mut of(found).taken, true) {
        let found = found.clone();
        let kinds = gst::PadProbeType::BUFFER | gst::PadProbeType::EVENT_DOWNSTREAM;
        pad.add_probe(kinds, move |pad, info| {
            if let Some(buffer) = info.buffer().filter(|b| is_shown(pad, b, &media)) {
                let mut stored = of(&found);
                stored.count += 1;
                stored.times.extend(time(pad, buffer));
            } else if let Some(gst::EventView::Tag(tag)) = info.event().map(|e| e.view()) {
                of(&found).learn(tag.tag());
            }
            gst::PadProbeReturn::Ok
        });
    }
    sink.sync_state_with_parent()?;
    sink.static_pad("sink").map(|entry| pad.link(&entry));
    Ok(())
}

/// The time that the file has for a buffer, in nanoseconds.
fn own_time(_: &gst::Pad, buffer: &gst::BufferRef) -> Option<i64> {
    let time = buffer.pts().or(buffer.dts())?;
    i64::try_from(time.nseconds()).ok()
}

/// Whether a picture is to be shown: it lies in the part of the file that is played, and is no mere
/// help for others.
fn is_shown(pad: &gst::Pad, buffer: &gst::BufferRef, media: &str) -> bool {
    if buffer.flags().contains(gst::BufferFlags::DECODE_ONLY) {
        return false;
    }
    // The fifth bit of a frame of VP8 is its `show_frame`; no container has another word of it.
    let mut first = [0];
    if media == "video/x-vp8" && buffer.copy_to_slice(0, &mut first).is_ok() && first[0] & 16 == 0 {
        return false;
    }
    let event = pad.sticky_event::<gst::event::Segment>(0);
    let Some((event, start)) = event.zip(buffer.pts()) else {
        return true;
    };
    let Some(segment) = event.segment().downcast_ref::<gst::ClockTime>() else {
        return true;
    };
    let end = buffer.duration().map(|duration| start + duration);
    segment.clip(start, end).is_some()
}
