// SPDX-License-Identifier: MPL-2.0
//! One frame, from the queued buffer to the buffer that leaves.

mod abreast;
mod count;
pub mod flight;
pub mod lane;

use gst::ClockTime;
use gst::prelude::*;
use gst::subclass::prelude::*;
use gst_base::prelude::*;
use gst_base::subclass::base_transform::{
    GenerateOutputSuccess, InputBuffer, PrepareOutputBufferSuccess,
};
use gst_base::subclass::prelude::*;
use gst_video::VideoMeta;

use super::OverloadPolicy;
use super::errors::CAT;
use super::imp::Ud2mRestore;
use super::messages::meta::{self, FrameRecord};
use super::properties::settings::Live;
use super::qos::{Decision, FrameTime, Late};
use crate::image::Image;
use flight::Arrival;

impl Ud2mRestore {
    /// Makes the next output: queued buffer, controlled properties, lateness, then drop,
    /// passthrough or restoration, and the meta.
    pub(super) fn process_frame(&self) -> Result<GenerateOutputSuccess, gst::FlowError> {
        if let Some(input) = self.take_queued_buffer() {
            let holes = self.mask_for(&input)?;
            self.flight.lock().wait((input, holes));
        }
        self.next_output(false)
    }

    /// Restores a frame by itself, now.
    fn process_alone(
        &self,
        live: Live,
        (input, holes): Arrival,
    ) -> Result<GenerateOutputSuccess, gst::FlowError> {
        let (decision, late) = self.decide(&live, &input);
        if decision == Decision::Drop {
            self.post_stats(false);
            return Ok(GenerateOutputSuccess::Dropped);
        }
        let live = live.adapted_to(decision);
        // A frame of the same size is passed on without a copy; a larger one has to be made.
        let (output, record) = if live.is_passthrough() && self.output_scale() == 1 {
            (self.passed_on(input)?, None)
        } else {
            self.restore(&live, (&input, holes))?
        };
        Ok(self.leaving(output, record, late.is_some()))
    }

    /// A frame that leaves, counted and with its meta.
    fn leaving(
        &self,
        mut output: gst::Buffer,
        record: Option<FrameRecord>,
        late: bool,
    ) -> GenerateOutputSuccess {
        let provider = self.count(record.as_ref(), late);
        // Others may hold the buffer: what it says of itself is copied then, its memory is not.
        meta::attach(output.make_mut(), record.as_ref(), provider, late);
        self.post_stats(false);
        GenerateOutputSuccess::Buffer(output)
    }

    /// What a frame that failed means to the pipeline; its error is posted, where it is one.
    fn failed(&self, error: gst::ErrorMessage) -> gst::FlowError {
        let interrupt = self.shared.lock().interrupt.clone();
        if interrupt.is_some_and(|interrupt| interrupt.is_raised()) {
            return gst::FlowError::Flushing;
        }
        self.post_error_message(error);
        gst::FlowError::Error
    }

    /// Sets controlled properties to their values at the frame's stream time.
    fn sync_controlled_properties(&self, input: &gst::BufferRef) {
        let time = self.time_segment();
        if let Some(time) = time.and_then(|s| s.to_stream_time(input.pts())) {
            let _ = self.obj().sync_values(time);
        }
    }

    /// What becomes of a frame, and how late it is where it is late. A late frame is counted and
    /// posted. A frame that the settings let pass is never late: nothing is done to it here.
    fn decide(&self, live: &Live, input: &gst::BufferRef) -> (Decision, Option<Late>) {
        if live.is_passthrough() {
            return (Decision::Restore, None);
        }
        let (policy, work, time) = (self.policy(), live.work(), self.frame_time(input));
        let (decision, late) = {
            let mut shared = self.shared.lock();
            let (decision, late) = shared.lateness.decide(policy, &time, work);
            shared.stats.add_decision(decision, late.is_some());
            (decision, late)
        };
        if let Some(late) = late {
            gst::log!(CAT, imp = self, "late by {} ns: {decision:?}", late.jitter);
            self.post_late(&time, late, decision, work);
        }
        (decision, late)
    }

    /// The policy in force: `qos`, where it is on, asks for late frames to be dropped.
    pub(super) fn policy(&self) -> OverloadPolicy {
        if self.obj().is_qos() {
            OverloadPolicy::Drop
        } else {
            self.settings.lock().live.overload_policy
        }
    }

    /// Where a frame and the clock stand.
    fn frame_time(&self, input: &gst::BufferRef) -> FrameTime {
        let segment = self.time_segment();
        let (live, upstream) = self.upstream();
        // Before the pipeline plays its running time does not run.
        let runs = live && self.obj().current_state() == gst::State::Playing;
        FrameTime {
            timestamp: input.pts(),
            duration: input.duration(),
            running_time: segment
                .as_ref()
                .and_then(|s| s.to_running_time(input.pts())),
            stream_time: segment.as_ref().and_then(|s| s.to_stream_time(input.pts())),
            live,
            clock: runs.then(|| self.obj().current_running_time()).flatten(),
            latency: upstream.saturating_add(self.shared.lock().stats.latency()),
        }
    }

    /// The segment, where it counts time.
    fn time_segment(&self) -> Option<gst::FormattedSegment<ClockTime>> {
        self.obj().segment().downcast().ok()
    }

    /// Whether the source is live, and the latency from it to here; asked once and kept.
    fn upstream(&self) -> (bool, ClockTime) {
        let known = self.shared.lock().upstream;
        known.unwrap_or_else(|| {
            let upstream = self.ask_upstream().unwrap_or_default();
            self.shared.lock().upstream = Some(upstream);
            upstream
        })
    }

    /// What upstream says of the same; `None` where it does not answer.
    pub(super) fn ask_upstream(&self) -> Option<(bool, ClockTime)> {
        let mut query = gst::query::Latency::new();
        let answered = self.obj().sink_pad().peer_query(&mut query);
        let (live, min, _) = query.result();
        answered.then_some((live, min))
    }

    /// Whether upstream can seek, as files can.
    fn upstream_seeks(&self) -> bool {
        let mut query = gst::query::Seeking::new(gst::Format::Time);
        self.obj().sink_pad().peer_query(&mut query) && query.result().0
    }

    /// The buffer of a frame that is left as it came. Where downstream does not look for a
    /// `GstVideoMeta`, a frame that does not lie as its caps say is copied.
    fn passed_on(&self, input: gst::Buffer) -> Result<gst::Buffer, gst::FlowError> {
        if self.shared.lock().downstream_takes_meta || input.meta::<VideoMeta>().is_none() {
            return Ok(input);
        }
        let guard = self.state.lock();
        let state = guard.as_ref().ok_or(gst::FlowError::Flushing)?;
        let copy = state.in_default_layout(&input);
        drop(guard);
        match copy {
            Ok(None) => Ok(input),
            Ok(Some(mut copy)) => {
                // All but the memory, and the meta that describes it.
                let target = copy.make_mut();
                let flags = gst::BUFFER_COPY_METADATA;
                input
                    .copy_into(target, flags, ..)
                    .map_err(|_| gst::FlowError::Error)?;
                if let Some(meta) = target.meta_mut::<VideoMeta>() {
                    let _ = meta.remove();
                }
                Ok(copy)
            }
            Err(error) => Err(self.failed(error)),
        }
    }

    /// Makes a buffer and restores the frame of `input` into it. There is no record where the
    /// settings let the frame pass: it is upscaled then, and not restored.
    fn restore(
        &self,
        live: &Live,
        (input, holes): (&gst::BufferRef, Option<Image>),
    ) -> Result<(gst::Buffer, Option<FrameRecord>), gst::FlowError> {
        let mut output = self.output_for(input)?;
        let mut guard = self.state.lock();
        let Some(state) = guard.as_mut() else {
            return Err(gst::FlowError::Flushing);
        };
        let result = state.restore(live, (input, holes), output.make_mut());
        let remarks = state.take_remarks();
        drop(guard);
        self.warn(remarks);
        match result {
            Ok(record) => Ok((output, (!live.is_passthrough()).then_some(record))),
            Err(error) => Err(self.failed(error)),
        }
    }

    /// A buffer for the frame that is made of `input`.
    fn output_for(&self, input: &gst::BufferRef) -> Result<gst::Buffer, gst::FlowError> {
        match self.parent_prepare_output_buffer(InputBuffer::Readable(input))? {
            PrepareOutputBufferSuccess::Buffer(output) => Ok(output),
            // The base class reuses the input in place or in its own passthrough mode alone.
            _ => Err(gst::FlowError::NotSupported),
        }
    }

    /// Counts a frame that leaves, restored where there is a record of it, and posts what the
    /// application should know. The name of the provider in use.
    fn count(&self, record: Option<&FrameRecord>, late: bool) -> &'static str {
        let mut shared = self.shared.lock();
        let provider = shared.stats.provider().unwrap_or_default();
        let Some(record) = record else {
            shared.stats.add_unrestored(late);
            return provider;
        };
        // Frames that are restored side by side share the time.
        let share = record.time / shared.stats.in_flight();
        shared.lateness.add_cost(share);
        let failed_before = shared.stats.last_failed();
        let latency_grew = shared.stats.add_restored(record);
        drop(shared);
        gst::log!(CAT, imp = self, "restored a frame: {record:?}");
        self.post_fallback(&record.report, failed_before);
        if latency_grew {
            self.post_latency();
        }
        provider
    }
}
