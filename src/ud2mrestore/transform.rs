// SPDX-License-Identifier: MPL-2.0
//! What the base class asks for: start and stop, caps, events, queries. Frames are in `frame`.

use gst::prelude::*;
use gst::subclass::prelude::*;
use gst_base::prelude::*;
use gst_base::subclass::base_transform::{BaseTransformMode, GenerateOutputSuccess};
use gst_base::subclass::prelude::*;
use gst_video::{VideoInfo, VideoMeta};

use super::OverloadPolicy;
use super::errors::CAT;
use super::format::caps;
use super::frame::flight::Flight;
use super::imp::Ud2mRestore;
use super::messages::meta;
use super::shared::Shared;
use super::state::State;

impl BaseTransformImpl for Ud2mRestore {
    const MODE: BaseTransformMode = BaseTransformMode::NeverInPlace;
    const PASSTHROUGH_ON_SAME_CAPS: bool = false;
    const TRANSFORM_IP_ON_PASSTHROUGH: bool = false;

    fn start(&self) -> Result<(), gst::ErrorMessage> {
        let settings = self.settings.lock().clone();
        self.check_mask_pad(settings.fixed.mask_source)?;
        let model = settings.fixed.model.display().to_string();
        let mut state =
            self.post_loading(&model, |warn, stop| State::open(&settings, warn, stop))?;
        gst::info!(CAT, imp = self, "started on {}", state.restorer.provider());
        let remarks = state.take_remarks();
        *self.shared.lock() = Shared::new(&state, &settings.live);
        *self.state.lock() = Some(state);
        self.warn(remarks);
        Ok(())
    }

    fn stop(&self) -> Result<(), gst::ErrorMessage> {
        self.interrupt();
        *self.flight.lock() = Flight::default();
        *self.state.lock() = None;
        self.shared.lock().stop();
        gst::info!(CAT, imp = self, "stopped");
        Ok(())
    }

    fn transform_caps(
        &self,
        direction: gst::PadDirection,
        caps: &gst::Caps,
        filter: Option<&gst::Caps>,
    ) -> Option<gst::Caps> {
        let other = caps::transformed(caps, direction, self.output_scale() as i32);
        gst::debug!(CAT, imp = self, "{caps} at {direction:?} become {other}");
        Some(match filter {
            Some(filter) => filter.intersect_with_mode(&other, gst::CapsIntersectMode::First),
            None => other,
        })
    }

    fn set_caps(&self, incaps: &gst::Caps, outcaps: &gst::Caps) -> Result<(), gst::LoggableError> {
        // Frames of the caps before leave before; downstream says with the next what it thinks.
        let _ = self.drain();
        self.flight.lock().set_lanes(Vec::new());
        let live = self.live_settings();
        let mut guard = self.state.lock();
        let Some(state) = guard.as_mut() else {
            return Err(gst::loggable_error!(CAT, "caps came before the start"));
        };
        let ready = self
            .load_graph_for(state, &live, incaps)
            .and_then(|()| state.negotiate(&live, incaps, outcaps));
        let remarks = state.take_remarks();
        drop(guard);
        let ready = ready.and_then(|()| self.set_in_flight(&live));
        let mut guard = self.state.lock();
        let Some(state) = guard.as_mut() else {
            return Err(gst::loggable_error!(CAT, "the element was stopped"));
        };
        // Upstream offers refused caps again with its next buffer; the reason is posted once.
        let refused = ready.is_err().then(|| incaps.clone());
        let posted = state.refused == refused;
        state.refused = refused;
        drop(guard);
        self.warn(remarks);
        let Err(error) = ready else {
            return Ok(());
        };
        // Being stopped is no error.
        if !posted && !self.shared.lock().loading.is_raised() {
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

    fn decide_allocation(
        &self,
        query: &mut gst::query::Allocation,
    ) -> Result<(), gst::LoggableError> {
        let takes_meta = query.find_allocation_meta::<VideoMeta>().is_some();
        let held = {
            let mut shared = self.shared.lock();
            shared.downstream_takes_meta = takes_meta;
            shared.stats.in_flight() - 1
        };
        // Buffers that are filled while others of the pool are shown.
        let pool = query.allocation_pools().next();
        if let Some((pool, size, min, max)) = pool.filter(|_| held > 0) {
            let max = if max > 0 { max.saturating_add(held) } else { 0 };
            query.set_nth_allocation_pool(0, pool.as_ref(), size, min.saturating_add(held), max);
        }
        self.parent_decide_allocation(query)
    }

    fn query(&self, direction: gst::PadDirection, query: &mut gst::QueryRef) -> bool {
        if direction == gst::PadDirection::Sink && query.is_serialized() {
            // Upstream asks for its buffers, or for others.
            let _ = self.drain();
        }
        let answered = BaseTransformImplExt::parent_query(self, direction, query);
        if answered
            && direction == gst::PadDirection::Src
            && let gst::QueryViewMut::Latency(latency) = query.view_mut()
        {
            let (live, min, max) = latency.result();
            let mut shared = self.shared.lock();
            shared.upstream = Some((live, min));
            let own = shared.stats.latency();
            drop(shared);
            // A frame waits for its mask.
            let masks = self.mask_latency();
            let (live, min) = masks.map_or((live, min), |(l, m)| (live || l, min.max(m)));
            latency.set(live, min + own, max.map(|max| max.max(min) + own));
        }
        answered
    }

    fn submit_input_buffer(
        &self,
        is_discont: bool,
        input: gst::Buffer,
    ) -> Result<gst::FlowSuccess, gst::FlowError> {
        // What the base class marks next is this frame.
        if input.flags().contains(gst::BufferFlags::DISCONT) {
            self.drain()?;
        }
        self.parent_submit_input_buffer(is_discont, input)
    }

    fn sink_event(&self, event: gst::Event) -> bool {
        if event.is_serialized() && event.type_() != gst::EventType::FlushStop {
            // Where downstream takes no more, it says so again with the next frame.
            let _ = self.drain();
        }
        match event.type_() {
            gst::EventType::FlushStart => {
                self.masks.flush_frames(true);
                self.interrupt();
            }
            gst::EventType::FlushStop => {
                self.masks.flush_frames(false);
                self.discard();
                let mut shared = self.shared.lock();
                if let Some(interrupt) = shared.interrupt.as_ref() {
                    interrupt.clear();
                }
                shared.upstream = None;
                shared.lateness.reset();
            }
            gst::EventType::Segment => self.shared.lock().lateness.reset(),
            gst::EventType::Eos => {
                self.masks.set_unused(true);
                self.post_stats(true);
            }
            gst::EventType::StreamStart => self.masks.set_unused(false),
            _ => {}
        }
        self.parent_sink_event(event)
    }

    fn src_event(&self, event: gst::Event) -> bool {
        let gst::EventView::Qos(qos) = event.view() else {
            return self.parent_src_event(event);
        };
        let (_, proportion, diff, running_time) = qos.get();
        self.shared
            .lock()
            .lateness
            .add_report(running_time, diff, proportion);
        // The base class is not told: with `qos` on it would drop frames on its own account.
        // Upstream is told where late frames may be dropped: an element there that drops them, as
        // decoders do, would lose what the other policies promise to keep.
        self.policy() != OverloadPolicy::Drop || self.obj().sink_pad().push_event(event)
    }

    fn generate_output(&self) -> Result<GenerateOutputSuccess, gst::FlowError> {
        self.process_frame()
    }

    fn transform_meta<'a>(
        &self,
        outbuf: &mut gst::BufferRef,
        meta: gst::MetaRef<'a, gst::Meta>,
        _inbuf: &'a gst::BufferRef,
    ) -> bool {
        meta::holds_for_output(&meta, outbuf, self.output_scale())
    }
}
