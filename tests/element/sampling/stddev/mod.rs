// SPDX-License-Identifier: MPL-2.0
//! The standard deviation of one sample, told by a network: every byte of `stddev`, which says
//! |x0 - initial|/32 + sigma_y/4 + (1 - observed)/64 + (mean of x0 + 1)/64 on the scale of [-1, 1],
//! and may do so of frames whose sides are multiples of 16.

mod models;

use std::fs;
use std::path::Path;

use gst::prelude::*;
use gst_video::VideoFormat::Rgb;
use gstud2m::sampler::levels;

use crate::common::{
    Bench, assert_code, caps, element, info, path, pattern, place, value, warnings,
};

/// One sample of noise of standard deviation 0.1 on the scale of [-1, 1].
const ONE: [(&str, &str); 2] = [("output", "stddev"), ("noise-sigma", "0.05")];
/// What the network tells of that noise.
const OF_NOISE: f64 = 0.1 / 4.0;
const DENOISE: (&str, &str) = ("task", "denoise");

/// An element with this package and one sample.
fn one(package: &str, properties: &[(&str, &str)]) -> gst::Element {
    element(package, &[&ONE, properties].concat())
}

/// The code of a standard deviation on the scale of [-1, 1]: white from 16 of 255 on.
fn shown(stddev: f64) -> f64 {
    (16.0 * 127.5 * stddev).min(255.0)
}

/// Asserts that a frame is gray, and that it is as `stddev` says by row and column.
fn assert_told(out: &[u8], (width, height): (u32, u32), stddev: impl Fn(usize, usize) -> f64) {
    let format = info(Rgb, width, height);
    for y in 0..height as usize {
        for x in 0..width as usize {
            let wanted = shown(stddev(y, x));
            for c in 0..3 {
                assert_code(out[place(&format, c, y, x)], wanted, (c, y, x));
            }
        }
    }
}

/// A folder with graphs of packages of tests, by the package and the file.
fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (package, file) in files {
        let from = path(&format!("tests/data/{package}/{file}"));
        fs::copy(from, folder.path().join(file)).unwrap();
    }
    folder
}

fn name(folder: &Path) -> &str {
    folder.to_str().unwrap()
}

/// `blend` denoises the observation y to y/2 + sigma_y + t/2000.
#[test]
fn what_the_network_says_is_shown_byte_by_byte_of_the_whole_frame() {
    let (width, height) = (20, 12);
    let format = info(Rgb, width, height);
    let bytes = pattern(&format);
    let level = f64::from(levels(1)[0].t) / 2000.0;
    let y = |c: usize, row: usize, x: usize| value(bytes[place(&format, c as u8, row, x)]);
    let x0 = |c: usize, row: usize, x: usize| y(c, row, x) / 2.0 + 0.1 + level;
    // The graph is given 32x16 pixels, of which those beyond the edge repeat it.
    let (mut sum, right, below) = (0.0, width as usize - 1, height as usize - 1);
    for at in 0..3 * 16 * 32 {
        let (c, row, x) = (at / (16 * 32), at / 32 % 16, at % 32);
        sum += x0(c, row.min(below), x.min(right));
    }
    let everywhere = (sum / (3.0 * 16.0 * 32.0) + 1.0) / 64.0;
    let stddev = |row: usize, x: usize| {
        let distance = |c| (x0(c, row, x) - y(c, row, x)).abs();
        (0..3).map(distance).sum::<f64>() / 3.0 / 32.0 + OF_NOISE + everywhere
    };
    for tiles in [&[][..], &[("tile-width", "16"), ("tile-height", "8")]] {
        let element = one("stddev", &[&[DENOISE], tiles].concat());
        let mut bench = Bench::new(&element, &caps(Rgb, width, height));
        assert_told(&bench.restore(&bytes), (width, height), stddev);
        assert!(warnings(&bench.bus).is_empty());
        let stats = element.property::<gst::Structure>("stats");
        let evaluations: u64 = stats.get("evaluations").unwrap();
        let of_step = if tiles.is_empty() { 2 } else { 4 };
        assert_eq!(evaluations, of_step, "{tiles:?}: those of the step");
    }
}

/// `blend` inpaints to half the initial estimate.
#[test]
fn it_is_told_what_is_missing_of_an_inpainted_frame() {
    let mask = path("tests/data/mask.pgm");
    let element = one("stddev", &[("task", "inpaint"), ("mask-file", &mask)]);
    let mut bench = Bench::new(&element, &caps(Rgb, 64, 48));
    let out = bench.restore(&vec![200; info(Rgb, 64, 48).size()]);
    let v = value(200);
    let everywhere = (v * (1.0 - 0.125 / 2.0) + 1.0) / 64.0;
    assert_told(&out, (64, 48), |y, x| {
        let hole = (16..32).contains(&y) && (20..44).contains(&x);
        let of_hole = if hole {
            v / 2.0 / 32.0 + 1.0 / 64.0
        } else {
            0.0
        };
        of_hole + OF_NOISE + everywhere
    });
}

/// Holes are filled by means here, for there is no step that inpaints: all is flat but the mask.
#[test]
fn what_is_missing_of_a_frame_that_grows_grows_with_it() {
    let folder = folder(&[("stddev", "downscale2.onnx"), ("stddev", "stddev.onnx")]);
    let mask = path("tests/data/mask.pgm");
    let flat = vec![90; info(Rgb, 64, 48).size()];
    for (mask, of_hole) in [("", 0.0), (mask.as_str(), 1.0 / 64.0)] {
        let properties = [
            ("task", "super-resolve"),
            ("scale", "2"),
            ("mask-file", mask),
            ("model", name(folder.path())),
        ];
        let mut bench = Bench::new(&one("stddev", &properties), &caps(Rgb, 64, 48));
        assert_told(&bench.restore(&flat), (128, 96), |y, x| {
            let hole = (32..64).contains(&y) && (40..88).contains(&x);
            let of_hole = if hole { of_hole } else { 0.0 };
            of_hole + OF_NOISE + (value(90) + 1.0) / 64.0
        });
    }
}

#[test]
fn it_tells_of_the_mean_whatever_the_realism() {
    let folder = folder(&[("samples", "denoise.onnx"), ("stddev", "stddev.onnx")]);
    let told = |realism| {
        let properties = [
            DENOISE,
            ("model", name(folder.path())),
            ("realism", realism),
        ];
        let mut bench = Bench::new(&one("samples", &properties), &caps(Rgb, 32, 16));
        (
            bench.restore(&pattern(&info(Rgb, 32, 16))),
            warnings(&bench.bus),
        )
    };
    let (mean, quiet) = told("0");
    assert!(quiet.is_empty(), "{quiet:?}");
    for realism in ["0.5", "1"] {
        let (bytes, found) = told(realism);
        assert!(bytes == mean, "{realism}");
        let words = "output=stddev with samples=1 does not use it";
        assert!(found.len() == 1 && found[0].contains(words), "{found:?}");
    }
}

#[test]
fn it_may_be_asked_for_while_frames_flow_and_leaves_again() {
    let size = (32, 16);
    let element = element("stddev", &[DENOISE, ("noise-sigma", "0.05")]);
    let mut bench = Bench::new(&element, &caps(Rgb, size.0, size.1));
    let bytes = pattern(&info(Rgb, size.0, size.1));
    let restored = bench.restore(&bytes);
    element.set_property_from_str("output", "stddev");
    let told = bench.restore(&bytes);
    let mut at_start = Bench::new(&one("stddev", &[DENOISE]), &caps(Rgb, size.0, size.1));
    assert!(told == at_start.restore(&bytes) && told != restored);
    element.set_property_from_str("output", "sample");
    assert!(bench.restore(&bytes) == restored);
    assert!(warnings(&bench.bus).is_empty());
}
