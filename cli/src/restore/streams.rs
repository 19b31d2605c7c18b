// SPDX-License-Identifier: MPL-2.0
//! The streams of the file that is read: the first video goes to the restorer, all others into the
//! muxer as they are.

use std::sync::{Arc, Mutex, PoisonError};

use gst::prelude::*;

use super::linker::Linker;
use super::pipe::{self, Passed};
use super::target::Target;
use super::video::{Parts, Ways};
use crate::failure::{Failure, Result};
use crate::media::make;
use crate::media::source::Source;
use crate::y4m::Reader;

/// The streams of a pipeline.
pub struct Streams {
    linker: Arc<Linker>,
    /// What reads the file, from its end to its beginning.
    readers: Vec<gst::Element>,
    /// What reads raw frames, until it is started, and what is known of them.
    raw: Mutex<Option<(Reader, Passed)>>,
}

impl Streams {
    /// Lets the pipeline restore `source`, whose streams are linked once they are known.
    pub fn connect(
        pipeline: &gst::Pipeline,
        source: &Source,
        target: &Target,
        parts: Parts,
        allow_loss: bool,
    ) -> Result<Self> {
        let Some(reader) = source.take_stream() else {
            return Self::of_file(pipeline, source, target, parts.ways, allow_loss);
        };
        let raw = pipe::connect(pipeline, &parts, &reader);
        let raw = raw.map_err(|e| Failure::failed(format!("The pipeline cannot be made: {e}.")))?;
        let linker = Linker::new(pipeline, source, target, parts.ways, allow_loss)?;
        Ok(Self {
            linker: Arc::new(linker),
            readers: vec![raw.upcast()],
            raw: Mutex::new(Some((reader, parts.passed))),
        })
    }

    /// Lets the pipeline read the file `source`, whose streams go these ways once they are known.
    pub fn of_file(
        pipeline: &gst::Pipeline,
        source: &Source,
        target: &Target,
        ways: Ways,
        allow_loss: bool,
    ) -> Result<Self> {
        let linker = Arc::new(Linker::new(pipeline, source, target, ways, allow_loss)?);
        let reader = source.element()?;
        let parser = make("parsebin")?;
        let added = pipeline.add_many([&reader, &parser, &linker.queues]);
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
        if let (Some((reader, passed)), Ok(source)) = (raw, source) {
            pipe::start(reader, source, passed);
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
        self.linker.notes()
    }
}
