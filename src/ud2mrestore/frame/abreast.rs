// SPDX-License-Identifier: MPL-2.0
//! Frames side by side: each begins as soon as a lane is free, and they leave in the order in which
//! they came (docs/decisions/038-frames-in-flight.md).

use gst::prelude::*;
use gst::subclass::prelude::*;
use gst_base::prelude::*;
use gst_base::subclass::base_transform::GenerateOutputSuccess;

use super::super::errors::CAT;
use super::super::imp::Ud2mRestore;
use super::super::properties::settings::Live;
use super::super::qos::Decision;
use super::flight::{Arrival, Stage};
use super::lane::Job;

impl Ud2mRestore {
    /// Begins the frames that wait, as far as there is room, and gives the one that leaves next:
    /// where it is done or stands in the way of those that wait or, with `all`, in any case.
    pub(super) fn next_output(&self, all: bool) -> Result<GenerateOutputSuccess, gst::FlowError> {
        loop {
            let Some(arrival) = self.flight.lock().take_waiting() else {
                return self.land(all);
            };
            self.sync_controlled_properties(&arrival.0);
            let live = self.live_settings();
            let mut flight = self.flight.lock();
            let alone = flight.lanes() == 0 || !live.stands_alone();
            if !flight.has_room(alone) {
                flight.wait_on(arrival);
                drop(flight);
                return self.land(true);
            }
            drop(flight);
            if alone {
                return self.process_alone(live, arrival);
            }
            self.begin(live, arrival)?;
        }
    }

    /// Begins a frame in a lane. It is dropped or left as it came where it is late.
    fn begin(&self, live: Live, (input, holes): Arrival) -> Result<(), gst::FlowError> {
        let (decision, late) = self.decide(&live, &input);
        if decision == Decision::Drop {
            self.flight.lock().drop_frame();
            self.post_stats(false);
            return Ok(());
        }
        let live = live.adapted_to(decision);
        let passthrough = live.is_passthrough();
        let stage = if passthrough && self.output_scale() == 1 {
            Stage::Passed(self.passed_on(input)?)
        } else {
            let output = self.output_for(&input)?;
            self.restore_abreast(&live, (input, holes), output)?
        };
        self.flight.lock().add(stage, late.is_some(), passthrough);
        Ok(())
    }

    /// Restores the frame of `input` into `output` in the next lane.
    fn restore_abreast(
        &self,
        live: &Live,
        (input, holes): Arrival,
        output: gst::Buffer,
    ) -> Result<Stage, gst::FlowError> {
        let mut guard = self.state.lock();
        let state = guard.as_mut().ok_or(gst::FlowError::Flushing)?;
        let filled = state.restorer.fills();
        let wanted = state.wanted(live, (&input, holes));
        let remarks = state.take_remarks();
        let mut flight = self.flight.lock();
        let stage = wanted.and_then(|wanted| {
            if state.restorer.fills() != filled {
                // Lanes have what fills missing pixels only if it was there before them.
                flight.settle();
                let lanes = state.lanes(flight.lanes())?;
                flight.set_lanes(lanes);
            }
            let preparations = state.restorer.preparations();
            let anew = flight.preparations() != Some(preparations);
            let job = Job {
                input,
                output,
                wanted,
                place: state.restorer.place(),
                prepared: anew.then(|| state.restorer.prepared()).flatten(),
            };
            flight.restore(job, preparations).ok_or_else(|| {
                gst::error_msg!(
                    gst::LibraryError::Failed,
                    ("There is no lane for a frame: this is a fault of the plugin, report it.")
                )
            })
        });
        drop(flight);
        drop(guard);
        self.warn(remarks);
        Ok(stage.unwrap_or_else(Stage::Failed))
    }

    /// The frame that leaves next, where it is done; with `wait` it is waited for.
    fn land(&self, wait: bool) -> Result<GenerateOutputSuccess, gst::FlowError> {
        let Some(frame) = self.flight.lock().take_first(wait) else {
            return Ok(GenerateOutputSuccess::NoOutput);
        };
        let (late, passthrough, gap) = (frame.late, frame.passthrough, frame.gap);
        let (mut output, record) = match frame.arrive() {
            Stage::Done(done) => match *done {
                Ok((output, record)) => (output, (!passthrough).then_some(record)),
                Err(error) => return Err(self.failed(error)),
            },
            Stage::Passed(output) => (output, None),
            Stage::Failed(error) => return Err(self.failed(error)),
            Stage::Away(_) => return Err(gst::FlowError::Error),
        };
        if gap {
            output.make_mut().set_flags(gst::BufferFlags::DISCONT);
        }
        Ok(self.leaving(output, record, late))
    }

    /// Sends all frames on that are on their way, before something that belongs behind them. The
    /// first failure of a frame, or of those downstream.
    pub(in super::super) fn drain(&self) -> Result<(), gst::FlowError> {
        let (mut result, mut gap) = (Ok(()), false);
        loop {
            match self.next_output(true) {
                Ok(GenerateOutputSuccess::Buffer(mut output)) => {
                    if std::mem::take(&mut gap) {
                        output.make_mut().set_flags(gst::BufferFlags::DISCONT);
                    }
                    let pushed = self.obj().src_pad().push(output);
                    result = result.and(pushed.map(drop));
                }
                Ok(GenerateOutputSuccess::Dropped) => gap = true,
                Ok(_) => return result,
                Err(error) => result = result.and(Err(error)),
            }
        }
    }

    /// Forgets the frames that are on their way, whose restoration was interrupted.
    pub(in super::super) fn discard(&self) {
        self.flight.lock().discard();
    }

    /// Chooses how many frames are restored side by side from here on, and makes ready for it. None
    /// are on their way.
    pub(in super::super) fn set_in_flight(&self, live: &Live) -> Result<(), gst::ErrorMessage> {
        // Nobody has asked for latency in a live pipeline, nor where none is known.
        let at_leisure = self.ask_upstream().is_some_and(|(is_live, _)| !is_live);
        // An application that pushes frames may wait for each before it pushes the next.
        let waits = at_leisure && self.upstream_seeks();
        let guard = self.state.lock();
        let Some(state) = guard.as_ref() else {
            return Ok(());
        };
        let count = state.frames_in_flight(live, waits)?;
        let (lanes, interval) = (state.lanes(count)?, state.frame_duration());
        drop(guard);
        gst::debug!(CAT, imp = self, "{count} frames are restored side by side");
        self.flight.lock().set_lanes(lanes);
        if self.shared.lock().stats.set_in_flight(count, interval) {
            self.post_latency();
        }
        Ok(())
    }
}
