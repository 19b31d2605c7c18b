// SPDX-License-Identifier: MPL-2.0
//! Converted formats keep colours to their depth, and agree with GStreamer about them.

use gst_video::{VideoChromaSite, VideoConverter, VideoFormat, VideoInfo};

use super::caps::{DIRECT, formats};
use super::convert::{Converter, PIXEL, sample};
use super::{Readable, Writable};
use crate::image::Image;

const WIDTH: u32 = 20;
const HEIGHT: u32 = 12;

fn info(format: VideoFormat, width: u32, height: u32) -> VideoInfo {
    let info = VideoInfo::builder(format, width, height).build();
    info.expect("a size that exists")
}

/// The frame of an image, with the alpha that `converter` unpacked last.
fn packed(converter: &mut Converter, info: &VideoInfo, image: &Image) -> gst::Buffer {
    let mut target = gst::Buffer::with_size(info.size()).expect("memory");
    {
        let target = target.get_mut().expect("ours alone");
        target.memset(.., 0).expect("ours");
        let mut to = Writable::from_buffer_ref_writable(target, info).expect("maps");
        converter.pack(image, &mut to, 1).expect("packs");
    }
    target
}

fn unpacked(converter: &mut Converter, info: &VideoInfo, buffer: &gst::Buffer) -> Image {
    let from = Readable::from_buffer_ref_readable(buffer, info).expect("maps");
    converter.load(&from).expect("loads");
    converter.unpack(None).expect("unpacks")
}

/// The frame as GStreamer's converter sees it, in codes of 16 bits.
fn argb64(info: &VideoInfo, buffer: &gst::Buffer) -> Vec<u8> {
    let rgb = self::info(VideoFormat::Argb64, info.width(), info.height());
    let converter = VideoConverter::new(info, &rgb, None).expect("a converter");
    let mut target = gst::Buffer::with_size(rgb.size()).expect("memory");
    let from = Readable::from_buffer_ref_readable(buffer, info).expect("maps");
    let target = target.get_mut().expect("ours alone");
    let mut to = Writable::from_buffer_ref_writable(target, &rgb).expect("maps");
    converter.frame_ref(&from, &mut to);
    to.plane_data(0).expect("bytes").to_vec()
}

fn furthest(a: &Image, b: &Image) -> f32 {
    let pairs = a.data.iter().zip(&b.data);
    pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

#[test]
fn every_format_holds_a_flat_colour_to_its_depth() {
    gst::init().expect("GStreamer starts");
    let converted = formats().iter().filter(|f| !DIRECT.contains(f));
    assert!(converted.clone().count() > 80, "GStreamer has some ninety");
    for &format in converted {
        let info = info(format, WIDTH, HEIGHT);
        let converter = Converter::new(&info, &info, false);
        let mut converter = converter.unwrap_or_else(|| panic!("{format:?}"));
        for rgb in [[0.25, -0.5, 0.7], [1.0; 3], [-1.0; 3], [0.1; 3]] {
            let rgb = if info.is_gray() { [rgb[0]; 3] } else { rgb };
            let wanted = Image::from_fn(3, HEIGHT as usize, WIDTH as usize, |c, _, _| rgb[c]);
            let first = packed(&mut converter, &info, &wanted);
            let got = unpacked(&mut converter, &info, &first);
            // Half a code of luma, and what half a code of chroma, of less range, makes of it.
            let bits = (0..3.min(info.n_components() as u8)).map(|c| info.comp_depth(c));
            let code = 2.0 / 2f32.powi(bits.min().unwrap_or(8) as i32);
            let error = furthest(&got, &wanted);
            assert!(error < 2.0 * code, "{format:?} {rgb:?}: {error} of {code}");
            // Two formats unpack chroma without the bits below its code: up to a code is lost.
            let again = packed(&mut converter, &info, &got);
            let drift = furthest(&unpacked(&mut converter, &info, &again), &got);
            assert!(drift < 2.1 * code, "{format:?} {rgb:?}: {drift} of {code}");
        }
    }
}

#[test]
fn colours_agree_with_those_of_gstreamer() {
    gst::init().expect("GStreamer starts");
    for format in [
        VideoFormat::I420,
        VideoFormat::Nv12,
        VideoFormat::Y42b,
        VideoFormat::P01010le,
        VideoFormat::Y44412le,
        VideoFormat::Gray8,
        VideoFormat::Gbr10le,
        VideoFormat::Rgb16,
    ] {
        // Caps without colorimetry: BT.601 for the small frame, BT.709 for the large one.
        for (width, height) in [(17, 9), (1280, 720)] {
            let info = info(format, width, height);
            let mut converter = Converter::new(&info, &info, false).expect("a converter");
            let waves = Image::from_fn(3, height as usize, width as usize, |c, y, x| {
                let c = if info.is_gray() { 0 } else { c };
                // Smooth, for where chroma bends ours, which gives its samples back, is sharper.
                let (x, y) = (x as f32 / (12 + 3 * c) as f32, y as f32 / 20.0);
                0.2 * (x + y).sin()
            });
            let source = packed(&mut converter, &info, &waves);
            let ours = unpacked(&mut converter, &info, &source);
            let theirs = argb64(&info, &source);
            // Two codes of eight bits: its matrix takes 255 · 257 for 255 · 256. Our chroma gives
            // its samples back, so it is sharper and shows their rounding more.
            let component = |c: u8| (info.comp_width(c), info.comp_height(c));
            let full = info.is_gray() || component(0) == component(1);
            let limit = if full { 4.0 } else { 10.0 } / 255.0;
            let mut sums = [0.0f64; 3];
            for (i, pixel) in theirs.chunks_exact(PIXEL).enumerate() {
                for (c, sum) in sums.iter_mut().enumerate() {
                    let theirs = f32::from(sample(pixel, c + 1)) * (2.0 / 65535.0) - 1.0;
                    let off = ours.plane(c)[i] - theirs;
                    *sum += f64::from(off);
                    assert!(off.abs() < limit, "{format:?} {width}: {off} at {i}, {c}");
                }
            }
            let count = f64::from(width * height);
            let means = sums.map(|sum| (sum / count).abs());
            assert!(
                means.iter().all(|m| *m < 4.0 / 255.0),
                "{format:?}: {means:?}"
            );
        }
    }
}

/// Where the samples of component `c` lie, in order.
fn places(info: &VideoInfo, c: u8) -> impl Iterator<Item = usize> {
    let (stride, step) = (info.comp_stride(c) as usize, info.comp_pstride(c) as usize);
    let (offset, columns) = (info.comp_offset(c), info.comp_width(c) as usize);
    let rows = 0..info.comp_height(c) as usize;
    rows.flat_map(move |y| (0..columns).map(move |x| offset + y * stride + x * step))
}

const SITES: [VideoChromaSite; 6] = [
    VideoChromaSite::JPEG,
    VideoChromaSite::MPEG2,
    VideoChromaSite::V_COSITED,
    VideoChromaSite::COSITED,
    VideoChromaSite::DV,
    VideoChromaSite::ALT_LINE,
];

#[test]
fn samples_of_chroma_come_back_for_every_siting_and_size() {
    gst::init().expect("GStreamer starts");
    for format in [
        VideoFormat::I420,
        VideoFormat::Nv12,
        VideoFormat::Y42b,
        VideoFormat::Yuy2,
        VideoFormat::Y41b,
        VideoFormat::Yuv9,
    ] {
        for site in SITES {
            for (width, height) in [(40, 24), (33, 17), (7, 5), (1, 1)] {
                let info = VideoInfo::builder(format, width, height)
                    .chroma_site(site)
                    .build();
                let info = info.expect("an info");
                let mut bytes = vec![0; info.size()];
                for c in 0..3 {
                    for (i, place) in places(&info, c).enumerate() {
                        bytes[place] = 60 + (i * i * 31 + i * 7 + usize::from(c)) as u8 % 120;
                    }
                }
                let mut converter = Converter::new(&info, &info, false).expect("a converter");
                let source = gst::Buffer::from_mut_slice(bytes.clone());
                let image = unpacked(&mut converter, &info, &source);
                let target = packed(&mut converter, &info, &image);
                let got = target.map_readable().expect("readable");
                for c in 0..3 {
                    for place in places(&info, c) {
                        let at = format!("{format:?} {site:?} {width}x{height} {c}");
                        assert_eq!(got[place], bytes[place], "{at}");
                    }
                }
            }
        }
    }
}

#[test]
fn chroma_that_touches_missing_pixels_does_not_reach_the_others() {
    gst::init().expect("GStreamer starts");
    for site in SITES {
        let info = VideoInfo::builder(VideoFormat::I420, 32, 32)
            .chroma_site(site)
            .build();
        let info = info.expect("an info");
        // Gray, with a red square that does not lie on the grid of chroma.
        let hidden = |y: usize, x: usize| (11..20).contains(&y) && (13..22).contains(&x);
        let mut bytes = vec![128; info.size()];
        for (i, place) in places(&info, 2).enumerate() {
            let (y, x) = (i / 16 * 2, i % 16 * 2);
            if (0..4).any(|d| hidden(y + d / 2, x + d % 2)) {
                bytes[place] = 255;
            }
        }
        let observed = |y, x| f32::from(u8::from(!hidden(y, x)));
        let missing = Image::from_fn(1, 32, 32, |_, y, x| observed(y, x));
        let mut converter = Converter::new(&info, &info, false).expect("a converter");
        let source = gst::Buffer::from_mut_slice(bytes);
        let from = Readable::from_buffer_ref_readable(&source, &info).expect("maps");
        converter.load(&from).expect("loads");
        let image = converter.unpack(Some(&missing)).expect("unpacks");
        for i in 0..32 * 32 {
            let (red, green) = (image.plane(0)[i], image.plane(1)[i]);
            assert!((red - green).abs() < 1e-4, "{site:?} {}", i);
        }
    }
}
