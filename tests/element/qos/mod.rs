// SPDX-License-Identifier: MPL-2.0
//! Late frames: what each policy does with them, and what the application and upstream hear.

mod live;

use gst::prelude::*;
use gst_video::VideoFormat::Rgb;

use crate::common::{Bench, caps, element, info, pattern};

const POLICIES: [&str; 4] = ["block", "passthrough", "fewer-steps", "drop"];

fn count(element: &gst::Element, field: &str) -> u64 {
    element
        .property::<gst::Structure>("stats")
        .get(field)
        .unwrap()
}

fn ms(time: u64) -> gst::ClockTime {
    gst::ClockTime::from_mseconds(time)
}

/// A frame of 40 ms at a time in milliseconds.
fn frame(at: u64) -> gst::Buffer {
    let mut buffer = gst::Buffer::from_slice(pattern(&info(Rgb, 16, 16)));
    let fields = buffer.get_mut().unwrap();
    fields.set_pts(ms(at));
    fields.set_duration(ms(40));
    buffer
}

/// Sends a QoS event: the frame at `at` came `late` milliseconds late, in a stream too slow by
/// `proportion`.
fn report(bench: &mut Bench, at: u64, late: i64, proportion: f64) {
    let kind = gst::QOSType::Underflow;
    let event = gst::event::Qos::builder(kind, proportion, late * 1_000_000);
    bench
        .harness
        .push_upstream_event(event.timestamp(ms(at)).build());
}

/// What leaves for a frame at `at`, if something does.
fn sent(bench: &mut Bench, at: u64) -> Option<gst::Buffer> {
    bench.harness.push(frame(at)).unwrap();
    bench.harness.try_pull()
}

fn bytes(buffer: &gst::Buffer) -> Vec<u8> {
    buffer.map_readable().unwrap().to_vec()
}

#[test]
fn a_frame_that_downstream_no_longer_waits_for_follows_the_policy() {
    let plain = pattern(&info(Rgb, 16, 16));
    for policy in POLICIES {
        let properties = [
            ("task", "denoise"),
            ("steps", "3"),
            ("overload-policy", policy),
        ];
        let element = element("blend", &properties);
        let mut bench = Bench::new(&element, &caps(Rgb, 16, 16));
        let restored = bytes(&sent(&mut bench, 0).unwrap());
        assert_ne!(restored, plain);
        let before = count(&element, "evaluations");
        // 50 ms late: nothing before 100 ms is of use.
        report(&mut bench, 0, 50, 2.5);
        for at in [40, 80] {
            let out = sent(&mut bench, at).map(|b| bytes(&b));
            match policy {
                "block" => assert_eq!(out.as_ref(), Some(&restored)),
                "passthrough" => assert_eq!(out.as_ref(), Some(&plain)),
                "fewer-steps" => assert!(out.is_some_and(|o| o != plain && o != restored)),
                _ => assert_eq!(out, None),
            }
        }
        let spent = count(&element, "evaluations") - before;
        // Two evaluations a step: three steps, or one.
        let wanted = match policy {
            "block" => 12,
            "fewer-steps" => 4,
            _ => 0,
        };
        assert_eq!(spent, wanted, "{policy}");
        let next = sent(&mut bench, 120).unwrap();
        let dropped = if policy == "drop" { 2 } else { 0 };
        assert_eq!(
            next.flags().contains(gst::BufferFlags::DISCONT),
            dropped > 0,
            "{policy}"
        );
        let counted = ["late", "dropped", "late-passthrough", "frames"].map(|f| count(&element, f));
        let passed = if policy == "passthrough" { 2 } else { 0 };
        assert_eq!(counted, [2, dropped, passed, 4 - dropped], "{policy}");
        assert_eq!(
            count(&element, "fewer-steps") > 0,
            policy == "fewer-steps",
            "{policy}"
        );
        assert!(bench.errors().is_empty());
    }
}

#[test]
fn each_late_frame_is_reported_in_a_qos_message() {
    for policy in POLICIES {
        let properties = [
            ("task", "denoise"),
            ("steps", "3"),
            ("overload-policy", policy),
        ];
        let mut bench = Bench::new(&element("blend", &properties), &caps(Rgb, 16, 16));
        sent(&mut bench, 0);
        report(&mut bench, 0, 50, 2.5);
        for at in [40, 80, 120] {
            sent(&mut bench, at);
        }
        let messages: Vec<gst::Message> = std::iter::from_fn(|| bench.bus.pop())
            .filter(|m| m.type_() == gst::MessageType::Qos)
            .collect();
        assert_eq!(messages.len(), 2, "{policy}");
        for (i, message) in messages.iter().enumerate() {
            let gst::MessageView::Qos(qos) = message.view() else {
                unreachable!("it was chosen by its type");
            };
            let at = Some(ms(40 + 40 * i as u64));
            assert_eq!(qos.get(), (true, at, at, at, Some(ms(40))), "{policy}");
            let (jitter, proportion, quality) = qos.values();
            assert_eq!(
                (jitter, proportion),
                (60_000_000 - 40_000_000 * i as i64, 2.5)
            );
            let wanted = match policy {
                "block" => 1_000_000,
                "fewer-steps" => 333_333,
                _ => 0,
            };
            assert_eq!(quality, wanted, "{policy}");
            let dropped = if policy == "drop" { i as u64 + 1 } else { 0 };
            let processed = 1 + if policy == "drop" { 0 } else { i as u64 };
            let count = |n| gst::GenericFormattedValue::from(gst::format::Buffers::from_u64(n));
            assert_eq!(qos.stats(), (count(processed), count(dropped)), "{policy}");
        }
    }
}

#[test]
fn with_qos_on_a_late_frame_is_dropped_and_reported_once() {
    let element = element("echo", &[("qos", "true")]);
    let mut bench = Bench::new(&element, &caps(Rgb, 16, 16));
    sent(&mut bench, 0);
    report(&mut bench, 0, 60, 2.0);
    // Late, late, and just in time.
    let left = [40, 80, 120].map(|at| sent(&mut bench, at).is_some());
    assert_eq!(left, [false, false, true]);
    let messages = std::iter::from_fn(|| bench.bus.pop());
    let messages = messages.filter(|m| m.type_() == gst::MessageType::Qos);
    assert_eq!(messages.count(), 2);
    let counted = ["late", "dropped", "frames"].map(|f| count(&element, f));
    assert_eq!(counted, [2, 2, 2]);
}

#[test]
fn the_policy_may_change_while_frames_are_late() {
    let element = element("blend", &[("task", "denoise")]);
    let mut bench = Bench::new(&element, &caps(Rgb, 16, 16));
    let restored = bytes(&sent(&mut bench, 0).unwrap());
    report(&mut bench, 0, 5000, 9.0);
    assert_eq!(bytes(&sent(&mut bench, 40).unwrap()), restored);
    element.set_property_from_str("overload-policy", "drop");
    assert!(sent(&mut bench, 80).is_none());
    element.set_property_from_str("overload-policy", "passthrough");
    let plain = pattern(&info(Rgb, 16, 16));
    assert_eq!(bytes(&sent(&mut bench, 120).unwrap()), plain);
    element.set_property_from_str("overload-policy", "block");
    assert_eq!(bytes(&sent(&mut bench, 160).unwrap()), restored);
}

#[test]
fn a_flush_and_a_new_segment_forget_what_was_late() {
    for flush in [true, false] {
        let properties = [("task", "denoise"), ("overload-policy", "drop")];
        let mut bench = Bench::new(&element("blend", &properties), &caps(Rgb, 16, 16));
        sent(&mut bench, 0);
        report(&mut bench, 0, 5000, 9.0);
        assert!(sent(&mut bench, 40).is_none());
        if flush {
            bench.harness.push_event(gst::event::FlushStart::new());
            bench.harness.push_event(gst::event::FlushStop::new(true));
        }
        let segment = gst::FormattedSegment::<gst::ClockTime>::new();
        bench.harness.push_event(gst::event::Segment::new(&segment));
        assert!(sent(&mut bench, 0).is_some(), "flush: {flush}");
    }
}

#[test]
fn an_upscaled_late_frame_leaves_upscaled() {
    let properties = [
        ("task", "super-resolve"),
        ("scale", "2"),
        ("overload-policy", "passthrough"),
    ];
    let element = element("echo", &properties);
    let mut bench = Bench::new(&element, &caps(Rgb, 16, 16));
    sent(&mut bench, 0);
    let before = count(&element, "evaluations");
    report(&mut bench, 0, 5000, 9.0);
    let out = sent(&mut bench, 40).unwrap();
    assert_eq!(out.size(), info(Rgb, 32, 32).size());
    assert_eq!(count(&element, "evaluations"), before);
    assert_eq!(count(&element, "late-passthrough"), 1);
}

#[test]
fn a_late_mean_takes_one_sample_and_a_late_deviation_two() {
    for (output, samples) in [("mean", 1), ("stddev", 2)] {
        let properties = [
            ("task", "denoise"),
            ("samples", "4"),
            ("steps", "2"),
            ("output", output),
            ("overload-policy", "fewer-steps"),
        ];
        let element = element("affine", &properties);
        let mut bench = Bench::new(&element, &caps(Rgb, 16, 16));
        sent(&mut bench, 0);
        let whole = count(&element, "evaluations");
        report(&mut bench, 0, 5000, 100.0);
        sent(&mut bench, 40);
        let spent = count(&element, "evaluations") - whole;
        // Of two steps and four samples, one step and the samples that the output needs.
        assert_eq!(spent * 8, whole * samples, "{output}");
    }
}

#[test]
fn qos_events_go_upstream_where_frames_may_be_dropped() {
    for policy in POLICIES {
        let element = element("echo", &[("overload-policy", policy)]);
        let mut bench = Bench::new(&element, &caps(Rgb, 16, 16));
        sent(&mut bench, 0);
        let sent_up = |bench: &mut Bench| {
            report(bench, 0, 50, 2.5);
            std::iter::from_fn(|| bench.harness.try_pull_upstream_event())
                .any(|e| e.type_() == gst::EventType::Qos)
        };
        assert_eq!(sent_up(&mut bench), policy == "drop", "{policy}");
        element.set_property("qos", true);
        assert!(sent_up(&mut bench), "{policy}: qos is on");
    }
}

#[test]
fn frames_are_not_dropped_for_being_late_unless_asked() {
    assert!(!element("echo", &[]).property::<bool>("qos"));
}
