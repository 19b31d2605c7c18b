// SPDX-License-Identifier: MPL-2.0
//! `ud2m batch`: clips restored in chunks, by many processes and on many machines.
//!
//! A plan is a folder of files. Whoever reaches it can restore a chunk, and nobody has to tell
//! anybody: what is whole has its name, and a sidecar beside it.

mod chunk;
mod digest;
mod frames;
mod join;
mod manifest;
mod picture;
mod plan;
mod run;
mod sidecar;
mod store;

use crate::failure::Result;
pub use sidecar::Sidecar;

/// Restore clips in chunks, by several processes or machines: plan, run, join
#[derive(clap::Args)]
#[command(arg_required_else_help = true)]
pub struct Arguments {
    #[command(subcommand)]
    step: Step,
}

#[derive(clap::Subcommand)]
enum Step {
    Plan(plan::Arguments),
    Run(run::Arguments),
    Chunk(chunk::Arguments),
    Join(join::Arguments),
}

pub fn run(arguments: &Arguments) -> Result<()> {
    match &arguments.step {
        Step::Plan(arguments) => plan::run(arguments),
        Step::Run(arguments) => run::run(arguments),
        Step::Chunk(arguments) => chunk::run(arguments),
        Step::Join(arguments) => join::run(arguments),
    }
}
