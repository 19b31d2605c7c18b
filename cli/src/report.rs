// SPDX-License-Identifier: MPL-2.0
//! What a verb says while it works: to people on standard error, or to programs as lines of JSON on
//! standard output.

use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use gst::glib;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};

use crate::failure::Failure;

/// How often a program is told.
const INTERVAL: Duration = Duration::from_secs(1);
/// The bar of a terminal; what is no terminal gets none.
const BAR: &str = "{bar:30} {pos} of {len} frames, {msg}";
const NO_LENGTH: &str = "{spinner} {pos} frames, {msg}";

/// The channel to the user.
pub struct Report {
    json: bool,
    bar: ProgressBar,
    begun: Instant,
    /// When the first frame was done, and which it was.
    first: Option<(Instant, u64)>,
    told: Option<Instant>,
}

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
    pub frames: usize,
    /// Whether its frames, and their times where it has them, are those that came.
    pub same: bool,
    pub has_times: bool,
    pub interrupted: bool,
}

impl Progress {
    /// Seconds that are left.
    fn left(&self) -> Option<f64> {
        let left = self.of?.saturating_sub(self.frames);
        (self.frames > 0).then_some(left as f64 * self.seconds_per_frame)
    }
}

impl Report {
    pub fn new(json: bool) -> Self {
        Self {
            json,
            bar: ProgressBar::hidden(),
            begun: Instant::now(),
            first: None,
            told: None,
        }
    }

    /// Something that the user should know, and that stops nothing.
    pub fn warn(&self, text: &str) {
        if self.json {
            line(&json!({"event": "warning", "text": text}));
        } else {
            self.bar.suspend(|| say(text));
        }
    }

    /// A file is begun.
    pub fn begin(&mut self, input: &Path, output: &Path, of: Option<usize>) {
        (self.begun, self.first, self.told) = (Instant::now(), None, None);
        if self.json {
            let (input, output) = (input.to_string_lossy(), output.to_string_lossy());
            line(&json!({"event": "begin", "in": input, "out": output, "frames": of}));
            return;
        }
        self.bar = of.map_or_else(ProgressBar::new_spinner, |of| ProgressBar::new(of as u64));
        let style = ProgressStyle::with_template(if of.is_some() { BAR } else { NO_LENGTH });
        if let Ok(style) = style {
            self.bar.set_style(style);
        }
    }

    /// A file goes on. After its first frame the whole is reckoned.
    pub fn progress(&mut self, mut progress: Progress) {
        if progress.frames == 0 {
            return;
        }
        let now = Instant::now();
        let (start, first) = *self.first.get_or_insert((now, progress.frames));
        if self.told.is_none() {
            self.estimate(&progress);
        } else if self.told.is_some_and(|told| now - told < INTERVAL) {
            return;
        }
        self.told = Some(now);
        if progress.frames > first {
            let since = (now - start).as_secs_f64();
            progress.seconds_per_frame = since / (progress.frames - first) as f64;
        }
        let fps = 1.0 / progress.seconds_per_frame.max(1e-9);
        let left = progress.left();
        if self.json {
            line(&json!({
                "event": "progress",
                "frames": progress.frames,
                "of": progress.of,
                "fps": fps,
                "seconds-left": left,
            }));
            return;
        }
        let left = left.map_or_else(String::new, |left| {
            format!(", {} left, done by {}", clock(left), time_in(left))
        });
        self.bar.set_position(progress.frames);
        self.bar.set_message(format!("{fps:.2} a second{left}"));
    }

    /// What the first frame lets expect of all.
    fn estimate(&self, first: &Progress) {
        let (each, left) = (first.seconds_per_frame, first.left());
        if self.json {
            line(&json!({
                "event": "estimate",
                "of": first.of,
                "seconds-per-frame": each,
                "seconds-left": left,
            }));
        } else if let (Some(of), Some(left)) = (first.of.filter(|of| *of > 1), left) {
            let (left, end) = (clock(left), time_in(left));
            let text = format!("{of} frames, {each:.2} s each: {left} in all, done by {end}");
            self.bar.suspend(|| say(&text));
        }
    }

    /// A file is done.
    pub fn done(&self, done: &Done) {
        self.bar.finish_and_clear();
        let name = done.name.to_string_lossy();
        if self.json {
            line(&json!({
                "event": "done",
                "out": name,
                "frames": done.frames,
                "same-frames": done.same,
                "has-times": done.has_times,
                "interrupted": done.interrupted,
                "seconds": self.begun.elapsed().as_secs_f64(),
            }));
            return;
        }
        let count = done.frames;
        let frames = if count == 1 { "frame" } else { "frames" };
        let said = match (done.interrupted, done.same, done.has_times) {
            (true, _, _) | (_, false, _) => return,
            (_, _, true) => format!("{count} {frames}, all that came, each at its time"),
            (_, _, false) if count == 1 => "restored".to_owned(),
            (_, _, false) => format!("{count} {frames}, all that came"),
        };
        let _ = writeln!(std::io::stdout(), "{name}: {said}");
    }

    /// A file failed.
    pub fn failed(&self, input: &Path, failure: &Failure) {
        self.bar.finish_and_clear();
        if self.json {
            let (text, code) = (&failure.sentence, failure.code);
            let input = input.to_string_lossy();
            line(&json!({"event": "error", "in": input, "text": text, "code": code}));
        }
    }
}

/// A sentence on standard error, where nobody may be there to read it any more.
pub fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "ud2m: {text}");
}

fn line(value: &Value) {
    let _ = writeln!(std::io::stdout(), "{value}");
}

/// Seconds as 1:02:03 or 2:03.
fn clock(seconds: f64) -> String {
    let all = seconds.round() as u64;
    let (hours, minutes, seconds) = (all / 3600, all / 60 % 60, all % 60);
    if hours > 0 {
        format!("{hours}:{minutes:02}:{seconds:02}")
    } else {
        format!("{minutes}:{seconds:02}")
    }
}

/// The time of the day in so many seconds, with the date where it is another day.
fn time_in(seconds: f64) -> String {
    let now = glib::DateTime::now_local();
    let then = now
        .as_ref()
        .ok()
        .and_then(|now| now.add_seconds(seconds).ok());
    let text = now.ok().zip(then).and_then(|(now, then)| {
        let today = now.ymd() == then.ymd();
        then.format(if today { "%H:%M" } else { "%Y-%m-%d %H:%M" })
            .ok()
    });
    text.map_or_else(|| "an unknown hour".to_owned(), String::from)
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
        assert_eq!(clock(37.5), "0:38");
        assert_eq!(clock(3723.0), "1:02:03");
        let today = time_in(0.0).len();
        assert_eq!((today, time_in(200_000.0).len()), (5, 16));
    }
}
