// SPDX-License-Identifier: MPL-2.0
//! [`Flight`]: the frames that are restored side by side, in their order
//! (docs/decisions/038-frames-in-flight.md).

use std::collections::VecDeque;
use std::mem;
use std::sync::mpsc::{Receiver, TryRecvError};

use super::lane::{Done, Job, Lane};
use crate::image::Image;

/// Frames on their way, those that wait to begin, and the lanes in which they are restored.
#[derive(Default)]
pub struct Flight {
    /// None where frames are restored one after the other.
    lanes: Vec<Lane>,
    /// The lane of the next frame.
    next: usize,
    waiting: VecDeque<Arrival>,
    frames: VecDeque<Frame>,
    /// Whether a frame was dropped since the last that has begun.
    gap: bool,
}

/// A frame that has come, and which of its pixels are missing by the mask of a pad.
pub type Arrival = (gst::Buffer, Option<Image>);

/// A frame that has begun.
pub struct Frame {
    stage: Stage,
    pub late: bool,
    /// Whether it leaves as it came.
    pub passthrough: bool,
    /// Whether the frame before it was dropped.
    pub gap: bool,
}

/// How far a frame is.
pub enum Stage {
    /// In a lane.
    Away(Receiver<Done>),
    /// Done by a lane.
    Done(Box<Done>),
    /// It was not restored.
    Passed(gst::Buffer),
    /// It could not begin.
    Failed(gst::ErrorMessage),
}

impl Flight {
    /// Frames are restored in these lanes from now on. None are on their way.
    pub fn set_lanes(&mut self, lanes: Vec<Lane>) {
        (self.lanes, self.next) = (lanes, 0);
    }

    /// How many frames may be on their way; 0 where they are restored one after the other.
    pub fn lanes(&self) -> usize {
        self.lanes.len()
    }

    /// Whether the next frame may begin: in a lane, or where it is to be `alone`, by itself.
    pub fn has_room(&self, alone: bool) -> bool {
        self.frames.is_empty() || (!alone && self.frames.len() < self.lanes.len())
    }

    /// Has a frame wait behind those that wait.
    pub fn wait(&mut self, input: Arrival) {
        self.waiting.push_back(input);
    }

    /// The next frame that is to begin.
    pub fn take_waiting(&mut self) -> Option<Arrival> {
        self.waiting.pop_front()
    }

    /// Has it wait before all others.
    pub fn wait_on(&mut self, input: Arrival) {
        self.waiting.push_front(input);
    }

    /// What was prepared up to the last frame of the lane that has the next one.
    pub fn preparations(&self) -> Option<u64> {
        self.lanes.get(self.next).map(|lane| lane.preparations)
    }

    /// Restores a frame in the next lane, which has nothing else to do while there is room.
    /// `preparations` counts what was prepared for it.
    pub fn restore(&mut self, job: Job, preparations: u64) -> Option<Stage> {
        let count = self.lanes.len();
        let lane = self.lanes.get_mut(self.next)?;
        self.next = (self.next + 1) % count;
        lane.preparations = preparations;
        Some(Stage::Away(lane.restore(job)))
    }

    /// The next frame has begun.
    pub fn add(&mut self, stage: Stage, late: bool, passthrough: bool) {
        let gap = mem::take(&mut self.gap);
        self.frames.push_back(Frame {
            stage,
            late,
            passthrough,
            gap,
        });
    }

    /// The next frame was dropped.
    pub fn drop_frame(&mut self) {
        self.gap = true;
    }

    /// The frame that leaves next, where it is done; with `wait` where it is not, too.
    pub fn take_first(&mut self, wait: bool) -> Option<Frame> {
        let ready = wait || self.frames.front_mut()?.is_done();
        ready.then(|| self.frames.pop_front()).flatten()
    }

    /// Waits until no lane has anything to do.
    pub fn settle(&mut self) {
        for frame in &mut self.frames {
            frame.settle();
        }
    }

    /// Forgets all frames, once no lane has anything to do.
    pub fn discard(&mut self) {
        self.settle();
        self.frames.clear();
        self.waiting.clear();
        self.gap = false;
    }
}

impl Frame {
    fn is_done(&mut self) -> bool {
        if let Stage::Away(arrival) = &self.stage {
            match arrival.try_recv() {
                Ok(done) => self.stage = Stage::Done(Box::new(done)),
                Err(TryRecvError::Empty) => return false,
                Err(TryRecvError::Disconnected) => self.stage = Stage::Failed(lost()),
            }
        }
        true
    }

    /// Waits until it is done.
    fn settle(&mut self) {
        if let Stage::Away(arrival) = &self.stage {
            self.stage = match arrival.recv() {
                Ok(done) => Stage::Done(Box::new(done)),
                Err(_) => Stage::Failed(lost()),
            };
        }
    }

    /// How far it is once it is done.
    pub fn arrive(mut self) -> Stage {
        self.settle();
        self.stage
    }
}

/// The error of a frame whose lane ended.
fn lost() -> gst::ErrorMessage {
    gst::error_msg!(
        gst::LibraryError::Failed,
        ("A thread that restores frames has ended: this is a fault of the plugin, report it.")
    )
}
