// SPDX-License-Identifier: MPL-2.0
//! Restores a file into a file, shows the progress, and prints the element's statistics at the end.
//!
//!     cargo run --release --example restore_file -- \
//!         examples/data/clip-q10.avi restored.webm task=jpeg

mod common;

use std::path::Path;
use std::process::ExitCode;

use common::{Result, encoder, named, pipeline, play, stats};
use gst::prelude::*;

const USAGE: &str = "usage: restore_file INPUT OUTPUT [property=value …]   \
                     (gst-inspect-1.0 ud2mrestore lists the properties)";

fn run() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [input, output, properties @ ..] = arguments.as_slice() else {
        return Err(USAGE.into());
    };
    let (input, output) = (Path::new(input), Path::new(output));
    let pipeline = pipeline(
        &format!(
            "filesrc name=input ! decodebin ! videoconvert ! ud2mrestore name=restore \
             ! videoconvert ! {} ! filesink name=output",
            encoder(output)?
        ),
        &[("input", input), ("output", output)],
    )?;
    let restore = named(&pipeline, "restore")?;
    for pair in properties {
        let (name, value) = pair.split_once('=').ok_or(USAGE)?;
        if restore.find_property(name).is_none() {
            return Err(format!(
                "ud2mrestore has no property {name}: gst-inspect-1.0 ud2mrestore lists them."
            )
            .into());
        }
        restore.set_property_from_str(name, value);
    }
    // The statistics can be read until the element starts again, the provider only while it runs.
    let mut provider: Option<String> = None;
    play(&pipeline, || {
        provider = provider
            .take()
            .or_else(|| restore.property("active-provider"));
        let position = pipeline.query_position::<gst::ClockTime>();
        let duration = pipeline.query_duration::<gst::ClockTime>();
        if let (Some(position), Some(duration)) = (position, duration) {
            let share = position.mseconds() as f64 / duration.mseconds().max(1) as f64;
            eprint!(
                "\r{position:.1} of {duration:.1} ({:.0} %)  ",
                100.0 * share.min(1.0)
            );
        }
        true
    })?;
    eprintln!();
    println!("{}", output.display());
    for (name, value) in stats(&restore)
        .iter()
        .filter(|(name, _)| *name != "provider")
    {
        let value = value.transform::<String>()?.get::<String>()?;
        println!("{:15} {value}", name.as_str());
    }
    if let Some(provider) = provider {
        println!("{:15} {provider}", "provider");
    }
    Ok(())
}

fn main() -> ExitCode {
    common::example(run)
}
