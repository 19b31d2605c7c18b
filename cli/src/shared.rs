// SPDX-License-Identifier: MPL-2.0
//! What the verbs that look at files share: options, and how they begin and fail.

use std::path::Path;

use crate::failure::Result;
use crate::interrupt;
use crate::media::source::fraction;
use crate::report::Report;

/// Options of all of them.
#[derive(clap::Args)]
pub struct Shared {
    /// Frames per second of numbered pictures
    #[arg(long, value_name = "N/D", default_value = "25", value_parser = fraction)]
    pub fps: gst::Fraction,
    /// Tell programs what happens, in lines of JSON on standard output
    #[arg(long)]
    pub json: bool,
}

impl Shared {
    /// Runs a verb on `input`, and tells programs what went wrong.
    pub fn run(&self, input: &Path, verb: impl FnOnce(&mut Report) -> Result<()>) -> Result<()> {
        let mut report = Report::new(self.json, false);
        interrupt::listen();
        let done = verb(&mut report);
        if let Err(failure) = &done {
            report.failed(input, failure, false);
        }
        done
    }
}
