// SPDX-License-Identifier: MPL-2.0
//! A pipeline that people wait for: pause, seek and stop while a long frame is restored, and what is told of frames.

use crate::common;
use std::time::{Duration, Instant};

use crate::common::{Bench, caps, element, info, path, picture};
use gst::prelude::*;
use gst_app::AppSink;
use gst_video::VideoFormat::Rgb;

const META: &str = "GstUd2mRestoreMeta";
/// How long the application may be kept waiting.
const PROMISED: Duration = Duration::from_secs(1);

/// A pipeline that plays, in which a frame of more than a minute has just begun.
struct Busy {
    pipeline: gst::Pipeline,
    restore: gst::Element,
    sink: AppSink,
}

impl Busy {
    fn new() -> Self {
        common::init();
        let description = format!(
            "videotestsrc ! video/x-raw,format=RGB,width=16,height=16,framerate=25/1 \
             ! ud2mrestore name=restore task=denoise noise-sigma=0.002 threads=1 model={} ! appsink name=sink sync=false max-buffers=1",
            path("tests/data/slow")
        );
        let pipeline = gst::parse::launch(&description).unwrap();
        let pipeline = pipeline.downcast::<gst::Pipeline>().unwrap();
        let restore = pipeline.by_name("restore").unwrap();
        let sink = pipeline.by_name("sink").unwrap();
        let busy = Self {
            sink: sink.downcast().unwrap(),
            pipeline,
            restore,
        };
        busy.pipeline.set_state(gst::State::Playing).unwrap();
        busy.flows();
        busy.begin();
        busy
    }

    /// Waits for frames.
    fn flows(&self) {
        for _ in 0..3 {
            let limit = gst::ClockTime::from_seconds(60);
            assert!(self.sink.try_pull_sample(limit).is_some(), "no frame came");
        }
    }

    /// Slows the model down and waits until a frame has been in it for a while: until no more come out.
    fn begin(&self) {
        self.restore.set_property("noise-sigma", 0.25);
        let patience = gst::ClockTime::from_mseconds(500);
        while self.sink.try_pull_sample(patience).is_some() {}
    }

    /// Does what has to return at once.
    fn at_once(&self, what: impl FnOnce(&Self)) {
        let asked = Instant::now();
        what(self);
        let waited = asked.elapsed();
        assert!(waited < PROMISED, "{waited:?}");
    }

    fn seek(&self) {
        let start = gst::ClockTime::ZERO;
        self.pipeline
            .seek_simple(gst::SeekFlags::FLUSH, start)
            .unwrap();
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        let _ = self.pipeline.set_state(gst::State::Null);
        if !std::thread::panicking() {
            let errors = common::errors(&self.pipeline.bus().unwrap());
            assert!(errors.is_empty(), "{errors:?}");
        }
    }
}

#[test]
fn a_stop_does_not_wait_for_a_long_frame() {
    for state in [gst::State::Ready, gst::State::Null] {
        let busy = Busy::new();
        busy.at_once(|b| {
            b.pipeline.set_state(state).unwrap();
        });
        // And it plays again.
        busy.restore.set_property("noise-sigma", 0.002);
        busy.pipeline.set_state(gst::State::Playing).unwrap();
        busy.flows();
    }
}

#[test]
fn a_seek_does_not_wait_for_a_long_frame_and_frames_flow_again() {
    let busy = Busy::new();
    busy.restore.set_property("noise-sigma", 0.002);
    busy.at_once(Busy::seek);
    busy.flows();
    // Once more: an interrupt leaves nothing behind.
    busy.begin();
    busy.restore.set_property("noise-sigma", 0.002);
    busy.at_once(Busy::seek);
    busy.flows();
}

#[test]
fn a_pause_does_not_wait_for_a_long_frame_and_may_be_left_by_a_seek_or_a_stop() {
    let busy = Busy::new();
    busy.at_once(|b| {
        b.pipeline.set_state(gst::State::Paused).unwrap();
    });
    busy.restore.set_property("noise-sigma", 0.002);
    busy.at_once(Busy::seek);
    busy.pipeline.set_state(gst::State::Playing).unwrap();
    busy.flows();
    busy.begin();
    busy.at_once(|b| {
        b.pipeline.set_state(gst::State::Paused).unwrap();
    });
    busy.at_once(|b| {
        b.pipeline.set_state(gst::State::Null).unwrap();
    });
}

#[test]
fn a_paused_pipeline_plays_on_without_loss() {
    let busy = Busy::new();
    busy.seek();
    busy.restore.set_property("noise-sigma", 0.002);
    busy.seek();
    let times = |count| -> Vec<gst::ClockTime> {
        let pull = || busy.sink.try_pull_sample(gst::ClockTime::from_seconds(60));
        let samples = std::iter::from_fn(pull).take(count);
        samples
            .map(|s| s.buffer().unwrap().pts().unwrap())
            .collect()
    };
    let mut all = times(5);
    busy.pipeline.set_state(gst::State::Paused).unwrap();
    busy.pipeline.set_state(gst::State::Playing).unwrap();
    all.extend(times(5));
    let wanted: Vec<_> = (0..10)
        .map(|i| gst::ClockTime::from_mseconds(40 * i))
        .collect();
    assert_eq!(all, wanted);
}

/// The note on a buffer.
fn note(buffer: &gst::Buffer) -> gst::Structure {
    let metas: Vec<_> = buffer
        .iter_meta::<gst::Meta>()
        .filter_map(|m| Some(m.try_as_custom_meta()?.structure().to_owned()))
        .collect();
    assert_eq!(metas.len(), 1, "{metas:?}");
    assert_eq!(metas[0].name(), META);
    metas[0].clone()
}

#[test]
fn every_buffer_tells_how_its_frame_was_made() {
    let properties = [("task", "jpeg"), ("jpeg-quality", "40"), ("steps", "2")];
    let element = element("echo", &properties);
    let mut bench = Bench::new(&element, &caps(Rgb, 16, 16));
    let frame = || gst::Buffer::from_slice(picture(&info(Rgb, 16, 16)));
    let restored = note(&bench.push(frame()));
    assert_eq!(restored.get("steps"), Ok(2u32));
    assert_eq!(restored.get("evaluations"), Ok(4u64));
    assert_eq!(restored.get("provider"), Ok("CPUExecutionProvider"));
    assert_eq!(restored.get("jpeg-quality"), Ok(40u32));
    assert_eq!(
        (restored.get("passthrough"), restored.get("late")),
        (Ok(false), Ok(false))
    );
    for field in ["noise-sigma", "milliseconds"] {
        assert!(restored.get::<f64>(field).unwrap() > 0.0, "{restored}");
    }
    assert_eq!(restored.get("residual"), Ok(0.0), "an echo leaves nothing");
    element.set_property("strength", 0.0);
    let frame = frame();
    let kept = frame.clone();
    let out = bench.push(frame);
    let passed = note(&out);
    assert_eq!(passed.get("passthrough"), Ok(true));
    assert_eq!(passed.get("evaluations"), Ok(0u64));
    assert!(
        kept.iter_meta::<gst::Meta>().next().is_none(),
        "a buffer that others hold is not written on"
    );
    assert_eq!(
        kept.peek_memory(0).as_ptr(),
        out.peek_memory(0).as_ptr(),
        "and its memory is not copied"
    );
}

#[test]
fn a_frame_without_an_answer_is_noted_as_passed() {
    let element = element("wrong/nan-output", &[]);
    let mut bench = Bench::new(&element, &caps(Rgb, 16, 16));
    let frame = gst::Buffer::from_slice(picture(&info(Rgb, 16, 16)));
    assert_eq!(note(&bench.push(frame)).get("passthrough"), Ok(true));
}

#[test]
fn the_last_of_two_restorers_signs_and_a_copy_keeps_the_note() {
    for strength in ["1", "0"] {
        let first = element("blend", &[("task", "denoise"), ("steps", "1")]);
        let mut bench = Bench::new(&first, &caps(Rgb, 16, 16));
        let once = bench.push(gst::Buffer::from_slice(picture(&info(Rgb, 16, 16))));
        let properties = [("task", "denoise"), ("steps", "3"), ("strength", strength)];
        let mut second = Bench::new(&element("blend", &properties), &caps(Rgb, 16, 16));
        let twice = second.push(once);
        let wanted = if strength == "1" { 3u32 } else { 0 };
        assert_eq!(note(&twice).get("steps"), Ok(wanted));
        assert_eq!(note(&twice.copy_deep().unwrap()).get("steps"), Ok(wanted));
    }
}

fn told(bus: &gst::Bus) -> Vec<gst::Structure> {
    std::iter::from_fn(|| bus.pop())
        .filter_map(|m| match m.view() {
            gst::MessageView::Element(e) => e.structure().map(|s| s.to_owned()),
            _ => None,
        })
        .collect()
}

#[test]
fn statistics_are_posted_at_the_interval_and_at_the_end() {
    let element = element("echo", &[("stats-interval", "1")]);
    let mut bench = Bench::new(&element, &caps(Rgb, 16, 16));
    for _ in 0..3 {
        std::thread::sleep(Duration::from_millis(2));
        bench.restore(&picture(&info(Rgb, 16, 16)));
    }
    let frames: Vec<u64> = told(&bench.bus)
        .iter()
        .map(|s| {
            assert_eq!(s.name(), "ud2mrestore-stats");
            s.get("frames").unwrap()
        })
        .collect();
    assert_eq!(frames, [1, 2, 3]);
    element.set_property("stats-interval", u32::MAX);
    bench.restore(&picture(&info(Rgb, 16, 16)));
    assert!(told(&bench.bus).is_empty(), "not yet");
    bench.harness.push_event(gst::event::Eos::new());
    let last = told(&bench.bus);
    assert_eq!(last.len(), 1);
    assert_eq!(last[0].get("frames"), Ok(4u64));
}

#[test]
fn without_an_interval_nothing_is_posted() {
    let mut bench = Bench::new(&element("echo", &[]), &caps(Rgb, 16, 16));
    bench.restore(&picture(&info(Rgb, 16, 16)));
    bench.harness.push_event(gst::event::Eos::new());
    assert!(told(&bench.bus).is_empty());
}

#[test]
fn statistics_tell_the_stages_and_count_frames_that_pass() {
    let element = element("echo", &[]);
    let mut bench = Bench::new(&element, &caps(Rgb, 64, 48));
    let bytes = picture(&info(Rgb, 64, 48));
    bench.restore(&bytes);
    element.set_property("strength", 0.0);
    bench.restore(&bytes);
    let stats = element.property::<gst::Structure>("stats");
    assert_eq!(
        (stats.get("frames"), stats.get("disabled")),
        (Ok(2u64), Ok(1u64))
    );
    let ms = |field: &str| stats.get::<f64>(field).unwrap();
    let stages = ["unpack-ms", "model-ms", "sampling-ms", "pack-ms"];
    assert!(stages.iter().all(|s| ms(s) > 0.0), "{stats}");
    let sum: f64 = stages.into_iter().map(ms).sum();
    assert!(sum <= ms("frame-ms"), "{stats}");
}
