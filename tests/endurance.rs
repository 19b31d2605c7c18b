// SPDX-License-Identifier: MPL-2.0
//! A long run: every frame arrives with its times, and memory does not grow.
//!
//! It is alone in its program, because it measures the memory of the process.

mod common;

use common::{caps, info, path};
use gst::prelude::*;
use gst_app::{AppSink, AppSrc};
use gst_video::VideoFormat::{self, I420, Rgb};

/// Frames after which everything that is kept has been made.
const WARM: u64 = 200;
/// Bytes by which memory may grow for each frame in a long run: noise, and no image.
const SLOPE: f64 = 64.0;

/// Frames of the run; `make soak` sets more.
fn frames() -> u64 {
    let set = std::env::var("UD2M_SOAK_FRAMES").ok();
    set.map_or(2000, |n| n.parse().unwrap())
}

/// Pages of memory in use.
fn resident() -> u64 {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap();
    text.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// A frame of its own memory with times that no other frame has.
fn frame(number: u64, bytes: &[u8]) -> gst::Buffer {
    let mut buffer = gst::Buffer::with_size(bytes.len()).unwrap();
    let fields = buffer.get_mut().unwrap();
    fields.copy_from_slice(0, bytes).unwrap();
    // As a camera's, the times are not quite even.
    let at = 40_000_000 * number + number * 7919 % 3_000_000;
    fields.set_pts(gst::ClockTime::from_nseconds(at));
    fields.set_dts(gst::ClockTime::from_nseconds(at));
    fields.set_duration(gst::ClockTime::from_nseconds(40_000_000 + number % 1000));
    fields.set_offset(number);
    fields.set_offset_end(number + 1);
    buffer
}

#[test]
fn thousands_of_frames_keep_their_times_and_memory_stays_flat() {
    run(Rgb, 320, 240);
    // Through GStreamer's converter too; small, for the time's sake.
    run(I420, 48, 32);
}

fn run(format: VideoFormat, width: u32, height: u32) {
    common::init();
    let description = format!(
        "appsrc name=source is-live=true format=time max-buffers=4 block=true \
         ! ud2mrestore name=restore task=denoise steps=1 threads=1 stats-interval=1000 \
           overload-policy=block model={} \
         ! appsink name=sink sync=false qos=true",
        path("tests/data/echo")
    );
    let pipeline = gst::parse::launch(&description).unwrap();
    let pipeline = pipeline.downcast::<gst::Pipeline>().unwrap();
    let source = pipeline.by_name("source").unwrap();
    let source = source.downcast::<AppSrc>().unwrap();
    source.set_caps(Some(&caps(format, width, height)));
    let sink = pipeline.by_name("sink").unwrap();
    let sink = sink.downcast::<AppSink>().unwrap();
    let bus = pipeline.bus().unwrap();
    pipeline.set_state(gst::State::Playing).unwrap();

    let size = info(format, width, height).size();
    let bytes: Vec<u8> = (0..size).map(|i| (i * 11 % 256) as u8).collect();
    let (frames, mut warm) = (frames(), 0);
    for number in 0..frames {
        let sent = frame(number, &bytes);
        source.push_buffer(sent.copy()).unwrap();
        let limit = gst::ClockTime::from_seconds(60);
        let sample = sink.try_pull_sample(limit).expect("a frame");
        let got = sample.buffer().unwrap();
        assert_eq!(
            (got.pts(), got.dts(), got.duration()),
            (sent.pts(), sent.dts(), sent.duration()),
            "frame {number}"
        );
        assert_eq!(
            (got.offset(), got.offset_end()),
            (number, number + 1),
            "frame {number}"
        );
        if number + 1 == WARM {
            warm = resident();
        }
        // An application reads its messages.
        while let Some(message) = bus.pop() {
            assert_ne!(message.type_(), gst::MessageType::Error, "{message:?}");
        }
    }
    let end = resident();
    source.end_of_stream().unwrap();
    assert!(sink.pull_sample().is_err() && sink.is_eos());
    let restore = pipeline.by_name("restore").unwrap();
    let stats = restore.property::<gst::Structure>("stats");
    assert_eq!(stats.get("frames"), Ok(frames), "{stats}");
    pipeline.set_state(gst::State::Null).unwrap();
    assert!(
        end as f64 <= 1.02 * warm as f64,
        "{warm} pages became {end}"
    );
    let slope = (end as f64 - warm as f64) * 4096.0 / (frames - WARM) as f64;
    // A short run is too short for a slope: a single page is more than that.
    assert!(frames < 20_000 || slope < SLOPE, "{slope} bytes a frame");
    println!(
        "{format:?}: {warm} pages after {WARM} frames, {end} after {frames}, {slope:.1} bytes a \
         frame: {stats}"
    );
}
