// SPDX-License-Identifier: MPL-2.0
//! Counts and times since the element started: the property `stats`, and the latency.

use std::time::{Duration, Instant};

use super::super::qos::Decision;
use super::fields::fields;
use super::meta::FrameRecord;
use crate::restore::FrameReport;

/// Name of the structure in `stats`, and of the element message.
pub const NAME: &str = "ud2mrestore-stats";

/// Where the time of a frame went.
#[derive(Clone, Copy, Debug, Default)]
pub struct Stages {
    pub unpack: Duration,
    /// The model and the sampling around it.
    pub restore: Duration,
    pub pack: Duration,
}

/// What was done since the element started.
#[derive(Clone, Debug, Default)]
pub struct Stats {
    provider: &'static str,
    /// Frames that left.
    frames: u64,
    /// Frames that went through the model, those that failed among them.
    restored: u64,
    failed: u64,
    disabled: u64,
    late: u64,
    late_passthrough: u64,
    fewer_steps: u64,
    dropped: u64,
    evaluations: u64,
    /// Sums over restored frames.
    frame_time: Duration,
    model_time: Duration,
    stages: Stages,
    /// Of the last restored frame.
    last: FrameReport,
    latency: gst::ClockTime,
    /// Frames that are restored side by side where none starts from another; 0 before the caps.
    in_flight: u32,
    /// How long frames wait for those after them.
    held: gst::ClockTime,
    /// When the statistics were last posted.
    posted: Option<Instant>,
}

fields! {
    FIELDS,
    /// Times are means over the restored frames. From the residual on, values are the last one's.
    set_fields(stats: &Stats);
    "frames": u64, "frames", "left the element" = stats.frames;
    "evaluations": u64, "", "passes of the network" = stats.evaluations;
    "failed": u64, "frames", "left unrestored, for want of a valid answer" = stats.failed;
    "disabled": u64, "frames", "left unrestored, for `strength=0` or `compare=1`" = stats.disabled;
    "late": u64, "frames", "were late, whatever became of them" = stats.late;
    "late-passthrough": u64, "frames", "left unrestored, for being late" = stats.late_passthrough;
    "fewer-steps": u64, "frames", "were restored with less work than set" = stats.fewer_steps;
    "dropped": u64, "frames", "were dropped, for being late" = stats.dropped;
    "frame-ms": f64, "ms", "spent on a frame, mean" = stats.mean_ms(stats.frame_time);
    "unpack-ms": f64, "ms", "of it: reading the frame, mean" = stats.mean_ms(stats.stages.unpack);
    "model-ms": f64, "ms", "of it: the network, mean" = stats.mean_ms(stats.model_time);
    "sampling-ms": f64, "ms", "of it: the sampling around it, mean"
        = stats.mean_ms(stats.stages.restore.saturating_sub(stats.model_time));
    "pack-ms": f64, "ms", "of it: writing the frame, mean" = stats.mean_ms(stats.stages.pack);
    "outside-share": f64, "0 to 1", "share of the time outside the network" = stats.outside_share();
    "residual": f64, "", "RMS of y − A x over the noise's; near 1 is right"
        = stats.last.residual_rms.into();
    "verdict": &str, "", "what the residual says of what was assumed; empty at first"
        = verdict(&stats.last);
    "cold-share": f64, "0 to 1", "share of the frame without a warm start"
        = stats.last.cold_share.into();
    "unobserved-share": f64, "0 to 1", "share without data: bars, cut-off codes, holes"
        = stats.last.unobserved_share.into();
    "noise-sigma": f64, "of full scale", "noise that was assumed; for gray and YUV of luma"
        = stats.last.noise.stated.into();
    "noise-level": f64, "of full scale", "white noise that the network was told"
        = (stats.last.noise.told.sigma_y / 2.0).into();
    "noise-chroma": f64, "of full scale", "noise of Cb and Cr, where estimated"
        = stats.last.noise.chroma.into();
    "noise-correlation": f64, "0 to 1", "of neighbours in luma, where estimated"
        = stats.last.noise.correlation.into();
    "jpeg-quality": u32, "1 to 100", "nearest to the steps assumed; 0 for other tasks"
        = stats.last.jpeg_quality;
    "jpeg-fit": f64, "0 to 1", "share of the blocks that these steps explain"
        = stats.last.jpeg_fit.into();
    "jpeg-last-quality": u32, "1 to 100", "of a finer compression after it; 0 where none shows"
        = stats.last.jpeg_last_quality;
    "in-flight": u32, "frames", "are restored side by side, where none starts from another"
        = stats.in_flight;
    "tiles": u32, "tiles", "the frame was cut into" = stats.last.tiles as u32;
    "tile-width": u32, "pixels", "of the output, of a tile" = stats.last.tile_size.0 as u32;
    "tile-height": u32, "pixels", "of the output, of a tile" = stats.last.tile_size.1 as u32;
    "provider": &str, "", "ONNX Runtime's name of what runs the network" = stats.provider;
}

/// Residuals that the assumed noise explains. On training pictures the right level gave 0.69 to
/// 0.99 in every task, twice that level 0.50 to 0.62, and half of it 0.90 to 1.9: that too little
/// noise was assumed does not always show.
const EXPLAINED: std::ops::RangeInclusive<f32> = 0.65..=1.3;

/// What the residual says, in words; empty where there is none.
fn verdict(last: &FrameReport) -> &'static str {
    let (residual, of_jpeg) = (last.residual_rms, last.jpeg_quality > 0);
    if residual == 0.0 {
        ""
    } else if residual > *EXPLAINED.end() && of_jpeg {
        "not explained by the assumed quality"
    } else if residual > *EXPLAINED.end() {
        "too little noise assumed, or another degradation"
    } else if residual < *EXPLAINED.start() && !of_jpeg {
        "too much noise assumed"
    } else {
        "explained"
    }
}

impl Stats {
    pub fn new(provider: &'static str) -> Self {
        Self {
            provider,
            posted: Some(Instant::now()),
            ..Self::default()
        }
    }

    /// ONNX Runtime's name of the provider in use; `None` while stopped.
    pub fn provider(&self) -> Option<&'static str> {
        (!self.provider.is_empty()).then_some(self.provider)
    }

    /// Forgets the provider; the rest can be read until the next start.
    pub fn stop(&mut self) {
        self.provider = "";
    }

    /// Counts what was decided about a frame.
    pub fn add_decision(&mut self, decision: Decision, late: bool) {
        self.late += u64::from(late);
        match decision {
            Decision::Drop => self.dropped += 1,
            Decision::Reduce(_) => self.fewer_steps += 1,
            Decision::Restore | Decision::Passthrough => {}
        }
    }

    /// Counts a frame that left unrestored on purpose.
    pub fn add_unrestored(&mut self, late: bool) {
        self.frames += 1;
        self.late_passthrough += u64::from(late);
        self.disabled += u64::from(!late);
    }

    /// Counts a restored frame. True when the latency has grown.
    pub fn add_restored(&mut self, record: &FrameRecord) -> bool {
        self.frames += 1;
        self.restored += 1;
        self.failed += u64::from(record.report.failed.is_some());
        self.evaluations += record.report.evaluations;
        self.frame_time += record.time;
        self.model_time += record.report.model_time;
        self.stages.unpack += record.stages.unpack;
        self.stages.restore += record.stages.restore;
        self.stages.pack += record.stages.pack;
        self.last.clone_from(&record.report);
        // The first frame of a size also pays for the runtime's buffers.
        let mean = self.mean_ms(self.frame_time);
        if self.restored < 2 || mean <= self.latency.mseconds() as f64 {
            return false;
        }
        // A quarter more than now, in whole tens of milliseconds: not every jitter is news.
        let tens = (mean * 1.25 / 10.0).ceil();
        self.latency = gst::ClockTime::from_mseconds(10 * tens as u64);
        true
    }

    /// Whether the last frame that went through the model failed.
    pub fn last_failed(&self) -> bool {
        self.last.failed.is_some()
    }

    /// Time that a frame spends in the element; zero until it is known.
    pub fn latency(&self) -> gst::ClockTime {
        self.latency.max(self.held)
    }

    /// Sets how many frames are restored side by side, `interval` after each other where that is
    /// known. True when the latency has changed.
    pub fn set_in_flight(&mut self, count: usize, interval: Option<gst::ClockTime>) -> bool {
        let before = self.latency();
        self.in_flight = count as u32;
        // A frame leaves when there is no room for the next, or before.
        let intervals = if count > 1 { count as u64 } else { 0 };
        let held = interval.and_then(|interval| interval.checked_mul(intervals));
        self.held = held.unwrap_or(gst::ClockTime::ZERO);
        self.latency() != before
    }

    /// Frames that are restored side by side, at least 1.
    pub fn in_flight(&self) -> u32 {
        self.in_flight.max(1)
    }

    /// Frames that left, and frames that were dropped.
    pub fn counts(&self) -> (u64, u64) {
        (self.frames, self.dropped)
    }

    /// The statistics, when `interval` milliseconds have passed since they were last due, or at
    /// the end. An interval of 0 is never due.
    pub fn due(&mut self, interval: u32, end: bool) -> Option<gst::Structure> {
        if interval == 0 {
            return None;
        }
        let interval = Duration::from_millis(interval.into());
        if !end && self.posted.is_some_and(|at| at.elapsed() < interval) {
            return None;
        }
        self.posted = Some(Instant::now());
        Some(self.structure())
    }

    /// The property `stats`.
    pub fn structure(&self) -> gst::Structure {
        let mut structure = gst::Structure::new_empty(NAME);
        set_fields(&mut structure, self);
        structure
    }

    /// Mean over the restored frames, in milliseconds.
    fn mean_ms(&self, sum: Duration) -> f64 {
        sum.as_secs_f64() * 1e3 / self.restored.max(1) as f64
    }

    /// Share of the time, 0 to 1, that was not spent in the network.
    fn outside_share(&self) -> f64 {
        if self.frame_time.is_zero() {
            return 0.0;
        }
        1.0 - self.mean_ms(self.model_time) / self.mean_ms(self.frame_time)
    }
}
