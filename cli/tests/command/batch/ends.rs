// SPDX-License-Identifier: MPL-2.0
//! Ends before the end, and chunks that are not what was planned.

use std::path::Path;
use std::process::{Child, Stdio};

use serde_json::Value;

use super::{ALONE, chunks, clip, events, fails, join, plan, run, text};
use crate::progress::signal;
use crate::{command, folder, media};

const SLOW: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/data/slow");

/// Starts a command on a plan, and waits until the chunk `number` grows.
fn begun(arguments: &[&str], plan: &Path, number: usize) -> Child {
    let started = command(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let mut child = started.expect("the command starts");
    let part = plan.join(format!("in/{number:05}/frames.part.mkv"));
    while !part.exists() {
        let end = child.try_wait().expect("a process");
        assert!(end.is_none(), "it ended before: {end:?}");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    child
}

#[test]
fn a_batch_goes_on_after_an_end_of_any_kind() {
    let folder = folder();
    let input = clip(folder.path(), "in.mkv");
    let settings = ["--model", SLOW, "--steps", "1"];
    let wanted = plan(&[&input], &folder.path().join("wanted"), &settings);
    run(&wanted, &["--jobs", "2"]);
    let plan = plan(&[&input], &folder.path().join("plan"), &settings);
    // A worker that is killed leaves a part.
    let mut worker = begun(&["batch", "chunk", text(&plan), "1"], &plan, 1);
    signal(&worker, "-KILL");
    worker.wait().expect("an end");
    assert!(!plan.join("in/00001/chunk.json").exists());
    // An interrupted run ends its workers.
    let mut batch = begun(&["batch", "run", text(&plan), "--jobs", "2"], &plan, 0);
    signal(&batch, "-TERM");
    assert_eq!(batch.wait().expect("an end").code(), Some(130));
    let told = run(&plan, &["--jobs", "2"]);
    assert_eq!(events(&told, "batch")[0]["failed"], 0, "{told:?}");
    assert!(chunks(&plan, "in") == chunks(&wanted, "in"), "other bytes");
}

#[test]
fn two_processes_never_have_one_chunk() {
    let folder = folder();
    let input = clip(folder.path(), "in.mkv");
    let plan = plan(&[&input], &folder.path().join("plan"), &["--model", SLOW]);
    let mut worker = begun(&["batch", "chunk", text(&plan), "0"], &plan, 0);
    let (code, said) = fails(&["batch", "chunk", text(&plan), "0"]);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("at work in another process"), "{said}");
    signal(&worker, "-KILL");
    worker.wait().expect("an end");
}

/// Takes the last frame out of a chunk, and lets its sidecar say so where `told`.
fn shorten(plan: &Path, number: usize, told: bool) {
    let folder = plan.join(format!("in/{number:05}"));
    let (path, other) = (folder.join("frames.mkv"), folder.join("other.mkv"));
    let frames = media::streams(&path)[0].bytes.len();
    media::play(&format!(
        "filesrc location={} ! matroskademux ! capssetter caps=video/x-ffv,ffversion=1 \
         ! identity eos-after={frames} ! matroskamux \
         ! filesink location={}",
        path.display(),
        other.display()
    ));
    assert_eq!(media::streams(&other)[0].bytes.len(), frames - 1);
    std::fs::rename(&other, &path).expect("a file");
    if told {
        let sidecar = folder.join("chunk.json");
        let text = std::fs::read(&sidecar).expect("a sidecar");
        let mut value: Value = serde_json::from_slice(&text).expect("JSON");
        value["bytes"] = path.metadata().expect("a file").len().into();
        std::fs::write(&sidecar, value.to_string()).expect("a sidecar");
    }
}

#[test]
fn a_chunk_with_a_frame_too_few_fails_the_join() {
    let folder = folder();
    let input = clip(folder.path(), "in.mkv");
    let plan = plan(&[&input], &folder.path().join("plan"), &ALONE);
    let output = folder.path().join("out.mkv");
    let joining = ["batch", "join", text(&plan), "-o", text(&output)];
    run(&plan, &["--jobs", "2"]);
    let wanted = chunks(&plan, "in");
    shorten(&plan, 1, false);
    let (code, said) = fails(&joining);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("1 of 4 chunks are not whole yet"), "{said}");
    run(&plan, &[]);
    assert!(chunks(&plan, "in") == wanted, "it is done anew");
    shorten(&plan, 2, true);
    let (code, said) = fails(&joining);
    assert_eq!(code, 1, "{said}");
    assert!(
        said.contains("holds 19 frames, and the plan says 20"),
        "{said}"
    );
    assert!(!output.exists(), "{said}");
    std::fs::remove_dir_all(plan.join("in/00002")).expect("a folder");
    run(&plan, &[]);
    join(&plan, &output);
    let other = folder.path().join("out.png");
    let (code, said) = fails(&["batch", "join", text(&plan), "-o", text(&other)]);
    assert_eq!(code, 2, "{said}");
    let (code, said) = fails(&joining);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("is there already"), "{said}");
}

#[test]
fn what_has_changed_since_the_plan_is_told() {
    let folder = folder();
    let input = clip(folder.path(), "in.mkv");
    let model = folder.path().join("model");
    std::fs::create_dir(&model).expect("a folder");
    let graph = Path::new(crate::ECHO).join("blur.onnx");
    std::fs::copy(graph, model.join("blur.onnx")).expect("a graph");
    let model = text(&model);
    let options = ["--model", model, "--detect-unobserved", "false"];
    let plan = plan(&[&input], &folder.path().join("plan"), &options);
    let chunk = ["batch", "chunk", text(&plan), "0"];
    std::fs::write(Path::new(model).join("extra.onnx"), "more").expect("a file");
    let (_, said) = fails(&chunk);
    assert!(said.contains("is another model"), "{said}");
    std::fs::remove_file(Path::new(model).join("extra.onnx")).expect("a file");
    run(&plan, &[]);
    let mut bytes = std::fs::read(&input).expect("a file");
    bytes.push(0);
    std::fs::write(&input, bytes).expect("a file");
    std::fs::remove_file(plan.join("in/00000/chunk.json")).expect("a sidecar");
    let (_, said) = fails(&chunk);
    assert!(said.contains("has changed since it was planned"), "{said}");
    let (code, said) = fails(&["batch", "chunk", text(&plan), "4"]);
    assert_eq!(code, 2, "{said}");
    assert!(said.contains("the chunks 0 to 3"), "{said}");
}
