// SPDX-License-Identifier: MPL-2.0
//! Frames that are masks: gray ones, or the alpha of others.

use gst_video::{VideoFormat, VideoFormatInfo, VideoInfo};

use super::caps::LARGEST;
use super::{Readable, direct};
use crate::image::{Image, within_memory};
use crate::layout::{self, Layout, misplaced, unreachable_memory};
use crate::restore::is_observed;

/// Caps of masks: eight bits of gray, or of alpha beside colours.
pub fn template() -> gst::Caps {
    let with_alpha = VideoFormat::iter_raw().filter(|format| {
        let info = VideoFormatInfo::from_format(*format);
        let plain = !info.is_complex() && !info.is_tiled() && !info.has_palette();
        plain
            && info.has_alpha()
            && info.n_components() == 4
            && info.depth().iter().all(|d| *d == 8)
    });
    gst_video::VideoCapsBuilder::new()
        .format_list([VideoFormat::Gray8].into_iter().chain(with_alpha))
        .width_range(1..=LARGEST)
        .height_range(1..=LARGEST)
        .build()
}

/// 0 where a mask is less than nearly white, or nearly opaque, 1 elsewhere, one channel; `None`
/// where nothing is missing. An error where the frame does not lie in its buffer.
pub fn read(buffer: &gst::BufferRef, info: &VideoInfo) -> Result<Option<Image>, gst::ErrorMessage> {
    let layout = Layout::of(buffer, info).map_err(|r| misplaced("mask", &r))?;
    let copy = (layout == Layout::Odd).then(|| layout::copied(buffer, info));
    let copy = copy.transpose().map_err(|r| misplaced("mask", &r))?;
    let frame = Readable::from_buffer_ref_readable(copy.as_deref().unwrap_or(buffer), info);
    let frame = frame.map_err(|_| unreachable_memory("mask"))?;
    let component = if info.has_alpha() { 3 } else { 0 };
    let read = within_memory(|| {
        let mut mask = Image::new(1, info.height() as usize, info.width() as usize);
        direct::unpack_component(&frame, component, |y, codes| {
            let values = mask.row_mut(0, y).iter_mut().zip(codes);
            let observed = |code: u8| f32::from(u8::from(is_observed(f32::from(code) / 255.0)));
            values.for_each(|(v, code)| *v = observed(*code));
        })?;
        Some(mask)
    });
    let mask = read
        .ok()
        .flatten()
        .ok_or_else(|| unreachable_memory("mask"))?;
    Ok(mask.data.contains(&0.0).then_some(mask))
}
