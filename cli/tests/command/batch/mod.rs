// SPDX-License-Identifier: MPL-2.0
//! Clips in chunks: planned, restored by several processes, joined.

mod arrays;
mod ends;
mod ray;
mod seams;
mod whole;

use std::path::{Path, PathBuf};
use std::process::Output;

use serde_json::Value;

use crate::progress::lines;
use crate::{ECHO, call, media};

/// A model whose answer depends on the frame before, where one starts from it.
const AFFINE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/data/affine");
/// Settings of frames that stand alone, and come back as they are.
const ALONE: [&str; 4] = ["--model", ECHO, "--detect-unobserved", "false"];
/// Settings of frames that start from the ones before.
const CARRIED: [&str; 10] = [
    "--model",
    AFFINE,
    "--task",
    "denoise",
    "--noise-sigma",
    "0.05",
    "--temporal",
    "warm-start",
    "--steps",
    "2",
];

/// A clip of two scenes of thirty frames each, with sound and a title.
fn clip(folder: &Path, name: &str) -> PathBuf {
    let path = folder.join(name);
    let scene = |pattern: &str| {
        format!(
            "videotestsrc num-buffers=30 pattern={pattern} ! video/x-raw,format=I420,width=64,\
             height=48,framerate=25/1 ! scenes."
        )
    };
    media::play(&format!(
        "matroskamux name=mux ! filesink location={} {} {} concat name=scenes \
         ! x264enc key-int-max=8 ! taginject tags=title=Harbour ! queue ! mux. \
         audiotestsrc num-buffers=120 samplesperbuffer=960 ! audio/x-raw,rate=48000 \
         ! opusenc ! queue ! mux.",
        path.display(),
        scene("smpte"),
        scene("ball"),
    ));
    path
}

fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

/// Plans clips in chunks of up to twenty frames, in `folder`.
fn plan(inputs: &[&Path], folder: &Path, options: &[&str]) -> PathBuf {
    let inputs = inputs.iter().map(|input| text(input));
    let fixed = ["-o", text(folder), "--chunk-frames", "20", "--json"];
    let arguments = ["batch", "plan"].into_iter().chain(inputs);
    let arguments: Vec<_> = arguments
        .chain(fixed)
        .chain(options.iter().copied())
        .collect();
    succeeds(&arguments);
    folder.to_owned()
}

/// Restores a plan; what was told.
fn run(plan: &Path, options: &[&str]) -> Vec<Value> {
    succeeds(&[&["batch", "run", text(plan), "--json"], options].concat())
}

/// Joins a plan; what was told.
fn join(plan: &Path, output: &Path) -> Vec<Value> {
    succeeds(&["batch", "join", text(plan), "-o", text(output), "--json"])
}

/// Calls the command, which succeeds; the lines that it told.
fn succeeds(arguments: &[&str]) -> Vec<Value> {
    let done = call(arguments);
    let said = String::from_utf8_lossy(&done.stderr);
    let told = String::from_utf8_lossy(&done.stdout);
    assert!(done.status.success(), "{arguments:?}: {said} {told}");
    lines(&done.stdout)
}

/// Calls the command, which fails in one sentence.
fn fails(arguments: &[&str]) -> (i32, String) {
    let done: Output = call(arguments);
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    assert_eq!(said.lines().count(), 1, "{said}");
    (done.status.code().expect("no signal"), said)
}

/// The events of a name.
fn events<'a>(told: &'a [Value], name: &str) -> Vec<&'a Value> {
    told.iter().filter(|line| line["event"] == name).collect()
}

/// The bytes of all chunks of a clip in a plan.
fn chunks(plan: &Path, clip: &str) -> Vec<Vec<u8>> {
    let folder = plan.join(clip);
    let names = crate::names(&folder);
    let folders = names.iter().filter(|name| name.starts_with('0'));
    let files = folders.map(|name| std::fs::read(folder.join(name).join("frames.mkv")));
    files.map(|file| file.expect("a chunk")).collect()
}
