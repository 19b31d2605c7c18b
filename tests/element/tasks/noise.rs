// SPDX-License-Identifier: MPL-2.0
//! What a graph that takes a noise model is told, by `told`, which answers with it: column x holds
//! number x mod 18 of nine for the axes, three standard deviations, five for the shape, the level.

use gst::prelude::*;
use gst_video::VideoFormat::{self, Gray8, Rgb, Y444};
use gstud2m::sampler;

use crate::common::{Bench, assert_code, caps, code, element, info, path, place, value};

const NUMBERS: usize = 18;
/// White noise of 0.05 of full scale.
const WHITE: [f64; NUMBERS] = [
    1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0, // axes
    0.1, 0.1, 0.1, 0.0, 0.0, 0.0, 0.0, 0.0, 0.1,
];

/// The numbers that `told` shows in a frame of `side` that was flat, from the column `first` on.
fn shown(format: VideoFormat, side: u32, first: usize, properties: &[(&str, &str)]) -> Vec<u8> {
    let element = element("told", properties);
    let input = info(format, side, side);
    let mut bench = Bench::new(&element, &caps(format, side, side));
    let out = bench.restore(&vec![100; input.size()]);
    let scale = ((out.len() / input.size()) as f64).sqrt().round() as u32;
    let output = info(format, side * scale, side * scale);
    (0..NUMBERS)
        .map(|x| out[place(&output, 0, 5, first + x)])
        .collect()
}

/// Asserts that a graph was told of white noise of 0.05; its canvas may begin before the frame.
fn assert_white(found: &[u8], at: &str) {
    let shifted = |shift: usize| {
        let wanted = (0..NUMBERS).map(|i| WHITE[(i + shift) % NUMBERS]);
        found
            .iter()
            .zip(wanted)
            .all(|(f, w)| (f64::from(*f) - code(w)).abs() <= 0.51)
    };
    assert!((0..NUMBERS).any(shifted), "{at}: {found:?}");
}

#[test]
fn every_graph_is_told_the_noise_and_asked_for_the_mean() {
    let mask = path("tests/data/mask.pgm");
    for properties in [
        &[("task", "denoise")][..],
        &[("task", "deblur")],
        &[("task", "jpeg"), ("jpeg-quality", "50")],
        &[("task", "super-resolve"), ("scale", "2")],
        &[("task", "super-resolve"), ("scale", "3")],
        &[("task", "super-resolve"), ("scale", "4")],
    ] {
        let all = [properties, &[("noise-sigma", "0.05"), ("steps", "1")]].concat();
        assert_white(&shown(Rgb, 48, 0, &all), properties[0].1);
    }
    let element = element(
        "told",
        &[
            ("task", "inpaint"),
            ("mask-file", &mask),
            ("noise-sigma", "0.05"),
        ],
    );
    let format = info(Rgb, 64, 48);
    let out = Bench::new(&element, &caps(Rgb, 64, 48)).restore(&vec![100; format.size()]);
    let row: Vec<u8> = (0..NUMBERS).map(|x| out[place(&format, 0, 5, x)]).collect();
    assert_white(&row, "inpaint");
}

#[test]
fn each_tile_of_a_batch_is_told_the_same() {
    let tiles = [
        ("task", "denoise"),
        ("noise-sigma", "0.05"),
        ("steps", "1"),
        ("tile-width", "64"),
        ("tile-height", "64"),
        ("tile-overlap", "16"),
        ("batch-size", "3"),
    ];
    for first in [0, 130] {
        assert_white(&shown(Rgb, 160, first, &tiles), "tiles");
    }
}

#[test]
fn stated_noise_of_a_gray_frame_lies_along_one_axis() {
    let properties = [("task", "denoise"), ("noise-sigma", "0.05"), ("steps", "1")];
    let found = shown(Gray8, 48, 0, &properties);
    let share = value(found[6]).abs();
    assert!((share - 1.0 / 3.0f64.sqrt()).abs() < 0.005, "{share}");
    assert!(found[6] == found[7] && found[7] == found[8], "{found:?}");
    // 2 √3 0.05 along luma, and half a code elsewhere.
    for (i, wanted) in [(9, 0.004), (10, 0.004), (11, 0.1732), (16, 0.0), (17, 0.1)] {
        assert_code(found[i], code(wanted), i);
    }
}

#[test]
fn estimated_noise_is_told_with_its_axes_and_its_correlation() {
    let format = info(Rgb, 96, 96);
    let normal = sampler::normal_image(3, 0, 1, 96, 97);
    let mut bytes = vec![0; format.size()];
    for y in 0..96 {
        for x in 0..96 {
            // Two neighbours share half of their noise.
            let n = (normal.row(0, y)[x] + normal.row(0, y)[x + 1]) / 2.0f32.sqrt();
            let luma = 128.0 + 12.0 * n;
            (0..3).for_each(|c| bytes[place(&format, c, y, x)] = luma.round() as u8);
        }
    }
    let element = element(
        "told",
        &[("task", "deblur"), ("noise-sigma", "-1"), ("steps", "1")],
    );
    element.set_property_from_str("kernel", "uniform");
    let out = Bench::new(&element, &caps(Rgb, 96, 96)).restore(&bytes);
    let all: Vec<u8> = (0..NUMBERS).map(|x| out[place(&format, 0, 5, x)]).collect();
    // The canvas begins before the frame: the level is the only number of its size that stands
    // before nine numbers of axes.
    let sigma = 12.0 / 255.0;
    let told = |wanted: f64, allowed: f64| {
        let near = |byte: &&u8| (value(**byte) - wanted).abs() < allowed;
        assert!(all.iter().any(|b| near(&b)), "{wanted} among {all:?}");
    };
    told(2.0 * 3.0f64.sqrt() * sigma, 0.02);
    told(2.0 * sigma, 0.012);
    told(0.25, 0.1);
    told(1.0, 0.01);
}

#[test]
fn a_stated_level_of_luma_is_told_with_the_chroma_noise_of_the_frame() {
    let format = info(Y444, 96, 96);
    let normal = sampler::normal_image(5, 0, 3, 96, 96);
    let noisy = |chroma: f32| {
        let mut bytes = vec![0; format.size()];
        for (c, sigma) in [(0u8, 10.0), (1, chroma), (2, chroma)] {
            for y in 0..96 {
                for x in 0..96 {
                    let code = 128.0 + sigma * normal.row(usize::from(c), y)[x];
                    bytes[place(&format, c, y, x)] = code.round() as u8;
                }
            }
        }
        bytes
    };
    let properties = [("task", "denoise"), ("noise-sigma", "0.08"), ("steps", "1")];
    let told = |chroma: f32| {
        let element = element("told", &properties);
        let out = Bench::new(&element, &caps(Y444, 96, 96)).restore(&noisy(chroma));
        let least = out[place(&format, 0, 5, 9)];
        value(least)
    };
    // Cb and Cr at half of luma's level are 0.04 here, and stronger still in RGB.
    assert!(told(5.0) > 0.08, "{}", told(5.0));
    assert!(told(0.0) < 0.03, "{}", told(0.0));
}
