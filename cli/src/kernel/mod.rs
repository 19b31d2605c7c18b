// SPDX-License-Identifier: MPL-2.0
//! `ud2m kernel IN -o kernel.npy`: the blur of a picture or a clip from what it shows.

pub mod blind;
pub mod output;
pub mod pick;
pub mod views;

use std::path::{Path, PathBuf};

use crate::failure::{Failure, Result};
use crate::interrupt;
use crate::media::source::Source;
use crate::report::Report;
use crate::shared::Shared;
use blind::found::{Want, find, turns};
use blind::plane::Region;

/// Sides of a kernel that can be asked for, in pixels; odd ones.
const SIDES: std::ops::RangeInclusive<usize> = 3..=127;

/// Estimate the blur of a picture or a clip from what it shows, for restore --task deblur
#[derive(clap::Args)]
pub struct Arguments {
    /// Blurred picture or video, or numbered pictures such as frames/%05d.png
    #[arg(id = "IN", value_name = "IN")]
    input: PathBuf,
    /// File to write, .npy (float32) or .png (16 bits gray); both may be given
    #[arg(short = 'o', long = "output", value_name = "KERNEL", required = true)]
    output: Vec<PathBuf>,
    /// Part of the picture to look at, in pixels [default: the one with most edges]
    #[arg(long, value_name = "X,Y,W,H", value_parser = region)]
    region: Option<Region>,
    /// Largest side of the kernel in pixels, odd [default: found by trying]
    #[arg(long, value_name = "PIXELS", value_parser = side)]
    size: Option<usize>,
    /// What the blur is
    #[arg(long, value_enum, default_value = "auto")]
    kind: Want,
    /// Numbers of the frames to look at, from 0, with commas between them; the blur must be the
    /// same in all [default: up to three of the first shot]
    #[arg(long, value_name = "NUMBERS", value_delimiter = ',')]
    frames: Vec<usize>,
    /// Replace KERNEL where it is there already
    #[arg(long)]
    overwrite: bool,
    #[command(flatten)]
    shared: Shared,
}

pub fn run(arguments: &Arguments) -> Result<()> {
    let verb = |report: &mut Report| kernel(arguments, report);
    arguments.shared.run(&arguments.input, verb)
}

fn kernel(arguments: &Arguments, report: &mut Report) -> Result<()> {
    for path in &arguments.output {
        output::check(path, arguments.overwrite)?;
    }
    let input = &arguments.input;
    if input == Path::new("-") {
        return Err(Failure::usage(
            "A kernel is estimated from a file, and - is none: write the frames into a file first.",
        ));
    }
    let source = Source::of(input, arguments.shared.fps)?;
    report.begin_kernel(input, &arguments.output[0]);
    let frames = pick::frames(&source, &arguments.frames)?;
    let views = views::of(&source.shown(), &frames, arguments.region)?;
    let of = turns(&views, arguments.size, arguments.kind);
    let mut done = 0;
    let mut go_on = || {
        done += 1;
        report.step(done, of);
        !interrupt::asked()
    };
    let found = find(&views, arguments.size, arguments.kind, &mut go_on)
        .ok_or_else(|| Failure::interrupted("Interrupted: no kernel was written."))?;
    for path in &arguments.output {
        output::write(path, &found.kernel)?;
    }
    let said = output::Said::of(input, &arguments.output[0], &found);
    report.kernel(&said.words, &said.restore, &said.json);
    Ok(())
}

/// A rectangle as X,Y,W,H.
fn region(text: &str) -> std::result::Result<Region, String> {
    let numbers: Option<Vec<usize>> = text.split(',').map(|n| n.trim().parse().ok()).collect();
    match numbers.as_deref() {
        Some(&[x, y, width, height]) => Ok(Region {
            x,
            y,
            width,
            height,
        }),
        _ => Err("write it as X,Y,W,H in whole pixels, such as 100,50,400,300".to_owned()),
    }
}

/// The side of a kernel.
fn side(text: &str) -> std::result::Result<usize, String> {
    let number = text.parse().ok();
    let number = number.filter(|n: &usize| SIDES.contains(n) && n % 2 == 1);
    let (least, most) = (SIDES.start(), SIDES.end());
    number.ok_or_else(|| format!("it is an odd number from {least} to {most}"))
}
