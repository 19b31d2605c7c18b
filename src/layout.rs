// SPDX-License-Identifier: MPL-2.0
//! Where the planes of a frame lie in its buffer, and whether they lie inside of it. For every
//! element.
//!
//! A buffer's `GstVideoMeta` names offset and stride of each plane. Neither GStreamer nor its
//! bindings hold them against the size of the memory.

use std::ops::Range;

use gst_video::{VideoInfo, VideoMeta};

use crate::image::{can_hold, filled};

/// How a buffer holds a frame.
#[derive(Debug, PartialEq, Eq)]
pub enum Layout {
    /// Exactly as the caps alone say.
    Default,
    /// With other offsets or longer rows: it can be mapped where it lies.
    Padded,
    /// From the bottom up, as a part of a larger frame, with a short last row, or with planes in
    /// pieces: its rows can be copied.
    Odd,
}

/// Rows of one plane in the buffer.
struct Plane {
    offset: i128,
    /// Bytes from a row to the next; of a single row, its own.
    stride: i128,
    /// What whoever maps the frame takes for that.
    mapped_stride: i128,
    rows: usize,
    /// Bytes of a row that hold pixels.
    row: usize,
}

impl Layout {
    /// The layout of a frame of `info` in `buffer`; the error is a reason, as a part of a sentence.
    pub fn of(buffer: &gst::BufferRef, info: &VideoInfo) -> Result<Self, String> {
        let Some(meta) = buffer.meta::<VideoMeta>() else {
            let (size, needed) = (buffer.size(), info.size());
            return if size < needed {
                Err(format!("has {size} bytes where its caps need {needed}"))
            } else {
                Ok(Self::Default)
            };
        };
        let (size, frame) = ((meta.width(), meta.height()), (info.width(), info.height()));
        if meta.format() != info.format() || meta.n_planes() != info.n_planes() {
            return Err("has another format in its GstVideoMeta than in its caps".to_owned());
        }
        if size.0 < frame.0 || size.1 < frame.1 {
            return Err(format!(
                "has {}x{} pixels in its GstVideoMeta and {}x{} in its caps",
                size.0, size.1, frame.0, frame.1
            ));
        }
        let mut mappable = size == frame;
        for index in 0..info.n_planes() as usize {
            let plane = Plane::of(info, index, meta.offset()[index], meta.stride()[index])?;
            let bytes = plane.extent(buffer.size())?;
            mappable &= plane.is_mappable(buffer, bytes);
        }
        let default = (0..info.n_planes() as usize)
            .all(|i| (meta.offset()[i], meta.stride()[i]) == (info.offset()[i], info.stride()[i]));
        Ok(match (mappable, default && buffer.size() >= info.size()) {
            (true, true) => Self::Default,
            (true, false) => Self::Padded,
            (false, _) => Self::Odd,
        })
    }
}

impl Plane {
    /// Plane `index` of `info` at another place; the error is a reason.
    fn of(info: &VideoInfo, index: usize, offset: usize, stride: i32) -> Result<Self, String> {
        let format = info.format_info();
        if format.is_tiled() && stride != info.stride()[index] {
            return Err("has tiles in another order than its caps".to_owned());
        }
        let parts =
            (0..info.n_components() as u8).filter(|c| info.comp_plane(*c) as usize == index);
        let (mut rows, mut row) = (0, 0);
        for c in parts {
            rows = rows.max(info.comp_height(c) as usize);
            row = row.max(info.comp_width(c) as usize * info.comp_pstride(c).max(0) as usize);
        }
        // Where pixels are no whole bytes, rows are as long as GStreamer makes them.
        if format.is_complex() || row == 0 {
            row = usize::try_from(info.stride()[index]).unwrap_or(0);
        }
        if format.is_tiled() {
            let next = info
                .offset()
                .get(index + 1)
                .filter(|_| index + 1 < info.n_planes() as usize);
            rows = 1;
            row = next
                .copied()
                .unwrap_or(info.size())
                .saturating_sub(info.offset()[index]);
        }
        let told = i128::from(stride);
        let stride = if rows == 1 { row as i128 } else { told };
        if stride.unsigned_abs() < row as u128 {
            return Err(format!(
                "has rows of {row} bytes that begin {stride} bytes apart"
            ));
        }
        Ok(Self {
            offset: offset as i128,
            stride,
            // Tiles have a code of their own there.
            mapped_stride: if format.is_tiled() { stride } else { told },
            rows,
            row,
        })
    }

    /// Where row `y` begins.
    fn start(&self, y: usize) -> i128 {
        self.offset + self.stride * y as i128
    }

    /// The bytes of all rows; the error is a reason.
    fn extent(&self, size: usize) -> Result<Range<usize>, String> {
        let (first, last) = (self.start(0), self.start(self.rows.saturating_sub(1)));
        let (low, high) = (first.min(last), first.max(last) + self.row as i128);
        match (usize::try_from(low), usize::try_from(high)) {
            (Ok(low), Ok(high)) if high <= size => Ok(low..high),
            _ => Err(format!(
                "reaches over {low} to {high} of its {size} bytes of memory"
            )),
        }
    }

    /// Whether the rows lie in one piece of memory from the top down, the last as long as the
    /// others.
    fn is_mappable(&self, buffer: &gst::BufferRef, bytes: Range<usize>) -> bool {
        let end = self.offset + self.mapped_stride * self.rows as i128;
        let end = end.try_into().unwrap_or(usize::MAX);
        let (start, size) = (bytes.start, buffer.size());
        self.mapped_stride >= self.row as i128
            && end <= size
            && (buffer.n_memory() == 1
                || buffer
                    .find_memory(start..end)
                    .is_some_and(|(found, _)| found.len() == 1))
    }
}

/// A copy of the rows of `buffer` that lies as the caps alone say; the error is a reason.
pub fn copied(buffer: &gst::BufferRef, info: &VideoInfo) -> Result<gst::Buffer, String> {
    let none = || "cannot be copied for want of memory".to_owned();
    if !can_hold(info.size()) {
        return Err(none());
    }
    let map = buffer
        .map_readable()
        .map_err(|_| "cannot be reached".to_owned())?;
    let mut bytes = filled(info.size(), 0u8);
    for index in 0..info.n_planes() as usize {
        let (default_offset, default_stride) = (info.offset()[index], info.stride()[index]);
        let target = Plane::of(info, index, default_offset, default_stride)?;
        let source = match buffer.meta::<VideoMeta>() {
            Some(meta) => Plane::of(info, index, meta.offset()[index], meta.stride()[index])?,
            None => Plane::of(info, index, default_offset, default_stride)?,
        };
        source.extent(map.len())?;
        for y in 0..source.rows {
            let (from, to) = (source.start(y) as usize, target.start(y) as usize);
            let row = map.get(from..from + source.row).ok_or_else(none)?;
            bytes
                .get_mut(to..to + source.row)
                .ok_or_else(none)?
                .copy_from_slice(row);
        }
    }
    drop(map);
    Ok(gst::Buffer::from_mut_slice(bytes))
}
/// The error of a frame that lies elsewhere than it says. `which`: input, output or mask.
pub fn misplaced(which: &str, reason: &str) -> gst::ErrorMessage {
    gst::error_msg!(
        gst::ResourceError::Failed,
        ("The {which} frame {reason}: use buffers that are as large as their caps and their \
             GstVideoMeta say.")
    )
}

/// The error of a frame that cannot be mapped.
pub fn unreachable_memory(which: &str) -> gst::ErrorMessage {
    gst::error_msg!(
        gst::ResourceError::Failed,
        ("The {which} frame's memory cannot be reached: use buffers in system memory that are \
             as large as their caps say.")
    )
}
