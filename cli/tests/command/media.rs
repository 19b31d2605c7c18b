// SPDX-License-Identifier: MPL-2.0
//! Makes files and looks into them.

use std::path::Path;
use std::sync::{Arc, Mutex};

use gst::prelude::*;

/// Runs a launch line to its end.
pub fn play(line: &str) {
    let pipeline = gst::parse::launch(line).unwrap_or_else(|e| panic!("{line}: {e}"));
    run(&pipeline, line);
}

/// Runs a pipeline to its end.
pub fn run(pipeline: &gst::Element, what: &str) {
    let bus = pipeline.bus().expect("a bus");
    let _ = pipeline.set_state(gst::State::Playing);
    let wanted = [gst::MessageType::Eos, gst::MessageType::Error];
    let end = bus.timed_pop_filtered(gst::ClockTime::from_seconds(60), &wanted);
    match end.as_ref().map(|message| message.view()) {
        Some(gst::MessageView::Eos(_)) => {}
        Some(gst::MessageView::Error(e)) => panic!("{what}: {} {:?}", e.error(), e.debug()),
        _ => panic!("{what}: no end within a minute"),
    }
    pipeline.set_state(gst::State::Null).expect("stopping");
}

/// A stream of a file: its caps, its tags, and its buffers with their running times in nanoseconds,
/// which are negative where the file says that the beginning is not to be played.
#[derive(Clone, Debug)]
pub struct Stream {
    pub caps: gst::Caps,
    pub tags: Vec<gst::TagList>,
    pub times: Vec<i64>,
    pub bytes: Vec<Vec<u8>>,
}

impl Stream {
    pub fn media(&self) -> String {
        let first = self.caps.structure(0).expect("caps");
        first.name().to_string()
    }

    pub fn is_video(&self) -> bool {
        self.media().starts_with("video/") || self.media().starts_with("image/")
    }

    /// The times in the order in which frames are shown.
    pub fn shown(&self) -> Vec<i64> {
        let mut times = self.times.clone();
        times.sort();
        times
    }

    /// A tag's text.
    pub fn tag(&self, name: &str) -> Option<String> {
        let found = self.tags.iter().find_map(|tags| tags.generic(name));
        found.map(|value| value.get::<String>().expect("a text"))
    }
}

/// The streams of a file, as they are stored.
pub fn streams(path: &Path) -> Vec<Stream> {
    read(path, "parsebin", "")
}

/// The frames of a file, decoded into `format`.
pub fn frames(path: &Path, format: &str) -> Stream {
    let convert = format!("videoconvert ! video/x-raw,format={format}");
    let all = read(path, "decodebin", &convert);
    all.into_iter().find(Stream::is_video).expect("a video")
}

/// Reads a file with `parser` and leads each video stream through `then`.
fn read(path: &Path, parser: &str, then: &str) -> Vec<Stream> {
    let line = format!(
        "filesrc location=\"{}\" ! {parser} name=parser",
        path.display()
    );
    let pipeline = gst::parse::launch(&line).expect("a pipeline");
    let bin = pipeline.clone().downcast::<gst::Bin>().expect("a bin");
    let parser = bin.by_name("parser").expect("a parser");
    let streams = Arc::new(Mutex::new(Vec::new()));
    let found = streams.clone();
    let then = then.to_owned();
    parser.connect_pad_added(move |_, pad| {
        let caps = pad.current_caps().unwrap_or_else(|| pad.query_caps(None));
        let video = caps
            .structure(0)
            .expect("caps")
            .name()
            .starts_with("video/");
        let sink = if video && !then.is_empty() {
            format!("{then} ! fakesink name=end sync=false async=false")
        } else {
            "fakesink name=end sync=false async=false".to_owned()
        };
        let sink = gst::parse::bin_from_description(&sink, true).expect("a sink");
        bin.add(&sink).expect("a new element");
        let end = sink.by_name("end").expect("an end");
        let end = end.static_pad("sink").expect("a pad");
        let here = Arc::new(Mutex::new(Stream {
            caps,
            tags: Vec::new(),
            times: Vec::new(),
            bytes: Vec::new(),
        }));
        found.lock().expect("no panic").push(here.clone());
        let kinds = gst::PadProbeType::BUFFER | gst::PadProbeType::EVENT_DOWNSTREAM;
        end.add_probe(kinds, move |pad, info| {
            let mut stream = here.lock().expect("no panic");
            if let Some(buffer) = info.buffer() {
                let segment = pad
                    .sticky_event::<gst::event::Segment>(0)
                    .expect("a segment");
                let segment = segment.segment().clone();
                let segment = segment.downcast::<gst::ClockTime>().expect("of time");
                // Pictures have none.
                stream
                    .times
                    .extend(
                        segment
                            .to_running_time_full(buffer.pts())
                            .map(|time| match time {
                                gst::Signed::Positive(length) => length.nseconds() as i64,
                                gst::Signed::Negative(length) => -(length.nseconds() as i64),
                            }),
                    );
                let map = buffer.map_readable().expect("readable");
                stream.bytes.push(map.to_vec());
            } else if let Some(event) = info.event() {
                match event.view() {
                    gst::EventView::Tag(tag) => stream.tags.push(tag.tag_owned()),
                    gst::EventView::Caps(caps) => stream.caps = caps.caps_owned(),
                    _ => {}
                }
            }
            gst::PadProbeReturn::Ok
        });
        sink.sync_state_with_parent().expect("a sink that starts");
        let entry = sink.static_pad("sink").expect("a pad");
        pad.link(&entry).expect("a stream that is linked");
    });
    run(&pipeline, &line);
    let streams = streams.lock().expect("no panic");
    streams
        .iter()
        .map(|s| s.lock().expect("no panic").clone())
        .collect()
}

/// Writes gray frames of these running times in milliseconds.
pub fn at_times(path: &Path, times: &[u64], encoder: &str) {
    let line = format!(
        "appsrc name=in format=time caps=video/x-raw,format=GRAY8,width=64,height=48,framerate=0/1 \
         ! videoconvert ! {encoder} ! filesink location={}",
        path.display()
    );
    let pipeline = gst::parse::launch(&line).expect("a pipeline");
    let bin = pipeline.downcast_ref::<gst::Bin>().expect("a bin");
    let source = bin.by_name("in").expect("a source");
    let source = source.downcast::<gst_app::AppSrc>().expect("an appsrc");
    source.set_max_bytes(0);
    for (at, time) in times.iter().enumerate() {
        let mut buffer = gst::Buffer::from_slice(vec![at as u8 * 16; 64 * 48]);
        let frame = buffer.get_mut().expect("one owner");
        frame.set_pts(gst::ClockTime::from_mseconds(*time));
        if let Some(next) = times.get(at + 1) {
            frame.set_duration(gst::ClockTime::from_mseconds(next - time));
        }
        source.push_buffer(buffer).expect("a frame that is taken");
    }
    source.end_of_stream().expect("an end");
    run(&pipeline, &line);
}
