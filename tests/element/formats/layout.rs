// SPDX-License-Identifier: MPL-2.0
//! Where the samples of a frame lie: padded rows, scattered planes, sizes at the limits.

use gst_video::VideoFormat::{self, I420, Nv12, Rgb, Rgba, Y42b};
use gst_video::{VideoFrameFlags, VideoFrameRef, VideoInfo, VideoMeta};

use crate::common::{Bench, caps, element, info, pattern, place};

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
        let bytes = pattern(&info);
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

#[test]
fn padded_rows_are_read_by_their_stride() {
    let (width, height, stride) = (13usize, 7usize, 64usize);
    let mut bench = Bench::new(&element("echo", &[]), &caps(Rgb, 13, 7));
    let plain = info(Rgb, 13, 7);
    let bytes = pattern(&plain);
    let mut padded = vec![0xee; stride * height];
    for y in 0..height {
        let row = place(&plain, 0, y, 0);
        padded[y * stride..y * stride + 3 * width].copy_from_slice(&bytes[row..row + 3 * width]);
    }
    let mut buffer = gst::Buffer::from_slice(padded);
    gst_video::VideoMeta::add_full(
        buffer.get_mut().unwrap(),
        gst_video::VideoFrameFlags::empty(),
        Rgb,
        13,
        7,
        &[0],
        &[stride as i32],
    )
    .unwrap();
    let out = bench.push(buffer);
    assert!(
        out.meta::<gst_video::VideoMeta>()
            .is_none_or(|m| m.stride()[0] == plain.stride()[0])
    );
    let out = out.map_readable().unwrap();
    for y in 0..height {
        let row = place(&plain, 0, y, 0);
        assert_eq!(
            out[row..row + 3 * width],
            bytes[row..row + 3 * width],
            "row {y}"
        );
    }
}
