// SPDX-License-Identifier: MPL-2.0
//! Raw video: the luma of frames, their alpha, and pictures of masks.

use std::sync::LazyLock;

use gst_video::prelude::*;
use gst_video::{VideoFormat, VideoFormatInfo, VideoFrameRef, VideoInfo};

use crate::defects::{Mask, Plane};
use crate::layout::{self, Layout};

/// Largest side of a frame, in pixels.
const LARGEST: i32 = 16384;
/// Parts of red, green and blue in luma, of 256 (ITU-R BT.601).
const LUMA: [u32; 3] = [77, 150, 29];

/// Caps of both pads: formats with alpha of eight bits a component.
pub fn template() -> gst::Caps {
    static FORMATS: LazyLock<Vec<VideoFormat>> = LazyLock::new(|| {
        let fits = |format: &VideoFormat| {
            let info = VideoFormatInfo::from_format(*format);
            let plain = !info.is_complex() && !info.is_tiled() && !info.has_palette();
            let bytes = info.depth().iter().all(|d| *d == 8) && info.n_components() == 4;
            plain && bytes && info.has_alpha()
        };
        VideoFormat::iter_raw().filter(fits).collect()
    });
    gst_video::VideoCapsBuilder::new()
        .format_list(FORMATS.iter().copied())
        .width_range(1..=LARGEST)
        .height_range(1..=LARGEST)
        .build()
}

/// The frame in a buffer with its rows in order. The error is a reason, as a part of a sentence.
pub fn in_order(buffer: gst::Buffer, info: &VideoInfo) -> Result<gst::Buffer, String> {
    if Layout::of(&buffer, info)? != Layout::Odd {
        return Ok(buffer);
    }
    let mut copy = layout::copied(&buffer, info)?;
    let flags = gst::BufferCopyFlags::FLAGS | gst::BufferCopyFlags::TIMESTAMPS;
    let copied = buffer.copy_into(copy.make_mut(), flags, ..);
    copied.map_err(|_| "cannot be copied".to_owned())?;
    Ok(copy)
}

/// The luma of the frame in a buffer, which is [`in_order`]; `None` where its memory cannot be
/// reached.
pub fn luma(buffer: &gst::BufferRef, info: &VideoInfo) -> Option<Plane> {
    let frame = VideoFrameRef::from_buffer_ref_readable(buffer, info).ok()?;
    let info = frame.info();
    let mut plane = Plane::new(info.width() as usize, info.height() as usize);
    let count = if info.is_rgb() { 3 } else { 1 };
    let mut sums = vec![0u32; plane.width];
    for y in 0..plane.height {
        sums.fill(0);
        for (c, part) in LUMA.iter().enumerate().take(count) {
            let weight = if count == 1 { 256 } else { *part };
            let codes = row(frame.comp_data(c as u32).ok()?, info, c, y)?;
            let pairs = sums.iter_mut().zip(codes);
            pairs.for_each(|(sum, v)| *sum += weight * u32::from(*v));
        }
        let codes = plane.row_mut(y).iter_mut().zip(&sums);
        codes.for_each(|(v, sum)| *v = ((sum + 128) / 256).min(255) as u8);
    }
    plane.extend();
    Some(plane)
}

/// Makes the frame in a buffer transparent in `holes`; `None` where its memory cannot be reached.
///
/// Alpha that is the same all over tells nothing, and becomes opaque: videoconvert of GStreamer
/// 1.22 gives I420 an alpha of 128 on its way to A420.
pub fn cut_out(buffer: &mut gst::BufferRef, info: &VideoInfo, holes: &Mask) -> Option<()> {
    let mut frame = VideoFrameRef::from_buffer_ref_writable(buffer, info).ok()?;
    let info = &frame.info().clone();
    let bytes = frame.comp_data_mut(3).ok()?;
    let even = is_even(bytes, info, holes)?;
    for y in 0..holes.height {
        if even {
            let alpha = row_mut(bytes, info, 3, y)?.take(holes.width);
            alpha.for_each(|alpha| *alpha = u8::MAX);
        }
        let marked = row_mut(bytes, info, 3, y)?.zip(holes.row(y));
        let marked = marked.filter(|(_, marked)| **marked);
        marked.for_each(|(alpha, _)| *alpha = 0);
    }
    Some(())
}

/// Whether alpha is below opaque and the same all over a frame of the mask's size.
fn is_even(alpha: &[u8], info: &VideoInfo, of: &Mask) -> Option<bool> {
    let first = *row(alpha, info, 3, 0)?.next()?;
    for y in 0..of.height {
        let mut row = row(alpha, info, 3, y)?.take(of.width);
        if first == u8::MAX || row.any(|alpha| *alpha != first) {
            return Some(false);
        }
    }
    Some(true)
}

/// Paints a mask over the frame in a buffer; `None` where its memory cannot be reached.
pub fn paint_mask(buffer: &mut gst::BufferRef, info: &VideoInfo, mask: &Mask) -> Option<()> {
    let mut frame = VideoFrameRef::from_buffer_ref_writable(buffer, info).ok()?;
    let info = &frame.info().clone();
    for y in 0..mask.height {
        let bytes = frame.comp_data_mut(3).ok()?;
        let alpha = row_mut(bytes, info, 3, y)?;
        alpha.take(mask.width).for_each(|alpha| *alpha = u8::MAX);
        paint(&mut frame, info, y, mask.row(y))?;
    }
    Some(())
}

/// Paints a row of a mask: white is sound, black is a defect.
fn paint(
    frame: &mut VideoFrameRef<&mut gst::BufferRef>,
    info: &VideoInfo,
    y: usize,
    marked: &[bool],
) -> Option<()> {
    for c in 0..3 {
        let bytes = frame.comp_data_mut(c as u32).ok()?;
        if c > 0 && !info.is_rgb() {
            // Gray has no chroma. A row of it may serve several of the frame.
            let across = info.comp_width(c as u8) as usize;
            let chroma = row_mut(bytes, info, c, y >> info.format_info().h_sub()[c])?;
            chroma.take(across).for_each(|v| *v = 128);
        } else {
            let limited = info.colorimetry().range() == gst_video::VideoColorRange::Range16_235;
            let [black, white] = if limited && !info.is_rgb() {
                [16, 235]
            } else {
                [0, 255]
            };
            let pairs = row_mut(bytes, info, c, y)?.zip(marked);
            pairs.for_each(|(v, marked)| *v = if *marked { black } else { white });
        }
    }
    Some(())
}

/// The samples of a component in a row, and beyond it.
fn row<'a>(
    bytes: &'a [u8],
    info: &VideoInfo,
    component: usize,
    y: usize,
) -> Option<impl Iterator<Item = &'a u8>> {
    let stride = usize::try_from(info.comp_stride(component as u8)).ok()?;
    let step = usize::try_from(info.comp_pstride(component as u8)).ok()?;
    let row = bytes.get(stride.checked_mul(y)?..)?;
    Some(row[..row.len().min(stride)].iter().step_by(step.max(1)))
}

/// The same to be changed.
fn row_mut<'a>(
    bytes: &'a mut [u8],
    info: &VideoInfo,
    component: usize,
    y: usize,
) -> Option<impl Iterator<Item = &'a mut u8>> {
    let stride = usize::try_from(info.comp_stride(component as u8)).ok()?;
    let step = usize::try_from(info.comp_pstride(component as u8)).ok()?;
    let row = bytes.get_mut(stride.checked_mul(y)?..)?;
    let len = row.len().min(stride);
    Some(row[..len].iter_mut().step_by(step.max(1)))
}
