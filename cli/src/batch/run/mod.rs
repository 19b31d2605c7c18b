// SPDX-License-Identifier: MPL-2.0
//! `ud2m batch run PLAN`: all chunks that are not whole yet, each in a process of its own.

mod local;
mod outcome;
mod ray;
mod shard;

use std::env;
use std::path::PathBuf;

use super::sidecar::Sidecar;
use super::store::{Plan, Task};
use crate::failure::{Failure, Result};
use crate::interrupt;
use crate::report::Report;
use outcome::Outcome;
use shard::Shard;

/// Restore the chunks of a plan; those that are whole are left alone, so that the same command goes
/// on after an end of any kind
#[derive(clap::Args)]
pub struct Arguments {
    /// The folder that `ud2m batch plan` made
    #[arg(id = "PLAN", value_name = "PLAN")]
    plan: PathBuf,
    /// Where the processes run
    #[arg(long, value_enum, default_value_t = Engine::Local)]
    engine: Engine,
    /// Processes at a time, which share the cores [default: 1]
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..=1024))]
    jobs: Option<u32>,
    /// Only one of so many parts of the chunks, from 0, as a job array counts: 0/8 to 7/8
    #[arg(long, value_name = "I/N", value_parser = shard::shard, default_value = "0/1")]
    shard: Shard,
    /// With Ray: cores of a chunk, which are its threads too [default: 1]
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..=256))]
    cpus: Option<u32>,
    /// With Ray: GPUs of a chunk, or a share of one [default: 0]
    #[arg(long, value_name = "NUMBER", value_parser = gpus)]
    gpus: Option<f64>,
    /// With Ray: how often a chunk that fails is tried again [default: 3]
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(..=100))]
    retries: Option<u32>,
    /// Tell programs what happens, in lines of JSON on standard output
    #[arg(long)]
    json: bool,
}

/// What runs the processes.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Engine {
    /// This machine
    Local,
    /// A Ray cluster, by Python's module ray
    Ray,
}

/// GPUs of a chunk.
fn gpus(text: &str) -> std::result::Result<f64, String> {
    let number = text.parse().ok();
    let number = number.filter(|n: &f64| (0.0..=64.0).contains(n));
    number.ok_or_else(|| "it is a number from 0 to 64".to_owned())
}

pub fn run(arguments: &Arguments) -> Result<()> {
    let mut report = Report::new(arguments.json, false);
    interrupt::listen();
    let done = batch(arguments, &mut report);
    if let Err(failure) = &done {
        report.failed(&arguments.plan, failure, false);
    }
    done
}

fn batch(arguments: &Arguments, report: &mut Report) -> Result<()> {
    options(arguments)?;
    let plan = Plan::read(&arguments.plan)?;
    let tasks = plan.tasks();
    let mine = tasks.iter().filter(|task| arguments.shard.has(task.number));
    let mine: Vec<&Task> = mine.collect();
    let waiting = mine.iter().filter(|task| Sidecar::of_whole(task).is_none());
    let waiting: Vec<usize> = waiting.map(|task| task.number).collect();
    let there = mine.len() - waiting.len();
    let (mut restored, mut failed) = (0, 0);
    let mut hear = |number: usize, outcome: &Outcome| {
        let shown = tasks.get(number).map_or_else(String::new, Task::shown);
        for text in &outcome.warnings {
            report.warn(text);
        }
        let sidecar = tasks.get(number).and_then(Sidecar::of_whole);
        match (&outcome.failure, sidecar) {
            (None, Some(sidecar)) => {
                restored += 1;
                report.chunk(number, &shown, &sidecar, false);
            }
            (failure, _) => {
                failed += 1;
                let why = failure.as_deref();
                let why = why.unwrap_or("its file is not here: let all machines reach the plan");
                report.chunk_failed(number, &shown, why);
            }
        }
    };
    if !waiting.is_empty() {
        match arguments.engine {
            Engine::Local => {
                let jobs = arguments.jobs.unwrap_or(1) as usize;
                local::run(plan.folder(), &waiting, jobs, &mut hear)
            }
            Engine::Ray => {
                let options = ray::Options {
                    cpus: arguments.cpus.unwrap_or(1),
                    gpus: arguments.gpus.unwrap_or(0.0),
                    retries: arguments.retries.unwrap_or(3),
                };
                ray::run(plan.folder(), &waiting, &options, &mut hear)
            }
        }?;
    }
    report.batch(mine.len(), restored, there, failed);
    if failed > 0 {
        let all = mine.len();
        return Err(Failure::failed(format!(
            "{failed} of {all} chunks could not be restored: see above, and run the batch again."
        )));
    }
    Ok(())
}

/// The program itself, which lies at the same place on all machines.
fn own() -> Result<PathBuf> {
    env::current_exe()
        .map_err(|e| Failure::failed(format!("This program does not find itself ({e}).")))
}

/// An error where an option has no effect with the engine.
fn options(arguments: &Arguments) -> Result<()> {
    let (engine, named) = match arguments.engine {
        Engine::Local => (
            "ray",
            [
                ("--cpus", arguments.cpus.is_some()),
                ("--gpus", arguments.gpus.is_some()),
                ("--retries", arguments.retries.is_some()),
            ],
        ),
        Engine::Ray => (
            "local",
            [
                ("--jobs", arguments.jobs.is_some()),
                ("", false),
                ("", false),
            ],
        ),
    };
    let given = named.iter().find(|(_, given)| *given);
    given.map_or(Ok(()), |(option, _)| {
        Err(Failure::usage(format!(
            "{option} is for --engine {engine}: leave it out."
        )))
    })
}
