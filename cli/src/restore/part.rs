// SPDX-License-Identifier: MPL-2.0
//! A part of a film: frames that are decoded elsewhere, restored into a file of their own.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use gst::glib;
use gst::prelude::*;

use super::bus::{self, Event};
use super::linker::joined;
use super::properties::Properties;
use super::target::Target;
use super::video::Parts;
use crate::failure::{Failure, Result};
use crate::interrupt;
use crate::media::begin::begin_at;
use crate::media::source::Source;
use crate::media::times::Times;

/// Frames that wait before the restorer.
const WAITING: u64 = 2;

/// A part that is to be restored.
pub struct Wanted<'a> {
    pub source: &'a Source,
    pub target: &'a Target,
    pub properties: &'a Properties,
    /// Frames that come first and are left out once they are restored: those that follow start from
    /// them.
    pub lead_in: usize,
    /// Frames that are written.
    pub frames: usize,
    /// The time of the first of these, in nanoseconds of the file.
    pub begin: i64,
}

/// A part that was restored.
pub struct Part {
    /// Times of the frames that were encoded.
    pub times: Times,
    /// The element's statistics.
    pub stats: gst::Structure,
    pub ends: Ends,
}

/// Restored frames at which a part meets the one before it.
#[derive(Clone, Default)]
pub struct Ends {
    /// The last that was left out.
    pub lead_in: Option<gst::Sample>,
    /// The last that was written.
    pub tail: Option<gst::Sample>,
}

/// Restores the frames that `next` gives, with the lead-in, until it gives none. They keep their
/// own times before the restorer; in the file the first has the time zero.
///
/// `hear` is told what happens. An error of `next` is an error of the part.
pub fn restore(
    wanted: &Wanted,
    mut next: impl FnMut() -> Result<Option<gst::Sample>> + Send + 'static,
    mut hear: impl FnMut(Event, &gst::Element),
) -> Result<Part> {
    let pipeline = gst::Pipeline::new();
    let odd = |e: String| Failure::failed(format!("The pipeline cannot be made: {e}."));
    let Some(first) = next()? else {
        return Err(Failure::failed("There is no frame to restore."));
    };
    let parts = Parts::of_frames(&pipeline, wanted.source, wanted.target, wanted.properties)?;
    if let Some(muxer) = &parts.ways.muxer {
        repeatable(muxer);
    }
    let source = frames(wanted.source, &first);
    pipeline.add(&source).map_err(|e| odd(e.to_string()))?;
    let pad = source.static_pad("src");
    let pad = pad.ok_or_else(|| odd("a source has no pad".to_owned()))?;
    let linked = parts.ways.enter_muxer();
    linked
        .and_then(|()| joined(&pad, &parts.entry))
        .map_err(odd)?;
    let ends = Arc::new(Mutex::new(Ends::default()));
    let restored = parts.restorer.static_pad("src");
    let restored = restored.ok_or_else(|| odd("the restorer has no pad".to_owned()))?;
    leave_out(&restored, wanted.lead_in, wanted.frames, &ends);
    begin_at(&parts.raw, wanted.begin);
    let times = Times::default();
    times.watch(&parts.raw);
    let failed = Arc::new(Mutex::new(None));
    let (sink, wrong) = (source.clone(), failed.clone());
    let start = move || {
        thread::spawn(move || {
            let mut sample = Ok(Some(first));
            while let Ok(Some(frame)) = &sample {
                if interrupt::asked() || sink.push_sample(frame).is_err() {
                    break;
                }
                sample = next();
            }
            *wrong.lock().unwrap_or_else(PoisonError::into_inner) = sample.err();
            let _ = sink.end_of_stream();
        });
    };
    let end = bus::play(&pipeline, start, |event| {
        if matches!(event, Event::Tick) && interrupt::asked() {
            let _ = source.end_of_stream();
        }
        hear(event, &parts.restorer);
    });
    let stats = parts.restorer.property::<gst::Structure>("stats");
    let _ = pipeline.set_state(gst::State::Null);
    let failed = failed.lock().unwrap_or_else(PoisonError::into_inner).take();
    failed.map_or(Ok(()), Err)?;
    end?;
    let ends = ends.lock().unwrap_or_else(PoisonError::into_inner).clone();
    Ok(Part { times, stats, ends })
}

/// The element that gives frames like the `first`, at leisure as a file does.
fn frames(source: &Source, first: &gst::Sample) -> gst_app::AppSrc {
    let element = gst_app::AppSrc::builder()
        .format(gst::Format::Time)
        .stream_type(gst_app::AppStreamType::Seekable)
        .block(true)
        .max_buffers(WAITING)
        .max_bytes(0)
        .build();
    element.set_caps(first.caps_owned().as_ref());
    let callbacks = gst_app::AppSrcCallbacks::builder();
    element.set_callbacks(callbacks.seek_data(|_, _| true).build());
    if let Some(orientation) = &source.stored.orientation {
        let mut tags = gst::TagList::new();
        let orientation = orientation.as_str();
        tags.make_mut()
            .add::<gst::tags::ImageOrientation>(&orientation, gst::TagMergeMode::Replace);
        element.send_event(gst::event::Tag::new(tags));
    }
    element
}

/// Drops the first `lead_in` frames behind the restorer, and keeps the last of them and the last of
/// the `frames` that follow.
fn leave_out(pad: &gst::Pad, lead_in: usize, frames: usize, ends: &Arc<Mutex<Ends>>) {
    let (ends, count) = (ends.clone(), AtomicUsize::new(0));
    pad.add_probe(gst::PadProbeType::BUFFER, move |pad, info| {
        let number = count.fetch_add(1, Ordering::Relaxed) + 1;
        let keep = || {
            let (buffer, caps) = (info.buffer()?, pad.current_caps()?);
            let buffer = buffer.copy();
            Some(gst::Sample::builder().buffer(&buffer).caps(&caps).build())
        };
        let mut ends = ends.lock().unwrap_or_else(PoisonError::into_inner);
        if number == lead_in {
            ends.lead_in = keep();
        } else if number == lead_in + frames {
            ends.tail = keep();
        }
        if number <= lead_in {
            gst::PadProbeReturn::Drop
        } else {
            gst::PadProbeReturn::Ok
        }
    });
}

/// Lets files of one content have the same bytes: no time of day, and numbers that are always the
/// same where a muxer draws some.
pub fn repeatable(muxer: &gst::Element) {
    glib::random_set_seed(0);
    if muxer.find_property("creation-time").is_some()
        && let Ok(time) = glib::DateTime::from_unix_utc(0)
    {
        muxer.set_property("creation-time", time);
    }
}
