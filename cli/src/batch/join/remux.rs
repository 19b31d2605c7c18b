// SPDX-License-Identifier: MPL-2.0
//! One file of the encoded frames of chunks and of all other streams of the clip.

use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;

use gst::prelude::*;

use super::packets::Packets;
use crate::batch::store::{Clip, Task};
use crate::failure::{Failure, Result};
use crate::interrupt;
use crate::media::caps::{as_stored, description, place};
use crate::media::make;
use crate::media::source::Source;
use crate::media::stored;
use crate::media::times;
use crate::report::{Progress, Report};
use crate::restore::bus::{self, Event};
use crate::restore::gate::Gate;
use crate::restore::part::repeatable;
use crate::restore::properties::Properties;
use crate::restore::streams::Streams;
use crate::restore::target::Target;
use crate::restore::video::{Ways, sign};

/// Bytes of encoded frames that wait before the muxer.
const WAITING: u64 = 32 << 20;

/// Writes the clip, whose chunks were checked.
pub fn remux(
    clip: &Clip,
    tasks: &[&Task],
    target: &Target,
    allow_loss: bool,
    report: &mut Report,
) -> Result<()> {
    let source = Source::of(&clip.manifest.source.path, gst::Fraction::new(25, 1))?;
    let mut packets = Packets::of(clip, tasks)?;
    let pipeline = gst::Pipeline::new();
    let caps = as_stored(packets.caps()?);
    let input = input(&source, &caps);
    let (ways, linked) = ways(&pipeline, clip, target, &input, &caps)?;
    let streams = Streams::of_file(&pipeline, &source, target, ways, allow_loss)?;
    report.begin(source.path(), target.path(), source.frames);
    let failed = Arc::new(Mutex::new(None));
    let passed = Arc::new(Mutex::new(0));
    let (wrong, count, sink) = (failed.clone(), passed.clone(), input.clone());
    let start = || {
        streams.start();
        thread::spawn(move || {
            // The pipeline says why, where nothing is told before it ends.
            if linked.recv().is_err() {
                return;
            }
            let mut next = packets.next();
            while let Ok(Some(packet)) = next {
                if interrupt::asked() || sink.push_buffer(packet).is_err() {
                    next = Ok(None);
                    break;
                }
                *count.lock().unwrap_or_else(PoisonError::into_inner) += 1;
                next = packets.next();
            }
            *wrong.lock().unwrap_or_else(PoisonError::into_inner) = next.err();
            let _ = sink.end_of_stream();
        });
    };
    let end = bus::play(&pipeline, start, |event| match event {
        Event::Warning(text) => report.warn(text),
        Event::Tick => report.progress(Progress {
            frames: *passed.lock().unwrap_or_else(PoisonError::into_inner),
            of: source.frames.map(|frames| frames as u64),
            seconds_per_frame: 0.0,
        }),
        Event::Written(_) => {}
    });
    streams.end();
    for note in streams.notes() {
        report.warn(&note);
    }
    let failed = failed.lock().unwrap_or_else(PoisonError::into_inner).take();
    failed.map_or(Ok(()), Err)?;
    end?;
    finish(clip, target)
}

/// Compares what was written with the plan, and gives it its name.
fn finish(clip: &Clip, target: &Target) -> Result<()> {
    let shown = target.shown(true);
    if interrupt::asked() {
        return Err(Failure::interrupted(format!(
            "Interrupted: {shown} was not written."
        )));
    }
    let chunks = clip.manifest.chunks.iter();
    let planned: Vec<i64> = chunks
        .flat_map(|chunk| clip.manifest.running_times(chunk))
        .collect();
    let written = stored::read(&target.part())?;
    times::compare(&planned, &written).map_err(|what| {
        Failure::failed(format!(
            "{shown} would differ from the clip ({what}): choose another kind of file for OUT."
        ))
    })?;
    target.finish().map(|_| ())
}

/// The element that gives the encoded frames, with the tags of the clip's video.
fn input(source: &Source, caps: &gst::Caps) -> gst_app::AppSrc {
    let input = gst_app::AppSrc::builder()
        .caps(caps)
        .format(gst::Format::Time)
        .block(true)
        .max_bytes(WAITING)
        .build();
    for tags in &source.stored.tags {
        input.send_event(gst::event::Tag::new(about_content(tags)));
    }
    input
}

/// Tags less those that were said of other frames than these.
fn about_content(tags: &gst::TagList) -> gst::TagList {
    let mut tags = tags.clone();
    let kept = tags.make_mut();
    kept.remove::<gst::tags::ImageOrientation>();
    kept.remove::<gst::tags::Encoder>();
    kept.remove::<gst::tags::EncoderVersion>();
    kept.remove::<gst::tags::ContainerFormat>();
    kept.remove::<gst::tags::Codec>();
    kept.remove::<gst::tags::VideoCodec>();
    kept.remove::<gst::tags::AudioCodec>();
    kept.remove::<gst::tags::SubtitleCodec>();
    kept.remove::<gst::tags::Bitrate>();
    kept.remove::<gst::tags::NominalBitrate>();
    kept.remove::<gst::tags::MinimumBitrate>();
    kept.remove::<gst::tags::MaximumBitrate>();
    tags
}

/// Makes the elements, and the ways of the clip's streams: its own video goes nowhere. The first
/// frame of that tells that all streams are linked; the muxer takes those that have frames for all.
fn ways(
    pipeline: &gst::Pipeline,
    clip: &Clip,
    target: &Target,
    input: &gst_app::AppSrc,
    caps: &gst::Caps,
) -> Result<(Ways, mpsc::Receiver<()>)> {
    let odd =
        |e: &dyn std::fmt::Display| Failure::failed(format!("The pipeline cannot be made: {e}."));
    let muxer = make(target.muxer().unwrap_or_default())?;
    let properties = clip.manifest.settings.properties.iter();
    let properties = properties.map(|(name, text)| (name.clone(), text.into()));
    let properties = Properties::of(properties.collect()).map_err(|e| odd(&e))?;
    sign(&muxer, &properties);
    repeatable(&muxer);
    let (_, parser) = place(&muxer, caps).ok_or_else(|| {
        let (shown, what) = (target.shown(true), description(caps));
        let kind = &clip.manifest.settings.kind;
        Failure::usage(format!(
            "{shown} cannot hold {what}, as the chunks are: let OUT end with .{kind}."
        ))
    })?;
    let sink = make("filesink")?;
    sink.set_property("location", target.part());
    let nowhere = make("fakesink")?;
    nowhere.set_property("async", false);
    let linked = first_of(&nowhere);
    let input = input.upcast_ref();
    pipeline
        .add_many([input, &muxer, &sink, &nowhere])
        .and_then(|()| muxer.link(&sink))
        .map_err(|e| odd(&e))?;
    let last = match parser {
        Some(parser) => {
            let parser = make(&parser.name())?;
            let added = pipeline.add(&parser);
            let linked = added.and_then(|()| input.link(&parser));
            linked.map_err(|e| odd(&e))?;
            parser
        }
        None => input.clone(),
    };
    let encoded = last.static_pad("src").ok_or_else(|| odd(&"no pad"))?;
    let ways = Ways {
        decoder: Some(nowhere),
        gate: Gate::default(),
        encoded,
        muxer: Some(muxer),
    };
    Ok((ways, linked))
}

/// Tells of the first buffer that comes to an element, or that none comes any more.
fn first_of(element: &gst::Element) -> mpsc::Receiver<()> {
    let (tell, first) = mpsc::channel();
    let pad = element.static_pad("sink");
    pad.map(|pad| {
        pad.add_probe(gst::PadProbeType::BUFFER, move |_, _| {
            let _ = tell.send(());
            gst::PadProbeReturn::Remove
        })
    });
    first
}
