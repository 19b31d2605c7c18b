// SPDX-License-Identifier: MPL-2.0
//! What is said while a kernel is estimated.

use std::path::Path;
use std::time::Instant;

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};

use super::{INTERVAL, Report, say};

const STEPS: &str = "{bar:30} step {pos} of {len}, {elapsed} so far";

impl Report {
    /// A kernel is to be estimated.
    pub fn begin_kernel(&mut self, input: &Path, output: &Path) {
        if self.json {
            let (input, output) = (input.to_string_lossy(), output.to_string_lossy());
            self.line(&json!({"event": "begin", "in": input, "out": output, "frames": null}));
        } else {
            say("estimating the blur");
        }
    }

    /// A step of the estimate begins, of as many at most.
    pub fn step(&mut self, step: usize, of: usize) {
        let now = Instant::now();
        if !self.json && self.told.is_none() {
            self.bar = ProgressBar::new(of as u64);
            if let Ok(style) = ProgressStyle::with_template(STEPS) {
                self.bar.set_style(style);
            }
        }
        if self.told.is_some_and(|told| now - told < INTERVAL) {
            return;
        }
        self.told = Some(now);
        if self.json {
            self.line(&json!({"event": "progress", "step": step, "steps": of}));
        } else {
            self.bar.set_position(step as u64);
        }
    }

    /// A kernel was written.
    pub fn kernel(&self, words: &str, restore: &str, json: &Value) {
        self.bar.finish_and_clear();
        if self.json {
            self.line(json);
            return;
        }
        self.tell(words);
        self.tell(&format!("restore with: {restore}"));
    }
}
