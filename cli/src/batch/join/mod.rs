// SPDX-License-Identifier: MPL-2.0
//! `ud2m batch join PLAN -o OUT`: the chunks of each clip as one file, without encoding again.

mod check;
mod packets;
mod remux;

use std::path::{Path, PathBuf};

use super::store::{Plan, Task};
use crate::failure::{Failure, Result};
use crate::interrupt;
use crate::report::Report;
use crate::restore::target::Target;

/// Join the chunks of a plan, with sound, subtitles and tags of the clips; nothing is encoded again
#[derive(clap::Args)]
pub struct Arguments {
    /// The folder that `ud2m batch plan` made
    #[arg(id = "PLAN", value_name = "PLAN")]
    plan: PathBuf,
    /// File to write, whose kind holds what the chunks are; a folder for several clips, which keep
    /// their names
    #[arg(short = 'o', long = "output", value_name = "OUT")]
    output: PathBuf,
    /// Replace OUT where it is there already
    #[arg(long)]
    overwrite: bool,
    /// Leave out streams that a file of OUT's kind cannot hold, instead of an error
    #[arg(long)]
    allow_loss: bool,
    /// Tell programs what happens, in lines of JSON on standard output
    #[arg(long)]
    json: bool,
}

pub fn run(arguments: &Arguments) -> Result<()> {
    let mut report = Report::new(arguments.json, false);
    interrupt::listen();
    let done = join(arguments, &mut report);
    if let Err(failure) = &done {
        report.failed(&arguments.plan, failure, false);
    }
    done
}

fn join(arguments: &Arguments, report: &mut Report) -> Result<()> {
    let plan = Plan::read(&arguments.plan)?;
    let tasks = plan.tasks();
    let targets = targets(&plan, &arguments.output)?;
    let taken = targets.iter().find(|target| target.is_taken());
    if let Some(target) = taken.filter(|_| !arguments.overwrite) {
        let shown = target.shown(true);
        return Err(Failure::failed(format!(
            "{shown} is there already: choose another name, or replace it with --overwrite."
        )));
    }
    check::all_there(&plan, &tasks)?;
    for (number, (clip, target)) in (1..).zip(plan.clips.iter().zip(&targets)) {
        report.file(number, plan.clips.len());
        let of_clip = tasks.iter().filter(|task| task.clip.name == clip.name);
        let of_clip: Vec<&Task> = of_clip.collect();
        check::source(clip)?;
        for task in &of_clip {
            check::chunk(task)?;
        }
        let seams = check::seams(&of_clip, report)?;
        let done = remux::remux(clip, &of_clip, target, arguments.allow_loss, report);
        if let Err(failure) = done {
            target.discard();
            return Err(failure);
        }
        let frames = clip.manifest.frames.pts.len();
        report.joined(&target.shown(true), frames, of_clip.len(), &seams);
    }
    Ok(())
}

/// Where the clips are written, in their order.
fn targets(plan: &Plan, output: &Path) -> Result<Vec<Target>> {
    if let ([_], false) = (&plan.clips[..], output.is_dir()) {
        return film(Target::of(output, None)?).map(|target| vec![target]);
    }
    if !output.is_dir() {
        let (shown, count) = (output.display(), plan.clips.len());
        return Err(Failure::usage(format!(
            "The plan has {count} clips, and {shown} is no folder: name a folder that is there."
        )));
    }
    let targets = plan.clips.iter().map(|clip| {
        let kind = &clip.manifest.settings.kind;
        let name = format!("{}.{kind}", clip.name);
        Target::of(&output.join(name), None).and_then(film)
    });
    targets.collect()
}

/// A target that holds films.
fn film(target: Target) -> Result<Target> {
    if target.muxer().is_some() && !target.is_numbered() {
        return Ok(target);
    }
    let shown = target.shown(true);
    Err(Failure::usage(format!(
        "{shown} holds no film: let OUT end with mkv, mp4, mov or webm."
    )))
}
