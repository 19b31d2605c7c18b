// SPDX-License-Identifier: MPL-2.0
//! Start, pause, seek and stop, also while a long frame is restored.

mod stream;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use gst::prelude::*;
use gst_app::AppSink;
use gst_video::VideoFormat::Rgb;

use crate::common::{self, Bench, caps, element, info, path, pattern, start};

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
             ! ud2mrestore name=restore task=denoise noise-sigma=0.002 threads=1 model={} \
             ! appsink name=sink sync=false max-buffers=1",
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

    /// Slows the model down and waits until a frame is in it: until no more come out.
    fn begin(&self) {
        self.restore.set_property("noise-sigma", 0.25);
        let patience = gst::ClockTime::from_mseconds(500);
        while self.sink.try_pull_sample(patience).is_some() {}
    }

    /// Does what has to return at once.
    fn at_once(&self, what: impl FnOnce(&Self)) {
        let begun = Instant::now();
        what(self);
        let waited = begun.elapsed();
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

#[test]
fn stopping_does_not_wait_for_the_frame_in_progress() {
    let element = element("affine", &[("task", "denoise"), ("steps", "100")]);
    let mut bench = Bench::new(&element, &caps(Rgb, 768, 512));
    let buffer = gst::Buffer::from_slice(pattern(&info(Rgb, 768, 512)));
    let begun = Instant::now();
    let stopped = std::thread::scope(|scope| {
        let pushing = scope.spawn(|| bench.harness.push(buffer));
        std::thread::sleep(Duration::from_millis(300));
        let stopping = Instant::now();
        element.set_state(gst::State::Ready).unwrap();
        let stopped = stopping.elapsed();
        assert_eq!(pushing.join().unwrap(), Err(gst::FlowError::Flushing));
        stopped
    });
    let whole = begun.elapsed();
    assert!(stopped < Duration::from_secs(1), "{stopped:?} of {whole:?}");
    assert!(bench.errors().is_empty(), "being stopped is no error");
}

#[test]
fn properties_can_be_read_while_a_frame_is_restored() {
    let element = element("affine", &[("task", "denoise"), ("steps", "100")]);
    let mut bench = Bench::new(&element, &caps(Rgb, 256, 256));
    let bytes = pattern(&info(Rgb, 256, 256));
    let (done, mut reads) = (AtomicBool::new(false), 0u64);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            bench.restore(&bytes);
            done.store(true, Ordering::SeqCst);
        });
        while !done.load(Ordering::SeqCst) {
            let _ = element.property::<gst::Structure>("stats");
            element.set_property("seed", reads);
            reads += 1;
            std::thread::sleep(Duration::from_millis(1));
        }
    });
    assert!(reads > 20, "properties waited for the frame: {reads} reads");
}

#[test]
fn what_is_set_while_started_for_the_next_start_waits_for_it() {
    let element = element("echo", &[("scale", "2")]);
    let mut bench = Bench::new(&element, &caps(Rgb, 16, 16));
    element.set_property_from_str("task", "super-resolve");
    assert_eq!(
        bench.restore(&pattern(&info(Rgb, 16, 16))).len(),
        info(Rgb, 16, 16).size()
    );
    assert!(bench.errors().is_empty());
}

#[test]
fn the_element_starts_again_after_it_was_stopped() {
    let element = element("echo", &[]);
    for _ in 0..3 {
        assert!(start(&element).is_empty());
    }
}
