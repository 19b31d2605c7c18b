// SPDX-License-Identifier: MPL-2.0
//! The streams of the file that is read: the first video goes to the restorer, all others into the
//! muxer as they are.

use std::sync::{Arc, Mutex, PoisonError};

use gst::prelude::*;

use super::pipe;
use super::target::Target;
use super::video::Parts;
use crate::failure::{Failure, Result};
use crate::media::begin::begin_at;
use crate::media::caps::{as_stored, description, place, tell_caps};
use crate::media::make;
use crate::media::source::Source;
use crate::y4m::Reader;

/// Compressed bytes that wait before the decoder and the muxer. More wait only while another stream
/// of the file has none.
const WAITING: u32 = 32 << 20;

/// What is known of the streams while they are linked.
struct Linker {
    pipeline: gst::Pipeline,
    queues: gst::Element,
    parts: Parts,
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

/// The streams of a pipeline.
pub struct Streams {
    linker: Arc<Linker>,
    /// What reads the file, from its end to its beginning.
    readers: Vec<gst::Element>,
    /// What reads raw frames, until it is started.
    raw: Mutex<Option<Reader>>,
}

impl Streams {
    /// Lets the pipeline read `source` and link its streams once they are known.
    pub fn connect(
        pipeline: &gst::Pipeline,
        source: &Source,
        target: &Target,
        parts: Parts,
        allow_loss: bool,
    ) -> Result<Self> {
        let linker = Linker {
            pipeline: pipeline.clone(),
            queues: make("multiqueue")?,
            parts,
            allow_loss,
            target: target.shown(true),
            begin: source.stored.begin,
            pictures: source.pictures,
            takes_markup: target.takes_markup(),
            notes: Mutex::default(),
        };
        if let Some(reader) = source.take_stream() {
            let raw = pipe::connect(pipeline, &linker.parts, &reader);
            let raw =
                raw.map_err(|e| Failure::failed(format!("The pipeline cannot be made: {e}.")))?;
            return Ok(Self {
                linker: Arc::new(linker),
                readers: vec![raw.upcast()],
                raw: Mutex::new(Some(reader)),
            });
        }
        let linker = Arc::new(linker);
        let queues = &linker.queues;
        let reader = source.element()?;
        let parser = make("parsebin")?;
        queues.set_property("max-size-bytes", WAITING);
        queues.set_property("max-size-buffers", 0u32);
        queues.set_property("max-size-time", 0u64);
        let added = pipeline.add_many([&reader, &parser, queues]);
        added
            .and_then(|()| reader.link(&parser))
            .map_err(|e| Failure::failed(format!("The pipeline cannot be made: {e}.")))?;
        let readers = vec![parser, reader];
        for element in &readers {
            element.set_locked_state(true);
        }
        let here = Arc::downgrade(&linker);
        readers[0].connect_pad_added(move |_, pad| {
            if let Some(linker) = here.upgrade()
                && let Err(sentence) = linker.link(pad)
            {
                gst::element_error!(linker.pipeline, gst::StreamError::Mux, ("{}", sentence));
            }
        });
        Ok(Self {
            linker,
            readers,
            raw: Mutex::default(),
        })
    }

    /// Starts to read, once all that follows has started: an element that has not yet refuses what
    /// comes, and GStreamer does not know the order while the streams are not linked.
    pub fn start(&self) {
        for element in &self.readers {
            element.set_locked_state(false);
            // The bus says why.
            let _ = element.sync_state_with_parent();
        }
        let raw = self
            .raw
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let source = self.readers[0].clone().downcast::<gst_app::AppSrc>();
        if let (Some(reader), Ok(source)) = (raw, source) {
            pipe::start(reader, source, self.linker.parts.passed.clone());
        }
    }

    /// Ends raw frames, the next of which may be long in coming.
    pub fn stop(&self) {
        if let Some(source) = self.readers[0].downcast_ref::<gst_app::AppSrc>() {
            let _ = source.end_of_stream();
        }
    }

    /// Ends the pipeline, also where what follows did not start: a locked element would stay as it
    /// is.
    pub fn end(&self) {
        for element in &self.readers {
            element.set_locked_state(false);
        }
        let _ = self.linker.pipeline.set_state(gst::State::Null);
    }

    /// What became of streams that could not be kept.
    pub fn notes(&self) -> Vec<String> {
        let notes = self.linker.notes.lock();
        notes.unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Linker {
    /// Links a stream of the file.
    fn link(&self, pad: &gst::Pad) -> std::result::Result<(), String> {
        if let Some(begin) = self.begin {
            begin_at(pad, begin);
        }
        let caps = pad.current_caps().unwrap_or_else(|| pad.query_caps(None));
        let media = caps.structure(0).map_or("", |s| s.name().as_str());
        let decoder = self.parts.decoder.as_ref();
        let entry = decoder.and_then(|decoder| decoder.static_pad("sink"));
        let entry = entry.filter(|entry| !entry.is_linked());
        let is_video = media.starts_with("video/") || media.starts_with("image/");
        if let Some(entry) = entry.filter(|_| is_video) {
            let queued = self.queue(pad)?;
            self.parts.enter_muxer()?;
            let queued = if self.pictures && media == "image/jpeg" {
                // Decoders are found without it, and only the parser reads EXIF.
                self.through("jpegparse", &queued)?
            } else {
                queued
            };
            return joined(&queued, &entry);
        }
        let what = description(&caps);
        let Some(muxer) = &self.parts.muxer else {
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
        self.parts.gate.of_other(&queued);
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
