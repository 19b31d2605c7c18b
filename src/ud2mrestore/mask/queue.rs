// SPDX-License-Identifier: MPL-2.0
//! [`MaskQueue`]: masks that have come and wait for their frames, and a frame that waits for its
//! own.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use gst::ClockTime;
use parking_lot::{Condvar, Mutex};

use crate::image::Image;

/// Masks that wait at once; more are taken when these are gone.
const MOST: usize = 4;
/// How long a frame waits for its mask.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A mask and the running time of its frame; 0 where pixels are missing, `None` where none are.
type Timed = (Option<ClockTime>, Option<Image>);

/// What became of waiting for a mask.
#[derive(Debug, PartialEq)]
pub enum Awaited {
    Mask(Option<Image>),
    /// The next mask is of a later frame.
    Missing,
    /// No mask will come.
    Ended,
    /// The frame is not wanted any more.
    Flushing,
    /// None came in time.
    Late,
}

/// Masks in their order. Two threads share it: that of masks, and that of frames.
#[derive(Default)]
pub struct MaskQueue {
    inner: Mutex<Inner>,
    changed: Condvar,
}

#[derive(Default)]
struct Inner {
    waiting: VecDeque<Timed>,
    /// Whether the masks' stream has ended.
    ended: bool,
    /// Whether that of frames has, so that masks are of no use.
    unused: bool,
    /// Whether masks, and frames, are not wanted: in a flush, and while the element is stopped.
    masks_flush: bool,
    frames_flush: bool,
}

impl MaskQueue {
    /// Begins anew.
    pub fn start(&self) {
        *self.inner.lock() = Inner::default();
    }

    /// Ends all waiting, until the next start.
    pub fn stop(&self) {
        let mut inner = self.inner.lock();
        inner.waiting.clear();
        (inner.masks_flush, inner.frames_flush) = (true, true);
        self.changed.notify_all();
    }

    /// Adds a mask, once there is room.
    pub fn add(&self, time: Option<ClockTime>, mask: Option<Image>) -> Result<(), gst::FlowError> {
        let mut inner = self.inner.lock();
        while inner.waiting.len() >= MOST && !inner.masks_flush && !inner.unused {
            self.changed.wait(&mut inner);
        }
        if inner.masks_flush {
            return Err(gst::FlowError::Flushing);
        }
        if !inner.unused {
            inner.waiting.push_back((time, mask));
            self.changed.notify_all();
        }
        Ok(())
    }

    /// The mask of the frame at a running time, which differs from the mask's by `tolerance` at
    /// most. Frames and masks without a time belong together in their order. Masks of earlier
    /// frames are dropped. It is waited for, up to `limit`.
    pub fn take(&self, time: Option<ClockTime>, tolerance: Duration, limit: Duration) -> Awaited {
        let end = Instant::now() + limit;
        let tolerance = ClockTime::from_nseconds(tolerance.as_nanos() as u64);
        let mut inner = self.inner.lock();
        loop {
            if inner.frames_flush {
                return Awaited::Flushing;
            }
            while let Some((other, mask)) = inner.waiting.pop_front() {
                let (Some(frame), Some(other)) = (time, other) else {
                    self.changed.notify_all();
                    return Awaited::Mask(mask);
                };
                if other > frame.saturating_add(tolerance) {
                    inner.waiting.push_front((Some(other), mask));
                    return Awaited::Missing;
                }
                self.changed.notify_all();
                if other.saturating_add(tolerance) >= frame {
                    return Awaited::Mask(mask);
                }
            }
            if inner.ended {
                return Awaited::Ended;
            }
            if self.changed.wait_until(&mut inner, end).timed_out() {
                return Awaited::Late;
            }
        }
    }

    /// No mask will come, or some will again.
    pub fn set_ended(&self, ended: bool) {
        self.inner.lock().ended = ended;
        self.changed.notify_all();
    }

    /// No frame will come, or some will again.
    pub fn set_unused(&self, unused: bool) {
        self.inner.lock().unused = unused;
        self.changed.notify_all();
    }

    /// A flush of the masks begins, or ends.
    pub fn flush_masks(&self, flush: bool) {
        let mut inner = self.inner.lock();
        inner.waiting.clear();
        (inner.masks_flush, inner.ended) = (flush, false);
        self.changed.notify_all();
    }

    /// A flush of the frames begins, or ends.
    pub fn flush_frames(&self, flush: bool) {
        let mut inner = self.inner.lock();
        (inner.frames_flush, inner.unused) = (flush, false);
        self.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: Duration = Duration::from_millis(20);
    const SOON: Duration = Duration::from_millis(30);

    fn at(ms: u64) -> Option<ClockTime> {
        Some(ClockTime::from_mseconds(ms))
    }

    fn mask(value: f32) -> Option<Image> {
        Some(Image::filled(1, 1, 1, value))
    }

    #[test]
    fn a_frame_gets_the_mask_of_its_time_and_earlier_ones_are_dropped() {
        let queue = MaskQueue::default();
        for ms in [0, 40, 83] {
            queue.add(at(ms), mask(ms as f32)).expect("room");
        }
        assert_eq!(queue.take(at(80), FRAME, SOON), Awaited::Mask(mask(83.0)));
        assert_eq!(queue.take(at(120), FRAME, SOON), Awaited::Late);
        queue.add(at(200), None).expect("room");
        assert_eq!(queue.take(at(120), FRAME, SOON), Awaited::Missing);
        assert_eq!(queue.take(at(200), FRAME, SOON), Awaited::Mask(None));
        queue.set_ended(true);
        assert_eq!(queue.take(at(240), FRAME, SOON), Awaited::Ended);
        queue.flush_frames(true);
        assert_eq!(queue.take(at(240), FRAME, SOON), Awaited::Flushing);
    }

    #[test]
    fn without_times_masks_and_frames_go_in_pairs() {
        let queue = MaskQueue::default();
        queue.add(None, mask(1.0)).expect("room");
        queue.add(at(40), mask(2.0)).expect("room");
        assert_eq!(queue.take(at(0), FRAME, SOON), Awaited::Mask(mask(1.0)));
        assert_eq!(queue.take(None, FRAME, SOON), Awaited::Mask(mask(2.0)));
    }

    #[test]
    fn nobody_waits_beyond_a_flush_a_stop_or_the_end_of_frames() {
        let ends: [fn(&MaskQueue); 3] = [
            |queue| queue.flush_masks(true),
            |queue| queue.stop(),
            |queue| queue.set_unused(true),
        ];
        for (i, end) in ends.into_iter().enumerate() {
            let queue = MaskQueue::default();
            for _ in 0..MOST {
                queue.add(None, None).expect("room");
            }
            std::thread::scope(|scope| {
                let one_more = scope.spawn(|| queue.add(None, None));
                std::thread::sleep(SOON);
                assert!(!one_more.is_finished());
                end(&queue);
                let added = one_more.join().expect("no panic");
                assert_eq!(added.is_ok(), i == 2);
            });
        }
        let queue = MaskQueue::default();
        std::thread::scope(|scope| {
            let frame = scope.spawn(|| queue.take(at(0), FRAME, PATIENCE));
            std::thread::sleep(SOON);
            queue.stop();
            assert_eq!(frame.join().expect("no panic"), Awaited::Flushing);
        });
    }
}
