// SPDX-License-Identifier: MPL-2.0
//! Models with a network that tells the standard deviation, with a broken one, and without.

use std::fs;
use std::path::Path;

use gst::prelude::*;
use gst_video::VideoFormat::{I420, Rgb, Y444};
use gstud2m::image::Image;
use gstud2m::model::{OrtStddev, StddevInputs};
use gstud2m::restore::{Degradation, Engine, Restorer, Stop};

use super::{DENOISE, folder, name, one};
use crate::common::{Bench, caps, element, info, init, path, pattern, start, warnings};

#[test]
fn samples_do_without_it_and_a_broken_one_is_an_error_where_it_is_needed() {
    let folder = folder(&[("affine", "denoise.onnx"), ("stddev", "stddev.onnx")]);
    let file = folder.path().join("stddev.onnx");
    let whole = fs::read(&file).unwrap();
    fs::write(&file, &whole[..whole.len() / 2]).unwrap();
    let bytes = pattern(&info(Rgb, 32, 16));
    let properties = [DENOISE, ("model", name(folder.path()))];
    for output in ["sample", "mean", "stddev"] {
        let element = element("affine", &properties);
        element.set_property_from_str("output", output);
        element.set_property("samples", 3u32);
        let mut bench = Bench::new(&element, &caps(Rgb, 32, 16));
        let before = bench.restore(&bytes);
        assert!(warnings(&bench.bus).is_empty(), "{output}");
        element.set_property_from_str("output", "stddev");
        element.set_property("samples", 1u32);
        assert!(bench.restore(&bytes) == before && bench.restore(&bytes) == before);
        let found = warnings(&bench.bus);
        let said = |words| found.iter().all(|text| text.contains(words));
        assert!(
            found.len() == 1 && said("stddev.onnx: cannot be loaded"),
            "{found:?}"
        );
        assert!(said("Until then"), "{found:?}");
        // It is looked for again with each frame.
        fs::write(&file, &whole).unwrap();
        assert!(bench.restore(&bytes) != before, "{output}");
        fs::write(&file, &whole[..whole.len() / 2]).unwrap();
    }
    let errors = start(&one("affine", &properties));
    let named = format!("resource: model {}: cannot be loaded", file.display());
    assert!(
        errors.len() == 1 && errors[0].starts_with(&named),
        "{errors:?}"
    );
}

#[test]
fn a_graph_of_another_export_or_of_another_kind_is_refused() {
    for (other, clue) in [
        ("denoise.onnx", "export the model again"),
        ("stddev.onnx", "their SHA-256 differ"),
    ] {
        let folder = folder(&[("stddev", "denoise.onnx")]);
        let mut bytes = fs::read(path(&format!("tests/data/stddev/{other}"))).unwrap();
        if other == "stddev.onnx" {
            bytes[1] ^= 1; // the version of the format
        }
        fs::write(folder.path().join("stddev.onnx"), bytes).unwrap();
        let errors = start(&one("stddev", &[DENOISE, ("model", name(folder.path()))]));
        assert!(errors.len() == 1 && errors[0].contains(clue), "{errors:?}");
    }
}

#[test]
fn a_step_that_it_was_not_trained_on_is_refused_at_the_start_and_told_while_frames_flow() {
    let jpeg = ("task", "jpeg");
    let errors = start(&one("stddev", &[jpeg, ("jpeg-subsampling", "444")]));
    let words = "set samples to 2 or more, or choose a model that has a network for it.";
    assert!(
        errors.len() == 1 && errors[0].ends_with(words),
        "{errors:?}"
    );
    // The graph of other subsampling is loaded with the caps.
    let mut bench = Bench::new(&one("stddev", &[jpeg]), &caps(I420, 32, 16));
    let subsampled: Vec<u8> = (0..32 * 16 * 3 / 2).map(|i| (i * 7 % 251) as u8).collect();
    let gray = bench.restore(&subsampled);
    // Others may be about frames that no JPEG ever was.
    let told = |bench: &Bench| {
        let all = warnings(&bench.bus).into_iter();
        all.filter(|text| text.contains("output=stddev"))
            .collect::<Vec<_>>()
    };
    assert!(told(&bench).is_empty());
    let bytes = pattern(&info(Y444, 32, 16));
    bench.harness.set_src_caps(caps(Y444, 32, 16));
    let left = bench.restore(&bytes);
    let mut plain = Bench::new(&element("stddev", &[jpeg]), &caps(Y444, 32, 16));
    assert!(left == plain.restore(&bytes), "a restored frame");
    let found = told(&bench);
    let said = found
        .iter()
        .all(|text| text.ends_with("Until then frames leave restored."));
    assert!(found.len() == 1 && said, "{found:?}");
    bench.harness.set_src_caps(caps(I420, 32, 16));
    assert!(bench.restore(&subsampled) == gray && gray != subsampled);
}

#[test]
fn what_ends_a_frame_ends_the_network() {
    let package = path("tests/data/stddev");
    init();
    let (engine, stop) = (Engine::default(), Stop::default());
    let (step, warn) = (Degradation::Denoise, &mut |_| ());
    let restorer = Restorer::load(&package, &step, engine.clone(), warn, &stop).unwrap();
    let network = OrtStddev::load(Path::new(&package), "denoise", &engine, &stop).unwrap();
    let (network, interrupt) = (network.unwrap(), restorer.interrupt());
    let (image, ones) = (Image::filled(3, 5, 7, 0.5), Image::filled(1, 5, 7, 1.0));
    let told = StddevInputs {
        x0: &image,
        initial: &image,
        observed: &ones,
        sigma_y: 0.2,
    };
    interrupt.raise();
    assert!(network.tell(&told, &interrupt).is_err());
    interrupt.clear();
    let (stddev, _) = network.tell(&told, &interrupt).unwrap();
    let wanted = 0.2 / 4.0 + 1.5 / 64.0;
    assert_eq!((stddev.channels, stddev.height, stddev.width), (1, 5, 7));
    assert!(
        stddev.data.iter().all(|v| (v - wanted).abs() < 1e-6),
        "{stddev:?}"
    );
    stop.raise();
    let again = OrtStddev::load(Path::new(&package), "denoise", &engine, &stop);
    assert!(again.is_err(), "loading is given up");
}
