// SPDX-License-Identifier: MPL-2.0
//! What applications are told of frames: messages on the bus, statistics, the meta of a buffer.
//!
//! `docs/messages.md` is made of these files.

pub mod fields;
pub mod meta;
pub mod stats;
#[cfg(test)]
mod tests;

use gst::prelude::*;
use gst::subclass::prelude::*;

use super::imp::Ud2mRestore;
use super::qos::{Decision, FrameTime, Late, Work};
use crate::error::RestoreError;
use crate::restore::{FrameReport, Stop};

/// Code of the PROGRESS messages.
pub const LOAD_MODEL: &str = "load-model";
/// Quality in a QoS message of a frame that is restored as set.
pub const FULL_QUALITY: u32 = 1_000_000;

impl Ud2mRestore {
    /// Runs `load`, which takes seconds and may be given up, between PROGRESS messages.
    pub(super) fn post_loading<T>(
        &self,
        model: &str,
        load: impl FnOnce(&dyn Fn(String), &Stop) -> Result<T, RestoreError>,
    ) -> Result<T, gst::ErrorMessage> {
        use gst::ProgressType::{Canceled, Complete, Error, Start};
        let progress = |kind, text: &str| {
            let message = gst::message::Progress::builder(kind, LOAD_MODEL, text);
            self.post(message.src(&*self.obj()).build());
        };
        let warn =
            |text: String| gst::element_imp_warning!(self, gst::LibraryError::Settings, ("{text}"));
        progress(Start, &format!("Loading the model {model}"));
        let stop = self.shared.lock().loading.clone();
        let loaded = load(&warn, &stop);
        match &loaded {
            Err(RestoreError::Stopped) => {
                progress(Canceled, &format!("Loading the model {model} was given up"));
            }
            Ok(_) => progress(Complete, &format!("Loaded the model {model}")),
            Err(_) => progress(Error, &format!("The model {model} was not loaded")),
        }
        Ok(loaded?)
    }

    /// Posts that a frame is late, and what becomes of it. `wanted`: the work that was set.
    pub(super) fn post_late(&self, time: &FrameTime, late: Late, decision: Decision, wanted: Work) {
        let quality = match decision {
            Decision::Restore => FULL_QUALITY,
            Decision::Reduce(work) => {
                (FULL_QUALITY / wanted.steps.max(1)).saturating_mul(work.steps)
            }
            Decision::Passthrough | Decision::Drop => 0,
        };
        let (processed, dropped) = self.shared.lock().stats.counts();
        let count = gst::format::Buffers::from_u64;
        let message = gst::message::Qos::builder(time.live)
            .running_time(time.running_time)
            .stream_time(time.stream_time)
            .timestamp(time.timestamp)
            .duration(time.duration)
            .values(late.jitter, late.proportion, quality as i32)
            .stats(count(processed), count(dropped))
            .src(&*self.obj());
        self.post(message.build());
    }

    /// Warns of a frame that was left unrestored, cost smaller tiles or contradicts the settings.
    /// Of frames that fail one after the other, the first alone is worth a warning; `stats` counts
    /// them all.
    pub(super) fn post_fallback(&self, report: &FrameReport, failed_before: bool) {
        if let Some(reason) = report.failed.as_ref().filter(|_| !failed_before) {
            gst::element_imp_warning!(
                self,
                gst::StreamError::Failed,
                ("{reason} A second try failed too: frames pass as they came until the model \
                     answers.")
            );
        }
        if let Some(text) = report.doubt.as_ref() {
            gst::element_imp_warning!(self, gst::LibraryError::Settings, ("{text}"));
        }
        if let Some(text) = report.smaller_tiles.as_ref() {
            gst::element_imp_warning!(self, gst::ResourceError::NoSpaceLeft, ("{text}"));
        }
    }

    /// Tells the pipeline that the latency has changed.
    pub(super) fn post_latency(&self) {
        self.post(gst::message::Latency::builder().src(&*self.obj()).build());
    }

    /// Posts the statistics where that is due, and at the `end` where they are asked for at all.
    pub(super) fn post_stats(&self, end: bool) {
        let interval = self.settings.lock().live.stats_interval;
        let stats = self.shared.lock().stats.due(interval, end);
        if let Some(stats) = stats {
            self.post(
                gst::message::Element::builder(stats)
                    .src(&*self.obj())
                    .build(),
            );
        }
    }

    fn post(&self, message: gst::Message) {
        // It fails where the element has no bus: then nobody listens.
        let _ = self.obj().post_message(message);
    }
}
