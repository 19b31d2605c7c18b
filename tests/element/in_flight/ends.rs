// SPDX-License-Identifier: MPL-2.0
//! Frames side by side that do not all arrive: the end, a flush, a stop, an error, late frames.

use gst::prelude::*;
use gst_video::VideoFormat::Rgb;

use super::{end, frame, in_flight, left, ms, on_threads, seen, stats, stream};
use crate::common::Bench;

/// Times, in milliseconds, of the frames that have left.
fn times(bench: &mut Bench) -> Vec<u64> {
    left(bench).iter().map(|b| seen(b).0).collect()
}

/// A stream of which two frames, which take more than a minute each, have begun.
fn busy() -> (gst::Element, Bench) {
    let element = on_threads(3, "slow", &[("task", "denoise"), ("noise-sigma", "0.25")]);
    let mut bench = stream(&element, Rgb);
    for number in 0..2 {
        bench.harness.push(frame(Rgb, number)).unwrap();
    }
    assert!(left(&mut bench).is_empty());
    (element, bench)
}

#[test]
fn a_stream_shorter_than_the_flight_ends_with_all_its_frames() {
    for count in 0..4 {
        let element = on_threads(3, "blend", &[("task", "denoise")]);
        let mut bench = stream(&element, Rgb);
        for number in 0..count {
            bench.harness.push(frame(Rgb, number)).unwrap();
        }
        end(&mut bench);
        let wanted: Vec<u64> = (0..count).map(|n| 40 * n).collect();
        assert_eq!(times(&mut bench), wanted);
        assert_eq!(stats(&element).get::<u64>("frames"), Ok(count));
    }
}

#[test]
fn a_flush_ends_all_frames_and_the_next_ones_flow() {
    let (element, mut bench) = busy();
    assert!(bench.harness.push_event(gst::event::FlushStart::new()));
    assert!(bench.harness.push_event(gst::event::FlushStop::new(true)));
    let segment = gst::FormattedSegment::<gst::ClockTime>::new();
    assert!(bench.harness.push_event(gst::event::Segment::new(&segment)));
    element.set_property("noise-sigma", 0.002);
    for number in 3..8 {
        bench.harness.push(frame(Rgb, number)).unwrap();
    }
    end(&mut bench);
    assert_eq!(times(&mut bench), [120, 160, 200, 240, 280]);
    assert!(bench.errors().is_empty());
}

#[test]
fn a_stop_ends_all_frames() {
    for state in [gst::State::Ready, gst::State::Null] {
        let (element, bench) = busy();
        element.set_state(state).unwrap();
        assert!(bench.errors().is_empty(), "being stopped is no error");
    }
}

#[test]
fn a_frame_that_fails_takes_none_with_it() {
    let element = on_threads(3, "blend", &[("task", "denoise")]);
    let mut bench = stream(&element, Rgb);
    let mut failed = 0;
    for number in 0..8 {
        let mut sent = frame(Rgb, number);
        if number == 3 {
            // Too small for a frame.
            sent.make_mut().set_size(10);
        }
        failed += usize::from(bench.harness.push(sent) == Err(gst::FlowError::Error));
    }
    end(&mut bench);
    assert_eq!(failed, 1);
    assert_eq!(times(&mut bench), [0, 40, 80, 160, 200, 240, 280]);
    let errors = bench.errors();
    assert!(
        errors.len() == 1 && errors[0].contains("input"),
        "{errors:?}"
    );
}

#[test]
fn late_frames_are_counted_and_follow_the_policy_in_their_place() {
    for (policy, dropped, passed) in [("block", 0, 0), ("drop", 2, 0), ("passthrough", 0, 2)] {
        let properties = [("task", "denoise"), ("overload-policy", policy)];
        let element = on_threads(2, "blend", &properties);
        let mut bench = stream(&element, Rgb);
        assert_eq!(in_flight(&element), 2);
        bench.harness.push(frame(Rgb, 0)).unwrap();
        bench.harness.push(frame(Rgb, 1)).unwrap();
        // 50 ms late: nothing before 140 ms is of use.
        let kind = gst::QOSType::Underflow;
        let event = gst::event::Qos::builder(kind, 2.5, 50_000_000).timestamp(ms(40));
        bench.harness.push_upstream_event(event.build());
        for number in 2..6 {
            bench.harness.push(frame(Rgb, number)).unwrap();
        }
        end(&mut bench);
        let left = left(&mut bench);
        let times: Vec<u64> = left.iter().map(|b| seen(b).0).collect();
        let marked: Vec<bool> = left
            .iter()
            .map(|b| b.flags().contains(gst::BufferFlags::DISCONT))
            .collect();
        let stats = stats(&element);
        let counted = ["late", "dropped", "late-passthrough", "frames"];
        let counted = counted.map(|field| stats.get::<u64>(field).unwrap());
        assert_eq!(counted, [2, dropped, passed, 6 - dropped], "{policy}");
        if policy == "drop" {
            assert_eq!(times, [0, 40, 160, 200]);
            assert_eq!(marked, [false, false, true, false]);
        } else {
            assert_eq!(times, [0, 40, 80, 120, 160, 200], "{policy}");
            assert!(!marked.contains(&true), "{policy}");
        }
        let plain = seen(&frame(Rgb, 2)).1;
        let as_it_came = left.iter().any(|b| seen(b).1 == plain);
        assert_eq!(as_it_came, policy == "passthrough");
    }
}
