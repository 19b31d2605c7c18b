// SPDX-License-Identifier: MPL-2.0
//! `ud2m restore IN OUT`: the video restored, everything else as it was.

pub mod bus;
mod file;
mod folder;
pub mod gate;
pub mod kinds;
mod linker;
pub mod part;
mod pipe;
mod probes;
pub mod properties;
pub mod streams;
pub mod target;
pub mod video;

use std::path::{Path, PathBuf};

use crate::failure::{Failure, Result};
use crate::interrupt;
use crate::media::source::fraction;
use crate::report::Report;
use properties::Properties;
use target::Target;

/// Restore the video of a file into another file; sound, subtitles, tags and times stay as they are
#[derive(clap::Args)]
pub struct Arguments {
    /// Video or picture that GStreamer can read, numbered pictures such as frames/%05d.png, a
    /// folder of pictures and videos, or - for YUV4MPEG2 on standard input
    #[arg(id = "IN", value_name = "IN")]
    input: PathBuf,
    /// File to write, of the kind that its ending names: mkv (lossless), mp4, mov, webm, png, jpg,
    /// y4m, or numbered pictures such as restored/%05d.png; a folder keeps the names; - is
    /// YUV4MPEG2 on standard output
    #[arg(id = "OUT", value_name = "OUT")]
    output: PathBuf,
    /// Quality of mp4 and mov (0 to 51, default 18) and of webm (0 to 63, default 20): less is
    /// better and larger
    #[arg(long, value_name = "NUMBER")]
    crf: Option<u32>,
    /// In a folder: write all files as this kind, such as png, and not as what they are
    #[arg(long = "as", value_name = "ENDING", value_parser = kinds::ending)]
    kind: Option<String>,
    /// Replace OUT where it is there already
    #[arg(long)]
    overwrite: bool,
    /// Leave out streams that a file of OUT's kind cannot hold, instead of an error
    #[arg(long)]
    allow_loss: bool,
    /// Frames per second of numbered pictures that are read
    #[arg(long, value_name = "N/D", default_value = "25", value_parser = fraction)]
    fps: gst::Fraction,
    /// Tell programs what happens, in lines of JSON on standard output
    #[arg(long)]
    json: bool,
    /// Find dust, dirt, dropouts and scratches of old film and replace them by what the frames
    /// before and after show; what these do not show is filled in by --task, inpaint unless given
    #[arg(
        long,
        conflicts_with = "mask-source",
        help_heading = "How it is restored"
    )]
    film: bool,
    #[command(flatten)]
    properties: Properties,
}

pub fn run(arguments: &Arguments) -> Result<()> {
    let mut report = Report::new(arguments.json, arguments.output == Path::new("-"));
    interrupt::listen();
    let done = if arguments.input.is_dir() {
        folder::restore(arguments, &mut report)
    } else {
        one(arguments, &mut report)
    };
    if let Err(failure) = &done {
        report.failed(&arguments.input, failure, false);
    }
    done
}

/// Restores one file, into a folder under its name.
fn one(arguments: &Arguments, report: &mut Report) -> Result<()> {
    let (input, output) = (&arguments.input, &arguments.output);
    let kind = arguments.kind.as_deref();
    if output.is_dir() {
        let output = folder::place(input, output, kind).ok_or_else(|| {
            let (input, output) = (input.display(), output.display());
            Failure::usage(format!(
                "{input} has no ending of a picture or video, and {output} is a folder: name the \
                 file in it."
            ))
        })?;
        let target = Target::of(&output, arguments.crf)?.named_as(input);
        return file::restore(input, &target, arguments, report);
    }
    if let Some(kind) = kind {
        return Err(Failure::usage(format!(
            "--as {kind} is for folders: let OUT end with .{kind} instead."
        )));
    }
    let target = Target::of(output, arguments.crf)?;
    file::restore(input, &target, arguments, report)
}
