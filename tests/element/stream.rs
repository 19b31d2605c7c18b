// SPDX-License-Identifier: MPL-2.0
//! What a stream may bring in its course: other caps while frames pass or not, gaps, strange memory, extreme sizes.

use crate::common::{Bench, assert_same, caps, element, info, picture};
use gst::prelude::*;
use gst_video::VideoFormat::{self, I420, Nv12, Rgb, Rgba, Y42b};
use gst_video::{VideoFrameFlags, VideoFrameRef, VideoInfo, VideoMeta};

/// Bytes in which no two rows are alike; gray, so that no conversion of colours changes them.
fn gray(info: &VideoInfo) -> Vec<u8> {
    let mut bytes = vec![128; info.size()];
    let stride = info.stride()[0] as usize;
    for y in 0..info.height() as usize {
        for x in 0..info.width() as usize {
            bytes[y * stride + x] = (16 + (x * 5 + y * 37) % 219) as u8;
        }
    }
    bytes
}

#[test]
fn the_frame_rate_may_change_in_mid_stream() {
    let element = element(
        "affine",
        &[("task", "denoise"), ("noise-mode", "per-frame")],
    );
    let mut bench = Bench::new(&element, &caps(Rgb, 16, 16));
    // 0/1 is a rate that varies.
    for rate in [(25, 1), (30000, 1001), (0, 1), (25, 1)] {
        let mut other = caps(Rgb, 16, 16);
        let rate = gst::Fraction::new(rate.0, rate.1);
        other.make_mut().set("framerate", rate);
        bench.harness.set_src_caps(other);
        let mut frame = gst::Buffer::from_slice(picture(&info(Rgb, 16, 16)));
        let at = gst::ClockTime::from_seconds(1);
        frame.get_mut().unwrap().set_pts(at);
        assert_eq!(bench.push(frame).pts(), Some(at));
        let out = element.static_pad("src").unwrap().current_caps().unwrap();
        assert_eq!(out.structure(0).unwrap().get("framerate"), Ok(rate));
    }
    assert!(bench.errors().is_empty());
}

#[test]
fn caps_may_change_while_frames_pass_and_while_they_do_not() {
    let element = element("echo", &[("strength", "0")]);
    let mut bench = Bench::new(&element, &caps(Rgb, 16, 16));
    let sizes = [
        (Rgb, 16, 16),
        (Rgba, 33, 9),
        (Rgb, 8, 40),
        (Rgb, 1, 1),
        (Rgba, 16, 16),
    ];
    for (i, (format, width, height)) in sizes.into_iter().enumerate() {
        bench.harness.set_src_caps(caps(format, width, height));
        let format = info(format, width, height);
        let bytes = picture(&format);
        for turn in 0..4 {
            let strength = f64::from(u8::from((i + turn) % 2 == 0));
            element.set_property("strength", strength);
            let out = bench.restore(&bytes);
            assert_same(&format, &out, &bytes, (i, turn, strength));
        }
    }
}

#[test]
fn a_gap_passes_in_its_place() {
    let mut bench = Bench::new(&element("echo", &[]), &caps(Rgb, 16, 16));
    bench.restore(&picture(&info(Rgb, 16, 16)));
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
    bench.restore(&picture(&info(Rgb, 16, 16)));
}

/// The frame of `bytes` with planes that begin anywhere and rows that are longer than they need be.
fn scattered(info: &VideoInfo, bytes: &[u8]) -> gst::Buffer {
    let planes = info.n_planes() as usize;
    let (mut offsets, mut strides, mut end) = (Vec::new(), Vec::new(), 13);
    for plane in 0..planes {
        let stride = info.stride()[plane] + 7 + 2 * plane as i32;
        offsets.push(end);
        strides.push(stride);
        end += stride as usize * info.height() as usize + 5;
    }
    let mut buffer = gst::Buffer::from_slice(vec![0xee; end]);
    let plain = gst::Buffer::from_slice(bytes.to_vec());
    {
        let target = buffer.get_mut().unwrap();
        VideoMeta::add_full(
            target,
            VideoFrameFlags::empty(),
            info.format(),
            info.width(),
            info.height(),
            &offsets,
            &strides,
        )
        .unwrap();
        let from = VideoFrameRef::from_buffer_ref_readable(&plain, info).unwrap();
        let mut to = VideoFrameRef::from_buffer_ref_writable(target, info).unwrap();
        from.copy(&mut to).unwrap();
    }
    buffer
}

#[test]
fn planes_are_read_where_the_buffer_says_that_they_lie() {
    for format in [
        Rgb,
        Rgba,
        VideoFormat::Gbr,
        I420,
        Nv12,
        Y42b,
        VideoFormat::Gray8,
    ] {
        for (width, height) in [(13, 7), (32, 24)] {
            let info = info(format, width, height);
            let mut bench = Bench::new(&element("echo", &[]), &info.to_caps().unwrap());
            let bytes = gray(&info);
            let plain = bench.restore(&bytes);
            let out = bench.push(scattered(&info, &bytes));
            // The output may lie as it likes, too.
            let out = VideoFrameRef::from_buffer_ref_readable(&out, &info).unwrap();
            let mut tight = gst::Buffer::with_size(info.size()).unwrap();
            let target = tight.get_mut().unwrap();
            assert!(target.memset(.., 0).is_ok());
            let mut to = VideoFrameRef::from_buffer_ref_writable(target, &info).unwrap();
            out.copy(&mut to).unwrap();
            drop(to);
            let tight = tight.map_readable().unwrap();
            let same = (0..info.n_planes()).all(|plane| {
                let stride = info.stride()[plane as usize] as usize;
                let at = info.offset()[plane as usize];
                let shown = info.comp_width(plane as u8) as usize;
                let shown = shown * info.comp_pstride(plane as u8) as usize;
                (0..info.comp_height(plane as u8) as usize)
                    .map(|y| at + y * stride)
                    .all(|row| tight[row..row + shown] == plain[row..row + shown])
            });
            assert!(same, "{format:?} {width}x{height}");
        }
    }
}

#[test]
fn the_smallest_the_longest_and_large_frames_pass_an_echo() {
    for (width, height) in [
        (1, 1),
        (2, 1),
        (16384, 1),
        (1, 16384),
        (4099, 17),
        (1920, 1080),
    ] {
        let properties = [("task", "denoise"), ("steps", "1")];
        let info = info(Rgb, width, height);
        let mut bench = Bench::new(&element("echo", &properties), &info.to_caps().unwrap());
        let bytes = picture(&info);
        let out = bench.restore(&bytes);
        let row = 3 * width as usize;
        let stride = info.stride()[0] as usize;
        for y in 0..height as usize {
            let at = y * stride;
            assert!(
                out[at..at + row] == bytes[at..at + row],
                "row {y} of {width}x{height}"
            );
        }
    }
}
