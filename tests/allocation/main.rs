// SPDX-License-Identifier: MPL-2.0
//! From the third frame of a size and of settings on, restoring a frame asks for no memory.
//!
//! Only the requests of this crate count, not those of ONNX Runtime, GStreamer and their bindings.

mod cases;
#[path = "../common/mod.rs"]
mod common;
mod counter;

use std::collections::BTreeMap;

use cases::{HEIGHT, WIDTH, degradations, frame, settings, ways};
use common::{Bench, caps, element, info};
use gst_video::VideoFormat;
use gstud2m::image::{Image, Window};
use gstud2m::restore::{Degradation, Engine, Output, Restorer, Settings, Stop};

/// Frames before those that are counted, and the frames that are.
const WARMING: u64 = 2;
const COUNTED: u64 = 5;

/// What is wrong, in lines; empty where nothing is.
fn report(case: &str, places: BTreeMap<String, (usize, usize)>) -> String {
    let times: usize = places.values().map(|(times, _)| times).sum();
    let bytes: usize = places.values().map(|(_, bytes)| bytes).sum();
    let line = |(place, (times, bytes)): (&String, &(usize, usize))| {
        format!("    {times} times, {bytes} bytes: {place}\n")
    };
    let lines: String = places.iter().map(line).collect();
    if times == 0 {
        String::new()
    } else {
        format!("{case}: {times} allocations of {bytes} bytes in {COUNTED} frames\n{lines}")
    }
}

/// A package of tests; `echo` answers with the observation.
fn toy(package: &str, degradation: &Degradation) -> Restorer {
    let path = common::path(&format!("tests/data/{package}"));
    let (engine, stop) = (Engine::default(), Stop::default());
    Restorer::load(&path, degradation, engine, &mut |_| (), &stop).unwrap()
}

/// What restoring frames asks for after the first ones, in lines.
fn asked_for(case: &str, mut restorer: Restorer, settings: &Settings) -> String {
    // As the element does: images that are dropped go back to it.
    let pool = restorer.pool();
    let _entered = pool.enter();
    let frames: Vec<Image> = (0..WARMING + COUNTED).map(frame).collect();
    let mut restored = |number: u64| {
        let result = restorer.restore_with_fallback(&frames[number as usize], number, settings);
        assert_eq!(result.unwrap().report.failed, None, "{case}");
    };
    (0..WARMING).for_each(&mut restored);
    let places = counter::ours(|| (WARMING..WARMING + COUNTED).for_each(restored));
    report(case, places)
}

#[test]
#[cfg_attr(
    not(debug_assertions),
    ignore = "it reads line tables: run it without --release"
)]
fn restoring_a_frame_asks_for_no_memory() {
    common::init();
    let (_folder, degradations) = degradations();
    let mut wrong = String::new();
    for (name, degradation) in degradations {
        for (way, settings) in ways(&degradation) {
            let restorer = toy("echo", &degradation);
            wrong += &asked_for(&format!("{name}, {way}"), restorer, &settings);
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
#[cfg_attr(
    not(debug_assertions),
    ignore = "it reads line tables: run it without --release"
)]
fn drawing_samples_asks_for_no_memory() {
    common::init();
    let (_folder, degradations) = degradations();
    let mut wrong = String::new();
    let sampled = |name: &str| ["denoise", "downscale2", "jpeg"].contains(&name);
    for (name, degradation) in degradations.into_iter().filter(|(name, _)| sampled(name)) {
        for (way, mut settings) in ways(&degradation) {
            settings.realism = 0.5;
            for per_frame in [true, false] {
                settings.noise_per_frame = per_frame;
                let restorer = toy("samples", &degradation);
                wrong += &asked_for(&format!("{name}, {way}, {per_frame}"), restorer, &settings);
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
#[cfg_attr(
    not(debug_assertions),
    ignore = "it reads line tables: run it without --release"
)]
fn telling_the_standard_deviation_of_one_sample_asks_for_no_memory() {
    common::init();
    let (_folder, degradations) = degradations();
    let mut wrong = String::new();
    let served = |name: &str| ["mask", "denoise", "downscale2", "jpeg"].contains(&name);
    for (name, degradation) in degradations.into_iter().filter(|(name, _)| served(name)) {
        let mut settings = settings(degradation.clone());
        settings.output = Output::Deviation;
        wrong += &asked_for(name, toy("stddev", &degradation), &settings);
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn noise_that_frames_share_is_not_drawn_in_the_steady_state() {
    common::init();
    let mut restorer = toy("echo", &Degradation::Denoise);
    let mut settings = settings(Degradation::Denoise);
    let mut draws = |settings: &_, number: u64| {
        let restored = restorer.restore_with_fallback(&frame(number), number, settings);
        let restored = restored.unwrap();
        (restored.report.noise_draws, restored.image)
    };
    let (own, _) = draws(&settings, 1);
    settings.noise_per_frame = false;
    let drawn: Vec<_> = (0..4).map(|_| draws(&settings, 1)).collect();
    let counts: Vec<usize> = drawn.iter().map(|(count, _)| *count).collect();
    assert!(own > 1, "{own}");
    assert_eq!(counts, [own, own, 0, 0]);
    assert!(drawn.iter().all(|(_, image)| *image == drawn[0].1));
}

#[test]
fn what_is_kept_does_not_grow_and_goes_with_its_size() {
    common::init();
    let mut restorer = toy("echo", &Degradation::Denoise);
    let settings = settings(Degradation::Denoise);
    let pool = restorer.pool();
    let _entered = pool.enter();
    let mut kept = |width, height| {
        let (x, y) = (0, 0);
        let frame = frame(0).crop(Window {
            x,
            y,
            width,
            height,
        });
        restorer
            .restore_with_fallback(&frame, 0, &settings)
            .unwrap();
        drop(frame);
        pool.unused()
    };
    let large: Vec<usize> = (0..6).map(|_| kept(WIDTH, HEIGHT)).collect();
    assert!(
        large[2..].iter().all(|bytes| *bytes == large[2]),
        "{large:?}"
    );
    let small = kept(WIDTH / 4, HEIGHT / 4);
    assert!(8 * small < large[2], "{small} of {large:?}");
}

#[test]
#[cfg_attr(
    not(debug_assertions),
    ignore = "it reads line tables: run it without --release"
)]
fn the_element_asks_for_no_memory() {
    let (folder, _) = degradations();
    let mask = folder.path().join("mask.png");
    let mut wrong = String::new();
    let tasks: [&[(&str, &str)]; 8] = [
        &[("task", "deblur")],
        &[("task", "inpaint"), ("mask-file", mask.to_str().unwrap())],
        &[("task", "deblur"), ("mask-file", mask.to_str().unwrap())],
        &[
            ("task", "jpeg"),
            ("mask-file", mask.to_str().unwrap()),
            ("temporal", "warm-start"),
        ],
        &[("task", "super-resolve"), ("scale", "2")],
        &[("task", "jpeg"), ("jpeg-quality", "30")],
        &[("task", "denoise"), ("temporal", "warm-start")],
        &[
            ("task", "denoise"),
            ("tile-width", "64"),
            ("batch-size", "2"),
            ("noise-sigma", "-1"),
        ],
    ];
    for format in [VideoFormat::Rgb, VideoFormat::I420] {
        for properties in tasks {
            let element = element("echo", properties);
            let mut bench = Bench::new(&element, &caps(format, WIDTH as u32, HEIGHT as u32));
            let size = info(format, WIDTH as u32, HEIGHT as u32).size();
            let bytes: Vec<u8> = (0..size).map(|i| (i * i / 50 % 251) as u8).collect();
            let case = format!("{format:?} {properties:?}");
            let mut all = BTreeMap::new();
            for number in 0..WARMING + COUNTED {
                let buffer = gst::Buffer::from_slice(bytes.clone());
                let push = || {
                    bench.harness.push(buffer).expect("a frame is restored");
                };
                if number < WARMING {
                    push();
                } else {
                    for (place, (times, bytes)) in counter::ours(push) {
                        let sum = all.entry(place).or_insert((0, 0));
                        (sum.0, sum.1) = (sum.0 + times, sum.1 + bytes);
                    }
                }
                bench.harness.pull().unwrap();
            }
            wrong += &report(&case, all);
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}
