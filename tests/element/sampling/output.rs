// SPDX-License-Identifier: MPL-2.0
//! What leaves: one sample, the mean or the deviation of several, the strength, the comparison.

use gst::prelude::*;
use gst_video::VideoFormat::{I420, Rgb};

use crate::common::{Bench, assert_code, caps, code, element, info, pattern, place, start, value};

const SIZE: (u32, u32) = (20, 12);

/// Evaluations that the element counted since it started.
fn evaluations(element: &gst::Element) -> u64 {
    let stats = element.property::<gst::Structure>("stats");
    stats.get("evaluations").unwrap()
}

/// One frame through `affine`, whose output is noise alone.
fn sampled(properties: &[(&str, &str)]) -> Vec<u8> {
    let element = element("affine", properties);
    element.set_property_from_str("task", "denoise");
    let mut bench = Bench::new(&element, &caps(Rgb, SIZE.0, SIZE.1));
    bench.restore(&pattern(&info(Rgb, SIZE.0, SIZE.1)))
}

/// The samples that the seed's mean is made of.
fn samples(count: u64) -> Vec<Vec<u8>> {
    let seed = |i: u64| {
        5u64.wrapping_add(i.wrapping_mul(0xd1b5_4a32_d192_ed03))
            .to_string()
    };
    let one = |i| sampled(&[("seed", seed(i).as_str())]);
    (0..count).map(one).collect()
}

#[test]
fn the_mean_is_that_of_runs_with_seeds_of_their_own() {
    let runs = samples(4);
    let mean = sampled(&[("seed", "5"), ("samples", "4"), ("output", "mean")]);
    let mut differ = 0;
    for (i, byte) in mean.iter().enumerate() {
        let codes: Vec<f64> = runs.iter().map(|r| f64::from(r[i])).collect();
        let wanted = codes.iter().sum::<f64>() / 4.0;
        // Codes of the runs were rounded, and cut off where they leave the range.
        if codes.iter().all(|c| (1.0..=254.0).contains(c)) {
            assert!(
                (f64::from(*byte) - wanted).abs() <= 1.01,
                "{byte} for {wanted} at {i}"
            );
        }
        differ += usize::from(runs[0][i] != *byte);
    }
    assert!(differ > mean.len() / 2, "a mean is not its first sample");
}

#[test]
fn the_deviation_is_gray_and_scaled_by_sixteen() {
    let runs = samples(3);
    let deviations = sampled(&[("seed", "5"), ("samples", "3"), ("output", "stddev")]);
    let format = info(Rgb, SIZE.0, SIZE.1);
    for y in 0..SIZE.1 as usize {
        for x in 0..SIZE.0 as usize {
            let at = [0, 1, 2].map(|c| place(&format, c, y, x));
            let got = at.map(|p| deviations[p]);
            assert_eq!(got, [got[0]; 3], "gray at {y} {x}");
            let values = |p: usize| runs.iter().map(move |r| f64::from(r[p]));
            let variance = |p: usize| {
                let mean = values(p).sum::<f64>() / 3.0;
                values(p).map(|v| (v - mean).powi(2)).sum::<f64>() / 2.0
            };
            let deviation = (at.iter().map(|&p| variance(p)).sum::<f64>() / 3.0).sqrt();
            let wanted = (16.0 * deviation).min(255.0);
            assert!(
                (f64::from(got[0]) - wanted).abs() < 16.0,
                "{got:?} for {wanted}"
            );
        }
    }
}

#[test]
fn one_sample_is_drawn_unless_moments_are_asked_for() {
    assert_eq!(sampled(&[("samples", "8")]), sampled(&[]));
    let element = element(
        "affine",
        &[("task", "denoise"), ("samples", "3"), ("steps", "1")],
    );
    let mut bench = Bench::new(&element, &caps(Rgb, SIZE.0, SIZE.1));
    let frame = pattern(&info(Rgb, SIZE.0, SIZE.1));
    bench.restore(&frame);
    let one = evaluations(&element);
    element.set_property_from_str("output", "mean");
    bench.restore(&frame);
    assert_eq!(evaluations(&element), one + 3 * one);
}

#[test]
fn a_deviation_of_one_sample_is_refused_with_what_to_do() {
    let element = element("affine", &[("task", "denoise"), ("output", "stddev")]);
    let errors = start(&element);
    let said = |words| errors.iter().all(|error| error.contains(words));
    assert!(
        errors.len() == 1
            && said("set samples to 2 or more")
            && said("choose a model that has a network for it"),
        "{errors:?}"
    );
}

#[test]
fn strength_blends_and_at_zero_the_buffer_itself_passes() {
    let properties = [("task", "denoise"), ("noise-sigma", "0.05"), ("steps", "3")];
    let element = element("blend", &properties);
    let mut bench = Bench::new(&element, &caps(Rgb, 16, 8));
    let flat = vec![64; info(Rgb, 16, 8).size()];
    // x0 = y/2 + sigma_y + t/2000, sigma_y on the scale of [-1, 1], t the last level.
    let restored = code(value(64) / 2.0 + 0.1 + 111.0 / 2000.0);
    assert_code(bench.restore(&flat)[0], restored, 1.0);
    element.set_property("strength", 0.25f64);
    assert_code(
        bench.restore(&flat)[0],
        64.0 + 0.25 * (restored - 64.0),
        0.25,
    );
    let before = evaluations(&element);
    element.set_property("strength", 0.0f64);
    let frame = gst::Buffer::from_slice(flat.clone());
    let memory = frame.peek_memory(0).as_ptr();
    assert_eq!(
        bench.push(frame).peek_memory(0).as_ptr(),
        memory,
        "not even a copy"
    );
    assert_eq!(evaluations(&element), before);
    element.set_property("strength", 1.0f64);
    assert_code(bench.restore(&flat)[0], restored, "again");
}

#[test]
fn at_strength_zero_an_upscaled_frame_is_interpolated_without_the_network() {
    let properties = [("task", "super-resolve"), ("scale", "2"), ("strength", "0")];
    let element = element("affine", &properties);
    let mut bench = Bench::new(&element, &caps(Rgb, 16, 8));
    let out = bench.restore(&vec![90; info(Rgb, 16, 8).size()]);
    assert_eq!(out, vec![90; info(Rgb, 32, 16).size()]);
    assert_eq!(evaluations(&element), 0);
}

#[test]
fn compare_shows_the_frame_as_it_came_on_the_left() {
    let properties = [("task", "denoise"), ("compare", "0.25"), ("steps", "1")];
    let format = info(Rgb, 16, 8);
    let flat = vec![64; format.size()];
    let out = Bench::new(&element("blend", &properties), &caps(Rgb, 16, 8)).restore(&flat);
    for y in 0..8 {
        for x in 0..16 {
            assert_eq!(out[place(&format, 1, y, x)] == 64, x < 4, "{y} {x}");
        }
    }
}

#[test]
fn strength_may_be_controlled_and_works_on_planar_formats() {
    let element = element("echo", &[("strength", "0")]);
    let mut bench = Bench::new(&element, &caps(I420, 15, 9));
    let frame: Vec<u8> = (0..info(I420, 15, 9).size())
        .map(|i| (i * 11 % 256) as u8)
        .collect();
    assert_eq!(bench.restore(&frame), frame, "bytes pass untouched");
    let spec = element.find_property("strength").unwrap();
    assert!(spec.flags().contains(gst::PARAM_FLAG_CONTROLLABLE));
}
