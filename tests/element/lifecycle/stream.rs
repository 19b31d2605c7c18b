// SPDX-License-Identifier: MPL-2.0
//! What passes with and between frames: times, metas, flushes, gaps and the end.

use gst::prelude::*;
use gst_video::VideoFormat::Rgb;

use crate::common::{Bench, caps, element, info, pattern};

#[test]
fn timestamps_duration_and_offset_are_kept() {
    let mut bench = Bench::new(&element("echo", &[]), &caps(Rgb, 16, 16));
    let mut buffer = gst::Buffer::from_slice(vec![0; info(Rgb, 16, 16).size()]);
    {
        let buffer = buffer.get_mut().unwrap();
        buffer.set_pts(gst::ClockTime::from_mseconds(400));
        buffer.set_dts(gst::ClockTime::from_mseconds(360));
        buffer.set_duration(gst::ClockTime::from_mseconds(40));
        buffer.set_offset(10);
    }
    let out = bench.push(buffer);
    assert_eq!(out.pts(), Some(gst::ClockTime::from_mseconds(400)));
    assert_eq!(out.dts(), Some(gst::ClockTime::from_mseconds(360)));
    assert_eq!(out.duration(), Some(gst::ClockTime::from_mseconds(40)));
    assert_eq!(out.offset(), 10);
}

#[test]
fn regions_of_interest_are_kept_and_grow_with_the_frame() {
    for (task, factor) in [("deblur", 1), ("super-resolve", 2)] {
        let element = element("echo", &[("task", task), ("scale", "2")]);
        let mut bench = Bench::new(&element, &caps(Rgb, 16, 16));
        let mut buffer = gst::Buffer::from_slice(vec![0; info(Rgb, 16, 16).size()]);
        let rect = (1, 2, 3, 4);
        gst_video::VideoRegionOfInterestMeta::add(buffer.get_mut().unwrap(), "face", rect);
        let out = bench.push(buffer);
        let region = out
            .meta::<gst_video::VideoRegionOfInterestMeta>()
            .expect(task);
        let grown = (factor, 2 * factor, 3 * factor, 4 * factor);
        assert_eq!((region.rect(), region.roi_type()), (grown, "face"));
    }
}

#[test]
fn a_crop_holds_whether_a_frame_is_restored_or_not() {
    for (task, factor) in [("denoise", 1), ("super-resolve", 2)] {
        let element = element("echo", &[("task", task), ("scale", "2")]);
        let mut bench = Bench::new(&element, &caps(Rgb, 16, 16));
        for strength in [0.0, 1.0, 0.0] {
            element.set_property("strength", strength);
            let mut buffer = gst::Buffer::from_slice(vec![0; info(Rgb, 16, 16).size()]);
            gst_video::VideoCropMeta::add(buffer.get_mut().unwrap(), (1, 2, 8, 6));
            let out = bench.push(buffer);
            let crop = out.meta::<gst_video::VideoCropMeta>().expect(task);
            let grown = (factor, 2 * factor, 8 * factor, 6 * factor);
            assert_eq!(crop.rect(), grown, "{task}, {strength}");
        }
    }
}

#[test]
fn a_flush_leaves_the_element_ready_for_the_next_frame() {
    let format = info(Rgb, 16, 16);
    let mut bench = Bench::new(
        &element("affine", &[("task", "denoise")]),
        &caps(Rgb, 16, 16),
    );
    let before = bench.restore(&pattern(&format));
    assert!(bench.harness.push_event(gst::event::FlushStart::new()));
    assert!(bench.harness.push_event(gst::event::FlushStop::new(true)));
    let segment = gst::FormattedSegment::<gst::ClockTime>::new();
    assert!(bench.harness.push_event(gst::event::Segment::new(&segment)));
    assert_eq!(bench.restore(&pattern(&format)), before);
    assert!(bench.errors().is_empty());
}

#[test]
fn the_end_of_the_stream_passes_after_the_last_frame() {
    let mut bench = Bench::new(&element("echo", &[]), &caps(Rgb, 16, 16));
    bench.restore(&pattern(&info(Rgb, 16, 16)));
    assert!(bench.harness.push_event(gst::event::Eos::new()));
    let ended = std::iter::from_fn(|| bench.harness.try_pull_event())
        .any(|e| e.type_() == gst::EventType::Eos);
    assert!(ended);
}

#[test]
fn a_gap_passes_in_its_place() {
    let mut bench = Bench::new(&element("echo", &[]), &caps(Rgb, 16, 16));
    bench.restore(&pattern(&info(Rgb, 16, 16)));
    while bench.harness.try_pull_event().is_some() {}
    let gap = gst::event::Gap::builder(gst::ClockTime::from_mseconds(40));
    let gap = gap.duration(gst::ClockTime::from_mseconds(80)).build();
    assert!(bench.harness.push_event(gap));
    let event = bench.harness.try_pull_event().expect("the gap");
    let gst::EventView::Gap(gap) = event.view() else {
        panic!("{event:?}");
    };
    let wanted = (
        gst::ClockTime::from_mseconds(40),
        Some(gst::ClockTime::from_mseconds(80)),
    );
    assert_eq!(gap.get(), wanted);
    bench.restore(&pattern(&info(Rgb, 16, 16)));
}
