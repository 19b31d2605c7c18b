// SPDX-License-Identifier: MPL-2.0
//! The frames of a file as they are seen: decoded, upright, in RGB.

use gst_video::prelude::*;

use super::decoded::Decoded;
use super::source::Source;
use crate::failure::{Failure, Result};

/// A frame of eight bits a sample.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Frame {
    pub width: usize,
    pub height: usize,
    /// R, G, B of each pixel, row by row.
    pub rgb: Vec<u8>,
}

/// A file that is decoded.
pub struct Frames {
    decoded: Decoded,
    /// How wide a pixel is, its height being 1.
    pub aspect: f64,
}

impl Frames {
    /// Starts to decode; enlarged or shrunk to `size` where one is wanted.
    pub fn of(source: &Source, size: Option<(usize, usize)>) -> Result<Self> {
        let size = size.map_or_else(String::new, |(width, height)| {
            format!(",width={width},height={height},pixel-aspect-ratio=[1/1000,1000/1]")
        });
        let line = format!(
            "videoconvert ! videoflip video-direction=auto ! videoscale method=catrom \
             add-borders=false ! videoconvert ! video/x-raw,format=RGB{size} \
             ! appsink name=end sync=false max-buffers=2"
        );
        Ok(Self {
            decoded: Decoded::of(source, &line)?,
            aspect: 1.0,
        })
    }

    /// The next frame; nothing at the end.
    pub fn next(&mut self) -> Result<Option<Frame>> {
        let sample = self.decoded.next()?;
        sample.map(|sample| self.packed(&sample)).transpose()
    }

    /// The pixels of a sample without padding.
    fn packed(&mut self, sample: &gst::Sample) -> Result<Frame> {
        let name = self.decoded.name();
        let odd = || Failure::failed(format!("{name} has a frame without a format."));
        let (buffer, caps) = sample.buffer().zip(sample.caps()).ok_or_else(odd)?;
        let info = gst_video::VideoInfo::from_caps(caps).map_err(|_| odd())?;
        let frame = gst_video::VideoFrameRef::from_buffer_ref_readable(buffer, &info);
        let frame = frame.map_err(|_| odd())?;
        let (width, height) = (info.width() as usize, info.height() as usize);
        let stride = frame.plane_stride()[0] as usize;
        let plane = frame.plane_data(0).map_err(|_| odd())?;
        let rows = plane.chunks(stride).take(height);
        let rgb = rows.flat_map(|row| &row[..3 * width]).copied().collect();
        let par = info.par();
        self.aspect = f64::from(par.numer()) / f64::from(par.denom());
        Ok(Frame { width, height, rgb })
    }
}
