// SPDX-License-Identifier: MPL-2.0
//! Controllers that set properties by the stream's time.

mod in_force;
mod presets;

use std::collections::BTreeSet;

use gst::glib;
use gst::prelude::*;
use gst_controller::prelude::*;
use gst_controller::{DirectControlBinding, InterpolationControlSource, InterpolationMode};
use gst_video::VideoFormat::Rgb;

use crate::common::{Bench, assert_code, caps, code, element, info, pattern, value};

/// When the controllers change the values, in milliseconds.
const CHANGE: u64 = 80;

type Case = (
    &'static str,
    [&'static str; 2],
    [f64; 2],
    &'static [(&'static str, &'static str)],
);

/// Every controllable property with two values, as text and as a controller's numbers, and the
/// other properties that it needs.
///
/// GStreamer's controllers choose among the values of an enumeration by a number from 0 to 1.
const CASES: &[Case] = &[
    ("kernel", ["gaussian", "motion"], [0.0, 0.67], &[]),
    ("kernel-size", ["3", "7"], [3.0, 7.0], &[]),
    ("kernel-sigma", ["1", "2.5"], [1.0, 2.5], &[]),
    (
        "kernel-radius",
        ["1.5", "4.25"],
        [1.5, 4.25],
        &[("kernel", "disk")],
    ),
    (
        "kernel-length",
        ["3", "9"],
        [3.0, 9.0],
        &[("kernel", "motion")],
    ),
    (
        "kernel-angle",
        ["-90", "45"],
        [-90.0, 45.0],
        &[("kernel", "motion")],
    ),
    ("noise-sigma", ["0.01", "0.2"], [0.01, 0.2], &[]),
    (
        "jpeg-quality",
        ["10", "90"],
        [10.0, 90.0],
        &[("task", "jpeg")],
    ),
    ("steps", ["1", "4"], [1.0, 4.0], &[]),
    ("seed", ["1", "70000"], [1.0, 70000.0], &[]),
    ("noise-mode", ["fixed", "per-frame"], [0.0, 1.0], &[]),
    ("stochasticity", ["0", "0.75"], [0.0, 0.75], &[]),
    ("realism", ["0", "0.5"], [0.0, 0.5], &[]),
    ("samples", ["2", "3"], [2.0, 3.0], &[("output", "mean")]),
    (
        "output",
        ["sample", "stddev"],
        [0.0, 1.0],
        &[("samples", "2")],
    ),
    ("temporal", ["off", "warm-start"], [0.0, 1.0], &[]),
    ("strength", ["1", "0"], [1.0, 0.0], &[]),
    ("compare", ["0", "0.5"], [0.0, 0.5], &[]),
];

/// Gives `name` the first value from the start and the second from `CHANGE` on.
fn control(element: &gst::Element, name: &str, values: [f64; 2]) {
    let source = InterpolationControlSource::new();
    source.set_mode(InterpolationMode::None);
    for (at, value) in [(0, values[0]), (CHANGE, values[1])] {
        assert!(source.set(gst::ClockTime::from_mseconds(at), value));
    }
    let binding = DirectControlBinding::new_absolute(element, name, &source);
    element.add_control_binding(&binding).unwrap();
}

/// The output for the frames at 0, 40, 80 and 120 ms, and the property's value after each.
fn run(
    package: &str,
    name: &str,
    values: [f64; 2],
    properties: &[(&str, &str)],
) -> Vec<(Vec<u8>, String)> {
    let element = element(package, properties);
    control(&element, name, values);
    let mut bench = Bench::new(&element, &caps(Rgb, 32, 24));
    (0..4)
        .map(|i| {
            let mut frame = gst::Buffer::from_slice(pattern(&info(Rgb, 32, 24)));
            let fields = frame.get_mut().unwrap();
            fields.set_pts(gst::ClockTime::from_mseconds(40 * i));
            let out = bench.push(frame).map_readable().unwrap().to_vec();
            (out, text(&element.property_value(name)))
        })
        .collect()
}

/// A value in words; numbers without trailing zeros, enumerations by their nicks.
fn text(value: &glib::Value) -> String {
    if let Some((_, value)) = glib::EnumValue::from_value(value) {
        return value.nick().to_owned();
    }
    match value.get::<f64>() {
        Ok(number) => number.to_string(),
        Err(_) => value.transform::<String>().unwrap().get().unwrap(),
    }
}

#[test]
fn every_controllable_property_changes_with_the_frame_of_its_time() {
    for &(name, words, numbers, properties) in CASES {
        let values: Vec<String> = run("echo", name, numbers, properties)
            .into_iter()
            .map(|(_, value)| value)
            .collect();
        assert_eq!(values, [words[0], words[0], words[1], words[1]], "{name}");
    }
}

#[test]
fn all_physics_and_sampling_can_be_controlled() {
    let element = element("echo", &[]);
    let controllable: BTreeSet<String> = element
        .list_properties()
        .iter()
        .filter(|s| s.flags().contains(gst::PARAM_FLAG_CONTROLLABLE))
        .map(|s| s.name().to_owned())
        .collect();
    let listed = CASES.iter().map(|(name, ..)| (*name).to_owned()).collect();
    assert_eq!(controllable, listed);
}

#[test]
fn what_a_controller_sets_shows_in_the_frame_of_its_time() {
    // x0 = y/2 + sigma_y + t/2000, of which a frame of steps leaves the last level.
    let first = |outs: Vec<(Vec<u8>, String)>| -> Vec<u8> {
        outs.into_iter().map(|(bytes, _)| bytes[0]).collect()
    };
    let of = |sigma: f64, t: f64| {
        code(value(pattern(&info(Rgb, 32, 24))[0]) / 2.0 + 2.0 * sigma + t / 2000.0)
    };
    let base = [("task", "denoise")];
    let three = [("task", "denoise"), ("steps", "3")];
    let noise = first(run("blend", "noise-sigma", [0.01, 0.1], &three));
    let steps = first(run("blend", "steps", [3.0, 2.0], &base));
    for i in 0..4 {
        let (sigma, level) = if i < 2 { (0.01, 111.0) } else { (0.1, 250.0) };
        assert_code(noise[i], of(sigma, 111.0), ("noise-sigma", i));
        assert_code(steps[i], of(0.01, level), ("steps", i));
    }
    let plain = pattern(&info(Rgb, 32, 24));
    for (i, (bytes, _)) in run("blend", "strength", [1.0, 0.0], &base)
        .iter()
        .enumerate()
    {
        assert_eq!(*bytes == plain, i >= 2, "strength at {i}");
    }
    for name in ["seed", "kernel-sigma", "stochasticity", "realism"] {
        let (package, properties) = match name {
            "kernel-sigma" => ("blend", &[("task", "deblur")][..]),
            "realism" => ("samples", &base[..]),
            _ => ("affine", &three[..]),
        };
        let values = CASES.iter().find(|k| k.0 == name).unwrap().2;
        let outs = run(package, name, values, properties);
        assert_eq!(outs[0].0, outs[1].0, "{name}");
        assert_eq!(outs[2].0, outs[3].0, "{name}");
        if package != "blend" {
            assert_ne!(outs[1].0, outs[2].0, "{name}");
        }
    }
}
