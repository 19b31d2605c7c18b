// SPDX-License-Identifier: MPL-2.0
//! `ud2m batch chunk PLAN NUMBER`: one chunk, in this process.

mod feed;
mod finish;
mod same;
pub mod seam;

use std::fs::File;
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::time::Instant;

use super::sidecar::Sidecar;
use super::store::{self, Plan, Task};
use crate::failure::{Failure, Result};
use crate::interrupt;
use crate::media::source::Source;
use crate::media::stored::Stored;
use crate::report::{Progress, Report};
use crate::restore::bus::Event;
use crate::restore::part::{self, Part, Wanted};
use crate::restore::properties::Properties;
use crate::restore::target::Target;
use feed::Frames;

/// Restore one chunk of a plan; a chunk that is whole is left alone
#[derive(clap::Args)]
pub struct Arguments {
    /// The folder that `ud2m batch plan` made
    #[arg(id = "PLAN", value_name = "PLAN")]
    plan: PathBuf,
    /// The number of the chunk among those of all clips, from 0
    #[arg(id = "NUMBER", value_name = "NUMBER")]
    number: usize,
    /// Threads of the CPU, where the plan says nothing of them; 0 takes all
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    threads: u32,
    /// Tell programs what happens, in lines of JSON on standard output
    #[arg(long)]
    json: bool,
}

pub fn run(arguments: &Arguments) -> Result<()> {
    let mut report = Report::new(arguments.json, false);
    interrupt::listen();
    let done = chunk(arguments, &mut report);
    if let Err(failure) = &done {
        report.failed(&arguments.plan, failure, false);
    }
    done
}

fn chunk(arguments: &Arguments, report: &mut Report) -> Result<()> {
    let plan = Plan::read(&arguments.plan)?;
    let tasks = plan.tasks();
    let task = tasks.get(arguments.number).ok_or_else(|| {
        let (shown, last) = (arguments.plan.display(), tasks.len().saturating_sub(1));
        Failure::usage(format!(
            "{shown} has the chunks 0 to {last}: name one of these."
        ))
    })?;
    store::make(&task.folder())?;
    let _lock = lock(task, report)?;
    if let Some(sidecar) = Sidecar::of_whole(task) {
        report.chunk(task.number, &task.shown(), &sidecar, true);
        return Ok(());
    }
    let begun = Instant::now();
    same::check(task)?;
    let target = Target::of(&task.frames(), task.clip.manifest.settings.crf)?;
    let restored = restore(task, &target, arguments.threads, report)
        .and_then(|part| finish::finish(task, &target, &part, begun));
    match restored {
        Ok(sidecar) => {
            report.chunk(task.number, &task.shown(), &sidecar, false);
            Ok(())
        }
        Err(failure) => {
            target.discard();
            Err(failure)
        }
    }
}

/// Keeps others from the chunk while this process lives.
fn lock(task: &Task, report: &Report) -> Result<File> {
    let path = task.folder().join("lock");
    let shown = path.display();
    let file = File::create(&path)
        .map_err(|e| Failure::failed(format!("{shown} cannot be written: {e}.")))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(std::fs::TryLockError::WouldBlock) => {
            return Err(Failure::failed(format!(
                "{} is at work in another process: wait for it, and run the batch again.",
                capital(&task.shown())
            )));
        }
        Err(std::fs::TryLockError::Error(e)) => report.warn(&format!(
            "{shown} cannot be locked ({e}): let no two processes have one chunk."
        )),
    }
    Ok(file)
}

/// The frames of the chunk in their file, which has not its name yet.
fn restore(task: &Task, target: &Target, threads: u32, report: &mut Report) -> Result<Part> {
    let properties = properties(task, threads)?;
    let video = &task.clip.manifest.video;
    let count = task.chunk.lead_in + task.chunk.frames;
    let stored = Stored::known(count, video.orientation.clone(), video.begin);
    let rate = gst::Fraction::new(video.rate.0, video.rate.1.max(1));
    let source = Source::known(&task.clip.manifest.source.path, rate, stored);
    report.begin(source.path(), &task.frames(), source.frames);
    let wanted = Wanted {
        source: &source,
        target,
        properties: &properties,
        lead_in: task.chunk.lead_in,
        frames: task.chunk.frames,
        begin: task.chunk.first_pts as i64,
    };
    let mut play = |may_seek| {
        let frames = Frames::of(&source, &task.clip.manifest, task.chunk, may_seek);
        let (frames, other) = match frames {
            Ok(frames) => {
                let other = frames.other();
                (Ok(frames), Some(other))
            }
            Err(failure) => (Err(failure), None),
        };
        let done = frames.and_then(|mut frames| {
            part::restore(
                &wanted,
                move || frames.next(),
                |event, restorer| {
                    hear(event, restorer, source.frames, report);
                },
            )
        });
        (
            done,
            other.is_none_or(|other| other.load(Ordering::Relaxed)),
        )
    };
    let (done, other) = play(true);
    if done.is_ok() || !other || interrupt::asked() {
        return done;
    }
    // What is decoded after a seek may lack what came before; the beginning lacks nothing.
    let (done, _) = play(false);
    if done.is_ok() {
        let shown = task.shown();
        report.warn(&format!(
            "The file of {shown} is decoded otherwise after a seek, so it was read from its \
             beginning."
        ));
    }
    done
}

/// The properties of the plan, with so many threads where it says nothing of them.
fn properties(task: &Task, threads: u32) -> Result<Properties> {
    let given = &task.clip.manifest.settings.properties;
    let mut given: Vec<_> = given
        .iter()
        .map(|(name, text)| (name.clone(), text.into()))
        .collect();
    if threads > 0 && !given.iter().any(|(name, _)| name == "threads") {
        given.push(("threads".to_owned(), threads.to_string().into()));
    }
    Properties::of(given).map_err(|what| {
        let folder = task.clip.folder.display();
        Failure::failed(format!(
            "The manifest in {folder} is odd ({what}): plan again."
        ))
    })
}

fn hear(event: Event, restorer: &gst::Element, of: Option<usize>, report: &mut Report) {
    match event {
        Event::Warning(text) => report.warn(text),
        Event::Tick => report.progress(Progress::of_element(restorer, of)),
        Event::Written(_) => {}
    }
}

/// A name at the beginning of a sentence.
fn capital(shown: &str) -> String {
    let mut letters = shown.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}
