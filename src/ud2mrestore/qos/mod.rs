// SPDX-License-Identifier: MPL-2.0
//! Late frames: which ones are late, what becomes of them, how much work fits into the time.

mod adaptive;
mod lateness;

use gst::ClockTime;

pub use adaptive::Work;
pub use lateness::Lateness;

/// Where a frame and the clock stand.
#[derive(Clone, Copy, Debug, Default)]
pub struct FrameTime {
    pub timestamp: Option<ClockTime>,
    pub duration: Option<ClockTime>,
    /// Without it a frame is never late.
    pub running_time: Option<ClockTime>,
    pub stream_time: Option<ClockTime>,
    /// Whether the source is live.
    pub live: bool,
    /// The clock's running time, in a live pipeline that plays.
    pub clock: Option<ClockTime>,
    /// What a frame may take from its capture until it leaves.
    pub latency: ClockTime,
}

/// What becomes of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It is restored as the settings say.
    Restore,
    /// It is restored with this work alone.
    Reduce(Work),
    /// It leaves unrestored.
    Passthrough,
    Drop,
}

/// How late a frame is, as QoS messages say it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Late {
    /// Nanoseconds.
    pub jitter: i64,
    /// Above 1 the stream is too slow by this factor.
    pub proportion: f64,
}
