// SPDX-License-Identifier: MPL-2.0
//! The base class's calls, handed on: start and stop, caps, events, and the way of a buffer.

use std::time::Instant;

use gst::prelude::*;
use gst::subclass::prelude::*;
use gst_base::prelude::*;
use gst_base::subclass::base_transform::{BaseTransformMode, GenerateOutputSuccess};
use gst_base::subclass::prelude::*;
use gst_video::{VideoInfo, VideoMeta, VideoRegionOfInterestMeta};

use super::errors::CAT;
use super::format::{caps, direct};
use super::imp::Ud2mRestore;
use super::meta::FrameMeta;
use super::qos::lateness::Decision;
use super::state::State;
use super::stats::Report;

impl BaseTransformImpl for Ud2mRestore {
    const MODE: BaseTransformMode = BaseTransformMode::NeverInPlace;
    const PASSTHROUGH_ON_SAME_CAPS: bool = false;
    const TRANSFORM_IP_ON_PASSTHROUGH: bool = false;

    fn start(&self) -> Result<(), gst::ErrorMessage> {
        let settings = self.settings.lock().clone();
        let model = &settings.fixed.model;
        let state = self.loading(model, |warn| State::open(&settings, warn))?;
        gst::info!(CAT, imp = self, "started on {}", state.restorer.provider());
        *self.scale.lock() = Some(state.fixed.output_scale());
        *self.interrupt.lock() = Some(state.restorer.interrupt());
        *self.report.lock() = Report::new(state.restorer.provider());
        *self.upstream.lock() = None;
        self.lateness.lock().reset();
        *self.state.lock() = Some(state);
        Ok(())
    }

    fn stop(&self) -> Result<(), gst::ErrorMessage> {
        *self.state.lock() = None;
        *self.interrupt.lock() = None;
        *self.scale.lock() = None;
        self.report.lock().stop();
        gst::info!(CAT, imp = self, "stopped");
        Ok(())
    }

    fn transform_caps(
        &self,
        direction: gst::PadDirection,
        caps: &gst::Caps,
        filter: Option<&gst::Caps>,
    ) -> Option<gst::Caps> {
        let other = caps::transformed(caps, direction, self.output_scale());
        gst::debug!(CAT, imp = self, "{caps} at {direction:?} become {other}");
        Some(match filter {
            Some(filter) => filter.intersect_with_mode(&other, gst::CapsIntersectMode::First),
            None => other,
        })
    }

    fn set_caps(&self, incaps: &gst::Caps, outcaps: &gst::Caps) -> Result<(), gst::LoggableError> {
        let live = self.settings.lock().live.clone();
        let mut guard = self.state.lock();
        let Some(state) = guard.as_mut() else {
            return Err(gst::loggable_error!(CAT, "caps came before the start"));
        };
        let ready = self
            .reload_if_needed(state, &live, incaps)
            .and_then(|()| state.negotiate(&live, incaps, outcaps));
        let Err(error) = ready else {
            state.refused = None;
            return Ok(());
        };
        // Upstream offers refused caps again with its next buffer; the reason is told once.
        let told = state.refused.replace(incaps.clone()).as_ref() == Some(incaps);
        drop(guard);
        if !told {
            self.post_error_message(error);
        }
        Err(gst::loggable_error!(CAT, "refused {incaps}"))
    }

    fn transform_size(
        &self,
        _direction: gst::PadDirection,
        _caps: &gst::Caps,
        _size: usize,
        othercaps: &gst::Caps,
    ) -> Option<usize> {
        // Whatever the size of a buffer, which may hold padded rows, the other holds one frame.
        self.unit_size(othercaps)
    }

    fn unit_size(&self, caps: &gst::Caps) -> Option<usize> {
        VideoInfo::from_caps(caps).ok().map(|info| info.size())
    }

    fn propose_allocation(
        &self,
        decide_query: Option<&gst::query::Allocation>,
        query: &mut gst::query::Allocation,
    ) -> Result<(), gst::LoggableError> {
        query.add_allocation_meta::<VideoMeta>(None);
        self.parent_propose_allocation(decide_query, query)
    }

    fn query(&self, direction: gst::PadDirection, query: &mut gst::QueryRef) -> bool {
        let answered = BaseTransformImplExt::parent_query(self, direction, query);
        if answered
            && direction == gst::PadDirection::Src
            && let gst::QueryViewMut::Latency(latency) = query.view_mut()
        {
            let (live, min, max) = latency.result();
            *self.upstream.lock() = Some((live, min));
            let own = self.report.lock().latency();
            latency.set(live, min + own, max.map(|max| max + own));
        }
        answered
    }

    fn sink_event(&self, event: gst::Event) -> bool {
        let interrupt = self.interrupt.lock().clone();
        match (event.type_(), interrupt) {
            (gst::EventType::FlushStart, Some(interrupt)) => interrupt.raise(),
            (gst::EventType::FlushStop, interrupt) => {
                if let Some(interrupt) = interrupt {
                    interrupt.clear();
                }
                *self.upstream.lock() = None;
                self.lateness.lock().reset();
            }
            (gst::EventType::Segment, _) => self.lateness.lock().reset(),
            (gst::EventType::Eos, _) => self.post_stats(true),
            _ => {}
        }
        self.parent_sink_event(event)
    }

    fn src_event(&self, event: gst::Event) -> bool {
        !self.handle_qos(&event) || self.parent_src_event(event)
    }

    fn before_transform(&self, inbuf: &gst::BufferRef) {
        // Controlled properties follow the stream's time.
        let segment = self.obj().segment();
        if let Some(segment) = segment.downcast_ref::<gst::ClockTime>()
            && let Some(time) = segment.to_stream_time(inbuf.pts())
        {
            let _ = self.obj().sync_values(time);
        }
        self.decide(inbuf);
    }

    fn submit_input_buffer(
        &self,
        is_discont: bool,
        inbuf: gst::Buffer,
    ) -> Result<gst::FlowSuccess, gst::FlowError> {
        if self.current.lock().decision == Decision::Drop {
            self.post_stats(false);
            return Ok(gst_base::BASE_TRANSFORM_FLOW_DROPPED);
        }
        let taken = self.parent_submit_input_buffer(is_discont, inbuf);
        // With `qos` on, the base class drops a frame for an event that has come since ours was judged.
        if taken == Ok(gst_base::BASE_TRANSFORM_FLOW_DROPPED) {
            self.report.lock().add_dropped();
        }
        taken
    }

    fn generate_output(&self) -> Result<GenerateOutputSuccess, gst::FlowError> {
        let mut made = self.parent_generate_output()?;
        if let GenerateOutputSuccess::Buffer(buffer) = &mut made {
            // A frame that passes may be shared: its memory still is not copied, only what says where it lies.
            self.attach_meta(buffer.make_mut());
            self.post_stats(false);
        }
        Ok(made)
    }

    fn transform_meta<'a>(
        &self,
        outbuf: &mut gst::BufferRef,
        meta: gst::MetaRef<'a, gst::Meta>,
        _inbuf: &'a gst::BufferRef,
    ) -> bool {
        let tags = meta.tags();
        let says = |tag: &str| tags.iter().any(|t| t.as_str() == tag);
        // A description of the input's memory, or of something that is not video, does not hold for the output.
        let known = ["video", "size", "orientation", "colorspace"];
        if !tags.iter().all(|t| known.contains(&t.as_str())) {
            return false;
        }
        if !says("size") || self.output_scale() == 1 {
            return true;
        }
        // What is measured in pixels does not hold for the larger frame; regions of interest are worth carrying over.
        if let Some(region) = meta.downcast_ref::<VideoRegionOfInterestMeta>() {
            direct::upscale_region(region, outbuf, self.output_scale() as u32);
        }
        false
    }

    fn transform(
        &self,
        inbuf: &gst::Buffer,
        outbuf: &mut gst::BufferRef,
    ) -> Result<gst::FlowSuccess, gst::FlowError> {
        let begun = Instant::now();
        let decision = self.current.lock().decision;
        let live = self.settings.lock().live.clone().adapted_to(decision);
        let mut guard = self.state.lock();
        let Some(state) = guard.as_mut() else {
            return Err(gst::FlowError::Flushing);
        };
        let result = state.restore(&live, inbuf, outbuf);
        let interrupted = state.restorer.interrupt().is_raised();
        drop(guard);
        match result {
            // One that passes on purpose, upscaled, is no restored frame.
            Ok(_) if live.is_passthrough() => Ok(gst::FlowSuccess::Ok),
            Ok((report, stages)) => {
                let note = FrameMeta {
                    report,
                    time: begun.elapsed(),
                };
                self.restored(note, stages);
                Ok(gst::FlowSuccess::Ok)
            }
            Err(_) if interrupted => Err(gst::FlowError::Flushing),
            Err(error) => {
                self.post_error_message(error);
                Err(gst::FlowError::Error)
            }
        }
    }
}
