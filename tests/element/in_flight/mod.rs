// SPDX-License-Identifier: MPL-2.0
//! Frames that are restored side by side: they leave as if one was restored after the other.

mod ends;
mod number;
mod places;

use gst::prelude::*;
use gst_video::VideoFormat::{self, I420, Rgb};

use crate::common::{Bench, caps, element, info};

/// Of the streams here, which are not live.
const WIDTH: u32 = 48;
const HEIGHT: u32 = 32;

fn ms(time: u64) -> gst::ClockTime {
    gst::ClockTime::from_mseconds(time)
}

/// An element with so many threads, and so many lanes where that is more than one.
fn on_threads(threads: u32, package: &str, properties: &[(&str, &str)]) -> gst::Element {
    let element = element(package, properties);
    element.set_property("threads", threads);
    element
}

/// A stream that is not live.
fn stream(element: &gst::Element, format: VideoFormat) -> Bench {
    Bench::not_live(element, &caps(format, WIDTH, HEIGHT))
}

/// The frame `number` of a stream, unlike the others: noisier and noisier.
fn frame(format: VideoFormat, number: u64) -> gst::Buffer {
    let size = info(format, WIDTH, HEIGHT).size();
    let mut bytes: Vec<u8> = (0..size).map(|i| (i % 48 * 5) as u8).collect();
    let mut random = 7919 * (number + 1);
    for byte in &mut bytes {
        random = random.wrapping_mul(6_364_136_223_846_793_005);
        random = random.wrapping_add(1_442_695_040_888_963_407);
        *byte = (*byte / 2).wrapping_add((random >> 33) as u8 % (3 + 4 * number as u8));
    }
    let mut buffer = gst::Buffer::from_slice(bytes);
    let fields = buffer.get_mut().unwrap();
    fields.set_pts(ms(40 * number));
    fields.set_dts(ms(40 * number));
    fields.set_duration(ms(40));
    fields.set_offset(number);
    buffer
}

/// What is seen of a buffer: its time in milliseconds and its bytes.
type Seen = (u64, Vec<u8>);

fn seen(buffer: &gst::Buffer) -> Seen {
    let at = buffer.pts().unwrap();
    assert_eq!(buffer.dts(), Some(at));
    assert_eq!(buffer.duration(), Some(ms(40)));
    assert_eq!(buffer.offset(), at.mseconds() / 40);
    (at.mseconds(), buffer.map_readable().unwrap().to_vec())
}

/// The buffers that have left.
fn left(bench: &mut Bench) -> Vec<gst::Buffer> {
    std::iter::from_fn(|| bench.harness.try_pull()).collect()
}

fn end(bench: &mut Bench) {
    assert!(bench.harness.push_event(gst::event::Eos::new()));
}

fn stats(element: &gst::Element) -> gst::Structure {
    element.property("stats")
}

fn in_flight(element: &gst::Element) -> u32 {
    stats(element).get("in-flight").unwrap()
}

/// All that leaves of a stream of nine frames; `change` is done before each, with its number.
fn run(element: &gst::Element, format: VideoFormat, change: impl Fn(u64)) -> Vec<Seen> {
    let mut bench = stream(element, format);
    for number in 0..9 {
        change(number);
        bench.harness.push(frame(format, number)).unwrap();
    }
    end(&mut bench);
    assert!(bench.errors().is_empty());
    left(&mut bench).iter().map(seen).collect()
}

/// Asserts that frames side by side leave with the times and the bytes that they have one after the
/// other, and that as much is told of them.
fn assert_same(
    package: &str,
    properties: &[(&str, &str)],
    format: VideoFormat,
    change: impl Fn(&gst::Element, u64),
) {
    let run = |threads| {
        let element = on_threads(threads, package, properties);
        let seen = run(&element, format, |number| change(&element, number));
        assert_eq!(in_flight(&element), threads, "{properties:?}");
        let stats = stats(&element);
        let told = ["noise-sigma", "residual", "jpeg-fit"].map(|f| stats.get::<f64>(f).unwrap());
        let counted = ["frames", "evaluations", "failed", "late"];
        (
            seen,
            told,
            counted.map(|field| stats.get::<u64>(field).unwrap()),
        )
    };
    let (one, many) = (run(1), run(3));
    assert_eq!(one.0.len(), 9, "{properties:?}");
    assert!(one == many, "{package} {properties:?}");
}

#[test]
fn frames_leave_in_their_order_with_the_same_bytes() {
    for (package, properties) in [
        ("blend", &[("task", "deblur")][..]),
        (
            "affine",
            &[("task", "denoise"), ("noise-mode", "per-frame")],
        ),
        ("blend", &[("task", "super-resolve"), ("scale", "2")]),
        ("echo", &[("task", "denoise"), ("strength", "0.5")]),
        ("stddev", &[("task", "denoise"), ("output", "stddev")]),
    ] {
        assert_same(package, properties, Rgb, |_, _| {});
    }
}

#[test]
fn what_is_estimated_over_the_stream_is_so_in_its_order() {
    let estimated = &[("task", "denoise"), ("noise-sigma", "-1")];
    for (package, properties, format) in [
        ("blend", &estimated[..], Rgb),
        ("told", estimated, I420),
        ("told", &[("task", "denoise"), ("noise-sigma", "0.1")], I420),
        ("blend", &[("task", "jpeg")], I420),
    ] {
        assert_same(package, properties, format, |_, _| {});
    }
}

#[test]
fn what_is_set_holds_from_the_next_frame_on() {
    let deblur = [("task", "deblur"), ("kernel", "uniform")];
    assert_same("blend", &deblur, Rgb, |element, number| {
        element.set_property("kernel-size", 3 + 2 * (number as u32 / 2));
        element.set_property("strength", if number == 5 { 0.0 } else { 0.9 });
    });
    let file = tempfile::Builder::new().suffix(".pgm").tempfile().unwrap();
    let mask = image::GrayImage::from_fn(WIDTH, HEIGHT, |x, y| {
        image::Luma([if x / 4 == y / 4 { 0 } else { 255 }])
    });
    mask.save(file.path()).unwrap();
    // What fills missing pixels is loaded while frames are on their way.
    assert_same("blend", &[("task", "denoise")], Rgb, |element, number| {
        if number == 4 {
            element.set_property("mask-file", file.path());
        }
    });
    // What tells the standard deviation is, too.
    assert_same("stddev", &[("task", "denoise")], Rgb, |element, number| {
        let output = if number == 4 { "stddev" } else { "sample" };
        element.set_property_from_str("output", output);
    });
}

#[test]
fn frames_that_start_from_the_one_before_come_one_by_one() {
    let denoise = [("task", "denoise")];
    assert_same("blend", &denoise, Rgb, |element, number| {
        let temporal = if number % 5 > 2 { "warm-start" } else { "off" };
        element.set_property_from_str("temporal", temporal);
    });
    let element = on_threads(
        3,
        "blend",
        &[("task", "denoise"), ("temporal", "warm-start")],
    );
    let mut bench = stream(&element, Rgb);
    for number in 0..4 {
        bench.harness.push(frame(Rgb, number)).unwrap();
        assert_eq!(left(&mut bench).len(), 1, "none waits for the next");
    }
}
