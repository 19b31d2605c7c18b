// SPDX-License-Identifier: MPL-2.0
//! `ud2m inspect IN`: what is wrong with a file, and what would mend it.

mod advice;
mod blocks;
mod blur;
mod coded;
mod comb;
mod figures;
mod findings;
mod jpeg_file;
mod luma;
mod object;
mod pick;
mod said;
mod speed;
mod spread;
mod summary;

use std::path::{Path, PathBuf};

use crate::failure::{Failure, Result};
use crate::interrupt;
use crate::media::numbered;
use crate::media::source::Source;
use crate::report::Report;
use crate::shared::Shared;
use advice::Advice;
use blur::Blur;
use coded::Coded;
use figures::Figures;
use findings::Finding;
use speed::Speed;
use summary::Summary;

/// Frames that are kept at most, for the blur.
const KEPT: usize = 9;

/// Tell what is wrong with a video or a picture, which command would mend it, and how long that
/// would take
#[derive(clap::Args)]
pub struct Arguments {
    /// Video or picture, numbered pictures such as frames/%05d.png, or a folder of these
    #[arg(id = "IN", value_name = "IN")]
    input: PathBuf,
    /// How many frames are looked at, spread over the file
    #[arg(long, value_name = "NUMBER", default_value = "6", value_parser = count)]
    frames: usize,
    /// Look for no blur and measure no time, which takes longest
    #[arg(long)]
    quick: bool,
    /// Leave the time that a restoration takes unmeasured
    #[arg(long)]
    untimed: bool,
    /// Name of a bundled model, or path of a model directory, to measure with
    #[arg(long, value_name = "MODEL", default_value = "lite")]
    model: PathBuf,
    #[command(flatten)]
    shared: Shared,
}

/// All that was found of a file.
pub struct Seen {
    pub source: Source,
    pub coded: Coded,
    pub summary: Summary,
    pub blur: Option<Blur>,
    pub findings: Vec<Finding>,
    /// What would mend it; nothing where nothing pays.
    pub advice: Option<Advice>,
    /// How fast that is, by each provider that works.
    pub speeds: Vec<Speed>,
    /// Why that was not measured, a sentence each.
    pub unmeasured: Vec<String>,
}

pub fn run(arguments: &Arguments) -> Result<()> {
    let verb = |report: &mut Report| inspect(arguments, report);
    arguments.shared.run(&arguments.input, verb)
}

fn inspect(arguments: &Arguments, report: &mut Report) -> Result<()> {
    let source = open(&arguments.input, arguments.shared.fps)?;
    let name = source.shown();
    report.looking("looking at frames");
    let coded = Coded::of(&source);
    let (mut figures, mut frames, mut middle) = (Vec::new(), Vec::new(), None);
    pick::frames(&source, arguments.frames, |number, sample| {
        let (found, frame) = Figures::of(&name, sample)?;
        figures.push((number, found));
        // A few are enough for the blur, however many are looked at.
        if (figures.len() - 1).is_multiple_of(arguments.frames.div_ceil(KEPT)) {
            frames.push(frame);
        }
        // About the middle of the file, for the measure of time.
        if 2 * figures.len() <= arguments.frames + 1 {
            middle = Some(sample.clone());
        }
        Ok(())
    })?;
    let summary = Summary::of(&figures);
    let blur = if arguments.quick {
        None
    } else {
        report.looking("looking for a blur");
        Blur::of(&name, &frames, &mut || !interrupt::asked())
    };
    if interrupt::asked() {
        return Err(Failure::interrupted("Interrupted: nothing was found yet."));
    }
    let findings = findings::of(&summary, blur.as_ref(), &coded);
    let advice = Advice::of(&source, &summary, blur.as_ref(), &coded, &findings);
    let mut seen = Seen {
        source,
        coded,
        summary,
        blur,
        findings,
        advice,
        speeds: Vec::new(),
        unmeasured: Vec::new(),
    };
    if let Some((advice, sample)) = seen.advice.as_ref().zip(middle)
        && !arguments.untimed
        && !arguments.quick
    {
        report.looking("measuring the time of a frame");
        (seen.speeds, seen.unmeasured) = speed::measure(advice, &sample, &arguments.model)?;
    }
    report.inspected(
        &said::lines(&seen),
        &object::object(&seen, &arguments.input),
    );
    Ok(())
}

/// The file, or the numbered pictures of a folder.
fn open(input: &Path, fps: gst::Fraction) -> Result<Source> {
    if input == Path::new("-") {
        return Err(Failure::usage(
            "A file is inspected, and - is none: write the frames into a file first.",
        ));
    }
    if !input.is_dir() {
        return Source::of(input, fps);
    }
    let pattern = numbered::pattern_in(input).ok_or_else(|| {
        let shown = input.display();
        Failure::usage(format!(
            "{shown} is a folder without numbered pictures: name one of its files."
        ))
    })?;
    Source::of(&pattern, fps)
}

/// How many frames are looked at.
fn count(text: &str) -> std::result::Result<usize, String> {
    let number = text.parse().ok();
    let number = number.filter(|n| (1..=pick::MOST).contains(n));
    number.ok_or_else(|| format!("it is a number from 1 to {}", pick::MOST))
}
