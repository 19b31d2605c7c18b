// SPDX-License-Identifier: MPL-2.0
//! What is read: a file, or numbered pictures, and what GStreamer's discoverer says of it.

use std::path::{Path, PathBuf};

use gst::glib;
use gst::prelude::*;

use super::{make, numbered, stored};
use crate::failure::{Failure, Result};

/// Seconds that the discoverer may look at a file: a limit for one that hangs.
const LIMIT: gst::ClockTime = gst::ClockTime::from_seconds(60);

/// A file, or numbered pictures.
pub struct Source {
    path: PathBuf,
    first: Option<i32>,
    pub fps: gst::Fraction,
    /// Whether it is a picture, or numbered pictures, and no film.
    pub pictures: bool,
    /// How the pictures are to be turned, as the tag has it; nothing where they stand upright.
    pub orientation: Option<String>,
}

impl Source {
    /// Looks at the file. `fps` is the rate of numbered pictures.
    pub fn of(path: &Path, fps: gst::Fraction) -> Result<Self> {
        let first = numbered::first(path);
        if numbered::is_pattern(path) {
            let missing = format!(
                "No picture has a name of the form {}: check the folder and the digits.",
                path.display()
            );
            first.ok_or_else(|| Failure::failed(missing))?;
            return Ok(Self {
                path: path.to_owned(),
                first,
                fps,
                pictures: true,
                orientation: None,
            });
        }
        let shown = path.display();
        path.metadata()
            .and_then(|_| std::fs::File::open(path))
            .map_err(|e| Failure::failed(format!("{shown} cannot be read: {e}.")))?;
        let video = discover(path)?;
        Ok(Self {
            path: path.to_owned(),
            first: None,
            fps: video.framerate(),
            pictures: video.is_image(),
            orientation: stored::read(path, false)?.orientation,
        })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The number of the first of numbered pictures.
    pub fn first(&self) -> Option<i32> {
        self.first
    }

    /// The element that reads it.
    pub fn element(&self) -> Result<gst::Element> {
        let Some(first) = self.first else {
            let element = make("filesrc")?;
            element.set_property("location", &self.path);
            return Ok(element);
        };
        let element = make("imagesequencesrc")?;
        element.set_property("location", self.path.to_string_lossy().as_ref());
        element.set_property("start-index", first);
        element.set_property("framerate", self.fps);
        Ok(element)
    }
}

/// What the discoverer says of the first video in a file.
fn discover(path: &Path) -> Result<gst_pbutils::DiscovererVideoInfo> {
    let shown = path.display();
    let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let uri = glib::filename_to_uri(&whole, None)
        .map_err(|e| Failure::failed(format!("{shown} has no name that GStreamer takes: {e}.")))?;
    let discoverer = gst_pbutils::Discoverer::new(LIMIT)
        .map_err(|e| Failure::failed(format!("GStreamer's discoverer does not start: {e}.")))?;
    let info = discoverer
        .discover_uri(&uri)
        .map_err(|e| Failure::failed(format!("{shown} is no file that GStreamer reads: {e}")))?;
    if let Some(video) = info.video_streams().into_iter().next() {
        return Ok(video);
    }
    let details = info.missing_elements_installer_details();
    let missing: Vec<_> = details.iter().filter_map(|d| d.split('|').nth(3)).collect();
    Err(Failure::failed(if missing.is_empty() {
        format!("{shown} holds no video: choose a file that does.")
    } else {
        format!(
            "GStreamer lacks what reads {shown} ({}): install the packages gstreamer1.0-libav and \
             gstreamer1.0-plugins-bad (their names on Debian and Ubuntu).",
            missing.join(", ")
        )
    }))
}
