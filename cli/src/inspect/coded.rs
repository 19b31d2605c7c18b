// SPDX-License-Identifier: MPL-2.0
//! How a file stores its frames.

use gst_pbutils::pb_utils_get_codec_description;

use super::jpeg_file::{self, Header};
use crate::media::numbered;
use crate::media::source::Source;

/// Media types that keep every code; raw frames have none.
const LOSSLESS: [&str; 12] = [
    "image/png",
    "image/bmp",
    "image/tiff",
    "image/gif",
    "image/x-tga",
    "image/x-portable-anymap",
    "image/x-portable-bitmap",
    "image/x-portable-graymap",
    "image/x-portable-pixmap",
    "video/x-raw",
    "video/x-ffv",
    "video/x-huffyuv",
];

/// How frames are stored.
pub struct Coded {
    /// Its name in words.
    pub words: String,
    pub is_jpeg: bool,
    /// Whether it loses something, as far as its name tells.
    pub is_lossy: bool,
    /// What a JPEG file says of itself.
    pub header: Option<Header>,
}

impl Coded {
    /// That of a file; of numbered pictures that of the first.
    pub fn of(source: &Source) -> Self {
        let first = numbered::all(source.path()).into_values().next();
        let first = first.filter(|_| source.first().is_some());
        let one = first
            .as_ref()
            .and_then(|path| Source::of(path, source.fps).ok());
        let coded = one.as_ref().unwrap_or(source).coded.as_ref();
        let path = first.as_deref().unwrap_or(source.path());
        let Some(caps) = coded else {
            return Self {
                words: "raw frames".to_owned(),
                is_jpeg: false,
                is_lossy: false,
                header: None,
            };
        };
        let media = caps.structure(0).map_or("", |s| s.name().as_str());
        let words = if caps.is_fixed() {
            pb_utils_get_codec_description(caps).to_string()
        } else {
            media.to_owned()
        };
        Self {
            words,
            is_jpeg: media == "image/jpeg",
            is_lossy: !LOSSLESS.contains(&media),
            header: jpeg_file::read(path),
        }
    }
}
