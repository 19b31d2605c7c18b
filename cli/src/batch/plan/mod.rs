// SPDX-License-Identifier: MPL-2.0
//! `ud2m batch plan IN... -o PLAN`: what is to be done, in chunks that need nothing of each other.

mod cuts;
mod index;
mod scenes;
mod settings;

use std::fs;
use std::path::{Path, PathBuf};

use super::digest;
use super::manifest::{Chunk, FORMAT, Manifest, Origin, Settings, Versions};
use super::store::{Clip, Plan};
use crate::failure::{Failure, Result};
use crate::interrupt;
use crate::media::numbered;
use crate::media::source::Source;
use crate::report::Report;
use crate::restore::kinds;
use crate::restore::properties::Properties;

/// Most frames that a lead-in has: eight make up nine tenths of what a frame has of those before.
pub const LEAD_IN: u64 = 8;

/// Look through clips, and write a folder that says in which chunks they are restored
#[derive(clap::Args)]
pub struct Arguments {
    /// Videos that GStreamer can read
    #[arg(id = "IN", value_name = "IN", required = true)]
    inputs: Vec<PathBuf>,
    /// The folder to make; it must lie where all machines reach it
    // A long name would be that of the element's property `output`.
    #[arg(id = "PLAN", short = 'o', value_name = "PLAN")]
    output: PathBuf,
    /// Most frames of a chunk; it ends with a scene where one ends in its second half
    #[arg(long, value_name = "NUMBER", default_value_t = 500,
        value_parser = clap::value_parser!(u32).range(1..))]
    chunk_frames: u32,
    /// Frames that are restored before a chunk and left out, 0 to 8 [default: 8 where a frame
    /// depends on those before it, else 1, by which the seam is measured]
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u8).range(0..=8))]
    lead_in: Option<u8>,
    /// The kind of file that chunks are: mkv (lossless), mp4, mov or webm; the frames are not
    /// encoded again when chunks are joined
    #[arg(long = "as", value_name = "ENDING", default_value = "mkv", value_parser = film)]
    kind: String,
    /// Quality of mp4 and mov (0 to 51, default 18) and of webm (0 to 63, default 20): less is
    /// better and larger
    #[arg(long, value_name = "NUMBER")]
    crf: Option<u32>,
    /// Tell programs what happens, in lines of JSON on standard output
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    properties: Properties,
}

/// An ending of a film.
fn film(text: &str) -> std::result::Result<String, String> {
    let ending = kinds::ending(text)?;
    let is_film = kinds::kind(Path::new(&format!("frames.{ending}")))
        .1
        .is_some_and(|kind| kind.muxer.is_some());
    is_film
        .then_some(ending)
        .ok_or_else(|| "use one of mkv, mp4, m4v, mov, webm".to_owned())
}

pub fn run(arguments: &Arguments) -> Result<()> {
    let mut report = Report::new(arguments.json, false);
    interrupt::listen();
    let plan = &arguments.output;
    let done = names(&arguments.inputs).and_then(|names| {
        let properties = arguments.properties.clone().with_whole_paths();
        let (settings, carried) = settings::of(&properties, &arguments.kind, arguments.crf)?;
        Plan::create(plan)?;
        let made = clips(arguments, &names, &settings, carried, &mut report);
        made.inspect_err(|_| {
            let _ = fs::remove_dir_all(plan);
        })
    });
    if let Err(failure) = &done {
        report.failed(plan, failure, false);
    }
    done
}

/// The names that the clips have in the plan.
fn names(inputs: &[PathBuf]) -> Result<Vec<String>> {
    let mut names: Vec<String> = Vec::new();
    for input in inputs {
        let shown = input.display();
        if input == Path::new("-") || (numbered::is_pattern(input) && !input.is_file()) {
            return Err(Failure::usage(format!(
                "{shown} is no file: a batch reads videos, so restore it with `ud2m restore`."
            )));
        }
        let name = input.file_stem().unwrap_or_default().to_string_lossy();
        if names.iter().any(|known| *known == name) {
            return Err(Failure::usage(format!(
                "Two clips are called {name}: rename one of them."
            )));
        }
        names.push(name.into_owned());
    }
    Ok(names)
}

/// Plans all clips, and makes the folder a plan.
fn clips(
    arguments: &Arguments,
    names: &[String],
    settings: &Settings,
    carried: bool,
    report: &mut Report,
) -> Result<()> {
    let (plan, all) = (&arguments.output, names.len());
    let usual = if carried { LEAD_IN } else { 1 };
    let lead_in = arguments.lead_in.map_or(usual, u64::from) as usize;
    let (mut frames, mut chunks) = (0, 0);
    for (number, (input, name)) in (1..).zip(arguments.inputs.iter().zip(names)) {
        report.file(number, all);
        let most = arguments.chunk_frames as usize;
        let manifest = clip(input, settings, (most, lead_in), plan, report)?;
        Clip::write(plan, name, &manifest)?;
        frames += manifest.frames.pts.len();
        chunks += manifest.chunks.len();
    }
    Plan::complete(plan, names.to_vec())?;
    report.planned(plan, all, frames, chunks);
    Ok(())
}

/// The manifest of a clip in chunks of `most` frames.
fn clip(
    input: &Path,
    settings: &Settings,
    (most, lead_in): (usize, usize),
    plan: &Path,
    report: &mut Report,
) -> Result<Manifest> {
    // The rate is that of numbered pictures, which are none.
    let source = Source::of(input, gst::Fraction::new(25, 1))?;
    let shown = source.shown();
    if !source.has_times() {
        return Err(Failure::usage(format!(
            "{shown} is no video with times of its own: restore it with `ud2m restore`."
        )));
    }
    report.begin(input, plan, source.frames);
    if source.cut_off.is_some() {
        report.warn(&format!(
            "{shown} ends before the time that it says: it seems to be cut off."
        ));
    }
    let indexed = index::index(&source, report)?;
    let mut first = 0;
    let lengths = cuts::lengths(&indexed.begins, most);
    let chunks = lengths.into_iter().map(|frames| {
        first += frames;
        let at = first - frames;
        Chunk {
            first: at,
            frames,
            lead_in: lead_in.min(at),
            scene: indexed.begins[at],
            first_pts: indexed.frames.pts[at],
            last_pts: indexed.frames.pts[first - 1],
        }
    });
    Ok(Manifest {
        format: FORMAT,
        versions: Versions::own(),
        source: origin(input)?,
        settings: settings.clone(),
        video: indexed.video,
        chunks: chunks.collect(),
        frames: indexed.frames,
    })
}

/// A file with what it must hold.
fn origin(path: &Path) -> Result<Origin> {
    let unreadable = |e: std::io::Error| {
        let path = path.display();
        Failure::failed(format!("{path} cannot be read: {e}."))
    };
    Ok(Origin {
        path: path.canonicalize().map_err(unreadable)?,
        bytes: path.metadata().map_err(unreadable)?.len(),
        sha256: digest::of_file(path)?,
    })
}
