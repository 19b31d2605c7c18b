// SPDX-License-Identifier: MPL-2.0
//! Files of a package that are not those that were exported together.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use gst_video::VideoFormat::Rgb;

use crate::common::{Bench, caps, element, info, path, pattern, start};

/// A copy of what `lite` needs to denoise.
struct Package {
    folder: tempfile::TempDir,
}

impl Package {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in [
            "denoise.onnx",
            "prepare-denoise.onnx",
            "step-denoise.safetensors",
        ] {
            let from = path(&format!("models/zoo/lite/{name}"));
            fs::copy(from, folder.path().join(name)).unwrap();
        }
        Self { folder }
    }

    fn weights(&self) -> PathBuf {
        self.folder.path().join("step-denoise.safetensors")
    }

    fn graph(&self) -> PathBuf {
        self.folder.path().join("denoise.onnx")
    }

    fn prepare(&self) -> PathBuf {
        self.folder.path().join("prepare-denoise.onnx")
    }

    fn element(&self) -> gst::Element {
        use gst::prelude::ObjectExt;
        let element = element("echo", &[("task", "denoise"), ("steps", "1")]);
        element.set_property("model", self.folder.path().to_str().unwrap());
        element
    }

    /// Asserts that it is refused with one sentence that names `file` and says `clue`.
    fn is_refused(&self, file: &Path, clue: &str) {
        let errors = start(&self.element());
        let [error] = errors.as_slice() else {
            panic!("{clue}: one error expected, not {errors:?}");
        };
        let named = format!("resource: model {}: ", file.display());
        assert!(error.starts_with(&named) && error.contains(clue), "{error}");
        assert!(error.contains("export the model again"), "{error}");
    }
}

/// Changes the byte at `place` of a file.
fn flip(file: &Path, place: usize) {
    let mut bytes = fs::read(file).unwrap();
    bytes[place] ^= 1;
    fs::write(file, bytes).unwrap();
}

#[test]
fn weights_of_another_export_are_refused() {
    let package = Package::new();
    // Of the same network, trained for another task: the same length to within a few bytes.
    for other in [
        "lite/step-mask.safetensors",
        "lite/step.safetensors",
        "base/step.safetensors",
    ] {
        fs::copy(path(&format!("models/zoo/{other}")), package.weights()).unwrap();
        package.is_refused(&package.weights(), "not the weights");
    }
}

#[test]
fn edited_weights_are_refused_wherever_the_edit_is() {
    let length = fs::metadata(Package::new().weights()).unwrap().len() as usize;
    for place in [0, 100, length / 2, length - 1] {
        let package = Package::new();
        flip(&package.weights(), place);
        package.is_refused(&package.weights(), "another SHA-256");
    }
}

#[test]
fn weights_that_are_cut_off_missing_or_no_file_are_refused() {
    let package = Package::new();
    let file = fs::OpenOptions::new()
        .write(true)
        .open(package.weights())
        .unwrap();
    file.set_len(1 << 20).unwrap();
    package.is_refused(&package.weights(), "has 1048576 bytes in the place of");
    fs::remove_file(package.weights()).unwrap();
    package.is_refused(&package.weights(), "cannot be read");
    fs::create_dir(package.weights()).unwrap();
    package.is_refused(&package.weights(), "is not a file");
    fs::remove_dir(package.weights()).unwrap();
    // Whoever opens a pipe waits for someone who writes into it.
    assert!(
        Command::new("mkfifo")
            .arg(package.weights())
            .status()
            .unwrap()
            .success()
    );
    package.is_refused(&package.weights(), "is not a file");
}

#[test]
fn a_graph_with_a_shifted_offset_is_refused() {
    let package = Package::new();
    let bytes = fs::read(package.graph()).unwrap();
    let key = b"\x0a\x06offset\x12";
    let places = (0..bytes.len()).filter(|i| bytes[*i..].starts_with(key));
    let places: Vec<usize> = places.collect();
    assert!(places.len() > 50);
    for place in [
        places[0],
        places[places.len() / 2],
        places[places.len() - 1],
    ] {
        let package = Package::new();
        // The last digit of the offset, whose length is the byte after the key.
        flip(
            &package.graph(),
            place + key.len() + usize::from(bytes[place + key.len()]),
        );
        package.is_refused(&package.graph(), "their SHA-256 differ");
    }
}

#[test]
fn a_graph_that_prepares_another_step_is_refused_and_so_is_none() {
    let package = Package::new();
    let length = fs::metadata(package.prepare()).unwrap().len() as usize;
    for other in ["mask", "blur"] {
        let other = path(&format!("models/zoo/lite/prepare-{other}.onnx"));
        fs::copy(other, package.prepare()).unwrap();
        package.is_refused(&package.prepare(), "this is not the graph that the step");
    }
    fs::copy(
        path("models/zoo/lite/prepare-denoise.onnx"),
        package.prepare(),
    )
    .unwrap();
    flip(&package.prepare(), length / 2);
    package.is_refused(&package.prepare(), "another SHA-256");
    fs::remove_file(package.prepare()).unwrap();
    package.is_refused(&package.prepare(), "cannot be read");
}

#[test]
fn files_that_are_rewritten_while_the_element_runs_change_nothing() {
    let package = Package::new();
    let element = package.element();
    let mut bench = Bench::new(&element, &caps(Rgb, 16, 16));
    let bytes = pattern(&info(Rgb, 16, 16));
    let before = bench.restore(&bytes);
    for file in [package.weights(), package.graph(), package.prepare()] {
        fs::OpenOptions::new()
            .write(true)
            .truncate(true)
            .open(file)
            .unwrap();
    }
    assert_eq!(bench.restore(&bytes), before);
    assert_ne!(before, bytes, "the network runs");
}
