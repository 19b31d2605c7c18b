// SPDX-License-Identifier: MPL-2.0
//! What has been done since the element started: counts, times, the property `stats`, the latency that follows.

use std::time::{Duration, Instant};

use super::meta::FrameMeta;
use super::qos::lateness::Decision;
use crate::restore::FrameReport;

/// Where the time of a frame went.
#[derive(Clone, Copy, Debug, Default)]
pub struct Stages {
    pub unpack: Duration,
    /// The model and the sampling around it.
    pub restore: Duration,
    pub pack: Duration,
}

/// What has been done since the element started.
#[derive(Clone, Debug, Default)]
pub struct Report {
    provider: &'static str,
    /// Frames that left, and those of them that were restored.
    frames: u64,
    restored: u64,
    evaluations: u64,
    /// Sums over restored frames.
    frame_time: Duration,
    model_time: Duration,
    stages: Stages,
    /// Frames for which the network had no answer, and those it was not asked about.
    failed: u64,
    disabled: u64,
    /// Frames that were late, and what became of them.
    late: u64,
    late_passthrough: u64,
    fewer_steps: u64,
    dropped: u64,
    last: FrameReport,
    latency: gst::ClockTime,
    /// When the application was last told.
    told: Option<Instant>,
}

impl Report {
    pub fn new(provider: &'static str) -> Self {
        Self {
            provider,
            told: Some(Instant::now()),
            ..Self::default()
        }
    }

    /// ONNX Runtime's name of the provider in use, or nothing while stopped.
    pub fn provider(&self) -> Option<&'static str> {
        (!self.provider.is_empty()).then_some(self.provider)
    }

    /// Forgets the provider; the rest can be read until the next start.
    pub fn stop(&mut self) {
        self.provider = "";
    }

    /// Counts what was decided about a frame.
    pub fn decided(&mut self, decision: Decision, late: bool) {
        self.late += u64::from(late);
        match decision {
            Decision::Drop => self.dropped += 1,
            Decision::Reduce(_) => self.fewer_steps += 1,
            Decision::Restore | Decision::Passthrough => {}
        }
    }

    /// Counts a frame that the base class dropped.
    pub fn add_dropped(&mut self) {
        self.dropped += 1;
    }

    /// Counts a frame that left unrestored on purpose.
    pub fn add_unrestored(&mut self, late: bool) {
        self.frames += 1;
        let counter = if late {
            &mut self.late_passthrough
        } else {
            &mut self.disabled
        };
        *counter += 1;
    }

    /// Counts a restored frame. True when the latency has grown.
    pub fn add(&mut self, note: &FrameMeta, stages: Stages) -> bool {
        self.frames += 1;
        self.restored += 1;
        self.evaluations += note.report.evaluations;
        self.frame_time += note.time;
        self.model_time += note.report.model_time;
        self.stages.unpack += stages.unpack;
        self.stages.restore += stages.restore;
        self.stages.pack += stages.pack;
        self.failed += u64::from(note.report.failed.is_some());
        self.last.clone_from(&note.report);
        // The first frame of a size also pays for the runtime's buffers.
        let mean = self.mean_ms(self.frame_time);
        if self.restored < 2 || mean <= self.latency.mseconds() as f64 {
            return false;
        }
        // A quarter more than now, in whole tens of milliseconds, so that it is not told anew for every jitter.
        let tens = (mean * 1.25 / 10.0).ceil();
        self.latency = gst::ClockTime::from_mseconds(10 * tens as u64);
        true
    }

    /// Why the last restored frame passed as it came, where it did.
    pub fn passing(&self) -> Option<&str> {
        self.last.failed.as_deref()
    }

    /// Time a frame spends in the element; zero until it is known.
    pub fn latency(&self) -> gst::ClockTime {
        self.latency
    }

    /// Frames that left, and frames that were dropped.
    pub fn counts(&self) -> (u64, u64) {
        (self.frames, self.dropped)
    }

    /// The statistics, when `interval` milliseconds have passed since they were last due, or at the end.
    pub fn due(&mut self, interval: u32, end: bool) -> Option<gst::Structure> {
        if interval == 0 {
            return None;
        }
        let interval = Duration::from_millis(interval.into());
        if !end && self.told.is_some_and(|told| told.elapsed() < interval) {
            return None;
        }
        self.told = Some(Instant::now());
        Some(self.structure())
    }

    /// Mean over the restored frames.
    fn mean_ms(&self, sum: Duration) -> f64 {
        sum.as_secs_f64() * 1e3 / self.restored.max(1) as f64
    }

    /// The property `stats`. Times are means over the restored frames; residual and what follows are the last one's.
    pub fn structure(&self) -> gst::Structure {
        let [frame_ms, model_ms] = [self.frame_time, self.model_time].map(|t| self.mean_ms(t));
        let outside = if frame_ms > 0.0 {
            1.0 - model_ms / frame_ms
        } else {
            0.0
        };
        let sampling = self.stages.restore.saturating_sub(self.model_time);
        gst::Structure::builder("ud2mrestore-stats")
            .field("frames", self.frames)
            .field("evaluations", self.evaluations)
            .field("failed", self.failed)
            .field("disabled", self.disabled)
            .field("late", self.late)
            .field("late-passthrough", self.late_passthrough)
            .field("fewer-steps", self.fewer_steps)
            .field("dropped", self.dropped)
            .field("frame-ms", frame_ms)
            .field("unpack-ms", self.mean_ms(self.stages.unpack))
            .field("model-ms", model_ms)
            .field("sampling-ms", self.mean_ms(sampling))
            .field("pack-ms", self.mean_ms(self.stages.pack))
            .field("outside-share", outside)
            .field("residual", f64::from(self.last.residual_rms))
            .field("cold-share", f64::from(self.last.cold_share))
            .field("noise-sigma", f64::from(self.last.noise_sigma))
            .field("jpeg-quality", self.last.jpeg_quality)
            .field("tiles", self.last.tiles as u32)
            .field("provider", self.provider)
            .build()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A frame that took `time` milliseconds, 90 of them in the model where there were as many.
    fn note(time: u64) -> FrameMeta {
        FrameMeta {
            report: FrameReport {
                evaluations: 9,
                model_time: Duration::from_millis(time.min(90)),
                tiles: 2,
                ..FrameReport::default()
            },
            time: Duration::from_millis(time),
        }
    }

    #[test]
    fn latency_follows_the_mean_and_is_told_when_it_grows() {
        let mut report = Report::new("CPUExecutionProvider");
        let mut add = |ms| report.add(&note(ms), Stages::default());
        assert!(!add(500), "the first frame warms up");
        assert!(add(100));
        assert!(!add(100));
        assert!(add(2000));
        assert_eq!(report.latency().mseconds(), 850);
    }

    #[test]
    fn frames_that_pass_are_counted_and_do_not_change_the_means() {
        gst::init().expect("GStreamer starts");
        let mut report = Report::new("CPUExecutionProvider");
        let stages = Stages {
            unpack: Duration::from_millis(4),
            restore: Duration::from_millis(95),
            pack: Duration::from_millis(1),
        };
        for _ in 0..4 {
            report.add(&note(100), stages);
            report.add_unrestored(false);
            report.add_unrestored(true);
        }
        let stats = report.structure();
        for (field, count) in [
            ("frames", 12),
            ("disabled", 4),
            ("late-passthrough", 4),
            ("evaluations", 36),
        ] {
            assert_eq!(stats.get::<u64>(field), Ok(count), "{field}");
        }
        assert_eq!(stats.get::<u32>("tiles"), Ok(2));
        for (field, wanted) in [
            ("frame-ms", 100.0),
            ("unpack-ms", 4.0),
            ("model-ms", 90.0),
            ("sampling-ms", 5.0),
            ("pack-ms", 1.0),
            ("outside-share", 0.1),
        ] {
            let mean = stats.get::<f64>(field).expect("a number");
            assert!((mean - wanted).abs() < 1e-9, "{field}: {mean}");
        }
    }

    #[test]
    fn what_was_decided_about_late_frames_is_counted() {
        gst::init().expect("GStreamer starts");
        let mut report = Report::new("CPUExecutionProvider");
        report.decided(Decision::Drop, true);
        report.decided(Decision::Restore, true);
        report.decided(Decision::Restore, false);
        report.add_dropped();
        let stats = report.structure();
        assert_eq!(
            (stats.get("late"), stats.get("dropped")),
            (Ok(2u64), Ok(2u64))
        );
        assert_eq!(report.counts(), (0, 2));
    }

    #[test]
    fn statistics_are_due_after_the_interval_and_at_the_end() {
        gst::init().expect("GStreamer starts");
        let mut report = Report::new("CPUExecutionProvider");
        assert!(report.due(0, true).is_none(), "nobody asked");
        assert!(report.due(u32::MAX, false).is_none());
        assert!(report.due(u32::MAX, true).is_some());
        std::thread::sleep(Duration::from_millis(2));
        assert!(report.due(1, false).is_some());
    }
}
