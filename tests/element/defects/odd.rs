// SPDX-License-Identifier: MPL-2.0
//! Odd sizes, odd layouts, frames that are too small: a sentence at worst.

use gst::prelude::*;
use gst_video::VideoFormat::{A420, Ayuv, Rgba};
use gst_video::{VideoFrameFlags, VideoMeta};

use super::{bench, defects, frame};
use crate::common::{Bench, caps, info, pattern, place};

#[test]
fn frames_of_any_size_pass() {
    for format in [A420, Ayuv, Rgba] {
        for (width, height) in [(1, 1), (2, 1), (1, 70), (33, 17), (7, 131)] {
            let element = defects(&[("sensitivity", "1")]);
            let info = info(format, width, height);
            let mut bench = Bench::new(&element, &info.to_caps().unwrap());
            let frames = (0..4).map(|_| gst::Buffer::from_slice(pattern(&info)));
            assert_eq!(
                super::run(&mut bench, frames).len(),
                4,
                "{format:?} {width}x{height}"
            );
        }
    }
}

#[test]
fn rows_with_padding_and_from_the_bottom_up_are_read_in_order() {
    let (width, height) = (super::WIDTH as usize, super::HEIGHT as usize);
    for (flipped, replace, marked) in [
        (false, "false", 42),
        (true, "false", 42),
        (false, "true", 0),
        (true, "true", 0),
    ] {
        let element = defects(&[("grow", "0"), ("replace", replace)]);
        let mut bench = bench(&element, Rgba);
        let stride = 4 * width + 20;
        let padded = |number: u64| {
            let plain = frame(Rgba, number, number == 1);
            let plain = plain.map_readable().unwrap();
            let mut bytes = vec![0; stride * height];
            for (y, row) in plain.chunks_exact(4 * width).enumerate() {
                let y = if flipped { height - 1 - y } else { y };
                bytes[y * stride..][..4 * width].copy_from_slice(row);
            }
            let mut buffer = gst::Buffer::from_slice(bytes);
            let (offset, stride) = match flipped {
                true => ((height - 1) * stride, -(stride as i32)),
                false => (0, stride as i32),
            };
            VideoMeta::add_full(
                buffer.get_mut().unwrap(),
                VideoFrameFlags::empty(),
                Rgba,
                super::WIDTH,
                super::HEIGHT,
                &[offset],
                &[stride],
            )
            .unwrap();
            buffer
        };
        let left = super::run(&mut bench, (0..3).map(padded));
        let share: f64 = element.property("marked-share");
        assert_eq!(share, 0.0, "of the last");
        let bytes = left[1].map_readable().unwrap();
        let holes = bytes.iter().skip(3).step_by(4).filter(|a| **a == 0).count();
        // Padding is zero, too.
        let padding = if flipped { 0 } else { 5 * height };
        assert_eq!(holes, marked + padding, "flipped: {flipped}");
    }
}

#[test]
fn a_frame_that_is_too_small_is_an_error_in_a_sentence() {
    let element = defects(&[]);
    let mut bench = bench(&element, Rgba);
    let refused = bench.harness.push(gst::Buffer::from_slice(vec![0; 100]));
    assert_eq!(refused, Err(gst::FlowError::Error));
    let found = bench.errors();
    assert!(
        found.len() == 1 && found[0].contains("has 100 bytes"),
        "{found:?}"
    );
}

#[test]
fn fields_are_refused_by_a_sentence() {
    let element = defects(&[]);
    let mut caps = caps(Rgba, 32, 32);
    caps.make_mut().set("interlace-mode", "interleaved");
    let bench = Bench::new(&element, &caps);
    let found = bench.errors();
    assert!(
        found.len() == 1 && found[0].contains("put deinterlace"),
        "{found:?}"
    );
}

#[test]
fn alpha_that_is_the_same_all_over_counts_as_opaque_and_other_alpha_stays() {
    for (format, sound) in [(A420, true), (Rgba, true), (Rgba, false)] {
        let info = info(format, super::WIDTH, super::HEIGHT);
        let faint = |number: u64| {
            let mut buffer = frame(format, number, number == 1);
            let mut bytes = buffer.get_mut().unwrap().map_writable().unwrap();
            for y in 0..super::HEIGHT as usize {
                for x in 0..super::WIDTH as usize {
                    let corner = y < 3 && x < 3 && !sound;
                    bytes[place(&info, 3, y, x)] = if corner { 0 } else { 128 };
                }
            }
            drop(bytes);
            buffer
        };
        let element = defects(&[("grow", "0"), ("replace", "false")]);
        let mut bench = bench(&element, format);
        let left = super::run(&mut bench, (0..3).map(faint));
        let bytes = left[1].map_readable().unwrap();
        let alpha = |x: usize, y: usize| bytes[place(&info, 3, y, x)];
        assert_eq!(alpha(43, 33), 0, "{format:?}: the spot");
        assert_eq!(alpha(1, 1), if sound { 255 } else { 0 }, "{format:?}");
        assert_eq!(alpha(70, 60), if sound { 255 } else { 128 }, "{format:?}");
    }
}
