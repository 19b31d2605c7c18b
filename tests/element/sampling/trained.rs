// SPDX-License-Identifier: MPL-2.0
//! Settings that ask for what a model was not trained for.

use gst::prelude::*;
use gst_video::VideoFormat::Rgb;

use crate::common::{Bench, caps, element, info, start, warnings};

#[test]
fn a_model_without_samples_is_an_error_at_the_start() {
    let errors = start(&element("echo", &[("task", "denoise"), ("realism", "0.5")]));
    let [error] = errors.as_slice() else {
        panic!("one error expected, not {errors:?}");
    };
    let words = "realism is 0.5, and the model answers with the posterior mean alone";
    assert!(error.contains(words), "{error}");
}

#[test]
fn while_frames_flow_such_a_model_goes_on_with_the_mean_and_says_so_once() {
    let format = info(Rgb, 32, 24);
    let element = element("echo", &[("task", "denoise")]);
    let mut bench = Bench::new(&element, &caps(Rgb, 32, 24));
    let frame = vec![90; format.size()];
    element.set_property("realism", 1.0);
    for _ in 0..2 {
        assert_eq!(bench.restore(&frame), frame);
    }
    let found = warnings(&bench.bus);
    let words = "Until then frames are restored to the mean";
    assert!(found.len() == 1 && found[0].contains(words), "{found:?}");
}

#[test]
fn more_steps_than_a_model_was_trained_for_are_an_error_at_the_start() {
    let properties = [("task", "denoise"), ("steps", "3")];
    let errors = start(&element("single", &properties));
    let words = "steps is 3, and the model was trained for one step alone";
    assert!(errors.len() == 1 && errors[0].contains(words), "{errors:?}");
    assert!(start(&element("single", &[("task", "denoise")])).is_empty());
}

#[test]
fn while_frames_flow_such_a_model_goes_on_with_one_step_and_says_so_once() {
    let format = info(Rgb, 32, 24);
    let element = element("single", &[("task", "denoise")]);
    let mut bench = Bench::new(&element, &caps(Rgb, 32, 24));
    let frame = vec![90; format.size()];
    let one = bench.restore(&frame);
    element.set_property("steps", 3u32);
    for _ in 0..2 {
        assert_eq!(bench.restore(&frame), one);
    }
    let found = warnings(&bench.bus);
    let words = "Until then each frame takes one.";
    assert!(found.len() == 1 && found[0].contains(words), "{found:?}");
}
