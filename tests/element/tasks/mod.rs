// SPDX-License-Identifier: MPL-2.0
//! Each task: what reaches its graph, and what becomes of the graph's output.

mod frame_mask;
mod jpeg;
mod jpeg_quality;
mod mask;
mod mask_pad;
mod noise;
mod unobserved;

use gst::prelude::*;
use gst_video::VideoFormat::{Gbr, Gray8, I420, Rgb, Rgba};
use gstud2m::sampler;

use crate::common::{
    Bench, assert_code, assert_echo, caps, code, element, info, path, pattern, place, value,
};

#[test]
fn an_echo_returns_the_frame_for_every_task_of_equal_size() {
    for task in ["deblur", "jpeg", "denoise"] {
        for (width, height) in [(1, 1), (3, 2), (40, 24), (203, 117)] {
            assert_echo(Rgb, width, height, &[("task", task)]);
        }
        let tiles = [("task", task), ("tile-width", "64"), ("tile-height", "48")];
        assert_echo(Rgba, 203, 117, &tiles);
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
        let bytes = pattern(&small);
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
    // A flat image: the initial estimate of the holes is as flat, and `blend` halves it.
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
fn level_and_noise_of_the_next_frame_reach_the_graph() {
    let properties = [("task", "denoise"), ("noise-sigma", "0.05"), ("steps", "3")];
    let element = element("blend", &properties);
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

/// Noise that R, G and B share lies along one axis of colour, where it is √3 times as strong as
/// white noise with the same level in each.
#[test]
fn the_noise_of_gray_and_yuv_frames_is_that_of_luma() {
    for format in [Gray8, I420, Rgb] {
        let element = element("blend", &[("task", "denoise"), ("noise-sigma", "0.05")]);
        let mut bench = Bench::new(&element, &caps(format, 16, 8));
        bench.restore(&vec![64; info(format, 16, 8).size()]);
        let stats = element.property::<gst::Structure>("stats");
        let wanted = if format == Rgb {
            0.05
        } else {
            0.05 * 3.0f64.sqrt()
        };
        let level = stats.get::<f64>("noise-level").unwrap();
        assert!((level - wanted).abs() < 1e-4, "{format:?}: {level}");
        assert!((stats.get::<f64>("noise-sigma").unwrap() - 0.05).abs() < 1e-6);
    }
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
    let mut estimate = |sigma: f32, seed: u64, flags: gst::BufferFlags| {
        let mut frame = gst::Buffer::from_slice(noisy(sigma, seed));
        frame.get_mut().unwrap().set_flags(flags);
        bench.push(frame);
        let stats = element.property::<gst::Structure>("stats");
        stats.get::<f64>("noise-sigma").unwrap() * 255.0
    };
    let none = gst::BufferFlags::empty();
    let first = estimate(12.0, 1, none);
    assert!((first - 12.0).abs() < 1.5, "{first}");
    let second = estimate(16.0, 2, none);
    assert!(
        second > first && second < 14.5,
        "{second}: a quarter of the way"
    );
    let third = estimate(16.0, 2, gst::BufferFlags::DISCONT);
    assert!((third - 16.0).abs() < 1.5, "{third}: afresh");
}

#[test]
fn the_quality_reaches_the_graph_as_quantisation_tables() {
    let element = element("blend", &[("task", "jpeg"), ("jpeg-quality", "50")]);
    let mut bench = Bench::new(&element, &caps(Rgb, 16, 16));
    let flat = vec![100; info(Rgb, 16, 16).size()];
    // IJG's tables at quality 50: the first luma step is 16, the last chroma step 99. At 90: 3, 20.
    let wanted = |luma: f64, chroma: f64| code(luma / 128.0 - chroma / 256.0);
    assert_code(bench.restore(&flat)[0], wanted(16.0, 99.0), 50);
    element.set_property("jpeg-quality", 90u32);
    assert_code(bench.restore(&flat)[0], wanted(3.0, 20.0), 90);
}

#[test]
fn kernels_reach_the_graph_with_unit_gain() {
    // x0 = y/2 + gain z0/4: three quarters of a flat frame when the kernel sums to one.
    for kernel in ["gaussian", "uniform", "disk", "motion"] {
        let element = element("blend", &[("kernel", kernel), ("steps", "1")]);
        let mut bench = Bench::new(&element, &caps(Rgb, 24, 16));
        let flat = vec![40; info(Rgb, 24, 16).size()];
        for byte in bench.restore(&flat) {
            assert_code(byte, code(0.75 * value(40)), kernel);
        }
    }
}
