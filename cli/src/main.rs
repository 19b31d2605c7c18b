// SPDX-License-Identifier: MPL-2.0
//! `ud2m`: the restorer for files, without a pipeline to write.
//!
//! A verb is a folder with its arguments and a function `run`, and a row in [`Verb`]. The plugin is
//! linked in, so that the command needs no installed `libgstud2m.so`.

#![cfg_attr(not(test), warn(clippy::unwrap_used, clippy::expect_used))]

mod batch;
mod compare;
mod failure;
mod inspect;
mod interrupt;
mod kernel;
mod media;
mod report;
mod restore;
mod shared;
mod y4m;

use std::process::ExitCode;

use clap::Parser;

use failure::{Failure, Result};

/// Restores video files and pictures: the GStreamer filter ud2mrestore as one command.
#[derive(Parser)]
#[command(version, arg_required_else_help = true, after_long_help = failure::EXIT_CODES)]
struct Command {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(clap::Subcommand)]
enum Verb {
    Restore(restore::Arguments),
    Compare(compare::Arguments),
    Kernel(kernel::Arguments),
    Inspect(inspect::Arguments),
    Batch(batch::Arguments),
}

fn run() -> Result<()> {
    // Before the arguments: the verbs take their options from the element's properties.
    gst::init().map_err(|e| Failure::failed(format!("GStreamer does not start: {e}.")))?;
    gstud2m::plugin_register_static()
        .map_err(|e| Failure::failed(format!("The filter cannot be registered: {e}.")))?;
    match Command::parse().verb {
        Verb::Restore(arguments) => restore::run(&arguments),
        Verb::Compare(arguments) => compare::run(&arguments),
        Verb::Kernel(arguments) => kernel::run(&arguments),
        Verb::Inspect(arguments) => inspect::run(&arguments),
        Verb::Batch(arguments) => batch::run(&arguments),
    }
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            report::say(&failure.sentence);
            ExitCode::from(failure.code)
        }
    }
}
