// SPDX-License-Identifier: MPL-2.0
//! Settings that cannot be used: errors at the start, warnings while frames flow. And settings that
//! are hardly meant as they stand.

use std::path::{Path, PathBuf};

use gst::prelude::*;
use gst_video::VideoFormat::Rgb;

use crate::common::{Bench, caps, element, info, path, pattern, start, warnings};

/// A folder, and the path of a file that is not there yet.
fn folder() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file.pgm");
    (folder, path)
}

/// Writes a gray picture whose codes are `code(x, y)`.
fn write(path: &Path, width: u32, height: u32, code: impl Fn(u32, u32) -> u8) {
    let image = image::GrayImage::from_fn(width, height, |x, y| image::Luma([code(x, y)]));
    image.save(path).unwrap();
}

fn bench(element: &gst::Element) -> Bench {
    Bench::new(element, &caps(Rgb, 32, 24))
}

fn frame() -> Vec<u8> {
    pattern(&info(Rgb, 32, 24))
}

/// Asserts that there is one warning so far, which holds `words`.
fn assert_one(bench: &Bench, words: &str) {
    let found = warnings(&bench.bus);
    assert!(
        found.len() == 1 && found[0].contains(words),
        "{words}: {found:?}"
    );
}

/// Of the last frame: it tells kernels apart, where the output does not.
fn residual(element: &gst::Element) -> f64 {
    let stats = element.property::<gst::Structure>("stats");
    stats.get("residual").unwrap()
}

#[test]
fn an_even_kernel_size_is_rounded_up_while_frames_flow() {
    let residuals = |size: u32| {
        let element = element("echo", &[("kernel", "uniform"), ("kernel-size", "3")]);
        let mut bench = bench(&element);
        bench.restore(&frame());
        let before = residual(&element);
        element.set_property("kernel-size", size);
        bench.restore(&frame());
        bench.restore(&frame());
        (before, residual(&element), bench)
    };
    let (before, even, bench) = residuals(4);
    assert_eq!(even, residuals(5).1);
    assert_ne!(even, before);
    assert_one(&bench, "An even kernel-size is rounded up");
}

#[test]
fn a_file_that_is_not_there_yet_leaves_the_settings_before_in_force() {
    let (_folder, file) = folder();
    let element = element("echo", &[("kernel", "uniform"), ("kernel-size", "3")]);
    let mut bench = bench(&element);
    bench.restore(&frame());
    let before = residual(&element);
    element.set_property("kernel-file", &file);
    bench.restore(&frame());
    bench.restore(&frame());
    assert_eq!(residual(&element), before);
    assert_one(&bench, "Until then the settings before stay in force");
    std::fs::write(&file, b"P5 7 7 255\n half of it").unwrap();
    bench.restore(&frame());
    assert_eq!(residual(&element), before);
    write(&file, 7, 7, |_, _| 255);
    bench.restore(&frame());
    assert_ne!(residual(&element), before, "it is there now");
    let mask = [
        ("task", "inpaint"),
        ("mask-file", &path("tests/data/mask.pgm")),
    ];
    let element = crate::common::element("blend", &mask);
    let mut bench = Bench::new(&element, &caps(Rgb, 64, 48));
    let bytes = pattern(&info(Rgb, 64, 48));
    let before = bench.restore(&bytes);
    for wrong in ["/nonexistent/mask.png", "", file.to_str().unwrap()] {
        element.set_property("mask-file", wrong);
        assert_eq!(bench.restore(&bytes), before, "{wrong}");
        assert_one(&bench, "Until then the settings before stay in force");
    }
}

#[test]
fn a_deviation_waits_for_its_samples_while_frames_flow() {
    let element = element("affine", &[("task", "denoise")]);
    let mut bench = bench(&element);
    let sample = bench.restore(&frame());
    element.set_property_from_str("output", "stddev");
    assert_eq!(bench.restore(&frame()), sample);
    assert_eq!(bench.restore(&frame()), sample);
    assert_one(&bench, "output=stddev needs several samples");
    element.set_property("samples", 3u32);
    let deviation = bench.restore(&frame());
    assert_ne!(deviation, sample);
    element.set_property("samples", 1u32);
    assert_eq!(
        bench.restore(&frame()),
        deviation,
        "of three samples, as before"
    );
}

#[test]
fn what_waits_for_the_next_start_says_so() {
    let element = element("echo", &[("task", "denoise")]);
    element.set_property_from_str("task", "deblur");
    let bench = bench(&element);
    for (name, value) in [("task", "jpeg"), ("task", "denoise"), ("model", "base")] {
        element.set_property_from_str(name, value);
    }
    let found = warnings(&bench.bus);
    assert!(
        found.len() == 2 && found[0].contains("task is set") && found[1].contains("READY"),
        "{found:?}"
    );
}

#[test]
fn a_kernel_file_chooses_itself() {
    let (_folder, file) = folder();
    write(&file, 5, 5, |x, y| 100 + (x * 7 + y * 31) as u8);
    let element = element("blend", &[]);
    element.set_property("kernel-file", &file);
    let kernel = element.property_value("kernel");
    let (_, kernel) = gst::glib::EnumValue::from_value(&kernel).unwrap();
    assert_eq!(kernel.nick(), "file");
    element.set_property_from_str("kernel", "motion");
    assert_one(&bench(&element), "kernel=motion does not use it");
}

#[test]
fn properties_without_effect_are_told() {
    for (name, value, task) in [
        ("kernel-file", "k.png", "denoise"),
        ("scale", "2", "deblur"),
        ("jpeg-quality", "40", "denoise"),
    ] {
        let bench = bench(&element("echo", &[("task", task), (name, value)]));
        assert_one(
            &bench,
            &format!("{name} is set, and task={task} does not use it"),
        );
    }
    let fresh = [("task", "denoise"), ("stochasticity", "0.5")];
    assert_one(
        &bench(&element("echo", &fresh)),
        "stochasticity is set, and steps=1 does not use it",
    );
    let least = [("task", "denoise"), ("overload-policy", "fewer-steps")];
    assert_one(
        &bench(&element("echo", &least)),
        "a frame takes one step already",
    );
    let mean = ("output", "mean");
    for more in [[("steps", "2"), mean], [("samples", "2"), mean]] {
        let bench = bench(&element("echo", &[&least[..], &more].concat()));
        assert!(warnings(&bench.bus).is_empty(), "{more:?}");
    }
    let errors = start(&element(
        "echo",
        &[("task", "super-resolve"), ("scale", "5")],
    ));
    assert!(
        errors.len() == 1 && errors[0].contains("scale is 5"),
        "{errors:?}"
    );
}

#[test]
fn masks_that_are_hardly_meant_are_told() {
    for (code, words) in [
        (
            &(|x: u32, y: u32| -> u8 { if (x, y) == (3, 4) { 255 } else { 0 } })
                as &dyn Fn(u32, u32) -> u8,
            "invert it",
        ),
        (
            &|x, _| if x < 4 { 255 } else { 128 },
            "is gray, which counts as missing",
        ),
    ] {
        let (_folder, file) = folder();
        write(&file, 32, 24, code);
        let element = element("blend", &[("task", "inpaint")]);
        element.set_property("mask-file", &file);
        let mut bench = bench(&element);
        bench.restore(&frame());
        bench.restore(&frame());
        assert_one(&bench, words);
    }
}

#[test]
fn kernels_that_are_hardly_meant_are_told() {
    for (code, words) in [
        (
            &(|x: u32, y: u32| -> u8 { if x + y < 2 { 255 } else { 0 } })
                as &dyn Fn(u32, u32) -> u8,
            "from its middle",
        ),
        (&|x, y| if (x, y) == (3, 3) { 0 } else { 255 }, "invert it"),
    ] {
        let (_folder, file) = folder();
        write(&file, 7, 7, code);
        let element = element("blend", &[]);
        element.set_property("kernel-file", &file);
        let mut bench = bench(&element);
        bench.restore(&frame());
        assert_one(&bench, words);
    }
}
