// SPDX-License-Identifier: MPL-2.0
//! One error with one sentence for each thing that is wrong.

use gst::prelude::*;
use gst_video::VideoFormat::Rgb;

use crate::common::{Bench, caps, element, info, path, pattern, start, warnings};

#[test]
fn each_wrong_model_has_its_error() {
    for (package, sentence) in [
        ("no-manifest", "has no manifest (`ud2m.manifest`)"),
        (
            "future-schema",
            "the manifest has schema 3 and this plugin reads schema 2",
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
        ("part-of-noise", "the graph has no input `noise_shape`"),
        (
            "static-size",
            "the graph's input `xt` is [1, 3, 64, 64] where [any, 3, any, any] is needed",
        ),
        (
            "flat-output",
            "the graph's output `x0` is [any, 3, 1, 1] where [any, 3, any, any] is needed",
        ),
        (
            "double-input",
            "the graph's input `sigma_y` is Tensor<f64>(1) where numbers of single precision",
        ),
        ("half-output", "the graph's output `x0` is Tensor<f16>"),
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
fn an_output_of_another_size_ends_in_one_error() {
    let mut bench = Bench::new(&element("wrong/small-output", &[]), &caps(Rgb, 16, 16));
    let frame = gst::Buffer::from_slice(pattern(&info(Rgb, 16, 16)));
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
fn a_value_that_turns_bad_while_playing_costs_a_warning_and_no_frame() {
    let element = element("echo", &[]);
    let mut bench = Bench::new(&element, &caps(Rgb, 16, 16));
    let bytes = pattern(&info(Rgb, 16, 16));
    let before = bench.restore(&bytes);
    element.set_property_from_str("kernel", "file");
    assert_eq!(bench.restore(&bytes), before);
    let warnings = warnings(&bench.bus);
    assert!(
        warnings.len() == 1 && warnings[0].contains("kernel-file"),
        "{warnings:?}"
    );
    element.set_property_from_str("kernel", "gaussian");
    assert_eq!(bench.restore(&bytes), before);
}

#[test]
fn a_frame_smaller_than_its_caps_is_an_error_and_never_passes() {
    let mut bench = Bench::new(&element("echo", &[]), &caps(Rgb, 16, 16));
    let result = bench.harness.push(gst::Buffer::from_slice(vec![0; 100]));
    assert_eq!(result, Err(gst::FlowError::Error));
    assert_eq!(bench.harness.buffers_in_queue(), 0);
    assert_eq!(bench.errors().len(), 1);
}
