// SPDX-License-Identifier: MPL-2.0
//! What is read: a file, or numbered pictures, and what GStreamer's discoverer says of it.

use std::fs::File;
use std::io::{self, IsTerminal, Read, Seek};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use gst::glib;
use gst::prelude::*;
use gst_pbutils::prelude::DiscovererStreamInfoExt;

use super::stored::{self, Stored};
use super::{make, numbered};
use crate::failure::{Failure, Result};
use crate::y4m;

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
    /// How the first video is compressed; nothing for numbered pictures and raw frames.
    pub coded: Option<gst::Caps>,
    /// What a container holds.
    pub stored: Stored,
    /// The header of raw frames.
    pub header: Option<y4m::Header>,
    /// What reads raw frames, until it is taken.
    stream: Mutex<Option<y4m::Reader>>,
}

impl Source {
    /// Looks at the file. `fps` is the rate of numbered pictures.
    pub fn of(path: &Path, fps: gst::Fraction) -> Result<Self> {
        if path == Path::new("-") {
            return Self::piped(path);
        }
        // Names such as my%20dog.jpg look like numbered ones.
        if numbered::is_pattern(path) && !path.is_file() {
            return Self::numbered(path, fps);
        }
        let shown = path.display();
        let is_stream = begins_a_stream(path)
            .map_err(|e| Failure::failed(format!("{shown} cannot be read: {e}.")))?;
        if let Some((file, bytes)) = is_stream {
            return Self::stream(path, Box::new(file), Some(bytes));
        }
        let (info, video) = discover(path)?;
        let mut stored = stored::read(path)?;
        stored.times.sort_unstable();
        let said = info.duration().map_or(0, |length| length.nseconds() as i64);
        let lacking = (said - stored.end) as f64 / 1e9;
        Ok(Self {
            path: path.to_owned(),
            first: None,
            fps: video.framerate(),
            pictures: video.is_image(),
            coded: DiscovererStreamInfoExt::caps(&video),
            frames: Some(stored.count),
            cut_off: Some(lacking).filter(|lacking| *lacking > SLACK.max(said as f64 / 50e9)),
            stored,
            header: None,
            stream: Mutex::default(),
        })
    }

    /// A film that was looked at before, of which all that counts is `stored`.
    pub fn known(path: &Path, fps: gst::Fraction, stored: Stored) -> Self {
        Self {
            path: path.to_owned(),
            first: None,
            fps,
            frames: Some(stored.count),
            cut_off: None,
            pictures: false,
            coded: None,
            stored,
            header: None,
            stream: Mutex::default(),
        }
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
            coded: None,
            frames: Some(all.len()),
            cut_off: None,
            stored: Stored::default(),
            header: None,
            stream: Mutex::default(),
        })
    }

    /// Raw frames on standard input.
    fn piped(path: &Path) -> Result<Self> {
        if io::stdin().is_terminal() {
            return Err(Failure::usage(
                "Nothing comes on standard input: lead a program into it that writes YUV4MPEG2.",
            ));
        }
        Self::stream(path, Box::new(io::stdin()), None)
    }

    /// Raw frames, and the bytes of the stream where they are known.
    fn stream(path: &Path, input: Box<dyn Read + Send>, bytes: Option<u64>) -> Result<Self> {
        let reader = y4m::Reader::new(input)
            .map_err(|what| Failure::failed(format!("{} {what}.", shown(path))))?;
        Ok(Self {
            path: path.to_owned(),
            first: None,
            fps: reader.header().rate(),
            frames: bytes.and_then(|bytes| reader.frames_in(bytes)),
            cut_off: None,
            pictures: false,
            coded: None,
            stored: Stored::default(),
            header: Some(reader.header().clone()),
            stream: Mutex::new(Some(reader)),
        })
    }

    /// What reads raw frames, the first time.
    pub fn take_stream(&self) -> Option<y4m::Reader> {
        let mut stream = self.stream.lock().unwrap_or_else(PoisonError::into_inner);
        stream.take()
    }

    /// The name in sentences.
    pub fn shown(&self) -> String {
        shown(&self.path)
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether its frames have times of their own.
    pub fn has_times(&self) -> bool {
        !self.pictures && self.header.is_none()
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

/// A rate such as 25 or 30000/1001.
pub fn fraction(text: &str) -> std::result::Result<gst::Fraction, String> {
    let (n, d) = text.split_once('/').unwrap_or((text, "1"));
    match (n.parse(), d.parse()) {
        (Ok(n), Ok(d)) if n > 0 && d > 0 => Ok(gst::Fraction::new(n, d)),
        _ => Err("write it as 25 or 30000/1001".to_owned()),
    }
}

/// The name of an input in sentences.
fn shown(path: &Path) -> String {
    if path == Path::new("-") {
        "Standard input".to_owned()
    } else {
        path.display().to_string()
    }
}

/// The file with its length, where it begins as raw frames do.
fn begins_a_stream(path: &Path) -> io::Result<Option<(File, u64)>> {
    let mut file = File::open(path)?;
    let bytes = file.metadata()?.len();
    let mut magic = Vec::new();
    Read::by_ref(&mut file).take(10).read_to_end(&mut magic)?;
    file.rewind()?;
    Ok((magic == b"YUV4MPEG2 ").then_some((file, bytes)))
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
