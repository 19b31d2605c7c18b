// SPDX-License-Identifier: MPL-2.0
//! A frame waits for the next one, and for nothing else.

use gst::prelude::*;
use gst_video::VideoFormat::Rgba;

use super::{bench, defects, frame, run};
use crate::common::{Bench, caps, element, info};

fn times(left: &[gst::Buffer]) -> Vec<u64> {
    let time = |b: &gst::Buffer| {
        let at = b.pts().unwrap().mseconds();
        assert_eq!(
            (b.duration(), b.offset()),
            (Some(gst::ClockTime::from_mseconds(40)), at / 40)
        );
        at
    };
    left.iter().map(time).collect()
}

fn left(bench: &mut Bench) -> Vec<u64> {
    times(&std::iter::from_fn(|| bench.harness.try_pull()).collect::<Vec<_>>())
}

#[test]
fn a_frame_leaves_when_the_next_has_come_and_the_last_at_the_end() {
    let element = defects(&[]);
    let mut bench = bench(&element, Rgba);
    bench.harness.push(frame(Rgba, 0, false)).unwrap();
    assert!(left(&mut bench).is_empty());
    bench.harness.push(frame(Rgba, 1, false)).unwrap();
    assert_eq!(left(&mut bench), [0]);
    assert_eq!(times(&run(&mut bench, [frame(Rgba, 2, false)])), [40, 80]);
}

#[test]
fn the_latency_of_a_frame_is_told() {
    let element = defects(&[]);
    let mut bench = bench(&element, Rgba);
    bench
        .harness
        .set_upstream_latency(gst::ClockTime::from_mseconds(7));
    bench.harness.push(frame(Rgba, 0, false)).unwrap();
    assert_eq!(
        bench.harness.query_latency(),
        Some(gst::ClockTime::from_mseconds(47))
    );
    let latencies = std::iter::from_fn(|| bench.bus.pop());
    let told = latencies
        .filter(|m| m.type_() == gst::MessageType::Latency)
        .count();
    assert_eq!(told, 1);
}

#[test]
fn a_flush_forgets_the_frame_that_waits() {
    let element = defects(&[]);
    let mut bench = bench(&element, Rgba);
    bench.harness.push(frame(Rgba, 0, false)).unwrap();
    assert!(bench.harness.push_event(gst::event::FlushStart::new()));
    assert!(bench.harness.push_event(gst::event::FlushStop::new(true)));
    let segment = gst::FormattedSegment::<gst::ClockTime>::new();
    assert!(bench.harness.push_event(gst::event::Segment::new(&segment)));
    assert_eq!(
        times(&run(&mut bench, (5..7).map(|i| frame(Rgba, i, false)))),
        [200, 240]
    );
}

#[test]
fn a_new_segment_new_caps_a_gap_and_a_loss_send_the_last_frame_before_them() {
    let segment = || {
        let segment = gst::FormattedSegment::<gst::ClockTime>::new();
        gst::event::Segment::new(&segment)
    };
    let gap = || gst::event::Gap::builder(gst::ClockTime::from_mseconds(40)).build();
    for event in [segment(), gap(), gst::event::Caps::new(&caps(Rgba, 40, 30))] {
        let element = defects(&[]);
        let mut bench = bench(&element, Rgba);
        bench.harness.push(frame(Rgba, 0, false)).unwrap();
        assert!(bench.harness.push_event(event.clone()));
        assert_eq!(left(&mut bench), [0], "{event:?}");
    }
    let element = defects(&[("replace", "false")]);
    let mut bench = bench(&element, Rgba);
    bench.harness.push(frame(Rgba, 0, false)).unwrap();
    // A spot after a loss has no frame before it, and is found by the frame after.
    let mut after = frame(Rgba, 9, true);
    after
        .get_mut()
        .unwrap()
        .set_flags(gst::BufferFlags::DISCONT);
    bench.harness.push(after).unwrap();
    assert_eq!(left(&mut bench), [0]);
    bench.harness.push(frame(Rgba, 10, false)).unwrap();
    let found = bench.harness.pull().unwrap();
    assert!(found.flags().contains(gst::BufferFlags::DISCONT));
    let info = info(Rgba, super::WIDTH, super::HEIGHT);
    let alpha = found.map_readable().unwrap()[crate::common::place(&info, 3, 33, 43)];
    assert_eq!(alpha, 0);
}

#[test]
fn events_that_change_nothing_leave_the_frame_waiting() {
    let element = defects(&[]);
    let mut bench = bench(&element, Rgba);
    bench.harness.push(frame(Rgba, 0, false)).unwrap();
    let tags = gst::TagList::new();
    assert!(bench.harness.push_event(gst::event::Tag::new(tags)));
    assert!(left(&mut bench).is_empty());
}

#[test]
fn a_buffer_that_others_hold_stays_as_it_was() {
    let element = defects(&[]);
    let mut bench = bench(&element, Rgba);
    let held: Vec<_> = (0..3).map(|i| frame(Rgba, i, i == 1)).collect();
    let left = run(&mut bench, held.iter().cloned());
    let bytes = |b: &gst::Buffer| b.map_readable().unwrap().to_vec();
    assert!(bytes(&left[1]) != bytes(&held[1]));
    assert!(bytes(&held[1]) == bytes(&frame(Rgba, 1, true)));
}

#[test]
fn what_it_finds_the_restorer_fills_in() {
    let restorer = element("echo", &[("task", "inpaint"), ("mask-source", "alpha")]);
    let bin = gst::Bin::new();
    let finder = defects(&[("replace", "false")]);
    bin.add_many([&finder, &restorer]).unwrap();
    finder.link(&restorer).unwrap();
    for (of, name) in [(&finder, "sink"), (&restorer, "src")] {
        let pad = of.static_pad(name).unwrap();
        bin.add_pad(&gst::GhostPad::with_target(&pad).unwrap())
            .unwrap();
    }
    let mut bench = bench(bin.upcast_ref(), Rgba);
    let left = run(&mut bench, (0..4).map(|i| frame(Rgba, i, i == 2)));
    assert_eq!(times(&left), [0, 40, 80, 120]);
    let info = info(Rgba, super::WIDTH, super::HEIGHT);
    let at = crate::common::place(&info, 0, 33, 43);
    let [spot, sound] = [2, 1].map(|i| left[i].map_readable().unwrap()[at]);
    // `echo` answers with the observation, which is zero there.
    assert_eq!(spot, 128);
    assert_eq!(sound, frame(Rgba, 1, false).map_readable().unwrap()[at]);
}
