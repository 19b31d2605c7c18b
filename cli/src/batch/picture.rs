// SPDX-License-Identifier: MPL-2.0
//! Frames as small gray pictures and as RGB.

use gst_video::prelude::*;

/// Converts frames of a stream into one format and size.
pub struct Pictures {
    format: gst_video::VideoFormat,
    bytes: usize,
    /// Width and height; those of the frame where none are wanted.
    size: Option<(u32, u32)>,
    converter: Option<(gst::Caps, gst_video::VideoConverter)>,
}

/// A picture of eight bits a sample, row by row without padding.
pub struct Picture {
    pub width: u32,
    pub height: u32,
    pub data: Vec<u8>,
}

impl Pictures {
    /// Gray pictures of this size.
    pub fn gray(width: u32, height: u32) -> Self {
        Self::of(gst_video::VideoFormat::Gray8, 1, Some((width, height)))
    }

    /// Pictures of R, G and B, of the frames' own size.
    pub fn rgb() -> Self {
        Self::of(gst_video::VideoFormat::Rgb, 3, None)
    }

    fn of(format: gst_video::VideoFormat, bytes: usize, size: Option<(u32, u32)>) -> Self {
        Self {
            format,
            bytes,
            size,
            converter: None,
        }
    }

    /// The picture of a frame; nothing where its format is not one of memory.
    pub fn convert(&mut self, sample: &gst::Sample) -> Option<Picture> {
        let (buffer, caps) = (sample.buffer()?, sample.caps_owned()?);
        let info = gst_video::VideoInfo::from_caps(&caps).ok()?;
        let (width, height) = self.size.unwrap_or((info.width(), info.height()));
        // A converter changes neither the rate nor the fields.
        let out = gst_video::VideoInfo::builder(self.format, width, height)
            .fps(info.fps())
            .interlace_mode(info.interlace_mode());
        let out = out.build().ok()?;
        if self
            .converter
            .as_ref()
            .is_none_or(|(known, _)| *known != caps)
        {
            let made = gst_video::VideoConverter::new(&info, &out, None).ok()?;
            self.converter = Some((caps, made));
        }
        let (_, converter) = self.converter.as_ref()?;
        let frame = gst_video::VideoFrameRef::from_buffer_ref_readable(buffer, &info).ok()?;
        let mut target = gst::Buffer::with_size(out.size()).ok()?;
        let target = target.get_mut()?;
        let mut target = gst_video::VideoFrameRef::from_buffer_ref_writable(target, &out).ok()?;
        converter.frame_ref(&frame, &mut target);
        let stride = usize::try_from(target.plane_stride()[0]).ok()?;
        let rows = target.plane_data(0).ok()?.chunks(stride.max(1));
        let seen = self.bytes * width as usize;
        let rows = rows.take(height as usize).filter_map(|row| row.get(..seen));
        Some(Picture {
            width,
            height,
            data: rows.flatten().copied().collect(),
        })
    }
}
