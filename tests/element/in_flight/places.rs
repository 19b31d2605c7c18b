// SPDX-License-Identifier: MPL-2.0
//! What passes between frames side by side keeps its place.

use std::sync::{Arc, Mutex};

use gst::prelude::*;
use gst_video::VideoFormat::Rgb;

use super::{HEIGHT, WIDTH, end, frame, left, ms, on_threads, stream};
use crate::common::{Bench, info};

/// What passes the element's source pad: buffers by their time, events by their type.
fn passing(element: &gst::Element) -> Arc<Mutex<Vec<String>>> {
    let passed = Arc::new(Mutex::new(Vec::new()));
    let kinds = gst::PadProbeType::BUFFER | gst::PadProbeType::EVENT_DOWNSTREAM;
    let noted = passed.clone();
    element
        .static_pad("src")
        .unwrap()
        .add_probe(kinds, move |_, info| {
            let text = match &info.data {
                Some(gst::PadProbeData::Buffer(b)) => b.pts().unwrap().mseconds().to_string(),
                Some(gst::PadProbeData::Event(e)) => e.type_().name().to_string(),
                _ => String::new(),
            };
            noted.lock().unwrap().push(text);
            gst::PadProbeReturn::Ok
        });
    passed
}

#[test]
fn events_and_new_caps_pass_in_their_place() {
    let element = on_threads(3, "blend", &[("task", "denoise")]);
    let mut bench = stream(&element, Rgb);
    let passed = passing(&element);
    let send = |bench: &mut Bench, numbers: [u64; 2]| {
        for number in numbers {
            bench.harness.push(frame(Rgb, number)).unwrap();
        }
    };
    let gap = gst::event::Gap::builder(ms(80)).duration(ms(40)).build();
    send(&mut bench, [0, 1]);
    assert!(bench.harness.push_event(gap));
    let caps = info(Rgb, WIDTH, HEIGHT).to_caps().unwrap();
    let mut other = caps.clone();
    other.make_mut().set("framerate", gst::Fraction::new(50, 1));
    send(&mut bench, [3, 4]);
    bench.harness.set_src_caps(other);
    send(&mut bench, [5, 6]);
    end(&mut bench);
    let passed = passed.lock().unwrap();
    // Segments are sent again with the caps of a harness.
    let passed: Vec<&str> = passed
        .iter()
        .map(String::as_str)
        .filter(|p| !["segment", "stream-start"].contains(p))
        .collect();
    let wanted = ["0", "40", "gap", "120", "160", "caps", "200", "240", "eos"];
    assert_eq!(passed, wanted);
}

#[test]
fn who_asks_for_the_buffers_gets_all_of_them() {
    let element = on_threads(3, "blend", &[("task", "denoise")]);
    let mut bench = stream(&element, Rgb);
    bench.harness.push(frame(Rgb, 0)).unwrap();
    bench.harness.push(frame(Rgb, 1)).unwrap();
    let mut query = gst::query::Drain::new();
    element.static_pad("sink").unwrap().query(&mut query);
    assert_eq!(left(&mut bench).len(), 2);
    // A frame after a loss is marked, and none before it.
    bench.harness.push(frame(Rgb, 2)).unwrap();
    let mut lost = frame(Rgb, 7);
    lost.make_mut().set_flags(gst::BufferFlags::DISCONT);
    bench.harness.push(lost).unwrap();
    end(&mut bench);
    let marked = left(&mut bench);
    let marked = marked
        .iter()
        .map(|b| b.flags().contains(gst::BufferFlags::DISCONT));
    assert_eq!(marked.collect::<Vec<_>>(), [false, true]);
}
