// SPDX-License-Identifier: MPL-2.0
//! What the statistics count, and when they are due.

use std::time::Duration;

use super::super::qos::Decision;
use super::meta::FrameRecord;
use super::stats::{Stages, Stats};
use crate::restore::FrameReport;

/// A frame that took `time` milliseconds, 90 of them in the model where there were as many.
fn frame(time: u64) -> FrameRecord {
    FrameRecord {
        report: FrameReport {
            evaluations: 9,
            model_time: Duration::from_millis(time.min(90)),
            tiles: 2,
            tile_size: (64, 48),
            ..FrameReport::default()
        },
        stages: Stages {
            unpack: Duration::from_millis(4),
            restore: Duration::from_millis(95),
            pack: Duration::from_millis(1),
        },
        time: Duration::from_millis(time),
    }
}

#[test]
fn latency_follows_the_mean_and_is_news_when_it_grows() {
    let mut stats = Stats::new("CPUExecutionProvider");
    let mut add = |ms| stats.add_restored(&frame(ms));
    assert!(!add(500), "the first frame warms up");
    assert!(add(100));
    assert!(!add(100));
    assert!(add(2000));
    assert_eq!(stats.latency().mseconds(), 850);
}

#[test]
fn unrestored_frames_are_counted_and_do_not_change_the_means() {
    gst::init().expect("GStreamer starts");
    let mut stats = Stats::new("CPUExecutionProvider");
    for _ in 0..4 {
        stats.add_restored(&frame(100));
        stats.add_unrestored(false);
        stats.add_unrestored(true);
    }
    let stats = stats.structure();
    for (field, count) in [
        ("frames", 12),
        ("disabled", 4),
        ("late-passthrough", 4),
        ("evaluations", 36),
    ] {
        assert_eq!(stats.get::<u64>(field), Ok(count), "{field}");
    }
    assert_eq!(stats.get::<u32>("tiles"), Ok(2));
    let side = |name| stats.get::<u32>(name);
    assert_eq!((side("tile-width"), side("tile-height")), (Ok(64), Ok(48)));
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
fn decisions_about_late_frames_are_counted() {
    gst::init().expect("GStreamer starts");
    let mut stats = Stats::new("CPUExecutionProvider");
    stats.add_decision(Decision::Drop, true);
    stats.add_decision(Decision::Restore, true);
    stats.add_decision(Decision::Restore, false);
    let fields = stats.structure();
    assert_eq!(fields.get("late"), Ok(2u64));
    assert_eq!(fields.get("dropped"), Ok(1u64));
    assert_eq!(stats.counts(), (0, 1));
}

#[test]
fn statistics_are_due_after_the_interval_and_at_the_end() {
    gst::init().expect("GStreamer starts");
    let mut stats = Stats::new("CPUExecutionProvider");
    assert!(stats.due(0, true).is_none(), "nobody asked");
    assert!(stats.due(u32::MAX, false).is_none());
    assert!(stats.due(u32::MAX, true).is_some());
    std::thread::sleep(Duration::from_millis(2));
    assert!(stats.due(1, false).is_some());
}

#[test]
fn the_residual_is_told_in_words() {
    gst::init().expect("GStreamer starts");
    for (residual_rms, jpeg_quality, words) in [
        (0.0, 0, ""),
        (0.3, 0, "too much noise assumed"),
        (0.9, 0, "explained"),
        (2.0, 0, "too little noise assumed, or another degradation"),
        (0.3, 50, "explained"),
        (2.0, 50, "not explained by the assumed quality"),
    ] {
        let mut stats = Stats::new("CPUExecutionProvider");
        let mut record = FrameRecord::default();
        record.report.residual_rms = residual_rms;
        record.report.jpeg_quality = jpeg_quality;
        stats.add_restored(&record);
        assert_eq!(
            stats.structure().get::<String>("verdict"),
            Ok(words.to_owned())
        );
    }
}
