// SPDX-License-Identifier: MPL-2.0
//! From the third frame of a size and of settings on, restoring a frame asks for no memory.
//!
//! Only the requests of this crate count, not those of ONNX Runtime, GStreamer and their bindings.

#[path = "../common/mod.rs"]
mod common;
mod counter;

use common::{Bench, caps, element, info};
use gst_video::VideoFormat;
use gstud2m::image::{Image, Window};
use gstud2m::restore::{
    Degradation, Engine, Kernel, Output, Restorer, Settings, Subsampling, Temporal, Tiling,
};
use gstud2m::sampler;

const WIDTH: usize = 96;
const HEIGHT: usize = 72;
/// Frames before those that are counted, and the frames that are.
const WARMING: u64 = 2;
const COUNTED: u64 = 5;

fn settings(degradation: Degradation) -> Settings {
    Settings {
        degradation,
        noise_sigma: 0.02,
        steps: 3,
        seed: 7,
        noise_per_frame: true,
        stochasticity: 0.3,
        samples: 1,
        output: Output::Sample,
        temporal: Temporal::Off,
        strength: 1.0,
        compare: 0.0,
        tiling: Tiling::default(),
    }
}

/// Every family, with a name; the folder holds the mask.
fn families() -> (tempfile::TempDir, Vec<(&'static str, Degradation)>) {
    let folder = tempfile::tempdir().unwrap();
    let mask = folder.path().join("mask.png");
    let holes = |x: u32, y: u32| image::Luma([if x % 7 < 3 && y % 5 < 4 { 0 } else { 255 }]);
    let holed = image::GrayImage::from_fn(WIDTH as u32, HEIGHT as u32, holes);
    holed.save(&mask).unwrap();
    let blur = Degradation::Blur(Kernel::Gaussian {
        size: 0,
        sigma: 1.5,
    });
    let all = vec![
        ("blur", blur),
        ("mask", Degradation::Mask(mask.into())),
        ("denoise", Degradation::Denoise),
        ("downscale2", Degradation::Downscale(2)),
        ("downscale3", Degradation::Downscale(3)),
        (
            "jpeg",
            Degradation::Jpeg {
                quality: 30,
                subsampling: Subsampling::C420,
            },
        ),
        (
            "jpeg of a quality to be found",
            Degradation::Jpeg {
                quality: 0,
                subsampling: Subsampling::C444,
            },
        ),
    ];
    (folder, all)
}

/// The ways to restore a frame, with a name.
fn ways(degradation: &Degradation) -> Vec<(&'static str, Settings)> {
    let plain = settings(degradation.clone());
    let tiling = Tiling {
        width: 64,
        height: 48,
        overlap: 16,
        batch: 3,
    };
    let with = |change: &dyn Fn(&mut Settings)| {
        let mut settings = plain.clone();
        change(&mut settings);
        settings
    };
    vec![
        ("whole", plain.clone()),
        ("tiles in batches", with(&|s| s.tiling = tiling)),
        (
            "one sample after another",
            with(&|s| (s.samples, s.output) = (3, Output::Mean)),
        ),
        (
            "deviation of samples",
            with(&|s| (s.samples, s.output) = (3, Output::Deviation)),
        ),
        ("warm start", with(&|s| s.temporal = Temporal::WarmStart)),
        ("noise to be found", with(&|s| s.noise_sigma = -1.0)),
        (
            "beside the frame",
            with(&|s| (s.strength, s.compare) = (0.5, 0.25)),
        ),
    ]
}

fn frame(number: u64) -> Image {
    let noise = sampler::normal_image(number, 0, 3, HEIGHT, WIDTH);
    let scene = |c: usize, y: usize, x: usize| ((x / 5 + y / 3 + c) % 9) as f32 / 9.0 - 0.5;
    Image::from_fn(3, HEIGHT, WIDTH, |c, y, x| {
        let value = scene(c, y, x) + 0.02 * noise.row(c, y)[x];
        (value * 127.5).round() / 127.5
    })
}

/// What is wrong, in lines; empty where nothing is.
fn report(case: &str, places: std::collections::BTreeMap<String, (usize, usize)>) -> String {
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

#[test]
#[cfg_attr(
    not(debug_assertions),
    ignore = "line tables tell who asked: run it without --release"
)]
fn restoring_a_frame_asks_for_no_memory() {
    common::init();
    let (_folder, families) = families();
    let mut wrong = String::new();
    for (name, degradation) in families {
        for (way, settings) in ways(&degradation) {
            let model = common::path("tests/data/echo");
            let mut restorer =
                Restorer::load(&model, &degradation, Engine::default(), &mut |_| ()).unwrap();
            // As the element does: images that are dropped go back to it.
            let pool = restorer.pool();
            let _entered = pool.enter();
            let frames: Vec<Image> = (0..WARMING + COUNTED).map(frame).collect();
            let mut restored = |number: u64| {
                let result =
                    restorer.restore_with_fallback(&frames[number as usize], number, &settings);
                assert_eq!(result.unwrap().report.failed, None, "{name}, {way}");
            };
            (0..WARMING).for_each(&mut restored);
            let places = counter::ours(|| (WARMING..WARMING + COUNTED).for_each(restored));
            wrong += &report(&format!("{name}, {way}"), places);
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn what_is_kept_does_not_grow_and_goes_with_its_size() {
    common::init();
    let model = common::path("tests/data/echo");
    let mut restorer = Restorer::load(
        &model,
        &Degradation::Denoise,
        Engine::default(),
        &mut |_| (),
    )
    .unwrap();
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
    ignore = "line tables tell who asked: run it without --release"
)]
fn the_element_asks_for_no_memory() {
    let (folder, _) = families();
    let mask = folder.path().join("mask.png");
    let mut wrong = String::new();
    let tasks: [&[(&str, &str)]; 6] = [
        &[("task", "deblur")],
        &[("task", "inpaint"), ("mask-file", mask.to_str().unwrap())],
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
            let mut all = std::collections::BTreeMap::new();
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
