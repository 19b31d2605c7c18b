// SPDX-License-Identifier: MPL-2.0
//! Every raw format through a model that returns its input: depth, colours, alpha and sizes stay.

mod alpha;
mod layout;
mod odd;

use std::collections::BTreeSet;

use gst_video::VideoFormat::{self, Bgra, Gbr, Rgb, Rgba};
use gst_video::{VideoConverter, VideoFrameRef, VideoInfo};

use crate::common::{self, Bench, assert_echo, element, info};

/// The frame in another format, by GStreamer's converter alone.
fn converted(bytes: &[u8], from: &VideoInfo, to: &VideoInfo) -> Vec<u8> {
    let source = gst::Buffer::from_slice(bytes.to_vec());
    let mut target = gst::Buffer::with_size(to.size()).unwrap();
    assert!(target.get_mut().unwrap().memset(.., 0).is_ok());
    {
        let converter = VideoConverter::new(from, to, None).unwrap();
        let source = VideoFrameRef::from_buffer_ref_readable(&source, from).unwrap();
        let target = target.get_mut().unwrap();
        let mut target = VideoFrameRef::from_buffer_ref_writable(target, to).unwrap();
        converter.frame_ref(&source, &mut target);
    }
    target.map_readable().unwrap().to_vec()
}

/// A slow gradient of muted colours and of alpha, at sixteen bits; gray for gray formats.
fn gradient(width: u32, height: u32, gray: bool) -> (VideoInfo, Vec<u8>) {
    let format = info(VideoFormat::Argb64, width, height);
    let mut bytes = Vec::with_capacity(format.size());
    for y in 0..height {
        for x in 0..width {
            let along = (x * 65535 / width / 2 + 12000) as u16;
            let down = (y * 65535 / height / 2 + 12000) as u16;
            let colours = if gray {
                [along; 3]
            } else {
                [along, along / 2 + down / 2, down]
            };
            let alpha = 65535 - along;
            for sample in [alpha, colours[0], colours[1], colours[2]] {
                bytes.extend(sample.to_ne_bytes());
            }
        }
    }
    (format, bytes)
}

fn formats() -> Vec<VideoFormat> {
    common::init();
    let palette = |f: &VideoFormat| gst_video::VideoFormatInfo::from_format(*f).has_palette();
    VideoFormat::iter_raw().filter(|f| !palette(f)).collect()
}

#[test]
fn every_raw_format_passes_an_echo_at_its_depth() {
    assert!(formats().len() > 90);
    for format in formats() {
        let info = info(format, 64, 32);
        let (wide, colours) = gradient(64, 32, info.is_gray());
        let frame = converted(&colours, &wide, &info);
        let mut bench = Bench::new(&element("echo", &[]), &info.to_caps().unwrap());
        let out = bench.restore(&frame);
        assert_eq!(out.len(), frame.len(), "{format:?}");
        // Both go through the converter. Subsampled chroma goes through full size, which costs up
        // to two hundredths.
        let (before, after) = (
            converted(&frame, &info, &wide),
            converted(&out, &info, &wide),
        );
        let known = info.format_info();
        let subsampled = (0..known.n_components())
            .any(|c| known.w_sub()[c as usize] + known.h_sub()[c as usize] > 0);
        let allowed = if subsampled { 1311 } else { 0 };
        for (i, (a, b)) in before.chunks(2).zip(after.chunks(2)).enumerate() {
            let value = |s: &[u8]| i32::from(u16::from_ne_bytes([s[0], s[1]]));
            let far = (value(a) - value(b)).abs();
            let allowed = match i % 4 {
                0 if !info.has_alpha() => continue,
                0 => 0,
                _ => allowed,
            };
            assert!(
                far <= allowed,
                "{format:?}: {} became {} at {i}",
                value(a),
                value(b)
            );
        }
    }
}

#[test]
fn ten_bits_are_not_squeezed_through_eight() {
    for format in [
        VideoFormat::I42010le,
        VideoFormat::P01010le,
        VideoFormat::Y44410le,
        VideoFormat::Gray16Le,
    ] {
        let info = info(format, 1024, 16);
        let mut frame = vec![0; info.size()];
        let stride = info.comp_stride(0) as usize;
        // Luma of every code from 64 to 940, at the top of the word where the format has it;
        // gray chroma.
        let shift = u32::from(format == VideoFormat::P01010le) * 6;
        let (low, high, gray) = if info.is_gray() {
            (0, 65535, 0)
        } else {
            (64, 940, 512u32)
        };
        for (i, sample) in frame.chunks_exact_mut(2).enumerate() {
            let code = if i * 2 < 16 * stride {
                low + (i * 2 % stride / 2) as u32 * (high - low) / 1023
            } else {
                gray
            };
            sample.copy_from_slice(&((code << shift) as u16).to_le_bytes());
        }
        let mut bench = Bench::new(&element("echo", &[]), &info.to_caps().unwrap());
        let out = bench.restore(&frame);
        let luma = |bytes: &[u8]| -> Vec<u16> {
            let row = bytes[..2048].chunks_exact(2);
            row.map(|s| u16::from_le_bytes([s[0], s[1]])).collect()
        };
        assert_eq!(luma(&out), luma(&frame), "{format:?}");
        let levels: BTreeSet<u16> = luma(&out).into_iter().collect();
        assert!(levels.len() > 800, "{format:?}: {} levels", levels.len());
    }
}

#[test]
fn planar_alpha_is_upscaled_with_its_frame() {
    let properties = [("task", "super-resolve"), ("scale", "2")];
    let (small, large) = (
        info(VideoFormat::A420, 16, 8),
        info(VideoFormat::A420, 32, 16),
    );
    let (wide, colours) = gradient(16, 8, false);
    let frame = converted(&colours, &wide, &small);
    let mut bench = Bench::new(&element("echo", &properties), &small.to_caps().unwrap());
    let out = bench.restore(&frame);
    assert_eq!(out.len(), large.size());
    for y in 0..16 {
        for x in 0..32 {
            let from = frame[common::place(&small, 3, y / 2, x / 2)];
            assert_eq!(out[common::place(&large, 3, y, x)], from, "{y} {x}");
        }
    }
}

#[test]
fn odd_sizes_of_subsampled_formats_are_restored() {
    for format in [
        VideoFormat::I420,
        VideoFormat::Nv12,
        VideoFormat::P01010le,
        VideoFormat::Yuy2,
    ] {
        for (width, height) in [(1, 1), (3, 5), (31, 17)] {
            let info = info(format, width, height);
            let (wide, colours) = gradient(width, height, false);
            let frame = converted(&colours, &wide, &info);
            let mut bench = Bench::new(&element("echo", &[]), &info.to_caps().unwrap());
            assert_eq!(
                bench.restore(&frame).len(),
                info.size(),
                "{format:?} {width}x{height}"
            );
        }
    }
}

#[test]
fn colours_and_alpha_keep_their_places_in_every_format() {
    for format in [Rgb, VideoFormat::Bgr, Rgba, Bgra, Gbr] {
        assert_echo(format, 37, 21, &[("task", "deblur")]);
    }
}
