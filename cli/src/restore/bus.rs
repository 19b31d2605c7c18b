// SPDX-License-Identifier: MPL-2.0
//! Runs a pipeline to its end, and makes sentences of what its bus says.

use std::path::Path;

use gst::prelude::*;
use gst_pbutils::MissingPluginMessage;

use crate::failure::{Failure, Result};

/// How often the progress is looked at.
const TICK: gst::ClockTime = gst::ClockTime::from_mseconds(100);

/// What happens while a pipeline plays.
pub enum Event<'a> {
    /// Some time has gone by.
    Tick,
    /// An element warns, in words that it has not used before.
    Warning(&'a str),
    /// One of numbered pictures is whole.
    Written(&'a Path),
}

/// Plays the pipeline until all is written. `start` lets what is read come, once all that follows
/// has started; `hear` is told what happens, at least ten times a second.
pub fn play(
    pipeline: &gst::Pipeline,
    start: impl FnOnce(),
    mut hear: impl FnMut(Event),
) -> Result<()> {
    let bus = pipeline.bus();
    let bus = bus.ok_or_else(|| Failure::failed("The pipeline has no bus."))?;
    let mut missing = Vec::new();
    let mut warned = Vec::new();
    // An error on the bus says more than a change of state that fails.
    let started = pipeline.set_state(gst::State::Playing);
    if started.is_err() && !bus.have_pending() {
        return Err(Failure::failed("The pipeline does not start."));
    }
    if started.is_ok() {
        start();
    }
    loop {
        hear(Event::Tick);
        let Some(message) = bus.timed_pop(TICK) else {
            continue;
        };
        match message.view() {
            gst::MessageView::Eos(_) => return Ok(()),
            gst::MessageView::Error(error) => return Err(failure(error, &missing)),
            gst::MessageView::Warning(warning) => {
                let text = warning.error().to_string();
                if !warned.contains(&text) {
                    hear(Event::Warning(&text));
                    warned.push(text);
                }
            }
            gst::MessageView::Element(element) => {
                let written = element
                    .structure()
                    .filter(|s| s.name() == "GstMultiFileSink");
                if let Some(Ok(name)) = written.map(|s| s.get::<String>("filename")) {
                    hear(Event::Written(Path::new(&name)));
                }
                if let Ok(plugin) = MissingPluginMessage::parse(&message) {
                    missing.push(plugin.description().to_string());
                }
            }
            _ => {}
        }
    }
}

/// The sentence of an error.
fn failure(error: &gst::message::Error, missing: &[String]) -> Failure {
    if !missing.is_empty() {
        return Failure::failed(format!(
            "GStreamer lacks {}: install the packages gstreamer1.0-libav, gstreamer1.0-plugins-bad \
             and gstreamer1.0-plugins-ugly (their names on Debian and Ubuntu).",
            missing.join(" and ")
        ));
    }
    let ours = error.src().is_some_and(|source| {
        source.is::<gst::Pipeline>() || source.is::<gstud2m::ud2mrestore::Ud2mRestore>()
    });
    if ours {
        return Failure::failed(error.error().to_string());
    }
    let name = error
        .src()
        .map_or_else(String::new, |source| source.name().to_string());
    let detail = error
        .debug()
        .map_or_else(String::new, |debug| format!(" ({debug})"));
    Failure::failed(format!("{name}: {}{detail}", error.error()))
}
