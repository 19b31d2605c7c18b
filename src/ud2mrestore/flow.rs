// SPDX-License-Identifier: MPL-2.0
//! What the element does around each frame: finds out whether it is late, tells the application, notes the results.

use gst::ClockTime;
use gst::prelude::*;
use gst::subclass::prelude::*;
use gst_base::prelude::*;

use super::OverloadPolicy;
use super::errors::CAT;
use super::imp::Ud2mRestore;
use super::meta::{self, FrameMeta};
use super::qos::lateness::{Decision, FrameTime, Late};
use super::stats::Stages;

/// Full quality in QoS messages.
const FULL: u32 = 1_000_000;

/// The frame under way.
#[derive(Default)]
pub struct Current {
    pub decision: Decision,
    late: bool,
    /// How it was restored; `None` while it passes.
    pub note: Option<FrameMeta>,
}

impl Ud2mRestore {
    /// Decides what becomes of a frame before anything is done to it. An overloaded one is told to the application.
    pub(super) fn decide(&self, buffer: &gst::BufferRef) {
        let policy = self.policy();
        let (wanted, disabled) = {
            let live = &self.settings.lock().live;
            (live.work(), live.is_passthrough())
        };
        // A frame that passes anyway costs nothing: whatever is late is not so by our fault.
        let (decision, late) = if disabled {
            Default::default()
        } else {
            let time = self.frame_time(buffer);
            self.lateness.lock().decide(policy, &time, wanted)
        };
        *self.current.lock() = Current {
            decision,
            late: late.is_some(),
            note: None,
        };
        // A frame that passes as it came is not even copied; an upscaled one has to be made.
        let passes = disabled || decision == Decision::Passthrough;
        self.obj()
            .set_passthrough(passes && self.output_scale() == 1);
        self.report.lock().decided(decision, late.is_some());
        if let Some(late) = late {
            gst::log!(CAT, imp = self, "late by {} ns: {decision:?}", late.jitter);
            let quality = match decision {
                Decision::Restore => FULL,
                Decision::Reduce(work) => (FULL / wanted.steps.max(1)).saturating_mul(work.steps),
                Decision::Passthrough | Decision::Drop => 0,
            };
            self.post_late(buffer, late, quality);
        }
    }

    /// The policy in force: with `qos` on the base class would drop what is late, whatever ours says.
    fn policy(&self) -> OverloadPolicy {
        if self.obj().property("qos") {
            OverloadPolicy::Drop
        } else {
            self.settings.lock().live.overload_policy
        }
    }

    /// Where a frame and the clock stand.
    fn frame_time(&self, buffer: &gst::BufferRef) -> FrameTime {
        let segment = self.obj().segment();
        let segment = segment.downcast_ref::<ClockTime>();
        let (live, upstream) = self.upstream();
        // Before the pipeline plays its running time does not run.
        let runs = live && self.obj().current_state() == gst::State::Playing;
        let own = self.report.lock().latency();
        FrameTime {
            running_time: segment.and_then(|s| s.to_running_time(buffer.pts())),
            duration: buffer.duration(),
            clock: runs.then(|| self.obj().current_running_time()).flatten(),
            latency: upstream.saturating_add(own),
        }
    }

    /// Whether the source is live, and the latency from it to here; asked once and kept.
    fn upstream(&self) -> (bool, ClockTime) {
        if let Some(known) = *self.upstream.lock() {
            return known;
        }
        let mut query = gst::query::Latency::new();
        let answered = self.obj().sink_pad().peer_query(&mut query);
        let (live, min, _) = query.result();
        let told = if answered {
            (live, min)
        } else {
            Default::default()
        };
        *self.upstream.lock() = Some(told);
        told
    }

    fn post_late(&self, buffer: &gst::BufferRef, late: Late, quality: u32) {
        let segment = self.obj().segment();
        let segment = segment.downcast_ref::<ClockTime>();
        let (live, _) = self.upstream();
        let (processed, dropped) = self.report.lock().counts();
        let count = gst::format::Buffers::from_u64;
        let message = gst::message::Qos::builder(live)
            .running_time(segment.and_then(|s| s.to_running_time(buffer.pts())))
            .stream_time(segment.and_then(|s| s.to_stream_time(buffer.pts())))
            .timestamp(buffer.pts())
            .duration(buffer.duration())
            .values(late.jitter, late.proportion, quality as i32)
            .stats(count(processed), count(dropped))
            .src(&*self.obj())
            .build();
        let _ = self.obj().post_message(message);
    }

    /// Takes in what downstream says about its frames. False when upstream need not hear of it: an element there that
    /// drops late frames, as decoders do, would lose what the policy promises to keep.
    pub(super) fn handle_qos(&self, event: &gst::Event) -> bool {
        let gst::EventView::Qos(qos) = event.view() else {
            return true;
        };
        let (_, proportion, diff, running_time) = qos.get();
        self.lateness
            .lock()
            .add_report(running_time, diff, proportion);
        self.policy() == OverloadPolicy::Drop
    }

    /// Counts a restored frame, and tells what has to be told of it.
    pub(super) fn restored(&self, note: FrameMeta, stages: Stages) {
        gst::log!(CAT, imp = self, "restored a frame: {note:?}");
        self.lateness.lock().add_cost(note.time);
        // One warning for each run of such frames; `stats` counts them all.
        if let Some(reason) = note.report.failed.as_ref()
            && self.report.lock().passing().is_none()
        {
            gst::element_imp_warning!(
                self,
                gst::StreamError::Failed,
                ("{reason} A second try failed too: frames pass as they came until the model answers.")
            );
        }
        if let Some(told) = note.report.smaller_tiles.as_ref() {
            gst::element_imp_warning!(self, gst::ResourceError::NoSpaceLeft, ("{told}"));
        }
        if self.report.lock().add(&note, stages) {
            let message = gst::message::Latency::builder().src(&*self.obj()).build();
            let _ = self.obj().post_message(message);
        }
        self.current.lock().note = Some(note);
    }

    /// Notes on an outgoing buffer how its frame was made.
    pub(super) fn attach_meta(&self, buffer: &mut gst::BufferRef) {
        let (note, late) = {
            let mut current = self.current.lock();
            (current.note.take(), current.late)
        };
        let mut report = self.report.lock();
        if note.is_none() {
            report.add_unrestored(late);
        }
        let provider = report.provider().unwrap_or_default();
        drop(report);
        meta::attach(buffer, note.as_ref(), provider, late);
    }

    /// Posts the statistics when that is due, or whenever they are wanted when `last`.
    pub(super) fn post_stats(&self, last: bool) {
        let interval = self.settings.lock().live.stats_interval;
        let stats = self.report.lock().due(interval, last);
        if let Some(stats) = stats {
            let message = gst::message::Element::builder(stats).src(&*self.obj());
            let _ = self.obj().post_message(message.build());
        }
    }
}
