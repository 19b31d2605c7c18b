// SPDX-License-Identifier: MPL-2.0
//! How the samples of a frame lie in a stream.

use gst_video::{VideoChromaSite, VideoFormat};

/// A layout of frames: one row of the table.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Layout {
    /// The word behind `C`.
    pub tag: &'static str,
    pub format: VideoFormat,
    pub site: VideoChromaSite,
    /// Bits by which samples are shifted up, to fill the sixteen of GStreamer's format.
    pub shift: u32,
}

pub const NONE: VideoChromaSite = VideoChromaSite::NONE;

const fn layout(tag: &'static str, format: VideoFormat, site: VideoChromaSite) -> Layout {
    Layout {
        tag,
        format,
        site,
        shift: 0,
    }
}

const fn gray(tag: &'static str, shift: u32) -> Layout {
    Layout {
        tag,
        format: VideoFormat::Gray16Le,
        site: NONE,
        shift,
    }
}

/// All layouts. Of those with one format the first is taken where nothing is known of the chroma.
pub const LAYOUTS: [Layout; 18] = [
    layout("420mpeg2", VideoFormat::I420, VideoChromaSite::MPEG2),
    layout("420jpeg", VideoFormat::I420, VideoChromaSite::JPEG),
    layout("420paldv", VideoFormat::I420, VideoChromaSite::DV),
    layout("420", VideoFormat::I420, VideoChromaSite::JPEG),
    layout("411", VideoFormat::Y41b, NONE),
    layout("422", VideoFormat::Y42b, NONE),
    layout("444", VideoFormat::Y444, NONE),
    layout("mono", VideoFormat::Gray8, NONE),
    layout("420p10", VideoFormat::I42010le, NONE),
    layout("422p10", VideoFormat::I42210le, NONE),
    layout("444p10", VideoFormat::Y44410le, NONE),
    layout("420p12", VideoFormat::I42012le, NONE),
    layout("422p12", VideoFormat::I42212le, NONE),
    layout("444p12", VideoFormat::Y44412le, NONE),
    layout("444p16", VideoFormat::Y44416le, NONE),
    gray("mono16", 0),
    gray("mono12", 4),
    gray("mono10", 6),
];

/// GStreamer's names of the formats that a stream can hold.
pub fn formats() -> Vec<&'static str> {
    let gray = LAYOUTS.iter().filter(|layout| layout.shift == 0);
    let mut names: Vec<_> = gray.map(|layout| layout.format.to_str().as_str()).collect();
    names.dedup();
    names
}
