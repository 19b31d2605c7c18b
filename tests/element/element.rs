// SPDX-License-Identifier: MPL-2.0
//! The element from outside: every output byte of tiny models in closed form, and one sentence for each thing wrong.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::common::{
    Bench, assert_code, assert_same, caps, code, element, info, path, picture, place, start, value,
};
use gst::prelude::*;
use gst_video::VideoFormat::{self, Bgra, Gbr, Rgb, Rgba};
use gstud2m::sampler;

/// What `affine` leaves of noise alone after a run: x0 = xt/4 + noise_0/8 + noise_1/16, per channel, row and column.
fn affine_run(seed: u64, steps: usize, zeta: f64, height: usize, width: usize) -> Vec<f64> {
    let noise = |stream| -> Vec<f64> {
        let drawn = sampler::normal_image(seed, stream, 3, height, width);
        drawn.data.iter().map(|v| f64::from(*v)).collect()
    };
    let levels = sampler::levels(steps);
    let mut xt = noise(0);
    for (i, level) in levels.iter().enumerate() {
        let stream = 1 + 3 * i as u32;
        let (n0, n1, fresh) = (noise(stream), noise(stream + 1), noise(stream + 2));
        let (alpha, sigma) = (f64::from(level.alpha), f64::from(level.sigma));
        let x0: Vec<f64> = (0..xt.len())
            .map(|p| xt[p] / 4.0 + n0[p] / 8.0 + n1[p] / 16.0)
            .collect();
        let Some(next) = levels.get(i + 1) else {
            return x0;
        };
        for p in 0..xt.len() {
            let eps = (xt[p] - alpha * x0[p]) / sigma;
            let eps = (1.0 - zeta).sqrt() * eps + zeta.sqrt() * fresh[p];
            xt[p] = f64::from(next.alpha) * x0[p] + f64::from(next.sigma) * eps;
        }
    }
    unreachable!("there is at least one step")
}

fn assert_affine(properties: &[(&str, &str)], seed: u64, steps: usize, zeta: f64, frames: usize) {
    let (width, height) = (45, 29);
    let format = info(Rgb, width, height);
    let element = element("affine", properties);
    element.set_property_from_str("task", "denoise");
    let mut bench = Bench::new(&element, &caps(Rgb, width, height));
    let mut out = Vec::new();
    for _ in 0..frames {
        out = bench.restore(&picture(&format));
    }
    let (height, width) = (height as usize, width as usize);
    let expected = affine_run(seed, steps, zeta, height, width);
    for c in 0..3u8 {
        for y in 0..height {
            for x in 0..width {
                let wanted = code(expected[(usize::from(c) * height + y) * width + x]);
                assert_code(out[place(&format, c, y, x)], wanted, (c, y, x));
            }
        }
    }
}

#[test]
fn every_byte_of_a_run_is_the_one_the_sampler_predicts() {
    assert_affine(&[("seed", "7")], 7, 3, 0.0, 1);
}

#[test]
fn steps_and_stochasticity_reach_the_sampler() {
    assert_affine(&[("steps", "1")], 0, 1, 0.0, 1);
    let properties = [("steps", "5"), ("stochasticity", "0.5"), ("seed", "3")];
    assert_affine(&properties, 3, 5, 0.5, 1);
}

#[test]
fn tiles_and_batches_do_not_change_a_byte_of_a_pointwise_model() {
    for batch in ["1", "3"] {
        let properties = [
            ("tile-width", "24"),
            ("tile-height", "16"),
            ("batch-size", batch),
        ];
        assert_affine(&properties, 0, 3, 0.0, 1);
    }
}

#[test]
fn noise_is_the_same_in_every_frame_unless_asked_otherwise() {
    assert_affine(&[], 0, 3, 0.0, 3);
    let format = info(Rgb, 16, 16);
    let run = |mode| {
        let element = element("affine", &[("task", "denoise"), ("noise-mode", mode)]);
        let mut bench = Bench::new(&element, &caps(Rgb, 16, 16));
        [(); 2].map(|()| bench.restore(&picture(&format)))
    };
    let [first, second] = run("per-frame");
    assert_ne!(first, second, "each frame has noise of its own");
    assert_eq!(
        run("per-frame"),
        [first.clone(), second],
        "and the same in each run"
    );
    assert_eq!(
        run("fixed")[0],
        first,
        "the first frame's noise is the seed's"
    );
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_seed_others() {
    let format = info(Rgb, 40, 24);
    let run = |seed| {
        let element = element("affine", &[("task", "denoise"), ("seed", seed)]);
        Bench::new(&element, &caps(Rgb, 40, 24)).restore(&picture(&format))
    };
    assert_eq!(run("5"), run("5"));
    assert_ne!(run("5"), run("6"));
}

/// Sends a frame through `echo`, which answers with the observation.
fn echoed(format: VideoFormat, width: u32, height: u32, properties: &[(&str, &str)]) {
    let element = element("echo", properties);
    let format = info(format, width, height);
    let mut bench = Bench::new(&element, &format.to_caps().unwrap());
    let bytes = picture(&format);
    let out = bench.restore(&bytes);
    assert_same(&format, &out, &bytes, properties);
}

#[test]
fn an_echo_returns_the_frame_for_every_task_of_equal_size() {
    for task in ["deblur", "jpeg", "denoise"] {
        for (width, height) in [(1, 1), (3, 2), (40, 24), (203, 117)] {
            echoed(Rgb, width, height, &[("task", task)]);
        }
        let tiles = [("task", task), ("tile-width", "64"), ("tile-height", "48")];
        echoed(Rgba, 203, 117, &tiles);
    }
}

#[test]
fn colours_and_alpha_keep_their_places_in_every_format() {
    for format in [Rgb, VideoFormat::Bgr, Rgba, Bgra, Gbr] {
        echoed(format, 37, 21, &[("task", "deblur")]);
    }
}

#[test]
fn super_resolution_repeats_pixels_and_alpha_of_an_echo() {
    for scale in [2usize, 3, 4] {
        let text = scale.to_string();
        let properties = [("task", "super-resolve"), ("scale", text.as_str())];
        let element = element("echo", &properties);
        let small = info(Rgba, 31, 18);
        let large = info(Rgba, 31 * scale as u32, 18 * scale as u32);
        let mut bench = Bench::new(&element, &small.to_caps().unwrap());
        let bytes = picture(&small);
        let out = bench.restore(&bytes);
        assert_eq!(out.len(), large.size());
        for c in 0..4 {
            for y in 0..18 * scale {
                for x in 0..31 * scale {
                    let from = bytes[place(&small, c, y / scale, x / scale)];
                    assert_eq!(out[place(&large, c, y, x)], from, "{scale}: {c} {y} {x}");
                }
            }
        }
    }
}

#[test]
fn inpainting_keeps_what_the_mask_shows_and_fills_the_rest() {
    let mask = path("tests/data/mask.pgm");
    let properties = [
        ("task", "inpaint"),
        ("mask-file", mask.as_str()),
        ("steps", "1"),
    ];
    let element = element("blend", &properties);
    let format = info(Rgb, 64, 48);
    // A flat picture: the holes' smooth start is as flat, and `blend` halves it.
    let bytes = vec![200; format.size()];
    let out = Bench::new(&element, &caps(Rgb, 64, 48)).restore(&bytes);
    let hole = |x: usize, y: usize| (20..44).contains(&x) && (16..32).contains(&y);
    for y in 0..48 {
        for x in 0..64 {
            let wanted = if hole(x, y) {
                code(value(200) / 2.0)
            } else {
                200.0
            };
            assert_code(out[place(&format, 1, y, x)], wanted, (y, x));
        }
    }
}

#[test]
fn the_graph_is_told_the_level_and_the_noise_of_the_next_frame() {
    let element = element("blend", &[("task", "denoise"), ("noise-sigma", "0.05")]);
    let mut bench = Bench::new(&element, &caps(Rgb, 16, 8));
    let flat = vec![64; info(Rgb, 16, 8).size()];
    // x0 = y/2 + sigma_y + t/2000, sigma_y on the scale of [-1, 1], t the last level.
    let wanted = |sigma: f64, t: f64| code(value(64) / 2.0 + 2.0 * sigma + t / 2000.0);
    assert_code(bench.restore(&flat)[0], wanted(0.05, 111.0), "as started");
    element.set_property("noise-sigma", 0.1f64);
    assert_code(bench.restore(&flat)[0], wanted(0.1, 111.0), "noise changed");
    element.set_property("steps", 2u32);
    assert_code(bench.restore(&flat)[0], wanted(0.1, 250.0), "steps changed");
    element.set_property("noise-sigma", 0.9f64);
    assert_code(
        bench.restore(&flat)[0],
        wanted(0.25, 250.0),
        "limited to the model's range",
    );
}

/// A gray frame with noise of `sigma` codes.
fn noisy(sigma: f32, seed: u64) -> Vec<u8> {
    let noise = &sampler::normal_image(seed, 0, 3, 96, 96).data;
    let codes = noise.iter().map(|n| (128.0 + sigma * n).round() as u8);
    codes.collect()
}

#[test]
fn an_estimated_noise_is_followed_from_frame_to_frame_until_a_discontinuity() {
    let element = element("echo", &[("task", "denoise"), ("noise-sigma", "-1")]);
    let mut bench = Bench::new(&element, &caps(Gbr, 96, 96));
    let mut told = |sigma: f32, seed: u64, flags: gst::BufferFlags| {
        let mut frame = gst::Buffer::from_slice(noisy(sigma, seed));
        frame.get_mut().unwrap().set_flags(flags);
        bench.push(frame);
        let stats = element.property::<gst::Structure>("stats");
        stats.get::<f64>("noise-sigma").unwrap() * 255.0
    };
    let none = gst::BufferFlags::empty();
    let first = told(12.0, 1, none);
    assert!((first - 12.0).abs() < 1.5, "{first}");
    let second = told(16.0, 2, none);
    assert!(
        second > first && second < 14.5,
        "{second}: a quarter of the way"
    );
    let third = told(16.0, 2, gst::BufferFlags::DISCONT);
    assert!((third - 16.0).abs() < 1.5, "{third}: afresh");
}

#[test]
fn the_quality_reaches_the_graph_as_quantisation_tables() {
    let element = element("blend", &[("task", "jpeg"), ("jpeg-quality", "50")]);
    let mut bench = Bench::new(&element, &caps(Rgb, 16, 16));
    let flat = vec![100; info(Rgb, 16, 16).size()];
    // IJG's tables at quality 50: the first luma step is 16, the last chroma step 99; at 90, 3 and 20.
    let wanted = |luma: f64, chroma: f64| code(luma / 128.0 - chroma / 256.0);
    assert_code(bench.restore(&flat)[0], wanted(16.0, 99.0), 50);
    element.set_property("jpeg-quality", 90u32);
    assert_code(bench.restore(&flat)[0], wanted(3.0, 20.0), 90);
}

#[test]
fn kernels_reach_the_graph_with_unit_gain() {
    // x0 = y/2 + gain z0/4, which of a flat frame leaves three quarters when the kernel sums to one.
    for kernel in ["gaussian", "uniform", "motion"] {
        let element = element("blend", &[("kernel", kernel), ("steps", "1")]);
        let mut bench = Bench::new(&element, &caps(Rgb, 24, 16));
        let flat = vec![40; info(Rgb, 24, 16).size()];
        for byte in bench.restore(&flat) {
            assert_code(byte, code(0.75 * value(40)), kernel);
        }
    }
}

#[test]
fn timestamps_duration_and_offset_are_kept() {
    let mut bench = Bench::new(&element("echo", &[]), &caps(Rgb, 16, 16));
    let mut buffer = gst::Buffer::from_slice(vec![0; info(Rgb, 16, 16).size()]);
    {
        let buffer = buffer.get_mut().unwrap();
        buffer.set_pts(gst::ClockTime::from_mseconds(400));
        buffer.set_dts(gst::ClockTime::from_mseconds(360));
        buffer.set_duration(gst::ClockTime::from_mseconds(40));
        buffer.set_offset(10);
    }
    let out = bench.push(buffer);
    assert_eq!(out.pts(), Some(gst::ClockTime::from_mseconds(400)));
    assert_eq!(out.dts(), Some(gst::ClockTime::from_mseconds(360)));
    assert_eq!(out.duration(), Some(gst::ClockTime::from_mseconds(40)));
    assert_eq!(out.offset(), 10);
}

#[test]
fn regions_of_interest_are_kept_and_grow_with_the_frame() {
    for (task, factor) in [("deblur", 1), ("super-resolve", 2)] {
        let element = element("echo", &[("task", task), ("scale", "2")]);
        let mut bench = Bench::new(&element, &caps(Rgb, 16, 16));
        let mut buffer = gst::Buffer::from_slice(vec![0; info(Rgb, 16, 16).size()]);
        let rect = (1, 2, 3, 4);
        gst_video::VideoRegionOfInterestMeta::add(buffer.get_mut().unwrap(), "face", rect);
        let out = bench.push(buffer);
        let region = out
            .meta::<gst_video::VideoRegionOfInterestMeta>()
            .expect(task);
        let grown = (factor, 2 * factor, 3 * factor, 4 * factor);
        assert_eq!((region.rect(), region.roi_type()), (grown, "face"));
    }
}

#[test]
fn padded_rows_are_read_by_their_stride() {
    let (width, height, stride) = (13usize, 7usize, 64usize);
    let mut bench = Bench::new(&element("echo", &[]), &caps(Rgb, 13, 7));
    let plain = info(Rgb, 13, 7);
    let bytes = picture(&plain);
    let mut padded = vec![0xee; stride * height];
    for y in 0..height {
        let row = place(&plain, 0, y, 0);
        padded[y * stride..y * stride + 3 * width].copy_from_slice(&bytes[row..row + 3 * width]);
    }
    let mut buffer = gst::Buffer::from_slice(padded);
    gst_video::VideoMeta::add_full(
        buffer.get_mut().unwrap(),
        gst_video::VideoFrameFlags::empty(),
        Rgb,
        13,
        7,
        &[0],
        &[stride as i32],
    )
    .unwrap();
    let out = bench.push(buffer);
    assert!(
        out.meta::<gst_video::VideoMeta>()
            .is_none_or(|m| m.stride()[0] == plain.stride()[0])
    );
    let out = out.map_readable().unwrap();
    for y in 0..height {
        let row = place(&plain, 0, y, 0);
        assert_eq!(
            out[row..row + 3 * width],
            bytes[row..row + 3 * width],
            "row {y}"
        );
    }
}

#[test]
fn a_flush_leaves_the_element_ready_for_the_next_frame() {
    let format = info(Rgb, 16, 16);
    let mut bench = Bench::new(
        &element("affine", &[("task", "denoise")]),
        &caps(Rgb, 16, 16),
    );
    let before = bench.restore(&picture(&format));
    assert!(bench.harness.push_event(gst::event::FlushStart::new()));
    assert!(bench.harness.push_event(gst::event::FlushStop::new(true)));
    let segment = gst::FormattedSegment::<gst::ClockTime>::new();
    assert!(bench.harness.push_event(gst::event::Segment::new(&segment)));
    assert_eq!(bench.restore(&picture(&format)), before);
    assert!(bench.errors().is_empty());
}

#[test]
fn the_end_of_the_stream_passes_after_the_last_frame() {
    let mut bench = Bench::new(&element("echo", &[]), &caps(Rgb, 16, 16));
    bench.restore(&picture(&info(Rgb, 16, 16)));
    assert!(bench.harness.push_event(gst::event::Eos::new()));
    let ended = std::iter::from_fn(|| bench.harness.try_pull_event())
        .any(|e| e.type_() == gst::EventType::Eos);
    assert!(ended);
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
        bench.restore(&picture(&info(Rgb, 128, 96)));
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
fn properties_can_be_read_while_a_frame_is_restored() {
    let element = element("affine", &[("task", "denoise"), ("steps", "100")]);
    let mut bench = Bench::new(&element, &caps(Rgb, 256, 256));
    let bytes = picture(&info(Rgb, 256, 256));
    let (done, mut reads) = (AtomicBool::new(false), 0u64);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            bench.restore(&bytes);
            done.store(true, Ordering::SeqCst);
        });
        while !done.load(Ordering::SeqCst) {
            let _ = element.property::<gst::Structure>("stats");
            element.set_property("seed", reads);
            reads += 1;
            std::thread::sleep(Duration::from_millis(1));
        }
    });
    assert!(reads > 20, "properties waited for the frame: {reads} reads");
}

#[test]
fn stopping_does_not_wait_for_the_frame_in_progress() {
    let element = element("affine", &[("task", "denoise"), ("steps", "100")]);
    let mut bench = Bench::new(&element, &caps(Rgb, 768, 512));
    let buffer = gst::Buffer::from_slice(picture(&info(Rgb, 768, 512)));
    let begun = Instant::now();
    let stopped = std::thread::scope(|scope| {
        let pushing = scope.spawn(|| bench.harness.push(buffer));
        std::thread::sleep(Duration::from_millis(300));
        let asked = Instant::now();
        element.set_state(gst::State::Ready).unwrap();
        let stopped = asked.elapsed();
        assert_eq!(pushing.join().unwrap(), Err(gst::FlowError::Flushing));
        stopped
    });
    let whole = begun.elapsed();
    assert!(stopped < Duration::from_secs(1), "{stopped:?} of {whole:?}");
    assert!(bench.errors().is_empty(), "being stopped is no error");
}

#[test]
fn each_wrong_model_has_its_sentence() {
    for (package, sentence) in [
        ("no-manifest", "has no manifest (`ud2m.manifest`)"),
        (
            "future-schema",
            "the manifest has schema 2 and this plugin reads schema 1",
        ),
        ("unknown-field", "unknown field `colour`"),
        ("missing-field", "missing field `halo`"),
        (
            "other-range",
            "`range` is [0.0, 1.0] where [-1, 1] is needed",
        ),
        (
            "other-schedule",
            "`beta` is [0.0001, 0.01] where [0.0001, 0.02] is needed",
        ),
        ("wrong-family", "`family` is denoise where blur is needed"),
        ("missing-input", "the graph has no input `z0`"),
        (
            "extra-input",
            "the graph has an input `style` that this plugin does not know",
        ),
        (
            "static-size",
            "the graph's input `xt` is [1, 3, 64, 64] where [any, 3, any, any] is needed",
        ),
        (
            "flat-output",
            "the graph's output `x0` is [any, 3, 1, 1] where [any, 3, any, any] is needed",
        ),
        ("truncated", "cannot be loaded"),
    ] {
        let errors = start(&element(&format!("wrong/{package}"), &[]));
        let [error] = errors.as_slice() else {
            panic!("{package}: one error expected, not {errors:?}");
        };
        assert!(error.starts_with("resource: "), "{package}: {error}");
        assert!(error.contains(sentence), "{package}: {error}");
        let file = format!("wrong/{package}/blur.onnx");
        assert!(error.contains(&file), "{package}: {error}");
    }
}

#[test]
fn an_answer_of_another_size_ends_in_one_error() {
    let mut bench = Bench::new(&element("wrong/small-output", &[]), &caps(Rgb, 16, 16));
    let frame = gst::Buffer::from_slice(picture(&info(Rgb, 16, 16)));
    assert_eq!(bench.harness.push(frame), Err(gst::FlowError::Error));
    let errors = bench.errors();
    assert!(
        errors.len() == 1 && errors[0].starts_with("stream: The model answered with a tensor of"),
        "{errors:?}"
    );
}

#[test]
fn settings_that_do_not_hold_are_errors_at_the_start() {
    let missing = [("model", "/nonexistent/model")];
    let kernel = [("kernel", "file"), ("kernel-file", "/nonexistent/k.png")];
    let text = path("Cargo.toml");
    let not_a_kernel = [("kernel", "file"), ("kernel-file", text.as_str())];
    let mask = [("task", "inpaint"), ("mask-file", "/nonexistent/m.png")];
    let cases: [(&[(&str, &str)], &str); 9] = [
        (&missing, "resource: model /nonexistent/model"),
        (
            &[("model", "unheard-of")],
            "resource: model unheard-of: was not found",
        ),
        (&[("model", "")], "resource: The property model is empty"),
        (
            &[("kernel", "file")],
            "resource: kernel=file needs a kernel: set kernel-file",
        ),
        (&[("kernel-size", "6")], "resource: kernel-size is 6"),
        (&kernel, "resource: /nonexistent/k.png"),
        (&not_a_kernel, "Cargo.toml"),
        (&mask, "resource: /nonexistent/m.png"),
        (
            &[("task", "inpaint")],
            "resource: task=inpaint needs a mask: set mask-file",
        ),
    ];
    for (properties, sentence) in cases {
        let errors = start(&element("echo", properties));
        let [error] = errors.as_slice() else {
            panic!("{properties:?}: one error expected, not {errors:?}");
        };
        assert!(error.contains(sentence), "{properties:?}: {error}");
    }
}

#[test]
fn a_provider_that_is_not_there_is_named_with_what_to_do() {
    for provider in ["cuda", "tensorrt", "openvino"] {
        let errors = start(&element("echo", &[("execution-provider", provider)]));
        let [error] = errors.as_slice() else {
            panic!("{provider}: one error expected, not {errors:?}");
        };
        let named = format!("library: execution-provider={provider} ");
        assert!(error.starts_with(&named), "{error}");
        assert!(error.contains("execution-provider=auto"), "{error}");
    }
}

#[test]
fn a_package_without_the_tasks_graph_is_an_error() {
    let errors = start(&element("wrong/no-manifest", &[("task", "jpeg")]));
    assert!(
        errors.len() == 1 && errors[0].contains("jpeg.onnx"),
        "{errors:?}"
    );
}

#[test]
fn a_value_that_turns_bad_while_playing_ends_in_one_error() {
    let element = element("echo", &[]);
    let mut bench = Bench::new(&element, &caps(Rgb, 16, 16));
    let bytes = picture(&info(Rgb, 16, 16));
    bench.restore(&bytes);
    element.set_property_from_str("kernel", "file");
    let frame = gst::Buffer::from_slice(bytes.clone());
    assert_eq!(bench.harness.push(frame), Err(gst::FlowError::Error));
    let errors = bench.errors();
    assert!(
        errors.len() == 1 && errors[0].contains("kernel-file"),
        "{errors:?}"
    );
    element.set_property_from_str("kernel", "gaussian");
    bench.restore(&bytes);
}

#[test]
fn a_frame_smaller_than_its_caps_is_an_error_and_never_passes() {
    let mut bench = Bench::new(&element("echo", &[]), &caps(Rgb, 16, 16));
    let result = bench.harness.push(gst::Buffer::from_slice(vec![0; 100]));
    assert_eq!(result, Err(gst::FlowError::Error));
    assert_eq!(bench.harness.buffers_in_queue(), 0);
    assert_eq!(bench.errors().len(), 1);
}

#[test]
fn what_is_set_while_started_for_the_next_start_waits_for_it() {
    let element = element("echo", &[("scale", "2")]);
    let mut bench = Bench::new(&element, &caps(Rgb, 16, 16));
    element.set_property_from_str("task", "super-resolve");
    assert_eq!(
        bench.restore(&picture(&info(Rgb, 16, 16))).len(),
        info(Rgb, 16, 16).size()
    );
    assert!(bench.errors().is_empty());
}

#[test]
fn the_element_starts_again_after_it_was_stopped() {
    let element = element("echo", &[]);
    for _ in 0..3 {
        assert!(start(&element).is_empty());
    }
}
