// SPDX-License-Identifier: MPL-2.0
//! What the examples share: starting GStreamer with the plugin inside the program, choosing an
//! encoder, waiting for the end.

#![allow(dead_code, reason = "each example uses a part")]

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use gst::MessageView;
use gst::prelude::*;

pub type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// Starts GStreamer with the plugin, runs the example and prints what went wrong, if anything did.
pub fn example(run: impl FnOnce() -> Result<()>) -> ExitCode {
    let started = || -> Result<()> {
        gst::init()?;
        gstud2m::plugin_register_static()?;
        Ok(())
    };
    match started().and_then(|()| run()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// A pipeline from its description. The paths are set by element name, so that they may hold any
/// character. The file of the element `input` must exist.
pub fn pipeline(description: &str, locations: &[(&str, &Path)]) -> Result<gst::Pipeline> {
    let pipeline = gst::parse::launch(description)?
        .downcast::<gst::Pipeline>()
        .map_err(|_| "the description is one element, not a pipeline")?;
    for (name, path) in locations {
        if *name == "input" && !path.is_file() {
            return Err(format!("{} is not there.", path.display()).into());
        }
        let path = path.to_str().ok_or("a path is not UTF-8")?;
        named(&pipeline, name)?.set_property("location", path);
    }
    Ok(pipeline)
}

/// The element called `name`.
pub fn named(pipeline: &gst::Pipeline, name: &str) -> Result<gst::Element> {
    Ok(pipeline
        .by_name(name)
        .ok_or_else(|| format!("the pipeline has no element named {name}"))?)
}

/// Encoder and muxer that suit the ending of `path`.
pub fn encoder(path: &Path) -> Result<&'static str> {
    match path.extension().and_then(|e| e.to_str()) {
        Some("png") => Ok("pngenc"),
        Some("webm") => Ok("vp8enc deadline=1 target-bitrate=4000000 ! webmmux"),
        Some("mp4") => Ok("openh264enc rate-control=bitrate bitrate=4000000 ! h264parse ! mp4mux"),
        Some("avi") => Ok("jpegenc quality=95 ! avimux"),
        _ => Err(format!("{} must end in .png, .webm, .mp4 or .avi.", path.display()).into()),
    }
}

/// Plays until the end of the stream or an error. `tick` is called about every 200 ms; `false` from
/// it ends the play.
pub fn play(pipeline: &gst::Pipeline, mut tick: impl FnMut() -> bool) -> Result<()> {
    let bus = pipeline.bus().ok_or("the pipeline has no bus")?;
    // The message that the loop reads says why a change of state failed.
    let _ = pipeline.set_state(gst::State::Playing);
    let ended = loop {
        let message = bus.timed_pop_filtered(
            gst::ClockTime::try_from(Duration::from_millis(200))?,
            &[gst::MessageType::Eos, gst::MessageType::Error],
        );
        match message.as_ref().map(|m| m.view()) {
            Some(MessageView::Error(error)) => break Err(error.error().to_string().into()),
            Some(_) => break Ok(()),
            None if !tick() => break Ok(()),
            None => {}
        }
    };
    pipeline.set_state(gst::State::Null)?;
    ended
}

/// The element's `stats`.
pub fn stats(restore: &gst::Element) -> gst::Structure {
    restore.property("stats")
}
