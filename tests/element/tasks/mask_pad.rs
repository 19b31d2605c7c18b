// SPDX-License-Identifier: MPL-2.0
//! Masks that come on `mask_sink`, in step with the frames.

use std::time::Duration;

use gst::prelude::*;
use gst_check::Harness;
use gst_video::VideoFormat::{self, Gray8, Rgb, Rgba};

use crate::common::{Bench, caps, element, info, place, start, warnings};

const WIDTH: u32 = 64;
const HEIGHT: u32 = 48;
/// What `echo` makes of a hole: the observation there is zero.
const GRAY: u8 = 128;
/// Of all frames.
const COLOUR: u8 = 70;

/// An element that inpaints by the masks of a pad, in a harness, and one for that pad.
fn masked(format: VideoFormat, properties: &[(&str, &str)]) -> (gst::Element, Bench, Harness) {
    let own = [("task", "inpaint"), ("steps", "1")];
    let element = element("echo", &[&own[..], properties].concat());
    let mut masks = Harness::with_element(&element, Some("mask_sink"), None);
    masks.set_src_caps(caps(format, WIDTH, HEIGHT));
    let bench = Bench::new(&element, &caps(Rgb, WIDTH, HEIGHT));
    (element, bench, masks)
}

fn timed(bytes: Vec<u8>, number: u64) -> gst::Buffer {
    let mut buffer = gst::Buffer::from_slice(bytes);
    let fields = buffer.get_mut().unwrap();
    fields.set_pts(gst::ClockTime::from_mseconds(40 * number));
    fields.set_duration(gst::ClockTime::from_mseconds(40));
    buffer
}

fn frame(number: u64) -> gst::Buffer {
    timed(vec![COLOUR; info(Rgb, WIDTH, HEIGHT).size()], number)
}

/// Black in the column of the frame's number, white elsewhere.
fn mask(format: VideoFormat, number: u64) -> gst::Buffer {
    let info = info(format, WIDTH, HEIGHT);
    let component = if info.has_alpha() { 3 } else { 0 };
    let mut bytes = vec![255; info.size()];
    for y in 0..HEIGHT as usize {
        bytes[place(&info, component, y, number as usize)] = 249;
    }
    timed(bytes, number)
}

/// The columns of a frame that were filled in.
fn filled(buffer: &gst::Buffer) -> Vec<usize> {
    let info = info(Rgb, WIDTH, HEIGHT);
    let bytes = buffer.map_readable().unwrap();
    let is_filled = |x: &usize| match bytes[place(&info, 1, 20, *x)] {
        GRAY => true,
        other => {
            assert!(other.abs_diff(COLOUR) <= 1, "{other} at {x}");
            false
        }
    };
    (0..WIDTH as usize).filter(is_filled).collect()
}

#[test]
fn each_frame_is_filled_by_the_mask_of_its_time() {
    for format in [Gray8, Rgba] {
        let (element, mut bench, mut masks) = masked(format, &[]);
        let source = element.property_value("mask-source");
        assert_eq!(
            gst::glib::EnumValue::from_value(&source).unwrap().1.nick(),
            "pad"
        );
        for number in 0..12 {
            // Some masks have no frame.
            masks.push(mask(format, number)).unwrap();
            if number % 3 != 1 {
                let out = bench.push(frame(number));
                assert_eq!(filled(&out), [number as usize], "{format:?}");
            }
        }
        assert_eq!(warnings(&bench.bus), [""; 0]);
    }
}

#[test]
fn a_frame_without_a_mask_leaves_whole_with_one_warning() {
    let (_, mut bench, mut masks) = masked(Gray8, &[]);
    masks.push(mask(Gray8, 1)).unwrap();
    assert_eq!(filled(&bench.push(frame(0))), [0; 0]);
    assert_eq!(filled(&bench.push(frame(1))), [1]);
    assert!(masks.push_event(gst::event::Eos::new()));
    assert_eq!(filled(&bench.push(frame(2))), [0; 0]);
    let found = warnings(&bench.bus);
    assert!(
        found.len() == 1 && found[0].contains("has no mask"),
        "{found:?}"
    );
}

#[test]
fn a_frame_waits_for_its_mask_and_not_beyond_a_stop_or_a_flush() {
    let (element, mut bench, mut masks) = masked(Gray8, &[]);
    std::thread::scope(|scope| {
        let restored = scope.spawn(|| bench.push(frame(3)));
        std::thread::sleep(Duration::from_millis(60));
        assert!(!restored.is_finished());
        masks.push(mask(Gray8, 3)).unwrap();
        assert_eq!(filled(&restored.join().unwrap()), [3]);
    });
    std::thread::scope(|scope| {
        let waits = scope.spawn(|| bench.harness.push(frame(4)));
        std::thread::sleep(Duration::from_millis(60));
        let pad = element.static_pad("sink").unwrap();
        assert!(pad.send_event(gst::event::FlushStart::new()));
        assert_eq!(waits.join().unwrap(), Err(gst::FlowError::Flushing));
        assert!(pad.send_event(gst::event::FlushStop::new(true)));
    });
    let segment = gst::FormattedSegment::<gst::ClockTime>::new();
    assert!(bench.harness.push_event(gst::event::Segment::new(&segment)));
    std::thread::scope(|scope| {
        let waits = scope.spawn(|| bench.harness.push(frame(5)));
        std::thread::sleep(Duration::from_millis(60));
        element.set_state(gst::State::Ready).unwrap();
        assert_eq!(waits.join().unwrap(), Err(gst::FlowError::Flushing));
    });
}

#[test]
fn masks_of_another_size_are_an_error_in_a_sentence() {
    let (_, mut bench, mut masks) = masked(Gray8, &[]);
    masks.set_src_caps(caps(Gray8, 20, 10));
    let small = info(Gray8, 20, 10).size();
    masks.push(timed(vec![0; small], 0)).unwrap();
    assert_eq!(bench.harness.push(frame(0)), Err(gst::FlowError::Error));
    let found = bench.errors();
    let wanted = "20x10 pixels and the frame 64x48";
    assert!(found.len() == 1 && found[0].contains(wanted), "{found:?}");
}

#[test]
fn the_pad_is_asked_for_before_the_start_and_needed_where_it_is_the_source() {
    let element = element("echo", &[("task", "inpaint"), ("mask-source", "pad")]);
    let found = start(&element);
    assert!(
        found.len() == 1 && found[0].contains("needs masks"),
        "{found:?}"
    );
    let running = self::element("echo", &[("task", "denoise")]);
    let _bench = Bench::new(&running, &caps(Rgb, WIDTH, HEIGHT));
    assert!(running.request_pad_simple("mask_sink").is_none());
}

#[test]
fn without_the_pad_there_is_one_sink() {
    let element = element("echo", &[]);
    assert_eq!(element.sink_pads().len(), 1);
    let pad = element.request_pad_simple("mask_sink").unwrap();
    assert_eq!(element.sink_pads().len(), 2);
    element.release_request_pad(&pad);
    assert_eq!(element.sink_pads().len(), 1);
}

#[test]
fn masks_follow_their_frames_into_lanes() {
    let own = [("threads", "3"), ("frames-in-flight", "3")];
    let (_, mut bench, mut masks) = masked(Gray8, &own);
    for number in 0..7 {
        masks.push(mask(Gray8, number)).unwrap();
        bench.harness.push(frame(number)).unwrap();
    }
    assert!(bench.harness.push_event(gst::event::Eos::new()));
    for number in 0..7 {
        let out = bench.harness.pull().unwrap();
        assert_eq!(filled(&out), [number]);
    }
}
