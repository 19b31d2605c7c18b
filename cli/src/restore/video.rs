// SPDX-License-Identifier: MPL-2.0
//! The way of the video: decoder, restorer, encoder, file.

use gst::prelude::*;

use super::gate::Gate;
use super::linker::joined;
use super::pipe::{self, Passed};
use super::probes::{forget_orientation, keep_format, tell_durations};
use super::properties::Properties;
use super::target::Target;
use crate::failure::{Failure, Result};
use crate::media::make;
use crate::media::source::Source;
use crate::media::stored::SIGNATURE;
use crate::media::times::Times;

/// The name of the filter behind the restorer that gives frames the format in which they came.
const AS_IT_CAME: &str = "as-it-came";

/// The elements of the pipeline that are there before the streams are known.
pub struct Parts {
    /// Where decoded frames enter.
    pub entry: gst::Pad,
    pub restorer: gst::Element,
    /// Where restored frames enter the encoder.
    pub raw: gst::Pad,
    /// Times of the frames that the restorer was given.
    pub times: Times,
    /// What is known of raw frames.
    pub passed: Passed,
    pub ways: Ways,
}

/// Where the streams of a file go.
pub struct Ways {
    /// What takes the first video of the file; raw frames need none.
    pub decoder: Option<gst::Element>,
    /// Ends all streams at once.
    pub gate: Gate,
    /// Where encoded pictures leave.
    pub encoded: gst::Pad,
    pub muxer: Option<gst::Element>,
}

impl Parts {
    /// Makes them and links them, but for the streams.
    pub fn of_file(
        pipeline: &gst::Pipeline,
        source: &Source,
        target: &Target,
        properties: &Properties,
    ) -> Result<Self> {
        let encoded = source.header.is_none();
        let decoder = encoded.then(|| make("decodebin")).transpose()?;
        let parts = Self::of_frames(pipeline, source, target, properties)?;
        if let Some(decoder) = &decoder {
            let added = pipeline.add(decoder);
            added.map_err(|e| Failure::failed(format!("The pipeline cannot be made: {e}.")))?;
            let (entry, gate) = (parts.entry.clone(), parts.ways.gate.clone());
            decoder.connect_pad_added(move |_, pad| {
                // A decoder of one stream has one pad; what cannot be linked ends in an error
                // there.
                if !entry.is_linked() {
                    gate.of_video(pad);
                    let _ = pad.link(&entry);
                }
            });
        }
        let ways = Ways {
            decoder,
            ..parts.ways
        };
        Ok(Self { ways, ..parts })
    }

    /// The same for frames that are decoded elsewhere.
    pub fn of_frames(
        pipeline: &gst::Pipeline,
        source: &Source,
        target: &Target,
        properties: &Properties,
    ) -> Result<Self> {
        let restorer = make("ud2mrestore")?;
        properties.apply(&restorer);
        let before = before(properties)?;
        let encoder = encoder(source, target, properties)?;
        let passed = Passed::default();
        let sink = if target.is_stream() {
            pipe::sink(pipeline, source, target, &passed)?
        } else {
            sink(source, target)?
        };
        let muxer = target.muxer().map(make).transpose()?;
        if let Some(muxer) = &muxer {
            sign(muxer, properties);
        }
        let all = [before.upcast_ref(), &restorer, encoder.upcast_ref(), &sink];
        let added = pipeline.add_many(all);
        let linked = added.and_then(|()| {
            gst::Element::link_many([before.upcast_ref(), &restorer, encoder.upcast_ref()])?;
            let Some(muxer) = &muxer else {
                return encoder.link(&sink);
            };
            pipeline.add(muxer)?;
            muxer.link(&sink)
        });
        linked.map_err(|e| Failure::failed(format!("The pipeline cannot be made: {e}.")))?;
        let ends = (
            before.static_pad("sink"),
            encoder.static_pad("sink"),
            encoder.static_pad("src"),
        );
        let (Some(entry), Some(raw), Some(encoded)) = ends else {
            return Err(Failure::failed("An element has no pads."));
        };
        let times = Times::default();
        times.watch(&entry);
        tell_durations(&raw);
        if let Some(filter) = encoder.by_name(AS_IT_CAME) {
            keep_format(&entry, filter);
        }
        forget_orientation(&encoded);
        Ok(Self {
            entry,
            restorer,
            raw,
            times,
            passed,
            ways: Ways {
                decoder: None,
                gate: Gate::default(),
                encoded,
                muxer,
            },
        })
    }
}

impl Ways {
    /// Leads the encoded pictures into the muxer, where there is one.
    pub fn enter_muxer(&self) -> std::result::Result<(), String> {
        let Some(muxer) = &self.muxer else {
            return Ok(());
        };
        let entry = muxer.request_pad_simple("video_%u");
        joined(&self.encoded, &entry.ok_or("the muxer takes no video")?)
    }
}

/// Lets a file tell who made it, and how.
pub fn sign(muxer: &gst::Element, properties: &Properties) {
    if let Some(tags) = muxer.dynamic_cast_ref::<gst::TagSetter>() {
        let made = format!("{SIGNATURE}{}: {properties}", env!("CARGO_PKG_VERSION"));
        tags.add_tag::<gst::tags::Encoder>(&made.as_str(), gst::TagMergeMode::Replace);
    }
}

/// What comes before the restorer.
fn before(properties: &Properties) -> Result<gst::Bin> {
    let line = match properties.is_film() {
        true => "videoconvert ! ud2mdefects",
        false => "videoconvert",
    };
    gst::parse::bin_from_description(line, true)
        .map_err(|e| Failure::failed(format!("The pipeline cannot be made ({line}): {e}.")))
}

/// What follows the restorer, as far as the muxer. Pictures that are to be turned are turned here:
/// not every muxer of every GStreamer writes the tag.
fn encoder(source: &Source, target: &Target, properties: &Properties) -> Result<gst::Bin> {
    let turn = source.first().is_some() || source.stored.orientation.is_some();
    let turn = if turn {
        "videoconvert ! videoflip video-direction=auto ! "
    } else {
        ""
    };
    // Defects are found in frames with alpha, which no file is to keep.
    let back = match properties.is_film() {
        true => format!("videoconvert ! capsfilter name={AS_IT_CAME} ! "),
        false => String::new(),
    };
    let line = format!("{back}{turn}videoconvert ! {} ! queue", target.encoder());
    gst::parse::bin_from_description(&line, true)
        .map_err(|e| Failure::failed(format!("The encoder cannot be made ({line}): {e}.")))
}

fn sink(source: &Source, target: &Target) -> Result<gst::Element> {
    let location = target.part();
    if !target.is_numbered() {
        let sink = make("filesink")?;
        sink.set_property("location", &location);
        return Ok(sink);
    }
    let sink = make("multifilesink")?;
    sink.set_property("location", location.to_string_lossy().as_ref());
    sink.set_property("index", source.first().unwrap_or(0));
    sink.set_property("post-messages", true);
    Ok(sink)
}
