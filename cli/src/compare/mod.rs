// SPDX-License-Identifier: MPL-2.0
//! `ud2m compare IN OUT -o REPORT`: what a restoration changed, as one HTML file.

mod chart;
mod figures;
mod page;
mod pair;
mod pictures;

use std::fs;
use std::path::{Path, PathBuf};

use crate::failure::{Failure, Result};
use crate::media::source::Source;
use crate::media::times;
use crate::report::Report;
use crate::shared::Shared;

/// Show what a restoration changed: one HTML file with frames before and after, and figures
#[derive(clap::Args)]
pub struct Arguments {
    /// The file that was restored, or numbered pictures such as frames/%05d.png
    #[arg(id = "IN", value_name = "IN")]
    input: PathBuf,
    /// What became of it
    #[arg(id = "OUT", value_name = "OUT")]
    output: PathBuf,
    /// The HTML file to write
    #[arg(short = 'o', long = "output", value_name = "REPORT")]
    report: PathBuf,
    /// Numbers of the frames to show, from 0, with commas between them [default: three evenly, and
    /// the one that changed most]
    #[arg(long, value_name = "NUMBERS", value_delimiter = ',')]
    frames: Vec<usize>,
    /// Replace REPORT where it is there already
    #[arg(long)]
    overwrite: bool,
    #[command(flatten)]
    shared: Shared,
}

pub fn run(arguments: &Arguments) -> Result<()> {
    let verb = |report: &mut Report| compare(arguments, report);
    arguments.shared.run(&arguments.input, verb)
}

fn compare(arguments: &Arguments, report: &mut Report) -> Result<()> {
    let to = &arguments.report;
    let shown = to.display();
    let is_page = to
        .extension()
        .is_some_and(|ending| ending == "html" || ending == "htm");
    if !is_page {
        return Err(Failure::usage(format!(
            "{shown} is to be a page: let its name end with .html."
        )));
    }
    if to.exists() && !arguments.overwrite {
        return Err(Failure::failed(format!(
            "{shown} is there already: choose another name, or replace it with --overwrite."
        )));
    }
    let input = open(&arguments.input, arguments.shared.fps)?;
    let output = open(&arguments.output, arguments.shared.fps)?;
    report.begin(input.path(), output.path(), input.frames);
    let pair = pair::compare(&input, &output, &arguments.frames, report)?;
    let differences = differences(&input, &output, &pair);
    let page = page::page(&input, &output, &pair, &differences)?;
    write(to, &page)?;
    report.compared(
        to,
        pair.psnr(),
        pair.mean_ssim(),
        pair.errors.len(),
        &differences,
    );
    differences.map_err(|what| {
        let name = output.shown();
        Failure::differs(format!("{name} differs from IN: {what}."))
    })
}

fn open(path: &Path, fps: gst::Fraction) -> Result<Source> {
    if path == Path::new("-") {
        return Err(Failure::usage(
            "Files are compared, and - is none: write the frames into a file first.",
        ));
    }
    Source::of(path, fps)
}

/// What differs between the frames of both and their times, in words.
fn differences(
    input: &Source,
    output: &Source,
    pair: &pair::Pair,
) -> std::result::Result<(), String> {
    let (came, written) = pair.counts;
    if came != written {
        return Err(format!("IN has {came} frames, and OUT {written}"));
    }
    if input.has_times() && output.has_times() {
        return times::compare(&input.stored.times, &output.stored);
    }
    Ok(())
}

/// Writes the page under another name first, so that a broken one has not the right name.
fn write(path: &Path, page: &str) -> Result<()> {
    let part = path.with_extension("part.html");
    let done = fs::write(&part, page).and_then(|()| fs::rename(&part, path));
    done.map_err(|e| {
        let _ = fs::remove_file(&part);
        let path = path.display();
        Failure::failed(format!("{path} cannot be written: {e}."))
    })
}
