// SPDX-License-Identifier: MPL-2.0
//! How many frames are restored side by side, and what is told of it.

use gst::prelude::*;
use gst_video::VideoFormat::Rgb;

use super::{HEIGHT, WIDTH, frame, in_flight, left, ms, on_threads};
use crate::common::{Bench, caps, element, info, warnings};

#[test]
fn a_live_stream_is_restored_frame_by_frame_unless_latency_was_asked_for() {
    let element = on_threads(3, "blend", &[("task", "denoise")]);
    let mut bench = Bench::new(&element, &caps(Rgb, 48, 32));
    assert_eq!(in_flight(&element), 1);
    for number in 0..3 {
        bench.harness.push(frame(Rgb, number)).unwrap();
        assert_eq!(left(&mut bench).len(), 1, "none waits for the next");
    }
    let element = on_threads(3, "blend", &[("task", "denoise")]);
    element.set_property("frames-in-flight", 2u32);
    let mut bench = Bench::new(&element, &caps(Rgb, 48, 32));
    bench.harness.set_upstream_latency(ms(30));
    assert_eq!(in_flight(&element), 2);
    // A frame waits for two after it, of 40 ms each.
    assert_eq!(bench.harness.query_latency(), Some(ms(110)));
    let messages: Vec<gst::Message> = std::iter::from_fn(|| bench.bus.pop()).collect();
    let told = messages
        .iter()
        .any(|m| m.type_() == gst::MessageType::Latency);
    assert!(told, "no message says that the latency changed");
}

#[test]
fn it_is_chosen_for_small_frames_with_a_rate_and_never_above_the_threads() {
    let mut picture = caps(Rgb, 48, 32);
    picture
        .make_mut()
        .set("framerate", gst::Fraction::new(0, 1));
    for (threads, asked, caps, wanted) in [
        (1, 0, caps(Rgb, 48, 32), 1),
        (2, 0, caps(Rgb, 48, 32), 2),
        (3, 0, caps(Rgb, 1280, 720), 1),
        (3, 2, caps(Rgb, 1280, 720), 2),
        (3, 0, picture.clone(), 1),
        (3, 3, picture, 3),
        (3, 1, caps(Rgb, 48, 32), 1),
        (2, 8, caps(Rgb, 48, 32), 2),
    ] {
        let element = on_threads(threads, "echo", &[("task", "denoise")]);
        element.set_property("frames-in-flight", asked as u32);
        let _bench = Bench::not_live(&element, &caps);
        assert_eq!(in_flight(&element), wanted, "{threads}, {asked}: {caps}");
    }
}

#[test]
fn an_application_that_waits_for_each_frame_gets_it() {
    let element = on_threads(3, "echo", &[("task", "denoise")]);
    let mut bench = Bench::pushed(&element, &caps(Rgb, WIDTH, HEIGHT));
    assert_eq!(in_flight(&element), 1);
    for number in 0..3 {
        let out = bench.push(frame(Rgb, number));
        assert_eq!(out.pts(), frame(Rgb, number).pts());
    }
}

/// Bytes that the machine has free, as the element reads them.
fn free() -> f64 {
    let text = std::fs::read_to_string("/proc/meminfo").unwrap();
    let kilobytes = |name: &str| -> f64 {
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        let number = line.and_then(|line| line.split_whitespace().next());
        number.map_or(0.0, |n| n.parse().unwrap())
    };
    1024.0 * (kilobytes("MemAvailable:") + kilobytes("SwapFree:"))
}

#[test]
fn what_does_not_fit_the_memory_is_refused_where_it_was_asked_for() {
    // Of frames of which one takes a third of what is free, 108 bytes a pixel at two iterations.
    let side = (free() / 3.0 / 108.0).sqrt().min(16384.0) as u32 / 8 * 8;
    let element = on_threads(8, "echo", &[("task", "denoise")]);
    element.set_property("frames-in-flight", 8u32);
    let bench = Bench::not_live(&element, &caps(Rgb, side, side));
    let errors = bench.errors();
    assert!(
        errors.len() == 1 && errors[0].contains("8 frames at once"),
        "{errors:?}"
    );
}

#[test]
fn it_is_told_where_it_has_no_effect() {
    let properties = [("task", "denoise"), ("temporal", "warm-start")];
    let element = element("echo", &properties);
    element.set_property("frames-in-flight", 2u32);
    let bench = Bench::not_live(&element, &info(Rgb, 48, 32).to_caps().unwrap());
    let found = warnings(&bench.bus);
    assert!(
        found.len() == 1 && found[0].contains("temporal=warm-start does not use it"),
        "{found:?}"
    );
}
