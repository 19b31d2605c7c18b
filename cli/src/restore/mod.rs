// SPDX-License-Identifier: MPL-2.0
//! `ud2m restore IN OUT`: the video restored, everything else as it was.

mod bus;
mod caps;
mod numbered;
mod properties;
mod source;
mod stored;
mod streams;
mod target;
mod times;
mod video;

use std::path::PathBuf;

use crate::failure::{Failure, Result};
use properties::Properties;
use source::Source;
use streams::Streams;
use target::Target;

/// Restore the video of a file into another file; sound, subtitles, tags and times stay as they are
#[derive(clap::Args)]
pub struct Arguments {
    /// Video or picture that GStreamer can read, or numbered pictures such as frames/%05d.png
    #[arg(id = "IN", value_name = "IN")]
    input: PathBuf,
    /// File to write, of the kind that its ending names: mkv (lossless), mp4, mov, webm, png, jpg,
    /// or numbered pictures such as restored/%05d.png
    #[arg(id = "OUT", value_name = "OUT")]
    output: PathBuf,
    /// Quality of mp4 and mov (0 to 51, default 18) and of webm (0 to 63, default 20): less is
    /// better and larger
    #[arg(long, value_name = "NUMBER")]
    crf: Option<u32>,
    /// Replace OUT where it is there already
    #[arg(long)]
    overwrite: bool,
    /// Leave out streams that a file of OUT's kind cannot hold, instead of an error
    #[arg(long)]
    allow_loss: bool,
    /// Frames per second of numbered pictures that are read
    #[arg(long, value_name = "N/D", default_value = "25", value_parser = fraction)]
    fps: gst::Fraction,
    #[command(flatten)]
    properties: Properties,
}

/// A rate such as 25 or 30000/1001.
fn fraction(text: &str) -> std::result::Result<gst::Fraction, String> {
    let (n, d) = text.split_once('/').unwrap_or((text, "1"));
    match (n.parse(), d.parse()) {
        (Ok(n), Ok(d)) if n > 0 && d > 0 => Ok(gst::Fraction::new(n, d)),
        _ => Err("write it as 25 or 30000/1001".to_owned()),
    }
}

pub fn run(arguments: &Arguments) -> Result<()> {
    let target = Target::of(&arguments.output, arguments.crf)?;
    let source = Source::of(&arguments.input, arguments.fps)?;
    free(&source, &target, arguments.overwrite)?;
    file(&source, &target, arguments)
}

/// Whether the target may be written.
fn free(source: &Source, target: &Target, overwrite: bool) -> Result<()> {
    let shown = target.path().display();
    let same = match (source.path().canonicalize(), target.path().canonicalize()) {
        (Ok(from), Ok(to)) => from == to,
        _ => source.path() == target.path(),
    };
    if same {
        return Err(Failure::usage(format!(
            "{shown} is read and written at once: choose another OUT."
        )));
    }
    if target.path().exists() && !overwrite {
        return Err(Failure::failed(format!(
            "{shown} is there already: choose another name, or replace it with --overwrite."
        )));
    }
    Ok(())
}

/// Restores one file.
fn file(source: &Source, target: &Target, arguments: &Arguments) -> Result<()> {
    let pipeline = gst::Pipeline::new();
    let parts = video::Parts::new(&pipeline, source, target, &arguments.properties)?;
    let times = parts.times.clone();
    let streams = Streams::connect(&pipeline, source, target, parts, arguments.allow_loss)?;
    let end = bus::play(&pipeline, &streams, || ());
    streams.end();
    for note in streams.notes() {
        eprintln!("ud2m: {note}");
    }
    end?;
    let count = times.count();
    let differences = match target.muxer() {
        Some(_) => times.differences(&stored::read(&target.growing(), true)?.times),
        None => Ok(()),
    };
    target.finish()?;
    let shown = target.path().display();
    println!("{shown}: {count} frames");
    differences.map_err(|what| Failure::differs(format!("{shown} differs from IN: {what}.")))
}

/// An element, or the sentence that names the package which has it.
fn make(factory: &str) -> Result<gst::Element> {
    let found = gst::ElementFactory::make(factory).build();
    found.map_err(|_| {
        let package = match factory {
            "x264enc" => "gstreamer1.0-plugins-ugly",
            "avenc_ffv1" => "gstreamer1.0-libav",
            "parsebin" | "decodebin" | "videoconvert" => "gstreamer1.0-plugins-base",
            _ => "gstreamer1.0-plugins-good",
        };
        Failure::failed(format!(
            "GStreamer's element {factory} is missing: install the package {package} (so it is \
             called on Debian and Ubuntu)."
        ))
    })
}
