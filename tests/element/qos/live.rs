// SPDX-License-Identifier: MPL-2.0
//! Live pipelines that are too slow, with sinks that synchronise and sinks that do not.

use gst::prelude::*;
use gst_app::AppSink;
use gst_video::VideoFormat::Rgb;

use super::{POLICIES, count, ms, sent};
use crate::common::{self, Bench, caps, element, info, path, pattern};

const FRAMES: u64 = 12;

/// Runs a live pipeline whose model takes several times the 20 ms of a frame; the buffers that
/// leave, in their order.
fn live(policy: &str, synchronised: bool) -> (gst::Element, Vec<gst::Buffer>) {
    common::init();
    let description = format!(
        "videotestsrc is-live=true num-buffers={FRAMES} \
         ! video/x-raw,format=RGB,width=16,height=16,framerate=50/1 \
         ! ud2mrestore name=restore task=denoise steps=3 noise-sigma=0.006 threads=1 \
           overload-policy={policy} model={} \
         ! appsink name=sink sync={synchronised} qos={synchronised}",
        path("tests/data/slow")
    );
    let pipeline = gst::parse::launch(&description).unwrap();
    let pipeline = pipeline.downcast::<gst::Pipeline>().unwrap();
    let sink = pipeline.by_name("sink").unwrap();
    let sink = sink.downcast::<AppSink>().unwrap();
    pipeline.set_state(gst::State::Playing).unwrap();
    let out = std::iter::from_fn(|| sink.pull_sample().ok())
        .map(|sample| sample.buffer_owned().unwrap())
        .collect();
    assert!(common::errors(&pipeline.bus().unwrap()).is_empty());
    let restore = pipeline.by_name("restore").unwrap();
    pipeline.set_state(gst::State::Null).unwrap();
    (restore, out)
}

fn assert_policy(policy: &str, synchronised: bool) {
    let (element, out) = live(policy, synchronised);
    let at = (policy, synchronised);
    let stats = element.property::<gst::Structure>("stats");
    let counted = ["late", "dropped", "late-passthrough", "fewer-steps"];
    let [late, dropped, passed, fewer] = counted.map(|f| stats.get::<u64>(f).unwrap());
    assert!(late > 0, "{at:?}: {stats}");
    assert_eq!(dropped > 0, policy == "drop", "{at:?}: {stats}");
    assert_eq!(passed > 0, policy == "passthrough", "{at:?}: {stats}");
    assert_eq!(fewer > 0, policy == "fewer-steps", "{at:?}: {stats}");
    assert_eq!(out.len() as u64 + dropped, FRAMES, "{at:?}: none is lost");
    for pair in out.windows(2) {
        let gap = pair[1].pts().unwrap() - pair[0].pts().unwrap() > ms(20);
        let marked = pair[1].flags().contains(gst::BufferFlags::DISCONT);
        assert_eq!(gap, marked, "{at:?}");
        assert!(!gap || policy == "drop", "{at:?}");
    }
}

#[test]
fn the_qos_events_of_a_synchronising_sink_say_what_is_late() {
    for policy in POLICIES {
        assert_policy(policy, true);
    }
}

#[test]
fn without_qos_events_the_clock_of_a_live_pipeline_says_what_is_late() {
    for policy in POLICIES {
        assert_policy(policy, false);
    }
}

#[test]
fn a_slow_pipeline_that_is_not_live_is_never_late_by_the_clock() {
    let properties = [("task", "denoise"), ("overload-policy", "drop")];
    let element = element("slow", &properties);
    element.set_property("noise-sigma", 0.006);
    let mut bench = Bench::new(&element, &caps(Rgb, 16, 16));
    bench.harness.use_systemclock();
    bench.harness.set_live(false);
    for at in [0, 1, 2] {
        assert!(sent(&mut bench, at).is_some());
    }
    assert_eq!(count(&element, "late"), 0);
}

#[test]
fn the_time_of_a_frame_is_reported_as_latency() {
    let element = element("affine", &[("task", "denoise"), ("steps", "20")]);
    let mut bench = Bench::new(&element, &caps(Rgb, 64, 64));
    bench
        .harness
        .set_upstream_latency(gst::ClockTime::from_mseconds(40));
    for _ in 0..3 {
        bench.restore(&pattern(&info(Rgb, 64, 64)));
    }
    let messages: Vec<gst::Message> = std::iter::from_fn(|| bench.bus.pop()).collect();
    let reported = messages
        .iter()
        .any(|m| m.type_() == gst::MessageType::Latency);
    assert!(reported, "no message says that the latency changed");
    let latency = bench.harness.query_latency().expect("a latency");
    assert!(latency > gst::ClockTime::from_mseconds(40), "{latency}");
}
