// SPDX-License-Identifier: MPL-2.0
//! What is said while a file is looked at, and of what was found.

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value;

use super::{INTERVAL, Report};

const LOOKING: &str = "{spinner} {msg}, {elapsed} so far";

impl Report {
    /// Something takes its time. Programs are told nothing before the end.
    pub fn looking(&mut self, what: &'static str) {
        if self.json {
            return;
        }
        self.bar.finish_and_clear();
        self.bar = ProgressBar::new_spinner();
        if let Ok(style) = ProgressStyle::with_template(LOOKING) {
            self.bar.set_style(style);
        }
        self.bar.enable_steady_tick(INTERVAL);
        self.bar.set_message(what);
    }

    /// A file was looked at: lines for people, or one object for programs.
    pub fn inspected(&self, lines: &[String], json: &Value) {
        self.bar.finish_and_clear();
        if self.json {
            self.line(json);
        } else {
            lines.iter().for_each(|line| self.tell(line));
        }
    }
}
