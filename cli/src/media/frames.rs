// SPDX-License-Identifier: MPL-2.0
//! The frames of a file as they are seen: decoded, upright, in RGB.

use std::sync::{Arc, Mutex, PoisonError};

use gst::prelude::*;
use gst_video::prelude::*;

use super::make;
use super::source::Source;
use crate::failure::{Failure, Result};
use crate::interrupt;
use crate::y4m;

/// How long a frame may be in coming, in steps of [`STEP`].
const PATIENCE: u32 = 300;
const STEP: gst::ClockTime = gst::ClockTime::from_mseconds(100);

/// A frame of eight bits a sample.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Frame {
    pub width: usize,
    pub height: usize,
    /// R, G, B of each pixel, row by row.
    pub rgb: Vec<u8>,
}

/// What is wrong with a stream of raw frames.
type Wrong = Arc<Mutex<Option<String>>>;

/// A file that is decoded.
pub struct Frames {
    pipeline: gst::Pipeline,
    sink: gst_app::AppSink,
    name: String,
    wrong: Wrong,
    /// How wide a pixel is, its height being 1.
    pub aspect: f64,
}

impl Frames {
    /// Starts to decode; enlarged or shrunk to `size` where one is wanted.
    pub fn of(source: &Source, size: Option<(usize, usize)>) -> Result<Self> {
        let name = source.shown();
        let size = size.map_or_else(String::new, |(width, height)| {
            format!(",width={width},height={height},pixel-aspect-ratio=[1/1000,1000/1]")
        });
        let line = format!(
            "videoconvert ! videoflip video-direction=auto ! videoscale method=catrom \
             add-borders=false ! videoconvert ! video/x-raw,format=RGB{size} \
             ! appsink name=end sync=false max-buffers=2"
        );
        let odd = |e: &dyn std::fmt::Display| {
            Failure::failed(format!("The decoder cannot be made ({line}): {e}."))
        };
        let bin = gst::parse::bin_from_description(&line, true).map_err(|e| odd(&e))?;
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
            decode(source, &pipeline, &bin)?;
        }
        let _ = pipeline.set_state(gst::State::Playing);
        Ok(Self {
            pipeline,
            sink,
            name,
            wrong,
            aspect: 1.0,
        })
    }

    /// The next frame; nothing at the end.
    pub fn next(&mut self) -> Result<Option<Frame>> {
        for _ in 0..PATIENCE {
            if interrupt::asked() {
                return Err(Failure::interrupted("Interrupted: nothing was written."));
            }
            if let Some(sample) = self.sink.try_pull_sample(STEP) {
                return self.packed(&sample).map(Some);
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

    /// The pixels of a sample without padding.
    fn packed(&mut self, sample: &gst::Sample) -> Result<Frame> {
        let odd = || Failure::failed(format!("{} has a frame without a format.", self.name));
        let (buffer, caps) = sample.buffer().zip(sample.caps()).ok_or_else(odd)?;
        let info = gst_video::VideoInfo::from_caps(caps).map_err(|_| odd())?;
        let frame = gst_video::VideoFrameRef::from_buffer_ref_readable(buffer, &info);
        let frame = frame.map_err(|_| odd())?;
        let (width, height) = (info.width() as usize, info.height() as usize);
        let stride = frame.plane_stride()[0] as usize;
        let plane = frame.plane_data(0).map_err(|_| odd())?;
        let rows = plane.chunks(stride).take(height);
        let rgb = rows.flat_map(|row| &row[..3 * width]).copied().collect();
        let par = info.par();
        self.aspect = f64::from(par.numer()) / f64::from(par.denom());
        Ok(Frame { width, height, rgb })
    }
}

/// Lets a file be decoded into `bin`.
fn decode(source: &Source, pipeline: &gst::Pipeline, bin: &gst::Bin) -> Result<()> {
    let mut parts = vec![source.element()?];
    let ending = source.path().extension().unwrap_or_default();
    if ["jpg", "jpeg"]
        .iter()
        .any(|jpeg| ending.eq_ignore_ascii_case(jpeg))
    {
        // Only the parser reads EXIF.
        parts.push(make("jpegparse")?);
    }
    let decoder = make("decodebin")?;
    parts.push(decoder.clone());
    let linked = pipeline.add_many(&parts);
    linked
        .and_then(|()| gst::Element::link_many(&parts))
        .map_err(|e| Failure::failed(format!("The decoder cannot be made: {e}.")))?;
    let entry = bin.static_pad("sink");
    decoder.connect_pad_added(move |_, pad| {
        let caps = pad.current_caps().unwrap_or_else(|| pad.query_caps(None));
        let video = caps.structure(0).is_some_and(|s| s.name() == "video/x-raw");
        let entry = entry.as_ref().filter(|entry| video && !entry.is_linked());
        // What is not linked is not decoded further.
        let _ = entry.map(|entry| pad.link(entry));
    });
    Ok(())
}

impl Drop for Frames {
    fn drop(&mut self) {
        let _ = self.pipeline.set_state(gst::State::Null);
    }
}
