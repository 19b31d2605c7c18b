// SPDX-License-Identifier: MPL-2.0
//! What is reported of files.

use std::fmt;
use std::path::Path;

use gst::prelude::*;

/// How far a file is.
#[derive(Clone, Copy, Debug, Default)]
pub struct Progress {
    /// Frames that have been restored.
    pub frames: u64,
    /// Frames that are expected, where that is known.
    pub of: Option<u64>,
    /// Seconds that a frame takes, by the element's own measure.
    pub seconds_per_frame: f64,
}

/// A file that is done, or as far as it went.
pub struct Done<'a> {
    pub name: &'a Path,
    /// The name in sentences.
    pub shown: &'a str,
    pub frames: usize,
    /// Whether its frames, and their times where it has them, are those that came.
    pub same: bool,
    pub has_times: bool,
    pub interrupted: bool,
}

/// What became of the files of a folder.
#[derive(Clone, Copy, Debug, Default)]
pub struct Files {
    pub all: usize,
    pub restored: usize,
    /// Those that were there before.
    pub there: usize,
    pub failed: usize,
    /// Those that were written, and whose frames or times are not those that came.
    pub differ: usize,
}

impl fmt::Display for Files {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{} of {} files restored", self.restored, self.all)?;
        for (count, words) in [
            (self.there, "there already (--overwrite replaces them)"),
            (self.failed, "failed"),
            (self.differ, "with other frames or times than IN"),
        ] {
            if count > 0 {
                write!(f, ", {count} {words}")?;
            }
        }
        Ok(())
    }
}

impl Progress {
    /// How far a restorer is.
    pub fn of_element(restorer: &gst::Element, of: Option<usize>) -> Self {
        let stats = restorer.property::<gst::Structure>("stats");
        Self {
            frames: stats.get("frames").unwrap_or(0),
            of: of.map(|of| of as u64),
            seconds_per_frame: stats.get("frame-ms").unwrap_or(0.0) / 1e3,
        }
    }

    /// Seconds that are left.
    pub fn left(&self) -> Option<f64> {
        let left = self.of?.saturating_sub(self.frames);
        (self.frames > 0).then_some(left as f64 * self.seconds_per_frame)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_follows_from_the_frames_and_their_time() {
        let progress = Progress {
            frames: 25,
            of: Some(100),
            seconds_per_frame: 0.5,
        };
        assert_eq!(progress.left(), Some(37.5));
        let unknown = Progress {
            of: None,
            ..progress
        };
        assert_eq!(unknown.left(), None);
        let none = Progress {
            frames: 0,
            ..progress
        };
        assert_eq!(none.left(), None);
    }
}
