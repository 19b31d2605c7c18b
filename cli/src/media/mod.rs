// SPDX-License-Identifier: MPL-2.0
//! Files and streams, as GStreamer has them: what all verbs share.

pub mod begin;
pub mod caps;
pub mod decoded;
pub mod frames;
pub mod numbered;
pub mod source;
pub mod stored;
pub mod times;

use crate::failure::{Failure, Result};

/// An element, or the sentence that names the package which has it.
pub fn make(factory: &str) -> Result<gst::Element> {
    let found = gst::ElementFactory::make(factory).build();
    found.map_err(|_| {
        let package = match factory {
            "x264enc" => "gstreamer1.0-plugins-ugly",
            "avenc_ffv1" => "gstreamer1.0-libav",
            "parsebin" | "decodebin" | "videoconvert" => "gstreamer1.0-plugins-base",
            _ => "gstreamer1.0-plugins-good",
        };
        Failure::failed(format!(
            "GStreamer's element {factory} is missing: install the package {package} (so it is \
             called on Debian and Ubuntu)."
        ))
    })
}
