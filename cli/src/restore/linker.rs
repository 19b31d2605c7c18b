// SPDX-License-Identifier: MPL-2.0
//! Links the streams of a file: the first video to what takes it, all others into the muxer as they
//! are.

use std::sync::{Mutex, PoisonError};

use gst::prelude::*;

use super::target::Target;
use super::video::Ways;
use crate::failure::Result;
use crate::media::begin::begin_at;
use crate::media::caps::{as_stored, description, place, tell_caps};
use crate::media::make;
use crate::media::source::Source;

/// Compressed bytes that wait before the decoder and the muxer. More wait only while another stream
/// of the file has none.
const WAITING: u32 = 32 << 20;

/// What is known of the streams while they are linked.
pub struct Linker {
    pub pipeline: gst::Pipeline,
    pub queues: gst::Element,
    ways: Ways,
    allow_loss: bool,
    target: String,
    /// Where Matroska begins.
    begin: Option<i64>,
    /// Whether pictures are read, and no film.
    pictures: bool,
    /// Whether subtitles may be marked, as in Matroska.
    takes_markup: bool,
    notes: Mutex<Vec<String>>,
}

impl Linker {
    pub fn new(
        pipeline: &gst::Pipeline,
        source: &Source,
        target: &Target,
        ways: Ways,
        allow_loss: bool,
    ) -> Result<Self> {
        let queues = make("multiqueue")?;
        queues.set_property("max-size-bytes", WAITING);
        queues.set_property("max-size-buffers", 0u32);
        queues.set_property("max-size-time", 0u64);
        Ok(Self {
            pipeline: pipeline.clone(),
            queues,
            ways,
            allow_loss,
            target: target.shown(true),
            begin: source.stored.begin,
            pictures: source.pictures,
            takes_markup: target.takes_markup(),
            notes: Mutex::default(),
        })
    }

    /// Links a stream of the file.
    pub fn link(&self, pad: &gst::Pad) -> std::result::Result<(), String> {
        if let Some(begin) = self.begin {
            begin_at(pad, begin);
        }
        let caps = pad.current_caps().unwrap_or_else(|| pad.query_caps(None));
        let media = caps.structure(0).map_or("", |s| s.name().as_str());
        let decoder = self.ways.decoder.as_ref();
        let entry = decoder.and_then(|decoder| decoder.static_pad("sink"));
        let entry = entry.filter(|entry| !entry.is_linked());
        let is_video = media.starts_with("video/") || media.starts_with("image/");
        if let Some(entry) = entry.filter(|_| is_video) {
            let queued = self.queue(pad)?;
            self.ways.enter_muxer()?;
            let queued = if self.pictures && media == "image/jpeg" {
                // Decoders are found without it, and only the parser reads EXIF.
                self.through("jpegparse", &queued)?
            } else {
                queued
            };
            return joined(&queued, &entry);
        }
        let what = description(&caps);
        let Some(muxer) = &self.ways.muxer else {
            self.note(format!("{what} was left out: {} holds none.", self.target));
            return Ok(());
        };
        let marked = caps
            .structure(0)
            .is_some_and(|s| s.get("format") == Ok("pango-markup"));
        let found = place(muxer, &as_stored(&caps));
        let Some((template, parser)) = found.filter(|_| !marked || self.takes_markup) else {
            if self.allow_loss {
                self.note(format!(
                    "{what} was left out: {} cannot hold it.",
                    self.target
                ));
                return Ok(());
            }
            return Err(format!(
                "{} cannot hold {what} as it is: choose a name that ends with .mkv, or leave out \
                 what cannot be held with --allow-loss.",
                self.target
            ));
        };
        let caps = as_stored(&caps);
        tell_caps(pad, &caps);
        let queued = self.queue(pad)?;
        self.ways.gate.of_other(&queued);
        let entry = muxer.request_pad(&template, None, Some(&caps));
        let entry = entry.ok_or_else(|| format!("{} takes no more streams.", self.target))?;
        match parser {
            Some(parser) => joined(&self.through(&parser.name(), &queued)?, &entry),
            None => joined(&queued, &entry),
        }
    }

    /// Puts a parser behind a stream; the pad behind the parser.
    fn through(&self, parser: &str, pad: &gst::Pad) -> std::result::Result<gst::Pad, String> {
        let parser = make(parser).map_err(|failure| failure.sentence)?;
        let ends = parser.static_pad("sink").zip(parser.static_pad("src"));
        let (sink, src) = ends.ok_or("a parser has no pads")?;
        self.pipeline.add(&parser).map_err(|e| e.to_string())?;
        parser.sync_state_with_parent().map_err(|e| e.to_string())?;
        joined(pad, &sink)?;
        Ok(src)
    }

    /// Puts a queue behind a stream; the pad behind the queue.
    fn queue(&self, pad: &gst::Pad) -> std::result::Result<gst::Pad, String> {
        let lacking = || "the streams cannot be queued".to_owned();
        let sink = self
            .queues
            .request_pad_simple("sink_%u")
            .ok_or_else(lacking)?;
        let name = sink.name().replace("sink_", "src_");
        joined(pad, &sink)?;
        self.queues.static_pad(&name).ok_or_else(lacking)
    }

    /// What became of streams that could not be kept.
    pub fn notes(&self) -> Vec<String> {
        let notes = self.notes.lock();
        notes.unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn note(&self, note: String) {
        let mut notes = self.notes.lock().unwrap_or_else(PoisonError::into_inner);
        notes.push(note);
    }
}

/// Links two pads. Whether their caps fit is told when the caps come: those of subtitles are not
/// yet what [`tell_caps`] makes of them.
pub fn joined(from: &gst::Pad, to: &gst::Pad) -> std::result::Result<(), String> {
    let linked = from.link_full(to, gst::PadLinkCheck::HIERARCHY);
    linked
        .map(|_| ())
        .map_err(|e| format!("a stream cannot be linked ({e})"))
}
