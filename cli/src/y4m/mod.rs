// SPDX-License-Identifier: MPL-2.0
//! YUV4MPEG2: raw frames in a pipe, with every word of the header kept. GStreamer's own elements
//! know neither the place of the chroma, nor gray, nor more than eight bits.

mod feed;
mod header;
mod layout;
mod reader;
mod writer;

pub use feed::{feed, source};
pub use header::Header;
pub use layout::formats;
pub use reader::{Frame, Reader};
pub use writer::{Lines, Writer};

/// The rows of a component in a frame's buffer: bytes of a row, and how many rows there are.
fn rows(info: &gst_video::VideoInfo, component: u8) -> (usize, usize) {
    let format = info.format_info();
    let bytes = format.pixel_stride()[usize::from(component)] as usize;
    let width = format.scale_width(component, info.width()) as usize;
    let height = format.scale_height(component, info.height()) as usize;
    (bytes * width, height)
}
