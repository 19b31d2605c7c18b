// SPDX-License-Identifier: MPL-2.0
//! One file, or numbered pictures: from the first look at it to its name.

use std::path::Path;

use super::Arguments;
use super::bus::{self, Event};
use super::pipe::Passed;
use super::streams::Streams;
use super::target::Target;
use super::video::Parts;
use crate::failure::{Failure, Result};
use crate::interrupt;
use crate::media::source::Source;
use crate::media::stored;
use crate::media::times::Times;
use crate::report::{Done, Progress, Report};

/// Restores one file.
pub fn restore(
    input: &Path,
    target: &Target,
    arguments: &Arguments,
    report: &mut Report,
) -> Result<()> {
    let source = Source::of(input, arguments.fps)?;
    fits(&source, target)?;
    free(&source, target, arguments.overwrite)?;
    let done = play(&source, target, arguments, report)
        .and_then(|played| finish(&source, target, &played, report));
    if done.as_ref().is_err_and(|failure| !failure.is_written()) {
        target.discard();
    }
    done
}

/// Whether the target can hold what comes.
fn fits(source: &Source, target: &Target) -> Result<()> {
    let still = target.muxer().is_none() && !target.is_numbered() && !target.is_stream();
    let many = source.frames.filter(|frames| still && *frames > 1);
    if let Some(frames) = many {
        let (from, to) = (source.shown(), target.shown(true));
        return Err(Failure::usage(format!(
            "{from} has {frames} frames, and {to} holds one: write numbered pictures, such as \
             restored-%05d.png, or a video."
        )));
    }
    Ok(())
}

/// Whether the target may be written.
fn free(source: &Source, target: &Target, overwrite: bool) -> Result<()> {
    let shown = target.shown(true);
    let same = match (source.path().canonicalize(), target.path().canonicalize()) {
        (Ok(from), Ok(to)) => from == to,
        _ => source.path() == target.path(),
    };
    if same && !target.is_piped() {
        return Err(Failure::usage(format!(
            "{shown} is read and written at once: choose another OUT."
        )));
    }
    if target.is_taken() && !overwrite {
        return Err(Failure::failed(format!(
            "{shown} is there already: choose another name, or replace it with --overwrite."
        )));
    }
    Ok(())
}

/// What became of the frames.
struct Played {
    times: Times,
    /// Numbered pictures that have their names.
    pictures: usize,
    passed: Passed,
}

/// Restores the frames.
fn play(
    source: &Source,
    target: &Target,
    arguments: &Arguments,
    report: &mut Report,
) -> Result<Played> {
    let pipeline = gst::Pipeline::new();
    let properties = arguments.properties.clone().of_film(arguments.film);
    let parts = Parts::of_file(&pipeline, source, target, &properties)?;
    let (restorer, times) = (parts.restorer.clone(), parts.times.clone());
    let passed = parts.passed.clone();
    let streams = Streams::connect(&pipeline, source, target, parts, arguments.allow_loss)?;
    report.begin(source.path(), target.path(), source.frames);
    if let Some(lacking) = source.cut_off {
        let name = source.shown();
        report.warn(&format!(
            "{name} ends {lacking:.1} s before the time that it says: it seems to be cut off."
        ));
    }
    let mut pictures = Ok(0);
    let start = || streams.start();
    let end = bus::play(&pipeline, start, |event| match event {
        Event::Warning(text) => report.warn(text),
        Event::Tick => {
            report.progress(Progress::of_element(&restorer, source.frames));
            if interrupt::asked() {
                streams.stop();
            }
        }
        Event::Written(part) => {
            pictures = pictures
                .as_ref()
                .map_err(Failure::clone)
                .and_then(|count| target.finish_one(part).map(|()| count + 1));
        }
    });
    report.progress(Progress::of_element(&restorer, source.frames));
    streams.end();
    for note in streams.notes() {
        report.warn(&note);
    }
    end?;
    Ok(Played {
        times,
        pictures: pictures?,
        passed,
    })
}

/// Compares what was written with what came, gives the file its name, and says so.
fn finish(source: &Source, target: &Target, played: &Played, report: &Report) -> Result<()> {
    let count = played.times.count();
    let lacking = source.frames.filter(|frames| *frames > count);
    let stopped = interrupt::asked() && (lacking.is_some() || source.frames.is_none());
    let wrong = played.passed.wrong();
    if count == 0 {
        return Err(nothing(source, target, stopped, wrong));
    }
    let gaps = played.times.gaps(source.fps);
    if gaps > 0 {
        let name = source.shown();
        report.warn(&format!(
            "By its rate {name} has gaps (frames that are missing: {gaps}); none were made up."
        ));
    }
    let mut differences = written(target, played, stopped)?;
    if let Some(wrong) = wrong {
        differences = Err(format!("IN {wrong}"));
    } else if let Some(held) = lacking.filter(|_| !stopped) {
        let lost = format!("IN holds {held} frames, of which {count} could be decoded");
        differences = differences.and(Err(lost));
    }
    let has_name = !stopped || (target.muxer().is_none() && !target.is_stream());
    let part = target.part();
    let shown = target.shown(has_name);
    report.done(&Done {
        name: if has_name || target.is_piped() {
            target.path()
        } else {
            &part
        },
        shown: &shown,
        frames: count,
        same: differences.is_ok(),
        has_times: target.muxer().is_some(),
        interrupted: stopped,
    });
    if stopped {
        let of = lacking.map_or_else(String::new, |held| format!(" of {held}"));
        return Err(Failure::interrupted(format!(
            "Interrupted: {shown} holds the first {count}{of} frames."
        )));
    }
    differences.map_err(|what| Failure::differs(format!("{shown} differs from IN: {what}.")))
}

/// Gives what was written its name, unless it was `stopped`; what differs from what came.
fn written(
    target: &Target,
    played: &Played,
    stopped: bool,
) -> Result<std::result::Result<(), String>> {
    let times = &played.times;
    if target.muxer().is_some() || target.is_stream() {
        let written = if target.is_stream() {
            played.passed.stored()
        } else {
            stored::read(&target.part())?
        };
        if !stopped {
            target.finish()?;
        }
        return Ok(times.compare(&written));
    }
    let (count, written) = (times.count(), played.pictures + target.finish()?);
    let same = (written == count).then_some(());
    Ok(same.ok_or_else(|| format!("{count} frames came and {written} were written")))
}

/// Why there is no frame at all.
fn nothing(source: &Source, target: &Target, stopped: bool, wrong: Option<String>) -> Failure {
    target.discard();
    if stopped {
        let name = target.shown(true);
        return Failure::interrupted(format!(
            "Interrupted before the first frame: {name} was not written."
        ));
    }
    let name = source.shown();
    Failure::failed(wrong.map_or_else(
        || format!("{name} holds no frame that can be decoded: choose another file."),
        |wrong| format!("{name} {wrong}."),
    ))
}
