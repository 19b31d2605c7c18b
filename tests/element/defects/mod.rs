// SPDX-License-Identifier: MPL-2.0
//! `ud2mdefects` from outside: what it marks, what leaves when, and that any frames may come.

mod odd;
mod replace;
mod stream;

use gst::prelude::*;
use gst_video::VideoFormat::{self, A420, Argb, Ayuv, Bgra, Rgba};

use crate::common::{Bench, info, init, place};

const WIDTH: u32 = 96;
const HEIGHT: u32 = 72;
/// Rows and columns of the spot.
const SPOT: [std::ops::Range<usize>; 2] = [30..36, 40..47];

fn defects(properties: &[(&str, &str)]) -> gst::Element {
    init();
    let made = gst::ElementFactory::make("ud2mdefects").build();
    let element = made.expect("the element is registered");
    for (name, value) in properties {
        element.set_property_from_str(name, value);
    }
    element
}

fn bench(element: &gst::Element, format: VideoFormat) -> Bench {
    Bench::new(element, &info(format, WIDTH, HEIGHT).to_caps().unwrap())
}

/// A gray scene that moves on, opaque, with a bright spot where one is asked for.
fn frame(format: VideoFormat, number: u64, spot: bool) -> gst::Buffer {
    let info = info(format, WIDTH, HEIGHT);
    let mut bytes = vec![0; info.size()];
    for c in 0..4 {
        let (w, h) = (info.format_info().w_sub()[c], info.format_info().h_sub()[c]);
        for y in 0..HEIGHT as usize >> h {
            for x in 0..WIDTH as usize >> w {
                let (column, row) = (x as f32 + 1.5 * number as f32, y as f32);
                let wave = (0.4 * column).sin() * (0.3 * row).cos();
                let slow = (0.09 * column + 0.07 * row).sin();
                let within = SPOT[0].contains(&y) && SPOT[1].contains(&x);
                bytes[place(&info, c as u8, y, x)] = match c {
                    3 => 255,
                    1 | 2 if info.is_yuv() => 128,
                    _ if within && spot => 240,
                    _ => (115.0 + 30.0 * (wave + slow)) as u8,
                };
            }
        }
    }
    let mut buffer = gst::Buffer::from_slice(bytes);
    let fields = buffer.get_mut().unwrap();
    fields.set_pts(gst::ClockTime::from_mseconds(40 * number));
    fields.set_duration(gst::ClockTime::from_mseconds(40));
    fields.set_offset(number);
    buffer
}

/// All that leaves of frames up to the end of the stream.
fn run(bench: &mut Bench, frames: impl IntoIterator<Item = gst::Buffer>) -> Vec<gst::Buffer> {
    let mut left = Vec::new();
    for frame in frames {
        bench.harness.push(frame).unwrap();
        left.extend(std::iter::from_fn(|| bench.harness.try_pull()));
    }
    assert!(bench.harness.push_event(gst::event::Eos::new()));
    left.extend(std::iter::from_fn(|| bench.harness.try_pull()));
    assert_eq!(bench.errors(), [""; 0]);
    left
}

/// Whether a pixel lies in the spot, grown by `reach`.
fn is_spot(x: usize, y: usize, reach: usize) -> bool {
    let grown = |r: &std::ops::Range<usize>| r.start - reach..r.end + reach;
    grown(&SPOT[0]).contains(&y) && grown(&SPOT[1]).contains(&x)
}

#[test]
fn a_spot_becomes_transparent_where_nothing_is_replaced_and_nothing_else_changes() {
    for format in [A420, Ayuv, Rgba, Bgra, Argb] {
        for (grow, reach) in [("0", 0), ("1", 1), ("3", 3)] {
            let element = defects(&[("grow", grow), ("replace", "false")]);
            let mut bench = bench(&element, format);
            let left = run(&mut bench, (0..5).map(|i| frame(format, i, i == 2)));
            assert_eq!(left.len(), 5);
            let info = info(format, WIDTH, HEIGHT);
            for (i, buffer) in left.iter().enumerate() {
                let mut wanted = frame(format, i as u64, i == 2);
                let wanted = wanted.make_mut();
                let mut bytes = wanted.map_writable().unwrap();
                for y in 0..HEIGHT as usize {
                    for x in 0..WIDTH as usize {
                        if i == 2 && is_spot(x, y, reach) {
                            bytes[place(&info, 3, y, x)] = 0;
                        }
                    }
                }
                let found = buffer.map_readable().unwrap();
                assert!(found[..] == bytes[..], "{format:?}, frame {i}, grow {grow}");
            }
        }
    }
}

#[test]
fn a_clean_moving_clip_has_no_defects_and_says_so() {
    let element = defects(&[]);
    let mut bench = bench(&element, Rgba);
    let left = run(&mut bench, (0..8).map(|i| frame(Rgba, i, false)));
    for (i, buffer) in left.iter().enumerate() {
        let wanted = frame(Rgba, i as u64, false);
        let (found, wanted) = (
            buffer.map_readable().unwrap(),
            wanted.map_readable().unwrap(),
        );
        assert!(found[..] == wanted[..], "frame {i}");
        assert_eq!(element.property::<f64>("marked-share"), 0.0);
    }
}

#[test]
fn a_mask_is_black_where_the_frame_has_defects() {
    for format in [A420, Rgba] {
        let element = defects(&[("output", "mask"), ("grow", "0")]);
        let mut bench = bench(&element, format);
        let left = run(&mut bench, (0..3).map(|i| frame(format, i, i == 1)));
        let info = info(format, WIDTH, HEIGHT);
        let bytes = left[1].map_readable().unwrap();
        let [black, white] = if format == A420 { [16, 235] } else { [0, 255] };
        for y in 0..HEIGHT as usize {
            for x in 0..WIDTH as usize {
                let wanted = if is_spot(x, y, 0) { black } else { white };
                assert_eq!(bytes[place(&info, 0, y, x)], wanted, "{format:?}: {x}, {y}");
                assert_eq!(bytes[place(&info, 3, y, x)], 255);
            }
        }
    }
}

#[test]
fn what_is_off_is_not_looked_for_and_the_share_is_told() {
    let element = defects(&[("dust", "false"), ("grow", "0")]);
    let mut harness = bench(&element, Rgba);
    for i in 0..4 {
        harness.harness.push(frame(Rgba, i, i == 1)).unwrap();
    }
    assert_eq!(element.property::<f64>("marked-share"), 0.0);
    element.set_property("dust", true);
    for i in 4..7 {
        harness.harness.push(frame(Rgba, i, i == 5)).unwrap();
    }
    let spot = 42.0 / f64::from(WIDTH * HEIGHT);
    assert!((element.property::<f64>("marked-share") - spot).abs() < 1e-9);
}
