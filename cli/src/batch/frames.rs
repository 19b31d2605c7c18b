// SPDX-License-Identifier: MPL-2.0
//! The decoded frames of a clip, each with its time and a check of what it shows.

use gst_video::prelude::*;

use crate::failure::{Failure, Result};
use crate::media::decoded::Decoded;
use crate::media::source::Source;

/// A decoded frame.
pub struct Frame {
    pub sample: gst::Sample,
    /// Its own time, in nanoseconds.
    pub pts: u64,
    /// CRC-32 of its samples, without what pads the rows.
    pub crc32: u32,
}

/// Starts to decode a clip from its beginning.
pub fn open(source: &Source) -> Result<Decoded> {
    Decoded::of(
        source,
        "appsink name=end sync=false max-buffers=2 enable-last-sample=false",
    )
}

/// The next frame; nothing at the end.
pub fn next(decoded: &mut Decoded) -> Result<Option<Frame>> {
    let Some(sample) = decoded.next()? else {
        return Ok(None);
    };
    let odd = |what: &str| {
        let name = decoded.name();
        Failure::failed(format!(
            "{name} has a frame {what}: restore it in one piece with `ud2m restore`."
        ))
    };
    let parts = sample.buffer().zip(sample.caps());
    let (buffer, caps) = parts.ok_or_else(|| odd("without a format"))?;
    let pts = buffer.pts().ok_or_else(|| odd("without a time"))?;
    let pts = pts.nseconds();
    let info = gst_video::VideoInfo::from_caps(caps);
    let info = info.map_err(|_| odd("that does not lie in memory"))?;
    let frame = gst_video::VideoFrameRef::from_buffer_ref_readable(buffer, &info);
    let frame = frame.map_err(|_| odd("that cannot be read"))?;
    let crc32 = check(&frame).ok_or_else(|| odd("that cannot be read"))?;
    drop(frame);
    Ok(Some(Frame { sample, pts, crc32 }))
}

/// The time of a frame as the file plays, and as it is sought in, in nanoseconds.
pub fn times(sample: &gst::Sample) -> Option<(i64, i64)> {
    let segment = sample.segment()?.downcast_ref::<gst::ClockTime>()?;
    let pts = sample.buffer()?.pts()?;
    let nanoseconds = |time: Option<gst::Signed<gst::ClockTime>>| {
        Some(match time? {
            gst::Signed::Positive(time) => time.nseconds() as i64,
            gst::Signed::Negative(time) => -(time.nseconds() as i64),
        })
    };
    Some((
        nanoseconds(segment.to_running_time_full(pts))?,
        nanoseconds(segment.to_stream_time_full(pts))?,
    ))
}

/// CRC-32 of the samples of a frame.
fn check(frame: &gst_video::VideoFrameRef<&gst::BufferRef>) -> Option<u32> {
    let (info, format) = (frame.info(), frame.format_info());
    let mut crc = crc32fast::Hasher::new();
    for plane in 0..frame.n_planes() {
        // All components of a plane lie between its first and its last sample.
        let inside = (0..format.n_components()).filter(|c| format.plane()[*c as usize] == plane);
        let row = inside.map(|c| {
            let c = c as u8;
            let step = format.pixel_stride()[usize::from(c)] as usize;
            let columns = format.scale_width(c, info.width()) as usize;
            (
                step * columns,
                format.scale_height(c, info.height()) as usize,
            )
        });
        let (bytes, rows) = row.max()?;
        let data = frame.plane_data(plane).ok()?;
        let stride = usize::try_from(frame.plane_stride()[plane as usize]).ok()?;
        // Samples that share bytes have no step of their own.
        let bytes = if bytes == 0 { stride } else { bytes };
        for row in data.chunks(stride.max(1)).take(rows) {
            crc.update(row.get(..bytes.min(row.len()))?);
        }
    }
    Some(crc.finalize())
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_pads_the_rows_does_not_count() {
        gst::init().expect("GStreamer starts");
        let info = gst_video::VideoInfo::builder(gst_video::VideoFormat::I420, 6, 4);
        let info = info.build().expect("a format");
        let check = |bytes: Vec<u8>| {
            let buffer = gst::Buffer::from_slice(bytes);
            let frame = gst_video::VideoFrameRef::from_buffer_ref_readable(&buffer, &info);
            super::check(&frame.expect("a frame")).expect("a check")
        };
        // Rows of luma have eight bytes, of which six are seen.
        let gray = vec![128u8; info.size()];
        let with = |at: usize| {
            let mut bytes = gray.clone();
            bytes[at] = 0;
            check(bytes)
        };
        assert_eq!(with(6), check(gray.clone()));
        for seen in [5, 8, info.comp_offset(1), info.comp_offset(2) + 2] {
            assert_ne!(with(seen), check(gray.clone()), "{seen}");
        }
    }
}
