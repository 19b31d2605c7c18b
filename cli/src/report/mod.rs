// SPDX-License-Identifier: MPL-2.0
//! What a verb says while it works: to people on standard error, or to programs as lines of JSON on
//! standard output.

mod batch;
mod facts;
mod inspect;
mod kernel;
mod words;

use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};

use crate::failure::Failure;
pub use batch::Seam;
pub use facts::{Done, Files, Progress};
use words::time_in;
pub use words::{clock, say};

/// How often a program is told.
const INTERVAL: Duration = Duration::from_secs(1);
/// Seconds of which nobody needs to be told before.
const SOON: f64 = 2.0;
/// The bar of a terminal; what is no terminal gets none.
const BAR: &str = "{prefix}{bar:30} {pos} of {len} frames, {msg}";
const NO_LENGTH: &str = "{prefix}{spinner} {pos} frames, {msg}";

/// The channel to the user.
pub struct Report {
    json: bool,
    /// Whether standard output holds frames, so that words go to standard error.
    frames_on_output: bool,
    bar: ProgressBar,
    begun: Instant,
    /// When the first frame was done, and which it was.
    first: Option<(Instant, u64)>,
    told: Option<Instant>,
    /// Of a folder the file that is at work, and how many there are.
    file: Option<(usize, usize)>,
}

impl Report {
    pub fn new(json: bool, frames_on_output: bool) -> Self {
        Self {
            json,
            frames_on_output,
            bar: ProgressBar::hidden(),
            begun: Instant::now(),
            first: None,
            told: None,
            file: None,
        }
    }

    /// Something that the user should know, and that stops nothing.
    pub fn warn(&self, text: &str) {
        if self.json {
            self.line(&json!({"event": "warning", "text": text}));
        } else {
            self.bar.suspend(|| say(text));
        }
    }

    /// File `number` of `all` comes next.
    pub fn file(&mut self, number: usize, all: usize) {
        self.file = Some((number, all));
    }

    /// A file is begun.
    pub fn begin(&mut self, input: &Path, output: &Path, of: Option<usize>) {
        (self.begun, self.first, self.told) = (Instant::now(), None, None);
        if self.json {
            let (input, output) = (input.to_string_lossy(), output.to_string_lossy());
            self.line(&json!({
                "event": "begin",
                "in": input,
                "out": output,
                "frames": of,
                "file": self.file.map(|(number, _)| number),
                "files": self.file.map(|(_, all)| all),
            }));
            return;
        }
        self.bar = of.map_or_else(ProgressBar::new_spinner, |of| ProgressBar::new(of as u64));
        let style = ProgressStyle::with_template(if of.is_some() { BAR } else { NO_LENGTH });
        if let Ok(style) = style {
            self.bar.set_style(style);
        }
        if let Some((number, all)) = self.file {
            self.bar.set_prefix(format!("file {number} of {all} "));
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
            self.line(&json!({
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
            self.line(&json!({
                "event": "estimate",
                "of": first.of,
                "seconds-per-frame": each,
                "seconds-left": left,
            }));
        } else if let (Some(of), Some(left)) = (first.of, left.filter(|left| *left > SOON)) {
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
            self.line(&json!({
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
        self.tell(&format!("{}: {said}", done.shown));
    }

    /// A file failed; `go_on` where others follow, or something else comes in words.
    pub fn failed(&self, input: &Path, failure: &Failure, go_on: bool) {
        self.bar.finish_and_clear();
        if self.json {
            let (text, code) = (&failure.sentence, failure.code);
            let input = input.to_string_lossy();
            self.line(&json!({"event": "error", "in": input, "text": text, "code": code}));
        } else if go_on {
            say(&failure.sentence);
        }
    }

    /// Two files were compared; PSNR is nothing where nothing differs.
    pub fn compared(
        &self,
        page: &Path,
        psnr: Option<f64>,
        ssim: Option<f64>,
        frames: usize,
        differences: &Result<(), String>,
    ) {
        self.bar.finish_and_clear();
        let page = page.to_string_lossy();
        if self.json {
            self.line(&json!({
                "event": "compared",
                "out": page,
                "frames": frames,
                "psnr": psnr,
                "ssim": ssim,
                "same-frames": differences.is_ok(),
            }));
            return;
        }
        let psnr = psnr.map_or_else(
            || "no difference".to_owned(),
            |psnr| format!("PSNR {psnr:.2} dB"),
        );
        let ssim = ssim.map_or_else(String::new, |ssim| format!(", SSIM {ssim:.4}"));
        self.tell(&format!("{page}: {frames} frames, {psnr}{ssim}"));
    }

    /// A folder is done.
    pub fn files(&self, files: &Files) {
        if self.json {
            self.line(&json!({
                "event": "end",
                "files": files.all,
                "restored": files.restored,
                "there": files.there,
                "failed": files.failed,
                "differ": files.differ,
            }));
            return;
        }
        self.tell(&files.to_string());
    }

    fn line(&self, value: &Value) {
        self.tell(&value.to_string());
    }

    /// A line for the reader of standard output, who may be gone.
    fn tell(&self, text: &str) {
        let _ = if self.frames_on_output {
            writeln!(std::io::stderr(), "{text}")
        } else {
            writeln!(std::io::stdout(), "{text}")
        };
    }
}
