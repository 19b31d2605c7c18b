// SPDX-License-Identifier: MPL-2.0
//! What is read: a file, or numbered pictures, and what GStreamer's discoverer says of it.

use std::path::{Path, PathBuf};

use gst::glib;
use gst::prelude::*;

use crate::failure::{Failure, Result};
use crate::media::{make, numbered, stored};

/// Seconds that the discoverer may look at a file: a limit for one that hangs.
const LIMIT: gst::ClockTime = gst::ClockTime::from_seconds(30);

/// Seconds by which a file may end before the time that it says; long ones know it less well.
const SLACK: f64 = 0.3;

/// A file, or numbered pictures.
pub struct Source {
    path: PathBuf,
    first: Option<i32>,
    pub fps: gst::Fraction,
    /// Frames that it holds, where they can be counted.
    pub frames: Option<usize>,
    /// Seconds that it has less than it says, where that is more than some frames.
    pub cut_off: Option<f64>,
    /// Whether it is a picture, or numbered pictures, and no film.
    pub pictures: bool,
    /// How the pictures are to be turned, as the tag has it; nothing where they stand upright.
    pub orientation: Option<String>,
}

impl Source {
    /// Looks at the file. `fps` is the rate of numbered pictures.
    pub fn of(path: &Path, fps: gst::Fraction) -> Result<Self> {
        // Names such as my%20dog.jpg look like numbered ones.
        if numbered::is_pattern(path) && !path.is_file() {
            return Self::numbered(path, fps);
        }
        let shown = path.display();
        path.metadata()
            .and_then(|_| std::fs::File::open(path))
            .map_err(|e| Failure::failed(format!("{shown} cannot be read: {e}.")))?;
        let (info, video) = discover(path)?;
        let stored = stored::read(path)?;
        let said = info.duration().map_or(0, |length| length.nseconds() as i64);
        let lacking = (said - stored.end) as f64 / 1e9;
        Ok(Self {
            path: path.to_owned(),
            first: None,
            fps: video.framerate(),
            pictures: video.is_image(),
            frames: Some(stored.count),
            cut_off: Some(lacking).filter(|lacking| *lacking > SLACK.max(said as f64 / 50e9)),
            orientation: stored.orientation,
        })
    }

    /// Numbered pictures, none of which is missing.
    fn numbered(path: &Path, fps: gst::Fraction) -> Result<Self> {
        let (shown, all) = (path.display(), numbered::all(path));
        let Some((&first, _)) = all.first_key_value() else {
            return Err(Failure::failed(format!(
                "No picture has a name of the form {shown}: check the folder and the digits."
            )));
        };
        let gap = (first..).zip(all.keys()).find(|(due, there)| due != *there);
        if let Some((due, there)) = gap {
            return Err(Failure::failed(format!(
                "Of {shown} number {due} is missing, and number {there} is there: number the \
                 pictures without a gap."
            )));
        }
        Ok(Self {
            path: path.to_owned(),
            first: Some(first),
            fps,
            pictures: true,
            frames: Some(all.len()),
            cut_off: None,
            orientation: None,
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

type Found = (
    gst_pbutils::DiscovererInfo,
    gst_pbutils::DiscovererVideoInfo,
);

/// What the discoverer says of a file, and of the first video in it.
fn discover(path: &Path) -> Result<Found> {
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
        return Ok((info, video));
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
