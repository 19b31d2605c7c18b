// SPDX-License-Identifier: MPL-2.0
//! Changes properties while the pipeline plays: fewer steps for speed, another noise level. A
//! change takes effect at the next frame; the example prints what each setting costs.
//!
//!     cargo run --release --example live_tuning            measures
//!     cargo run --release --example live_tuning -- --show  shows the image in a window too

mod common;

use std::process::ExitCode;

use common::{Result, named, pipeline, play, stats};
use gst::prelude::*;

/// The settings to try: steps, noise-sigma.
const SETTINGS: [(u32, f64); 4] = [(3, 0.05), (1, 0.05), (3, 0.2), (5, 0.01)];
/// Frames that each setting is measured over.
const FRAMES_EACH: u64 = 6;

fn run() -> Result<()> {
    let sink = match std::env::args().nth(1).as_deref() {
        None => "fakesink",
        Some("--show") => "autovideosink sync=false",
        Some(_) => return Err("usage: live_tuning [--show]".into()),
    };
    let pipeline = pipeline(
        &format!(
            "videotestsrc pattern=ball ! video/x-raw,width=160,height=120,framerate=25/1 \
             ! videoconvert ! ud2mrestore name=restore task=denoise ! videoconvert ! {sink}"
        ),
        &[],
    )?;
    let restore = named(&pipeline, "restore")?;
    let set = |(steps, noise): (u32, f64)| {
        restore.set_property("steps", steps);
        restore.set_property("noise-sigma", noise);
    };
    let mut todo = SETTINGS.into_iter();
    let mut current = todo.next().ok_or("there is nothing to try")?;
    set(current);
    let (mut counted, mut spent) = (0, 0.0);
    play(&pipeline, || {
        let now = stats(&restore);
        let (Ok(frames), Ok(mean)) = (now.get::<u64>("frames"), now.get::<f64>("frame-ms")) else {
            return true;
        };
        if frames < counted + FRAMES_EACH {
            return true;
        }
        let total = mean * frames as f64;
        let each = (total - spent) / (frames - counted) as f64;
        println!(
            "steps={} noise-sigma={}: {each:.0} ms per frame over {} frames",
            current.0,
            current.1,
            frames - counted
        );
        (counted, spent) = (frames, total);
        let Some(next) = todo.next() else {
            return false;
        };
        current = next;
        set(current);
        true
    })
}

fn main() -> ExitCode {
    common::example(run)
}
