// SPDX-License-Identifier: MPL-2.0
//! A mask's file serves every task: what lies in its holes has no effect, and they are restored.

use std::path::PathBuf;

use gst::prelude::*;
use gst_video::VideoFormat::Rgb;

use crate::common::{Bench, caps, element, info, path, pattern, place, warnings};

const WIDTH: usize = 64;
const HEIGHT: usize = 48;
/// Each task with the scale of its output.
const TASKS: [(&str, usize); 4] = [
    ("deblur", 1),
    ("denoise", 1),
    ("jpeg", 1),
    ("super-resolve", 2),
];
/// What `echo` makes of a hole: the observation there is zero.
const GRAY: u8 = 128;

/// The hole of tests/data/mask.pgm.
fn is_hole(x: usize, y: usize) -> bool {
    (20..44).contains(&x) && (16..32).contains(&y)
}

/// The bytes of a textured frame with `f(x, y)` in the hole.
fn frame(f: impl Fn(usize, usize) -> u8) -> Vec<u8> {
    let format = info(Rgb, WIDTH as u32, HEIGHT as u32);
    let mut bytes = pattern(&format);
    for y in 0..HEIGHT {
        for x in 0..WIDTH {
            if is_hole(x, y) {
                (0..3).for_each(|c| bytes[place(&format, c, y, x)] = f(x, y));
            }
        }
    }
    bytes
}

fn masked(task: &str, properties: &[(&str, &str)]) -> gst::Element {
    let mask = path("tests/data/mask.pgm");
    let own = [
        ("task", task),
        ("scale", "2"),
        ("steps", "1"),
        ("mask-file", mask.as_str()),
    ];
    element("echo", &[&own[..], properties].concat())
}

fn bench(element: &gst::Element) -> Bench {
    Bench::new(element, &caps(Rgb, WIDTH as u32, HEIGHT as u32))
}

#[test]
fn holes_are_inpainted_and_the_rest_is_as_without_them() {
    let small = info(Rgb, WIDTH as u32, HEIGHT as u32);
    for (task, scale) in TASKS {
        let element = masked(task, &[("detect-unobserved", "false")]);
        let mut bench = bench(&element);
        let bytes = frame(|x, y| (255 * ((x + y) % 2)) as u8);
        let out = bench.restore(&bytes);
        let large = info(Rgb, (WIDTH * scale) as u32, (HEIGHT * scale) as u32);
        for y in 0..HEIGHT * scale {
            for x in 0..WIDTH * scale {
                let (column, row) = (x / scale, y / scale);
                let wanted = if is_hole(column, row) {
                    GRAY
                } else {
                    bytes[place(&small, 1, row, column)]
                };
                let found = out[place(&large, 1, y, x)];
                assert!(found.abs_diff(wanted) <= 1, "{task}: {found} at {x}, {y}");
            }
        }
        let stats: gst::Structure = element.property("stats");
        let share: f64 = stats.get("unobserved-share").unwrap();
        assert!((share - 384.0 / 3072.0).abs() < 1e-6, "{task}: {share}");
        let found = warnings(&bench.bus);
        assert!(found.iter().all(|w| !w.contains("mask")), "{found:?}");
    }
}

#[test]
fn what_lies_in_a_hole_changes_no_estimate_and_no_pixel() {
    for (task, _) in TASKS.into_iter().chain([("inpaint", 1)]) {
        let found = [frame(|_, _| 255), frame(|x, y| (x * 37 + y * 101) as u8)].map(|bytes| {
            let element = masked(task, &[("noise-sigma", "-1")]);
            let out = bench(&element).restore(&bytes);
            let stats: gst::Structure = element.property("stats");
            let of = |name: &str| stats.get::<f64>(name).unwrap();
            let told = ["noise-sigma", "residual", "jpeg-fit"].map(of);
            (told, stats.get::<u32>("jpeg-quality").unwrap(), out)
        });
        assert_eq!(found[0].0, found[1].0, "{task}");
        assert!(found[0] == found[1], "{task}");
    }
}

#[test]
fn a_mask_may_come_and_go_while_frames_flow() {
    let element = element("echo", &[("task", "denoise"), ("steps", "1")]);
    let mut bench = bench(&element);
    let bytes = frame(|_, _| 200);
    let middle = place(&info(Rgb, WIDTH as u32, HEIGHT as u32), 1, 24, 32);
    let mut at = |mask: &str| {
        element.set_property("mask-file", PathBuf::from(mask));
        bench.restore(&bytes)[middle]
    };
    assert_eq!(at(""), 200);
    assert!(at(&path("tests/data/mask.pgm")).abs_diff(GRAY) <= 1);
    assert!(at("/nonexistent/mask.png").abs_diff(GRAY) <= 1, "as before");
    assert_eq!(at(""), 200);
}

#[test]
fn a_model_that_cannot_inpaint_fills_holes_by_means_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let echo = path("tests/data/echo");
    for family in ["denoise", "blur"] {
        let name = format!("{family}.onnx");
        std::fs::copy(format!("{echo}/{name}"), folder.path().join(&name)).unwrap();
    }
    let mask = path("tests/data/mask.pgm");
    let own = [
        ("task", "denoise"),
        ("mask-file", mask.as_str()),
        ("model", folder.path().to_str().unwrap()),
    ];
    let element = element("echo", &own);
    let mut bench = bench(&element);
    let mut bytes = frame(|_, _| 255);
    let format = info(Rgb, WIDTH as u32, HEIGHT as u32);
    for (i, byte) in bytes.iter_mut().enumerate() {
        let (x, y) = (
            i % format.stride()[0] as usize / 3,
            i / format.stride()[0] as usize,
        );
        *byte = if is_hole(x, y) { 255 } else { 90 };
    }
    bytes[0] = 91;
    let out = bench.restore(&bytes);
    assert!(out[place(&format, 1, 24, 32)].abs_diff(90) <= 1);
    let found = warnings(&bench.bus);
    assert!(
        found.len() == 1 && found[0].contains("cannot inpaint"),
        "{found:?}"
    );
}

#[test]
fn a_flat_picture_with_text_in_its_hole_is_no_lost_frame() {
    let mask = path("tests/data/mask.pgm");
    let own = [("task", "inpaint"), ("mask-file", mask.as_str())];
    let element = element("blend", &own);
    let mut bench = bench(&element);
    let format = info(Rgb, WIDTH as u32, HEIGHT as u32);
    let mut bytes = vec![128; format.size()];
    for x in 24..40 {
        bytes[place(&format, 1, 20, x)] = 255;
    }
    let out = bench.restore(&bytes);
    assert!(out[place(&format, 1, 20, 30)].abs_diff(128) <= 1);
    assert_eq!(warnings(&bench.bus), [""; 0]);
}
