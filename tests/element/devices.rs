// SPDX-License-Identifier: MPL-2.0
//! Plugin execution providers: their libraries, their devices, and what is said of them.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use gst::prelude::*;
use gst_video::VideoFormat::Rgb;

use crate::common::{Bench, WEBGPU, caps, element, errors, start, warnings, webgpu};

/// The errors of an element that is to run on the provider in a library.
fn start_on(provider: &str, library: &Path) -> Vec<String> {
    let element = element("echo", &[("execution-provider", provider)]);
    element.set_property("provider-library", library);
    start(&element)
}

#[test]
fn a_library_that_is_no_plugin_is_named_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let cut = folder.path().join("cut.so");
    let program = std::fs::read(std::env::current_exe().unwrap()).unwrap();
    std::fs::write(&cut, &program[..4096]).unwrap();
    let odd = folder.path().join(OsStr::from_bytes(b"\xff.so"));
    std::fs::write(&odd, "text").unwrap();
    let runtime = std::env::var_os("ORT_DYLIB_PATH").unwrap();
    for (library, reason) in [
        (Path::new(""), "provider-library is not set"),
        (Path::new("/nonexistent/x.so"), "x.so cannot be read"),
        (folder.path(), "is not a file"),
        (&cut, "cut.so: it is cut off after 4096 bytes"),
        (&odd, "is not taken by ONNX Runtime"),
        (Path::new(&runtime), "is not taken by ONNX Runtime"),
    ] {
        let errors = start_on("plugin", library);
        let [error] = errors.as_slice() else {
            panic!("{library:?}: one error expected, not {errors:?}");
        };
        let named = "library: execution-provider=plugin cannot be used (";
        assert!(error.starts_with(named), "{error}");
        assert!(error.contains(reason), "{error}");
        assert!(error.contains("): set ") || error.contains("): fetch "));
    }
}

#[test]
fn webgpu_without_its_library_names_the_wheel() {
    let errors = start_on("webgpu", Path::new(""));
    let [error] = errors.as_slice() else {
        panic!("one error expected, not {errors:?}");
    };
    assert!(error.contains("onnxruntime-ep-webgpu"), "{error}");
}

#[test]
fn a_library_that_nothing_uses_or_that_does_not_work_is_told() {
    for (provider, clue) in [
        ("cpu", "execution-provider=cpu does not use it"),
        ("auto", "The frames are restored on the CPU"),
    ] {
        let element = element("echo", &[("execution-provider", provider)]);
        element.set_property("provider-library", Path::new("/nonexistent/x.so"));
        let bench = Bench::new(&element, &caps(Rgb, 16, 16));
        let warnings = warnings(&bench.bus);
        assert!(
            warnings.len() == 1 && warnings[0].contains(clue),
            "{warnings:?}"
        );
    }
}

/// The element with properties as text and a library; the error on its bus when it starts, or
/// its `active-provider`.
fn started(properties: &[(&str, &str)], library: &Path) -> Result<String, String> {
    let element = element("echo", properties);
    element.set_property("provider-library", library);
    let bus = gst::Bus::new();
    element.set_bus(Some(&bus));
    let started = element.set_state(gst::State::Paused);
    let name = element.property::<Option<String>>("active-provider");
    element.set_state(gst::State::Null).unwrap();
    match started {
        Ok(_) => Ok(name.expect("a provider")),
        Err(_) => Err(errors(&bus).concat()),
    }
}

#[test]
fn the_device_of_a_plugin_is_chosen_by_its_number_and_named() {
    let Some(library) = webgpu() else { return };
    for provider in ["webgpu", "plugin", "auto"] {
        let name = started(&[("execution-provider", provider)], &library).unwrap();
        assert!(name.starts_with(WEBGPU), "{provider}: {name}");
    }
    let error = started(
        &[("execution-provider", "webgpu"), ("device", "7")],
        &library,
    )
    .unwrap_err();
    assert!(error.contains("no device 7"), "{error}");
    assert!(error.contains(WEBGPU), "{error}");
    assert!(error.contains("set device to one of these"), "{error}");
}

#[test]
fn the_path_of_a_plugin_is_any_bytes() {
    let Some(library) = webgpu() else { return };
    let folder = tempfile::tempdir().unwrap();
    let link = folder.path().join(OsStr::from_bytes(b"\xffwebgpu.so"));
    std::fs::copy(library, &link).unwrap();
    let name = started(&[("execution-provider", "plugin")], &link).unwrap();
    assert!(name.starts_with(WEBGPU), "{name}");
}
