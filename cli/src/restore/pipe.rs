// SPDX-License-Identifier: MPL-2.0
//! Raw frames: out of a stream into the pipeline, and out of the pipeline into a stream.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use gst::prelude::*;

use super::linker::joined;
use super::target::Target;
use super::video::Parts;
use crate::failure::Result;
use crate::media::source::Source;
use crate::media::stored::Stored;
use crate::y4m::{self, Frame, Lines, Reader, Writer};

/// Frames that wait behind the restorer.
const WAITING: u32 = 2;

/// What both ends know of the frames.
#[derive(Clone, Default)]
pub struct Passed(Arc<Mutex<Known>>);

#[derive(Default)]
struct Known {
    lines: Lines,
    /// Frames that were written, and how many there are in a second.
    written: u64,
    rate: Option<gst::Fraction>,
    /// What is wrong with the stream that is read.
    wrong: Option<String>,
}

impl Passed {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is wrong with the stream that is read, a part of a sentence.
    pub fn wrong(&self) -> Option<String> {
        self.known().wrong.clone()
    }

    /// The frames that were written, at the times that their rate gives them.
    pub fn stored(&self) -> Stored {
        let known = self.known();
        let rate = known.rate.unwrap_or(gst::Fraction::new(25, 1));
        let (n, d) = (rate.numer() as u64, rate.denom() as u64);
        let time = |number: u64| number.mul_div_round(d * gst::ClockTime::SECOND.nseconds(), n);
        let times = (0..known.written).filter_map(time);
        Stored::at(times.map(|time| time as i64).collect())
    }
}

/// Leads the frames of a stream into the pipeline, once they are told to [`start`].
pub fn connect(
    pipeline: &gst::Pipeline,
    parts: &Parts,
    reader: &Reader,
) -> std::result::Result<gst_app::AppSrc, String> {
    let source = y4m::source(reader)?;
    pipeline.add(&source).map_err(|e| e.to_string())?;
    let pad = source.static_pad("src").ok_or("it has no pad")?;
    parts.ways.gate.of_video(&pad);
    parts.ways.enter_muxer()?;
    joined(&pad, &parts.entry)?;
    Ok(source)
}

/// Lets the frames come.
pub fn start(reader: Reader, source: gst_app::AppSrc, passed: Passed) {
    let lines = passed.clone();
    let see = move |frame: &Frame| {
        if let Some(time) = frame.buffer.pts().filter(|_| frame.line != "FRAME") {
            lines.known().lines.insert(time, frame.line.clone());
        }
    };
    y4m::feed(reader, source, see, move |wrong| {
        passed.known().wrong = Some(wrong);
    });
}

/// The element that writes frames into a stream.
pub fn sink(
    pipeline: &gst::Pipeline,
    source: &Source,
    target: &Target,
    passed: &Passed,
) -> Result<gst::Element> {
    let writer = Mutex::new(Writer::new(target.open()?, source.header.clone()));
    let (name, passed, pipeline) = (target.shown(true), passed.clone(), pipeline.downgrade());
    let write = move |sink: &gst_app::AppSink| {
        let sample = sink.pull_sample().map_err(|_| gst::FlowError::Eos)?;
        let mut writer = writer.lock().unwrap_or_else(PoisonError::into_inner);
        let done = write(&sample, &mut writer, &passed);
        let failed = done.err().zip(pipeline.upgrade());
        failed.map_or(Ok(gst::FlowSuccess::Ok), |(e, pipeline)| {
            let sentence = format!("A frame cannot be written to {name}: {e}.");
            gst::element_error!(pipeline, gst::ResourceError::Write, ("{}", sentence));
            Err(gst::FlowError::Error)
        })
    };
    let sink = gst_app::AppSink::builder()
        .sync(false)
        .max_buffers(WAITING)
        .callbacks(
            gst_app::AppSinkCallbacks::builder()
                .new_sample(write)
                .build(),
        );
    Ok(sink.build().upcast())
}

/// Writes the frame of a sample.
fn write(sample: &gst::Sample, writer: &mut Writer, passed: &Passed) -> std::io::Result<()> {
    let odd = || std::io::Error::other("it has no format");
    let (buffer, caps) = sample.buffer().zip(sample.caps()).ok_or_else(odd)?;
    let info = gst_video::VideoInfo::from_caps(caps).map_err(|_| odd())?;
    let line = buffer
        .pts()
        .and_then(|time| passed.known().lines.remove(&time));
    writer.write(&info, buffer, line.as_deref().unwrap_or("FRAME"))?;
    let mut known = passed.known();
    known.written += 1;
    known.rate = writer.rate();
    Ok(())
}
