// SPDX-License-Identifier: MPL-2.0
//! A model without a valid output never costs a frame: another try, then the frame as it came, with
//! a warning.

use gst::prelude::*;
use gst_video::VideoFormat::Rgb;
use gstud2m::sampler;

use crate::common::{Bench, caps, element, info, pattern, warnings};

fn count(element: &gst::Element, field: &str) -> u64 {
    let stats = element.property::<gst::Structure>("stats");
    stats.get(field).unwrap()
}

#[test]
fn without_a_valid_output_frames_pass_as_they_came_with_one_warning() {
    let frame = pattern(&info(Rgb, 16, 16));
    for (package, sentence) in [
        ("nan-output", "values that are not numbers"),
        ("far-output", "far outside the range of an image"),
        ("one-colour", "one flat colour"),
    ] {
        let element = element(&format!("wrong/{package}"), &[]);
        let mut bench = Bench::new(&element, &caps(Rgb, 16, 16));
        for _ in 0..3 {
            assert_eq!(bench.restore(&frame), frame, "{package}");
        }
        assert_eq!(
            (count(&element, "failed"), count(&element, "frames")),
            (3, 3)
        );
        let warnings = warnings(&bench.bus);
        assert!(
            warnings.len() == 1 && warnings[0].contains(sentence),
            "{warnings:?}"
        );
        assert!(warnings[0].contains("pass as they came"), "{warnings:?}");
    }
}

#[test]
fn a_flat_frame_may_stay_flat() {
    let element = element("wrong/one-colour", &[]);
    let mut bench = Bench::new(&element, &caps(Rgb, 16, 16));
    let black = bench.restore(&vec![77; info(Rgb, 16, 16).size()]);
    assert!(black.iter().all(|b| *b == 0), "the output of the model");
    assert_eq!(count(&element, "failed"), 0);
}

#[test]
fn a_second_try_has_other_noise() {
    // `seed-dependent` fails where the first value of the first inner noise is negative.
    let fails = |seed: u64| sampler::normal_image(seed, 1, 3, 16, 16).data[0] < 0.0;
    let seed = (0..100).find(|s| fails(*s) && !fails(s + 1)).unwrap();
    let text = seed.to_string();
    let properties = [("steps", "1"), ("seed", text.as_str())];
    let element = element("wrong/seed-dependent", &properties);
    let mut bench = Bench::new(&element, &caps(Rgb, 16, 16));
    let frame = pattern(&info(Rgb, 16, 16));
    assert_eq!(bench.restore(&frame), frame);
    assert_eq!(count(&element, "failed"), 0);
    assert!(warnings(&bench.bus).is_empty());
}

#[test]
fn memory_that_runs_out_costs_smaller_tiles_and_no_frame() {
    // `out-of-memory` wants more memory than there is for more than 64x64 pixels.
    let element = element("wrong/out-of-memory", &[("kernel-sigma", "0.5")]);
    let mut bench = Bench::new(&element, &caps(Rgb, 120, 100));
    let frame = pattern(&info(Rgb, 120, 100));
    for _ in 0..2 {
        assert_eq!(bench.restore(&frame), frame);
    }
    let stats: gst::Structure = element.property("stats");
    assert!(stats.get::<u32>("tiles").unwrap() > 4, "{stats}");
    assert_eq!(count(&element, "failed"), 0);
    let warnings = warnings(&bench.bus);
    assert!(
        warnings.len() == 1 && warnings[0].contains("in tiles of 64"),
        "{warnings:?}"
    );
}
