// SPDX-License-Identifier: MPL-2.0
//! A file that is decoded, frame by frame.

use std::sync::{Arc, Mutex, PoisonError};

use gst::prelude::*;

use super::make;
use super::source::Source;
use crate::failure::{Failure, Result};
use crate::interrupt;
use crate::y4m;

/// How long a frame may be in coming, in steps of [`STEP`].
const PATIENCE: u32 = 300;
const STEP: gst::ClockTime = gst::ClockTime::from_mseconds(100);

/// What finds the streams of a file, and how the media type of a video begins behind it.
type Reader = (&'static str, &'static str);
const DECODER: Reader = ("decodebin", "video/x-raw");
const PARSER: Reader = ("parsebin", "video/");
/// The end of encoded frames.
const PACKETS: &str = "appsink name=end sync=false max-buffers=8 enable-last-sample=false";

/// What is wrong with a stream of raw frames.
type Wrong = Arc<Mutex<Option<String>>>;

/// A file that is decoded.
pub struct Decoded {
    pipeline: gst::Pipeline,
    sink: gst_app::AppSink,
    name: String,
    wrong: Wrong,
}

impl Decoded {
    /// Starts to decode. `line` is a launch line for raw frames whose last element is an `appsink`
    /// of the name `end`.
    pub fn of(source: &Source, line: &str) -> Result<Self> {
        Self::by(DECODER, source, line)
    }

    /// Starts to read the encoded frames, as they are stored.
    pub fn as_stored(source: &Source) -> Result<Self> {
        Self::by(PARSER, source, PACKETS)
    }

    fn by((element, media): Reader, source: &Source, line: &str) -> Result<Self> {
        let odd = |e: &dyn std::fmt::Display| {
            Failure::failed(format!("The decoder cannot be made ({line}): {e}."))
        };
        let bin = gst::parse::bin_from_description(line, true).map_err(|e| odd(&e))?;
        let sink = bin.by_name("end");
        let sink = sink.and_then(|sink| sink.downcast::<gst_app::AppSink>().ok());
        let sink = sink.ok_or_else(|| odd(&"it has no end"))?;
        let pipeline = gst::Pipeline::new();
        pipeline.add(&bin).map_err(|e| odd(&e))?;
        let wrong = Wrong::default();
        if let Some(reader) = source.take_stream() {
            let raw = y4m::source(&reader).map_err(|e| odd(&e))?;
            pipeline.add(&raw).map_err(|e| odd(&e))?;
            raw.link(&bin).map_err(|e| odd(&e))?;
            let wrong = wrong.clone();
            y4m::feed(
                reader,
                raw,
                |_| (),
                move |what| {
                    *wrong.lock().unwrap_or_else(PoisonError::into_inner) = Some(what);
                },
            );
        } else {
            decode((element, media), source, &pipeline, &bin)?;
        }
        let _ = pipeline.set_state(gst::State::Playing);
        Ok(Self {
            pipeline,
            sink,
            name: source.shown(),
            wrong,
        })
    }

    /// The name of the file in sentences.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The next frame; nothing at the end.
    pub fn next(&mut self) -> Result<Option<gst::Sample>> {
        for _ in 0..PATIENCE {
            if interrupt::asked() {
                return Err(Failure::interrupted("Interrupted: nothing was written."));
            }
            if let Some(sample) = self.sink.try_pull_sample(STEP) {
                return Ok(Some(own(sample)));
            }
            let error = [gst::MessageType::Error];
            let bus = self.pipeline.bus();
            let message = bus.and_then(|bus| bus.pop_filtered(&error));
            if let Some(gst::MessageView::Error(e)) = message.as_ref().map(|m| m.view()) {
                let name = &self.name;
                return Err(Failure::failed(format!(
                    "{name} cannot be decoded: {}",
                    e.error()
                )));
            }
            if self.sink.is_eos() {
                let wrong = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
                let failure = |what| Failure::failed(format!("{} {what}.", self.name));
                return wrong.clone().map_or(Ok(None), |what| Err(failure(what)));
            }
        }
        let name = &self.name;
        Err(Failure::failed(format!(
            "{name} gives no more frames, and no end: bring it into another container first."
        )))
    }

    /// Goes on at `time` of the file, once a frame has come; whether the file can be sought in.
    pub fn seek(&self, time: gst::ClockTime) -> bool {
        let flags = gst::SeekFlags::FLUSH | gst::SeekFlags::ACCURATE;
        self.pipeline.seek_simple(flags, time).is_ok()
    }
}

/// Frame, caps and segment of a sample by themselves: the sink uses a sample again, and fails to
/// after a seek while somebody holds it.
fn own(sample: gst::Sample) -> gst::Sample {
    let parts = sample.buffer_owned().zip(sample.caps_owned());
    let Some((buffer, caps)) = parts else {
        return sample;
    };
    let segment = sample.segment().cloned();
    drop(sample);
    gst::Sample::builder()
        .buffer(&buffer)
        .caps(&caps)
        .segment_if_some(segment.as_ref())
        .build()
}

/// Lets a file be decoded into `bin`.
fn decode(
    (element, media): Reader,
    source: &Source,
    pipeline: &gst::Pipeline,
    bin: &gst::Bin,
) -> Result<()> {
    let mut parts = vec![source.element()?];
    let ending = source.path().extension().unwrap_or_default();
    if ["jpg", "jpeg"]
        .iter()
        .any(|jpeg| ending.eq_ignore_ascii_case(jpeg))
    {
        // Only the parser reads EXIF.
        parts.push(make("jpegparse")?);
    }
    let decoder = make(element)?;
    parts.push(decoder.clone());
    let linked = pipeline.add_many(&parts);
    linked
        .and_then(|()| gst::Element::link_many(&parts))
        .map_err(|e| Failure::failed(format!("The decoder cannot be made: {e}.")))?;
    let entry = bin.static_pad("sink");
    decoder.connect_pad_added(move |_, pad| {
        let caps = pad.current_caps().unwrap_or_else(|| pad.query_caps(None));
        let video = caps
            .structure(0)
            .is_some_and(|s| s.name().starts_with(media));
        let entry = entry.as_ref().filter(|entry| video && !entry.is_linked());
        // What is not linked is not decoded further.
        let _ = entry.map(|entry| pad.link(entry));
    });
    Ok(())
}

impl Drop for Decoded {
    fn drop(&mut self) {
        let _ = self.pipeline.set_state(gst::State::Null);
    }
}
