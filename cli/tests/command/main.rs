// SPDX-License-Identifier: MPL-2.0
//! The command as its users call it, with the tiny models of `tests/data` and files made here.

mod batch;
mod browser;
mod compare;
mod errors;
mod film;
mod folders;
mod inspect;
mod kernel;
mod media;
mod pictures;
mod pipes;
mod progress;
mod sources;
mod streams;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A model that gives back what it sees.
const ECHO: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/data/echo");

/// A folder for a test's files.
fn folder() -> tempfile::TempDir {
    gst::init().expect("GStreamer starts");
    tempfile::tempdir().expect("a folder")
}

/// The command with its arguments.
fn command<S: AsRef<std::ffi::OsStr>>(arguments: &[S]) -> Command {
    assert!(
        std::env::var_os("ORT_DYLIB_PATH").is_some(),
        "ORT_DYLIB_PATH is not set: run `make test`, which fetches ONNX Runtime"
    );
    let mut command = Command::new(env!("CARGO_BIN_EXE_ud2m"));
    command.args(arguments);
    command
}

/// Calls the command; what it printed and how it ended.
fn call<S: AsRef<std::ffi::OsStr>>(arguments: &[S]) -> Output {
    command(arguments).output().expect("the command starts")
}

/// Restores `input` into `output`, which succeeds; what was said of it.
fn restore(input: &Path, output: &Path, options: &[&str]) -> String {
    let paths = ["restore".as_ref(), input.as_os_str(), output.as_os_str()];
    let fixed = ["--model", ECHO, "--detect-unobserved", "false"];
    let options = fixed.iter().chain(options).map(|text| text.as_ref());
    let done = call(&paths.into_iter().chain(options).collect::<Vec<_>>());
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(done.status.success(), "{}: {said}", done.status);
    said
}

/// The names in a folder, in order.
fn names(folder: &Path) -> Vec<String> {
    let entries = folder.read_dir().expect("a folder").flatten();
    let mut names: Vec<_> = entries
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

/// A clip of twelve frames in `folder`, its video encoded as `video` and its sound as `audio`.
fn clip(folder: &Path, name: &str, video: &str, audio: &str, muxer: &str) -> PathBuf {
    let path = folder.join(name);
    let line = format!(
        "{muxer} name=mux ! filesink location={path} \
         videotestsrc num-buffers=12 ! video/x-raw,format=I420,width=64,height=48,\
         framerate=30000/1001,pixel-aspect-ratio=8/9,colorimetry=bt709 ! {video} ! queue ! mux. \
         audiotestsrc num-buffers=20 samplesperbuffer=1024 ! audio/x-raw,rate=48000,channels=2 \
         ! {audio} ! queue ! mux.",
        path = path.display()
    );
    media::play(&line);
    path
}
