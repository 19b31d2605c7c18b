// SPDX-License-Identifier: MPL-2.0
//! A frame as the element sees it, for programs that look at frames without restoring them.

use gst_video::VideoInfo;

use super::Formats;
use crate::image::Image;
use crate::layout::unreachable_memory;

/// The frame in `buffer` of `caps` as a planar image of R, G and B in [-1, 1], of which the
/// element's estimates are made. `planes`: chroma as it lies in its planes, as `task=jpeg` takes
/// it. Two fields are read as the rows of one frame.
///
/// Fails for caps that are not raw video, for formats that GStreamer's converter does not know, and
/// for buffers that are smaller than their caps say.
pub fn image(
    buffer: &gst::BufferRef,
    caps: &gst::CapsRef,
    planes: bool,
) -> Result<Image, gst::ErrorMessage> {
    let mut caps = caps.to_owned();
    caps.make_mut().set("interlace-mode", "progressive");
    let mut formats = Formats::new(&caps, &caps, planes)?;
    let size = VideoInfo::from_caps(&caps).map_or(0, |info| info.size());
    let output = gst::Buffer::with_size(size);
    let mut output = output.map_err(|_| unreachable_memory("output"))?;
    let output = output.get_mut();
    let output = output.ok_or_else(|| unreachable_memory("output"))?;
    formats.map(buffer, output)?.unpack(None)
}
