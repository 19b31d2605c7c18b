// SPDX-License-Identifier: MPL-2.0
//! What the base class asks for. A frame is held until the next one has come.

use gst::prelude::*;
use gst::subclass::prelude::*;
use gst_base::prelude::*;
use gst_base::subclass::base_transform::{BaseTransformMode, GenerateOutputSuccess};
use gst_base::subclass::prelude::*;
use gst_video::{VideoInfo, VideoInterlaceMode, VideoMeta};

use super::errors::no_memory;
use super::imp::{CAT, Ud2mDefects};
use super::settings::{Output, Settings};
use super::{frame, replace};
use crate::defects::{Detector, Found};
use crate::image::{Pool, within_memory};
use crate::layout::{misplaced, unreachable_memory};

/// What the streaming thread works with.
pub struct State {
    info: VideoInfo,
    detector: Detector,
    /// The frame that waits for the next.
    held: Option<gst::Buffer>,
    /// The last frame before that one that shows something else, as it left.
    before: Option<gst::Buffer>,
    pool: Pool,
}

impl State {
    fn new(info: VideoInfo) -> Self {
        Self {
            info,
            detector: Detector::default(),
            held: None,
            before: None,
            pool: Pool::default(),
        }
    }

    /// Takes the next frame, or none at the end, and gives the one before and its marked share. On
    /// an error the frame that waited is lost.
    fn next(
        &mut self,
        input: Option<gst::Buffer>,
        settings: &Settings,
    ) -> Result<Option<(gst::Buffer, f64)>, gst::ErrorMessage> {
        let _entered = self.pool.clone().enter();
        self.pool.next_frame();
        let mut find = settings.find;
        find.replace &= settings.output == Output::Frame;
        let held = self.held.take();
        let found = match input {
            Some(input) => {
                let input =
                    frame::in_order(input, &self.info).map_err(|r| misplaced("input", &r))?;
                let luma = within_memory(|| frame::luma(&input, &self.info));
                let luma = luma
                    .map_err(no_memory)?
                    .ok_or_else(|| unreachable_memory("input"))?;
                self.held = Some(input);
                within_memory(|| self.detector.push(luma, &find)).map_err(no_memory)?
            }
            None => within_memory(|| self.detector.finish(&find)).map_err(no_memory)?,
        };
        let Some((mut output, found)) = held.zip(found) else {
            return Ok(None);
        };
        // Others may hold the buffer: it is copied then.
        let done = self.write(output.make_mut(), &found, settings.output);
        done.ok_or_else(|| unreachable_memory("input"))?;
        if !found.repeated {
            self.before = find.replace.then(|| output.clone());
        }
        Ok(Some((output, found.mask.share())))
    }

    /// Writes what leaves into a frame; `None` where memory cannot be reached.
    fn write(&self, frame: &mut gst::BufferRef, found: &Found, output: Output) -> Option<()> {
        if output == Output::Mask {
            return frame::paint_mask(frame, &self.info, &found.mask);
        }
        let neighbours = [self.before.as_deref(), self.held.as_deref()];
        replace::replace(frame, neighbours, &self.info, &found.patches, &found.mask)?;
        frame::cut_out(frame, &self.info, &found.holes())
    }
}

impl BaseTransformImpl for Ud2mDefects {
    const MODE: BaseTransformMode = BaseTransformMode::AlwaysInPlace;
    const PASSTHROUGH_ON_SAME_CAPS: bool = false;
    const TRANSFORM_IP_ON_PASSTHROUGH: bool = false;

    fn stop(&self) -> Result<(), gst::ErrorMessage> {
        *self.state.lock() = None;
        self.told.lock().refused = None;
        Ok(())
    }

    fn set_caps(&self, incaps: &gst::Caps, _outcaps: &gst::Caps) -> Result<(), gst::LoggableError> {
        // The last frame of the caps before; downstream says with the next what it thinks.
        let _ = self.drain();
        let info = VideoInfo::from_caps(incaps);
        let info = info.map_err(|_| gst::loggable_error!(CAT, "{incaps} are not raw video"))?;
        if info.interlace_mode() != VideoInterlaceMode::Progressive {
            // Upstream offers refused caps again with its next buffer; the reason is posted once.
            let before = self.told.lock().refused.replace(incaps.clone());
            if before.as_ref() != Some(incaps) {
                self.post_error_message(gst::error_msg!(
                    gst::StreamError::Format,
                    ("Interlaced frames show two moments each: put deinterlace before ud2mdefects.")
                ));
            }
            return Err(gst::loggable_error!(CAT, "refused {incaps}"));
        }
        let latency = interval(&info).unwrap_or_default();
        *self.state.lock() = Some(State::new(info));
        let before = std::mem::replace(&mut self.told.lock().latency, latency);
        if before != latency {
            let message = gst::message::Latency::builder().src(&*self.obj()).build();
            let _ = self.obj().post_message(message);
        }
        Ok(())
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
            let own = self.told.lock().latency;
            latency.set(live, min + own, max.map(|max| max + own));
        }
        answered
    }

    fn submit_input_buffer(
        &self,
        is_discont: bool,
        input: gst::Buffer,
    ) -> Result<gst::FlowSuccess, gst::FlowError> {
        // After a loss or a seek the frames before are no neighbours; and what the base class marks
        // next is this frame.
        if input.flags().contains(gst::BufferFlags::DISCONT) {
            self.drain()?;
        }
        self.parent_submit_input_buffer(is_discont, input)
    }

    fn sink_event(&self, event: gst::Event) -> bool {
        use gst::EventType::{Eos, FlushStop, Gap, Segment, SegmentDone, StreamStart};
        match event.type_() {
            // Where downstream takes no more, it says so again with the next frame.
            Eos | Gap | Segment | SegmentDone | StreamStart => {
                let _ = self.drain();
            }
            FlushStop => {
                if let Some(state) = self.state.lock().as_mut() {
                    *state = State::new(state.info.clone());
                }
            }
            _ => {}
        }
        self.parent_sink_event(event)
    }

    fn generate_output(&self) -> Result<GenerateOutputSuccess, gst::FlowError> {
        let Some(input) = self.take_queued_buffer() else {
            return Ok(GenerateOutputSuccess::NoOutput);
        };
        let time = self.obj().segment().downcast::<gst::ClockTime>().ok();
        if let Some(time) = time.and_then(|s| s.to_stream_time(input.pts())) {
            let _ = self.obj().sync_values(time);
        }
        Ok(match self.advance(Some(input))? {
            Some(output) => GenerateOutputSuccess::Buffer(output),
            None => GenerateOutputSuccess::NoOutput,
        })
    }
}

impl Ud2mDefects {
    /// Sends on the frame that waits, for which there is no next one.
    fn drain(&self) -> Result<(), gst::FlowError> {
        match self.advance(None)? {
            Some(output) => self.obj().src_pad().push(output).map(drop),
            None => Ok(()),
        }
    }

    /// Takes the next frame, or none at the end, and gives the one before.
    fn advance(&self, input: Option<gst::Buffer>) -> Result<Option<gst::Buffer>, gst::FlowError> {
        let settings = *self.settings.lock();
        let mut guard = self.state.lock();
        let Some(state) = guard.as_mut() else {
            // Before the first caps and after a stop nothing waits.
            return match input {
                Some(_) => Err(gst::FlowError::NotNegotiated),
                None => Ok(None),
            };
        };
        let next = state.next(input, &settings);
        drop(guard);
        match next {
            Ok(Some((output, share))) => {
                self.told.lock().share = share;
                gst::log!(CAT, imp = self, "{share:.4} of a frame is marked");
                Ok(Some(output))
            }
            Ok(None) => Ok(None),
            Err(error) => {
                self.post_error_message(error);
                Err(gst::FlowError::Error)
            }
        }
    }
}

/// Time from one frame to the next; `None` without a constant frame rate.
fn interval(info: &VideoInfo) -> Option<gst::ClockTime> {
    let numer = u64::try_from(info.fps().numer()).ok().filter(|n| *n > 0)?;
    let denom = u64::try_from(info.fps().denom()).ok()?;
    gst::ClockTime::SECOND.mul_div_ceil(denom, numer)
}
