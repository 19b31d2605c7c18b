// SPDX-License-Identifier: MPL-2.0
//! Defects give way to what the frames before and after show.

use gst::prelude::*;
use gst_video::VideoFormat::{self, A420, Ayuv, Bgra, Rgba};

use super::{HEIGHT, WIDTH, bench, defects, frame, info, is_spot, place, run};

/// Asserts that a frame shows the scene of `number` everywhere, `brighter` than usual, and that it
/// is opaque.
fn assert_scene(found: &gst::Buffer, format: VideoFormat, number: u64, brighter: i16, of: &str) {
    let info = info(format, WIDTH, HEIGHT);
    let clean = frame(format, number, false);
    let (found, clean) = (found.map_readable().unwrap(), clean.map_readable().unwrap());
    for c in 0..4u8 {
        let format = info.format_info();
        let (w, h) = (
            format.w_sub()[usize::from(c)],
            format.h_sub()[usize::from(c)],
        );
        for y in 0..HEIGHT as usize >> h {
            for x in 0..WIDTH as usize >> w {
                let at = place(&info, c, y, x);
                let lit = c == 0 || (c < 3 && info.is_rgb());
                let wanted = i16::from(clean[at]) + if lit { brighter } else { 0 };
                // Between samples of a wave of 15 pixels a cubic is this close.
                let near = if is_spot(x << w, y << h, 1) { 3 } else { 0 };
                let off = (i16::from(found[at]) - wanted).abs();
                assert!(
                    off <= near,
                    "{of}: component {c} is {off} codes off at {x}, {y}"
                );
            }
        }
    }
}

#[test]
fn a_spot_is_replaced_in_every_component_and_the_frame_stays_opaque() {
    for format in [A420, Ayuv, Rgba, Bgra] {
        // In the middle, and at both ends, where one neighbour shows it.
        for dirty in [0, 2, 4] {
            let element = defects(&[]);
            let mut bench = bench(&element, format);
            let left = run(&mut bench, (0..5).map(|i| frame(format, i, i == dirty)));
            assert_eq!(left.len(), 5);
            for (i, found) in left.iter().enumerate() {
                let of = format!("{format:?}, spot in {dirty}, frame {i}");
                assert_scene(found, format, i as u64, 0, &of);
            }
            let share = element.property::<f64>("marked-share");
            assert_eq!(share > 0.0, dirty == 4, "{share}");
        }
    }
}

#[test]
fn what_replaces_a_spot_has_the_brightness_of_its_frame() {
    let flickering = |i: u64| {
        let mut buffer = frame(Ayuv, i, i == 2);
        if i == 2 {
            let info = info(Ayuv, WIDTH, HEIGHT);
            let buffer = buffer.get_mut().unwrap();
            let mut bytes = buffer.map_writable().unwrap();
            for y in 0..HEIGHT as usize {
                for x in 0..WIDTH as usize {
                    bytes[place(&info, 0, y, x)] += 12;
                }
            }
        }
        buffer
    };
    let element = defects(&[]);
    let mut bench = bench(&element, Ayuv);
    let left = run(&mut bench, (0..5).map(flickering));
    for (i, found) in left.iter().enumerate() {
        let brighter = if i == 2 { 12 } else { 0 };
        assert_scene(found, Ayuv, i as u64, brighter, &format!("frame {i}"));
    }
}

#[test]
fn a_spot_that_no_neighbour_shows_the_scene_of_stays_a_hole() {
    // After a cut and before another one, the spot stands in a scene of one frame.
    let number = |i: u64| if i == 2 { 60 } else { i };
    let element = defects(&[("sensitivity", "1")]);
    let mut bench = bench(&element, Rgba);
    let frames = (0..5).map(|i| {
        let mut buffer = frame(Rgba, number(i), i == 2);
        let fields = buffer.get_mut().unwrap();
        fields.set_pts(gst::ClockTime::from_mseconds(40 * i));
        buffer
    });
    let left = run(&mut bench, frames);
    let info = info(Rgba, WIDTH, HEIGHT);
    let found = left[2].map_readable().unwrap();
    let before = frame(Rgba, 60, true);
    let before = before.map_readable().unwrap();
    // Whatever is marked of it, no colour changes.
    for c in 0..3 {
        let at = place(&info, c, 33, 43);
        assert_eq!(found[at], before[at]);
    }
}
