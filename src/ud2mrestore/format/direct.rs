// SPDX-License-Identifier: MPL-2.0
//! Frames of eight bits a colour, read and written as they are.
//!
//! Every format is read by component, stride and pixel stride, so that none has code of its own.

use std::iter::StepBy;
use std::slice::Iter;

use gst_video::VideoInfo;
use gst_video::prelude::*;

use super::{Readable, Writable};
use crate::image::{EIGHT_BIT_STEP, Image};

/// Where the samples of one component lie within its bytes.
struct Layout {
    stride: usize,
    step: usize,
    width: usize,
    height: usize,
}

impl Layout {
    /// `None` for a frame stored from the bottom up, whose stride is negative.
    fn of(info: &VideoInfo, component: u8) -> Option<Self> {
        Some(Self {
            stride: usize::try_from(info.comp_stride(component)).ok()?,
            step: usize::try_from(info.comp_pstride(component)).ok()?,
            width: info.width() as usize,
            height: info.height() as usize,
        })
    }
}

/// The frame's three colours, codes 0 to 255 as -1 to 1; `None` when its bytes cannot be reached.
pub fn unpack(frame: &Readable) -> Option<Image> {
    let (width, height) = (
        frame.info().width() as usize,
        frame.info().height() as usize,
    );
    let mut image = Image::new(3, height, width);
    for component in 0..3 {
        unpack_component(frame, component, |y, codes| {
            let values = image.row_mut(usize::from(component), y);
            for (value, code) in values.iter_mut().zip(codes) {
                *value = f32::from(*code) * EIGHT_BIT_STEP as f32 - 1.0;
            }
        })?;
    }
    Some(image)
}

/// Hands over the codes of each row of a component; `None` when its bytes cannot be reached.
pub fn unpack_component(
    frame: &Readable,
    component: u8,
    mut row: impl FnMut(usize, StepBy<Iter<u8>>),
) -> Option<()> {
    let layout = Layout::of(frame.info(), component)?;
    let bytes = frame.comp_data(u32::from(component)).ok()?;
    let mut rows = bytes.chunks(layout.stride);
    for y in 0..layout.height {
        let codes = rows.next()?.iter().step_by(layout.step);
        if codes.len() < layout.width {
            return None;
        }
        row(y, codes);
    }
    Some(())
}

/// Writes three colours into the frame, rounded to the nearest code; `None` when its bytes cannot
/// be reached.
pub fn pack(image: &Image, frame: &mut Writable) -> Option<()> {
    for component in 0..3 {
        let layout = Layout::of(frame.info(), component)?;
        let bytes = frame.comp_data_mut(u32::from(component)).ok()?;
        let rows = bytes.chunks_mut(layout.stride).take(layout.height);
        for (y, row) in rows.enumerate() {
            let codes = row.iter_mut().step_by(layout.step);
            for (code, value) in codes.zip(image.row(usize::from(component), y)) {
                // Conversion cuts off the fraction and saturates at 0 and 255.
                *code = (value * 127.5 + 128.0) as u8;
            }
        }
    }
    Some(())
}

/// Fills the fourth byte of a pixel, where there is one. Alpha comes from `from`, each pixel
/// repeated `scale` times in both directions, or is full without it; a byte of padding is full.
pub fn copy_alpha(from: Option<&Readable>, to: &mut Writable, scale: usize) -> Option<()> {
    let info = to.info().clone();
    let has_alpha = info.format_info().has_alpha();
    if let Some(from) = from.filter(|_| has_alpha) {
        let (source, target) = (Layout::of(from.info(), 3)?, Layout::of(&info, 3)?);
        let alpha = from.comp_data(3).ok()?;
        let bytes = to.comp_data_mut(3).ok()?;
        let rows = bytes.chunks_mut(target.stride).take(target.height);
        for (y, row) in rows.enumerate() {
            let above = alpha.get(y / scale * source.stride..)?;
            let pixels = row.chunks_mut(target.step * scale).take(source.width);
            for (x, repeated) in pixels.enumerate() {
                let value = *above.get(x * source.step)?;
                repeated
                    .iter_mut()
                    .step_by(target.step)
                    .for_each(|a| *a = value);
            }
        }
    } else if info.comp_pstride(0) == 4 {
        // The three offsets of a packed format sum to 6 less that of the fourth byte.
        let padding = 6 - (0..3).map(|c| info.comp_poffset(c) as usize).sum::<usize>();
        let layout = Layout::of(&info, 0)?;
        let bytes = to.plane_data_mut(0).ok()?;
        for row in bytes.chunks_mut(layout.stride).take(layout.height) {
            let pixels = row.chunks_exact_mut(4).take(layout.width);
            pixels.for_each(|pixel| pixel[padding] = u8::MAX);
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::super::caps::DIRECT;
    use super::*;
    use gst_video::VideoFormat;

    fn buffer(info: &VideoInfo, bytes: &[u8]) -> gst::Buffer {
        assert_eq!(info.size(), bytes.len());
        gst::Buffer::from_mut_slice(bytes.to_vec())
    }

    fn bytes_of(buffer: &gst::Buffer) -> Vec<u8> {
        buffer.map_readable().expect("readable").to_vec()
    }

    #[test]
    fn every_code_survives_in_every_format() {
        gst::init().expect("GStreamer starts");
        for format in DIRECT {
            // 87 columns: rows of three bytes a pixel end in padding.
            let info = VideoInfo::builder(format, 87, 9).build().expect("an info");
            let bytes: Vec<u8> = (0..info.size()).map(|i| (i * 7 % 256) as u8).collect();
            let source = buffer(&info, &bytes);
            let mut target = buffer(&info, &vec![0; info.size()]);
            {
                let from = Readable::from_buffer_ref_readable(&source, &info).expect("maps");
                let target = target.get_mut().expect("ours alone");
                let mut to = Writable::from_buffer_ref_writable(target, &info).expect("maps");
                let image = unpack(&from).expect("unpacks");
                assert!(image.data.iter().all(|v| (-1.0..=1.0).contains(v)));
                pack(&image, &mut to).expect("packs");
                copy_alpha(Some(&from), &mut to, 1).expect("copies");
            }
            let got = bytes_of(&target);
            let pixel = info.comp_pstride(0) as usize;
            let stride = info.stride()[0] as usize;
            for (i, (a, b)) in bytes.iter().zip(&got).enumerate() {
                let (x, kind) = (i % stride / pixel, i % stride % pixel);
                let padding = matches!(format, VideoFormat::Rgbx | VideoFormat::Bgrx) && kind == 3;
                if x < 87 && padding {
                    assert_eq!(*b, 255, "{format:?} padding at {i}");
                } else if x < 87 {
                    assert_eq!(a, b, "{format:?} at {i}");
                }
            }
        }
    }

    #[test]
    fn formats_name_the_same_colours() {
        gst::init().expect("GStreamer starts");
        let cases: [(VideoFormat, &[u8]); 4] = [
            (VideoFormat::Rgbx, &[255, 128, 0, 9]),
            (VideoFormat::Bgra, &[0, 128, 255, 9]),
            (VideoFormat::Rgb, &[255, 128, 0, 0]),
            (VideoFormat::Bgr, &[0, 128, 255, 0]),
        ];
        for (format, bytes) in cases {
            let info = VideoInfo::builder(format, 1, 1).build().expect("an info");
            let source = buffer(&info, bytes);
            let from = Readable::from_buffer_ref_readable(&source, &info).expect("maps");
            let image = unpack(&from).expect("unpacks");
            assert_eq!((image.data[0], image.data[2]), (1.0, -1.0), "{format:?}");
        }
    }

    #[test]
    fn values_outside_the_range_are_cut_off() {
        gst::init().expect("GStreamer starts");
        let info = VideoInfo::builder(VideoFormat::Gbr, 4, 1)
            .build()
            .expect("an info");
        let mut target = buffer(&info, &vec![0; info.size()]);
        let mut image = Image::new(3, 1, 4);
        image.data[..4].copy_from_slice(&[-1.5, 1.5, 0.001, f32::NAN]);
        {
            let target = target.get_mut().expect("ours alone");
            let mut to = Writable::from_buffer_ref_writable(target, &info).expect("maps");
            pack(&image, &mut to).expect("packs");
        }
        // Red is the last plane of GBR.
        assert_eq!(bytes_of(&target)[8..], [0, 255, 128, 0]);
    }

    #[test]
    fn alpha_is_repeated_where_the_frame_grows() {
        gst::init().expect("GStreamer starts");
        let small = VideoInfo::builder(VideoFormat::Rgba, 2, 1)
            .build()
            .expect("an info");
        let large = VideoInfo::builder(VideoFormat::Rgba, 6, 3)
            .build()
            .expect("an info");
        let source = buffer(&small, &[0, 0, 0, 11, 0, 0, 0, 22]);
        let mut target = buffer(&large, &[0; 72]);
        {
            let from = Readable::from_buffer_ref_readable(&source, &small).expect("maps");
            let target = target.get_mut().expect("ours alone");
            let mut to = Writable::from_buffer_ref_writable(target, &large).expect("maps");
            copy_alpha(Some(&from), &mut to, 3).expect("copies");
        }
        let alpha: Vec<u8> = bytes_of(&target).into_iter().skip(3).step_by(4).collect();
        assert_eq!(alpha, [11, 11, 11, 22, 22, 22].repeat(3));
    }
}
