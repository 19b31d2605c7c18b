// SPDX-License-Identifier: MPL-2.0
//! Buffers whose metas tell of planes that lie oddly, or not inside of them at all: an error or the
//! right picture, restored or passed on.

use gst_video::VideoFormat::{self, Gray8, I420, Nv12, Rgb, Rgba};
use gst_video::{VideoFrameFlags, VideoInfo, VideoMeta};

use crate::common::{Bench, element, info, pattern, place};

const WIDTH: u32 = 14;
const HEIGHT: u32 = 10;
const FORMATS: [VideoFormat; 5] = [Rgb, Rgba, I420, Nv12, Gray8];
/// Restored by an echo, and passed on as it came.
const WAYS: [&[(&str, &str)]; 2] = [&[], &[("strength", "0")]];

/// Where the planes of a frame are said to lie.
#[derive(Clone, Debug)]
struct Told {
    format: VideoFormat,
    size: (u32, u32),
    offsets: Vec<usize>,
    strides: Vec<i32>,
}

impl Told {
    /// As the caps alone say.
    fn plainly(info: &VideoInfo) -> Self {
        let planes = info.n_planes() as usize;
        Self {
            format: info.format(),
            size: (info.width(), info.height()),
            offsets: info.offset()[..planes].to_vec(),
            strides: info.stride()[..planes].to_vec(),
        }
    }

    fn attach(&self, mut buffer: gst::Buffer) -> gst::Buffer {
        VideoMeta::add_full(
            buffer.get_mut().unwrap(),
            VideoFrameFlags::empty(),
            self.format,
            self.size.0,
            self.size.1,
            &self.offsets,
            &self.strides,
        )
        .unwrap();
        buffer
    }
}

/// A frame of colours, or in YUV of grays, which no conversion changes.
fn frame(format: VideoFormat) -> (VideoInfo, Vec<u8>) {
    let info = info(format, WIDTH, HEIGHT);
    if !info.is_yuv() {
        let bytes = pattern(&info);
        return (info, bytes);
    }
    let mut bytes = vec![128; info.size()];
    for y in 0..HEIGHT as usize {
        for x in 0..WIDTH as usize {
            bytes[place(&info, 0, y, x)] = (16 + (x * 5 + y * 37) % 200) as u8;
        }
    }
    (info, bytes)
}

fn bench(info: &VideoInfo, way: &[(&str, &str)]) -> Bench {
    Bench::new(&element("echo", way), &info.to_caps().unwrap())
}

/// Asserts that `buffer` comes out as the plain frame of `bytes`.
fn assert_right(info: &VideoInfo, bytes: &[u8], buffer: gst::Buffer, at: &str) {
    for way in WAYS {
        let mut bench = bench(info, way);
        let out = bench.push(buffer.copy_deep().unwrap());
        // Nobody downstream looks for a meta.
        let told = out.meta::<VideoMeta>().map(|m| m.stride().to_vec());
        assert!(
            told.is_none_or(|t| t == Told::plainly(info).strides),
            "{at}"
        );
        let out = out.map_readable().unwrap();
        crate::common::assert_same(&components(info), &out, bytes, at);
        assert_eq!(out.len(), info.size(), "{at}");
    }
}

/// The info, whose first component alone is compared where the others are subsampled.
fn components(info: &VideoInfo) -> VideoInfo {
    if info.is_yuv() {
        VideoInfo::builder(Gray8, info.width(), info.height())
            .build()
            .unwrap()
    } else {
        info.clone()
    }
}

#[test]
fn planes_outside_their_memory_are_errors() {
    for format in FORMATS {
        let (info, bytes) = frame(format);
        let plain = Told::plainly(&info);
        let last = plain.strides.len() - 1;
        let (stride, size) = (plain.strides[0], info.size());
        let with = |change: &dyn Fn(&mut Told)| {
            let mut told = plain.clone();
            change(&mut told);
            told
        };
        let cases = [
            with(&|t| t.strides[0] = 0),
            with(&|t| t.strides[last] = 0),
            with(&|t| t.strides[0] = 1),
            with(&|t| t.strides[0] = -1),
            with(&|t| t.strides[0] = -stride),
            with(&|t| t.strides[last] *= -100),
            with(&|t| t.strides[0] = 100 * stride),
            with(&|t| t.strides[0] = i32::MAX),
            with(&|t| t.strides[last] = i32::MIN),
            with(&|t| t.offsets[last] = size),
            with(&|t| t.offsets[last] = size - 1),
            with(&|t| t.offsets[0] = usize::MAX),
            with(&|t| t.offsets[0] = size / 2 + 1),
            with(&|t| t.size = (WIDTH - 1, HEIGHT)),
            with(&|t| t.size = (WIDTH, HEIGHT - 1)),
        ];
        for told in cases {
            for way in WAYS {
                let mut bench = bench(&info, way);
                let odd = told.attach(gst::Buffer::from_slice(bytes.clone()));
                let result = bench.harness.push(odd);
                assert_eq!(result, Err(gst::FlowError::Error), "{told:?} {way:?}");
                let errors = bench.errors();
                assert!(
                    errors.len() == 1 && errors[0].contains("The input frame "),
                    "{told:?} {way:?}: {errors:?}"
                );
                // The next frame is fine.
                bench.restore(&bytes);
            }
        }
    }
}

#[test]
fn a_meta_of_another_format_is_an_error() {
    let (info, bytes) = frame(Rgb);
    let told = Told {
        format: VideoFormat::Bgr,
        ..Told::plainly(&info)
    };
    for way in WAYS {
        let odd = told.attach(gst::Buffer::from_slice(bytes.clone()));
        assert!(bench(&info, way).harness.push(odd).is_err());
    }
}

#[test]
fn frames_from_the_bottom_up_are_shown_upright() {
    for format in FORMATS {
        let (info, bytes) = frame(format);
        let (mut told, mut turned) = (Told::plainly(&info), bytes.clone());
        for plane in 0..told.strides.len() {
            let rows = info.comp_height(plane as u8) as usize;
            let stride = told.strides[plane] as usize;
            let start = told.offsets[plane];
            for y in 0..rows {
                let row = start + (rows - 1 - y) * stride;
                turned[row..row + stride]
                    .copy_from_slice(&bytes[start + y * stride..start + (y + 1) * stride]);
            }
            told.offsets[plane] = start + (rows - 1) * stride;
            told.strides[plane] *= -1;
        }
        let buffer = told.attach(gst::Buffer::from_slice(turned));
        assert_right(&info, &bytes, buffer, &format!("{format:?}"));
    }
}

#[test]
fn a_frame_in_a_larger_one_with_a_short_last_row_is_read_whole() {
    for format in FORMATS {
        let (info, bytes) = frame(format);
        // The last plane's last row ends with its last pixel.
        let last = info.n_planes() as usize - 1;
        let step = info.comp_pstride(info.n_components() as u8 - 1) as usize;
        let row = info.comp_width(last as u8) as usize * step;
        let rows = info.comp_height(last as u8) as usize;
        let end = info.offset()[last] + (rows - 1) * info.stride()[last] as usize + row;
        for size in [(WIDTH, HEIGHT), (WIDTH + 1, HEIGHT + 3)] {
            let mut told = Told::plainly(&info);
            told.size = size;
            let buffer = told.attach(gst::Buffer::from_slice(bytes[..end].to_vec()));
            assert_right(&info, &bytes, buffer, &format!("{format:?} {size:?}"));
        }
    }
}

#[test]
fn a_plane_in_two_pieces_of_memory_is_read_whole() {
    for format in FORMATS {
        let (info, bytes) = frame(format);
        let mut buffer = gst::Buffer::new();
        for piece in [&bytes[..37], &bytes[37..]] {
            let memory = gst::Memory::from_slice(piece.to_vec());
            buffer.get_mut().unwrap().append_memory(memory);
        }
        let buffer = Told::plainly(&info).attach(buffer);
        assert_right(&info, &bytes, buffer, &format!("{format:?}"));
    }
}

#[test]
fn gaps_between_rows_hold_nothing_of_what_was_there_before() {
    // Rows of 39 bytes that begin 40 bytes apart.
    let info = info(Rgb, 13, 7);
    let mut bench = Bench::new(&element("echo", &[]), &info.to_caps().unwrap());
    for _ in 0..3 {
        let out = bench.restore(&pattern(&info));
        assert!(out.chunks_exact(40).all(|row| row[39] == 0));
    }
}

#[test]
fn the_stride_of_a_single_row_means_nothing() {
    for format in [Rgb, Rgba, Gray8] {
        let info = info(format, WIDTH, 1);
        let bytes = pattern(&info);
        for stride in [0, 1, -info.stride()[0], i32::MAX] {
            let mut told = Told::plainly(&info);
            told.strides[0] = stride;
            let buffer = told.attach(gst::Buffer::from_slice(bytes.clone()));
            assert_right(&info, &bytes, buffer, &format!("{format:?} {stride}"));
        }
    }
}
