// SPDX-License-Identifier: MPL-2.0
//! What the element reports: statistics, the meta on buffers, progress.

use std::time::Duration;

use gst::prelude::*;
use gst_video::VideoFormat::Rgb;

use crate::common::{Bench, caps, element, info, pattern};

const META: &str = "GstUd2mRestoreMeta";

/// The one meta of the element on a buffer.
fn meta(buffer: &gst::Buffer) -> gst::Structure {
    let metas: Vec<_> = buffer
        .iter_meta::<gst::Meta>()
        .filter_map(|m| Some(m.try_as_custom_meta()?.structure().to_owned()))
        .collect();
    assert_eq!(metas.len(), 1, "{metas:?}");
    assert_eq!(metas[0].name(), META);
    metas[0].clone()
}

#[test]
fn the_meta_says_how_a_frame_was_made() {
    let properties = [("task", "jpeg"), ("jpeg-quality", "40"), ("steps", "2")];
    let element = element("echo", &properties);
    let mut bench = Bench::new(&element, &caps(Rgb, 16, 16));
    let frame = || gst::Buffer::from_slice(pattern(&info(Rgb, 16, 16)));
    let restored = meta(&bench.push(frame()));
    assert_eq!(restored.get("steps"), Ok(2u32));
    assert_eq!(restored.get("evaluations"), Ok(4u64));
    assert_eq!(restored.get("provider"), Ok("CPUExecutionProvider"));
    assert_eq!(restored.get("jpeg-quality"), Ok(40u32));
    assert_eq!(
        (restored.get("passthrough"), restored.get("late")),
        (Ok(false), Ok(false))
    );
    for field in ["noise-sigma", "milliseconds"] {
        assert!(restored.get::<f64>(field).unwrap() > 0.0, "{restored}");
    }
    assert_eq!(restored.get("residual"), Ok(0.0), "an echo leaves nothing");
    element.set_property("strength", 0.0);
    let frame = frame();
    let kept = frame.clone();
    let out = bench.push(frame);
    let passed = meta(&out);
    assert_eq!(passed.get("passthrough"), Ok(true));
    assert_eq!(passed.get("evaluations"), Ok(0u64));
    assert!(
        kept.iter_meta::<gst::Meta>().next().is_none(),
        "a buffer that others hold is not written on"
    );
    assert_eq!(
        kept.peek_memory(0).as_ptr(),
        out.peek_memory(0).as_ptr(),
        "and its memory is not copied"
    );
}

#[test]
fn a_frame_without_a_valid_output_is_marked_as_passthrough() {
    let element = element("wrong/nan-output", &[]);
    let mut bench = Bench::new(&element, &caps(Rgb, 16, 16));
    let frame = gst::Buffer::from_slice(pattern(&info(Rgb, 16, 16)));
    assert_eq!(meta(&bench.push(frame)).get("passthrough"), Ok(true));
}

#[test]
fn the_last_of_two_elements_writes_the_meta_and_a_copy_keeps_it() {
    for strength in ["1", "0"] {
        let first = element("blend", &[("task", "denoise"), ("steps", "1")]);
        let mut bench = Bench::new(&first, &caps(Rgb, 16, 16));
        let once = bench.push(gst::Buffer::from_slice(pattern(&info(Rgb, 16, 16))));
        let properties = [("task", "denoise"), ("steps", "3"), ("strength", strength)];
        let mut second = Bench::new(&element("blend", &properties), &caps(Rgb, 16, 16));
        let twice = second.push(once);
        let wanted = if strength == "1" { 3u32 } else { 0 };
        assert_eq!(meta(&twice).get("steps"), Ok(wanted));
        assert_eq!(meta(&twice.copy_deep().unwrap()).get("steps"), Ok(wanted));
    }
}

#[test]
fn stats_count_frames_tiles_and_evaluations() {
    let element = element(
        "echo",
        &[("tile-width", "64"), ("tile-height", "64"), ("steps", "2")],
    );
    assert_eq!(element.property::<Option<String>>("active-provider"), None);
    let mut bench = Bench::new(&element, &caps(Rgb, 128, 96));
    for _ in 0..3 {
        bench.restore(&pattern(&info(Rgb, 128, 96)));
    }
    let stats = element.property::<gst::Structure>("stats");
    let tiles = u64::from(stats.get::<u32>("tiles").unwrap());
    assert!(tiles > 1, "{stats}");
    assert_eq!(stats.get::<u64>("frames"), Ok(3));
    // Two inner iterations in each of two steps, for each tile of each frame.
    assert_eq!(stats.get::<u64>("evaluations"), Ok(3 * 2 * 2 * tiles));
    let [frame, model] = ["frame-ms", "model-ms"].map(|f| stats.get::<f64>(f).unwrap());
    assert!(model > 0.0 && frame > model, "{stats}");
    assert_eq!(stats.get::<&str>("provider"), Ok("CPUExecutionProvider"));
    assert!((stats.get::<f64>("noise-sigma").unwrap() - 0.01).abs() < 1e-6);
    let name = element.property::<Option<String>>("active-provider");
    assert_eq!(name.as_deref(), Some("CPUExecutionProvider"));
}

#[test]
fn statistics_hold_the_stages_and_count_disabled_frames() {
    let element = element("echo", &[]);
    let mut bench = Bench::new(&element, &caps(Rgb, 64, 48));
    let bytes = pattern(&info(Rgb, 64, 48));
    bench.restore(&bytes);
    element.set_property("strength", 0.0);
    bench.restore(&bytes);
    let stats = element.property::<gst::Structure>("stats");
    assert_eq!(
        (stats.get("frames"), stats.get("disabled")),
        (Ok(2u64), Ok(1u64))
    );
    let ms = |field: &str| stats.get::<f64>(field).unwrap();
    let stages = ["unpack-ms", "model-ms", "sampling-ms", "pack-ms"];
    assert!(stages.iter().all(|s| ms(s) > 0.0), "{stats}");
    let sum: f64 = stages.into_iter().map(ms).sum();
    assert!(sum <= ms("frame-ms"), "{stats}");
}

/// The element messages on `bus`.
fn posted(bus: &gst::Bus) -> Vec<gst::Structure> {
    std::iter::from_fn(|| bus.pop())
        .filter_map(|m| match m.view() {
            gst::MessageView::Element(e) => e.structure().map(|s| s.to_owned()),
            _ => None,
        })
        .collect()
}

#[test]
fn statistics_are_posted_at_the_interval_and_at_the_end() {
    let element = element("echo", &[("stats-interval", "1")]);
    let mut bench = Bench::new(&element, &caps(Rgb, 16, 16));
    for _ in 0..3 {
        std::thread::sleep(Duration::from_millis(2));
        bench.restore(&pattern(&info(Rgb, 16, 16)));
    }
    let frames: Vec<u64> = posted(&bench.bus)
        .iter()
        .map(|s| {
            assert_eq!(s.name(), "ud2mrestore-stats");
            s.get("frames").unwrap()
        })
        .collect();
    assert_eq!(frames, [1, 2, 3]);
    element.set_property("stats-interval", u32::MAX);
    bench.restore(&pattern(&info(Rgb, 16, 16)));
    assert!(posted(&bench.bus).is_empty(), "not yet");
    bench.harness.push_event(gst::event::Eos::new());
    let last = posted(&bench.bus);
    assert_eq!(last.len(), 1);
    assert_eq!(last[0].get("frames"), Ok(4u64));
}

#[test]
fn without_an_interval_nothing_is_posted() {
    let mut bench = Bench::new(&element("echo", &[]), &caps(Rgb, 16, 16));
    bench.restore(&pattern(&info(Rgb, 16, 16)));
    bench.harness.push_event(gst::event::Eos::new());
    assert!(posted(&bench.bus).is_empty());
}

#[test]
fn loading_is_reported_as_progress() {
    for (package, last) in [
        ("echo", gst::ProgressType::Complete),
        ("wrong/no-manifest", gst::ProgressType::Error),
    ] {
        let element = element(package, &[]);
        let bus = gst::Bus::new();
        element.set_bus(Some(&bus));
        let _ = element.set_state(gst::State::Paused);
        let kinds: Vec<gst::ProgressType> = std::iter::from_fn(|| bus.pop())
            .filter_map(|message| match message.view() {
                gst::MessageView::Progress(p) => Some(p.get().0),
                _ => None,
            })
            .collect();
        assert_eq!(kinds, [gst::ProgressType::Start, last], "{package}");
        element.set_state(gst::State::Null).unwrap();
    }
}
