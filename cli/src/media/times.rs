// SPDX-License-Identifier: MPL-2.0
//! Times of frames: those that came, and whether the file that was written has them all.

use std::sync::{Arc, Mutex, PoisonError};

use gst::prelude::*;

use super::stored::Stored;

/// How far a time may move, in nanoseconds: Matroska counts milliseconds.
const ROUNDING: u64 = 1_000_000;

/// The running time of a buffer in nanoseconds, before the segment negative.
pub fn running_time(pad: &gst::Pad, buffer: &gst::BufferRef) -> Option<i64> {
    let event = pad.sticky_event::<gst::event::Segment>(0)?;
    let segment = event.segment().downcast_ref::<gst::ClockTime>()?;
    let time = segment.to_running_time_full(buffer.pts().or(buffer.dts())?)?;
    Some(match time {
        gst::Signed::Positive(time) => time.nseconds() as i64,
        gst::Signed::Negative(time) => -(time.nseconds() as i64),
    })
}

/// The frames that came out of the decoder.
#[derive(Clone, Default)]
pub struct Times(Arc<Mutex<Came>>);

#[derive(Default)]
struct Came {
    count: usize,
    /// Running times in nanoseconds; pictures may have none.
    times: Vec<i64>,
}

impl Times {
    /// Notes the time of each frame that passes `pad`.
    pub fn watch(&self, pad: &gst::Pad) {
        let times = self.0.clone();
        pad.add_probe(gst::PadProbeType::BUFFER, move |pad, info| {
            if let Some(buffer) = info.buffer() {
                let mut came = times.lock().unwrap_or_else(PoisonError::into_inner);
                came.count += 1;
                came.times.extend(running_time(pad, buffer));
            }
            gst::PadProbeReturn::Ok
        });
    }

    /// How many frames there were.
    pub fn count(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).count
    }

    /// Frames that are missing between others at a rate; times that are uneven miss none.
    pub fn gaps(&self, rate: gst::Fraction) -> usize {
        let came = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        gaps(&came.times, rate)
    }

    /// What differs between these and the times `written`, in words.
    pub fn compare(&self, written: &Stored) -> Result<(), String> {
        let came = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        compare(&came.times, written)
    }
}

/// What differs between the times that came and those that were written, in words. Where nothing
/// else was written, the first frame may have become the beginning.
pub fn compare(came: &[i64], written: &Stored) -> Result<(), String> {
    let first = |times: &[i64]| times.iter().min().copied().unwrap_or(0);
    let moved = if written.streams == 1 {
        first(&written.times) - first(came)
    } else {
        0
    };
    let came: Vec<_> = came.iter().map(|time| time + moved).collect();
    differences(&came, &written.times)
}

fn gaps(times: &[i64], rate: gst::Fraction) -> usize {
    if rate.numer() <= 0 {
        return 0;
    }
    let step = 1e9 * f64::from(rate.denom()) / f64::from(rate.numer());
    let mut times = times.to_vec();
    times.sort_unstable();
    let steps = times.windows(2);
    let steps: Vec<_> = steps
        .map(|two| ((two[1] - two[0]) as f64 / step).round().max(1.0) as usize)
        .collect();
    let even = steps.iter().filter(|steps| **steps == 1).count();
    // Where many frames do not keep to the rate, it is a mean, and the times are uneven on purpose.
    if 4 * even < 3 * steps.len() {
        return 0;
    }
    steps.into_iter().map(|steps| steps - 1).sum()
}

/// What differs between two lists of times, both in any order.
fn differences(came: &[i64], written: &[i64]) -> Result<(), String> {
    if came.len() != written.len() {
        return Err(format!(
            "{} frames came and {} were written",
            came.len(),
            written.len()
        ));
    }
    let sorted = |times: &[i64]| {
        let mut times = times.to_vec();
        times.sort_unstable();
        times
    };
    let (came, written) = (sorted(came), sorted(written));
    let apart = came.iter().zip(&written).map(|(a, b)| a.abs_diff(*b));
    let moved = apart.clone().filter(|apart| *apart > ROUNDING).count();
    if moved == 0 {
        return Ok(());
    }
    let most = apart.max().unwrap_or(0) as f64 / 1e6;
    Err(format!(
        "{moved} of {} frames moved in time, by up to {most} ms",
        came.len()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_are_told_from_uneven_times() {
        let rate = gst::Fraction::new(25, 1);
        let times = [0, 40, 85, 120, 160].map(|ms| ms * 1_000_000);
        assert_eq!(gaps(&times, rate), 0);
        let lost = [0, 40, 80, 120, 160, 200, 240, 280, 320, 360, 520, 560];
        let mut lost = lost.map(|ms| ms * 1_000_000);
        lost.reverse();
        assert_eq!(gaps(&lost, rate), 3);
        assert_eq!(gaps(&lost, gst::Fraction::new(0, 1)), 0);
        let variable = [0, 80, 120, 320, 360, 480].map(|ms| ms * 1_000_000);
        assert_eq!(gaps(&variable, rate), 0);
    }

    #[test]
    fn frames_that_are_missing_or_moved_are_told() {
        let ms = 1_000_000;
        assert_eq!(
            differences(&[0, 40 * ms, 80 * ms], &[80 * ms, 0, 40 * ms + 999_999]),
            Ok(())
        );
        let missing = differences(&[0, 40 * ms], &[0]).expect_err("one is missing");
        assert_eq!(missing, "2 frames came and 1 were written");
        let moved = differences(&[0, 40 * ms], &[0, 47 * ms]).expect_err("one has moved");
        assert_eq!(moved, "1 of 2 frames moved in time, by up to 7 ms");
    }
}
