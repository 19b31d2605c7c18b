// SPDX-License-Identifier: MPL-2.0
//! What the element tells: errors in GStreamer's words, the `stats` structure, latency, the runtime's messages.

use std::sync::LazyLock;
use std::time::Duration;

use crate::error::RestoreError;
use crate::restore::{self, FrameReport, LogLevel};

pub static CAT: LazyLock<gst::DebugCategory> = LazyLock::new(|| {
    gst::DebugCategory::new(
        "ud2mrestore",
        gst::DebugColorFlags::empty(),
        Some("Restores frames by posterior sampling"),
    )
});

static RUNTIME_CAT: LazyLock<gst::DebugCategory> = LazyLock::new(|| {
    gst::DebugCategory::new(
        "onnxruntime",
        gst::DebugColorFlags::empty(),
        Some("Messages of ONNX Runtime"),
    )
});

/// The one place where the crate's errors become GStreamer's.
pub fn message(error: &RestoreError) -> gst::ErrorMessage {
    match error {
        RestoreError::Settings(_) => {
            gst::error_msg!(gst::ResourceError::Settings, ("{error}"))
        }
        RestoreError::File { .. } | RestoreError::Model { .. } => {
            gst::error_msg!(gst::ResourceError::OpenRead, ("{error}"))
        }
        RestoreError::Runtime(_) => gst::error_msg!(gst::LibraryError::Init, ("{error}")),
        RestoreError::Frame(_) | RestoreError::Answer(_) => {
            gst::error_msg!(gst::StreamError::Format, ("{error}"))
        }
        RestoreError::Memory(_) => {
            gst::error_msg!(gst::ResourceError::NoSpaceLeft, ("{error}"))
        }
    }
}

/// Sends ONNX Runtime's messages to the debug category `onnxruntime`.
pub fn bridge_logs() {
    restore::log_to(|level, text| match level {
        LogLevel::Debug => gst::debug!(RUNTIME_CAT, "{text}"),
        LogLevel::Info => gst::info!(RUNTIME_CAT, "{text}"),
        LogLevel::Warning => gst::warning!(RUNTIME_CAT, "{text}"),
        LogLevel::Error => gst::error!(RUNTIME_CAT, "{text}"),
    });
}

/// What has been restored since the element started.
#[derive(Clone, Debug, Default)]
pub struct Report {
    provider: &'static str,
    frames: u64,
    evaluations: u64,
    frame_time: Duration,
    model_time: Duration,
    passed: u64,
    last: FrameReport,
    latency: gst::ClockTime,
}

impl Report {
    pub fn new(provider: &'static str) -> Self {
        Self {
            provider,
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

    /// Counts a frame that took `time` inside the element. True when the latency has grown.
    pub fn add(&mut self, frame: FrameReport, time: Duration) -> bool {
        self.frames += 1;
        self.evaluations += frame.evaluations;
        self.frame_time += time;
        self.model_time += frame.model_time;
        self.passed += u64::from(frame.passed.is_some());
        self.last = frame;
        // The first frame of a size also pays for the runtime's buffers.
        let mean = self.frame_ms();
        if self.frames < 2 || mean <= self.latency.mseconds() as f64 {
            return false;
        }
        // A quarter more than now, in whole tens of milliseconds, so that it is not told anew for every jitter.
        let tens = (mean * 1.25 / 10.0).ceil();
        self.latency = gst::ClockTime::from_mseconds(10 * tens as u64);
        true
    }

    /// Why the last frame passed as it came, where it did.
    pub fn passing(&self) -> Option<&str> {
        self.last.passed.as_deref()
    }

    /// Time a frame spends in the element; zero until it is known.
    pub fn latency(&self) -> gst::ClockTime {
        self.latency
    }

    fn frame_ms(&self) -> f64 {
        self.frame_time.as_secs_f64() * 1e3 / self.frames.max(1) as f64
    }

    /// The property `stats`. Times are means over all frames, in milliseconds; the rest is of the last frame.
    pub fn structure(&self) -> gst::Structure {
        let frame_ms = self.frame_ms();
        let model_ms = self.model_time.as_secs_f64() * 1e3 / self.frames.max(1) as f64;
        let outside = if frame_ms > 0.0 {
            1.0 - model_ms / frame_ms
        } else {
            0.0
        };
        gst::Structure::builder("ud2mrestore-stats")
            .field("frames", self.frames)
            .field("evaluations", self.evaluations)
            .field("passed", self.passed)
            .field("frame-ms", frame_ms)
            .field("model-ms", model_ms)
            .field("outside-share", outside)
            .field("residual", f64::from(self.last.residual))
            .field("noise-sigma", f64::from(self.last.noise_sigma))
            .field("jpeg-quality", self.last.jpeg_quality)
            .field("tiles", self.last.tiles as u32)
            .field("renewed", f64::from(self.last.renewed))
            .field("provider", self.provider)
            .build()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latency_follows_the_mean_and_is_told_when_it_grows() {
        let mut report = Report::new("CPUExecutionProvider");
        let ms = Duration::from_millis;
        assert!(
            !report.add(FrameReport::default(), ms(500)),
            "the first frame warms up"
        );
        assert!(report.add(FrameReport::default(), ms(100)));
        assert_eq!(report.latency().mseconds(), 380);
        assert!(!report.add(FrameReport::default(), ms(100)));
        assert!(report.add(FrameReport::default(), ms(2000)));
    }

    #[test]
    fn shares_and_means_follow_from_the_sums() {
        gst::init().expect("GStreamer starts");
        let mut report = Report::new("CPUExecutionProvider");
        for _ in 0..4 {
            let frame = FrameReport {
                evaluations: 9,
                model_time: Duration::from_millis(90),
                tiles: 2,
                ..FrameReport::default()
            };
            report.add(frame, Duration::from_millis(100));
        }
        let stats = report.structure();
        assert_eq!(stats.get::<u64>("evaluations"), Ok(36));
        assert_eq!(stats.get::<u32>("tiles"), Ok(2));
        let share = stats.get::<f64>("outside-share").expect("a number");
        assert!((share - 0.1).abs() < 1e-9, "{share}");
    }
}
