// SPDX-License-Identifier: MPL-2.0
//! What is said on the way, and what an end before the end leaves.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::media::{self, Stream};
use crate::{ECHO, call, clip, command, folder, names};

const SLOW: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/data/slow");

/// A clip of some seconds, too long for the slow model to be done soon.
fn long_clip(folder: &Path) -> PathBuf {
    let path = folder.join("long.mkv");
    media::play(&format!(
        "matroskamux name=mux ! filesink location={} \
         videotestsrc num-buffers=600 ! video/x-raw,width=64,height=48,framerate=25/1 ! x264enc \
         ! queue ! mux. audiotestsrc num-buffers=1200 samplesperbuffer=960 \
         ! audio/x-raw,rate=48000 ! opusenc ! queue ! mux.",
        path.display()
    ));
    path
}

/// A clip that is done at once.
fn short_clip(folder: &Path) -> PathBuf {
    let audio = "avenc_aac ! aacparse";
    clip(folder, "in.mp4", "x264enc", audio, "mp4mux")
}

/// Starts to restore a long clip with a slow model, and waits for its first frames.
fn begun(input: &Path, output: &Path) -> Child {
    let paths = ["restore".as_ref(), input.as_os_str(), output.as_os_str()];
    let options = ["--model", SLOW, "--steps", "2", "--json"].map(|text| text.as_ref());
    let arguments: Vec<_> = paths.into_iter().chain(options).collect();
    let mut child = command(&arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command starts");
    let mut said = BufReader::new(child.stdout.as_mut().expect("its output"));
    let mut line = String::new();
    while !line.contains("\"progress\"") {
        line.clear();
        let length = said.read_line(&mut line).expect("a line");
        assert!(length > 0, "no progress was told");
    }
    child
}

/// Sends the signal `name`, such as -TERM.
pub fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill")
        .args([name, &child.id().to_string()])
        .status();
    assert!(sent.expect("kill").success());
}

/// Restores a long clip until the signal `name`; what was said.
fn interrupted(input: &Path, output: &Path, name: &str) -> String {
    let child = begun(input, output);
    signal(&child, name);
    let done = child.wait_with_output().expect("an end");
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    assert_eq!(done.status.code(), Some(130), "{said}");
    said
}

pub fn lines(output: &[u8]) -> Vec<Value> {
    let text = String::from_utf8_lossy(output);
    let lines = text.lines().map(serde_json::from_str);
    lines.map(|line| line.expect("a line of JSON")).collect()
}

#[test]
fn programs_are_told_in_lines_of_json() {
    let folder = folder();
    let input = short_clip(folder.path());
    let output = folder.path().join("out.mkv");
    let (from, to) = (
        input.to_str().expect("UTF-8"),
        output.to_str().expect("UTF-8"),
    );
    let done = call(&["restore", from, to, "--model", ECHO, "--json"]);
    let said = lines(&done.stdout);
    let events: Vec<_> = said
        .iter()
        .map(|line| line["event"].as_str().expect("a name"))
        .collect();
    assert_eq!(events.first(), Some(&"begin"), "{said:?}");
    assert_eq!(said[0]["frames"], 12, "{said:?}");
    assert!(
        events.contains(&"estimate") && events.contains(&"progress"),
        "{said:?}"
    );
    let last = said.last().expect("a line");
    assert_eq!(
        (&last["event"], &last["frames"]),
        (&"done".into(), &12.into()),
        "{last}"
    );
    assert_eq!(last["out"], to, "{last}");
    for (field, value) in [
        ("same-frames", true),
        ("has-times", true),
        ("interrupted", false),
    ] {
        assert_eq!(last[field], value, "{last}");
    }
    let failed = call(&["restore", from, to, "--model", ECHO, "--json"]);
    let said = lines(&failed.stdout);
    assert_eq!(
        (&said[0]["event"], &said[0]["code"]),
        (&"error".into(), &1.into()),
        "{said:?}"
    );
}

#[test]
fn an_interrupt_leaves_a_file_that_plays() {
    let folder = folder();
    let input = long_clip(folder.path());
    for (ending, name) in [("mkv", "-INT"), ("mp4", "-TERM"), ("webm", "-HUP")] {
        let output = folder.path().join(format!("out.{ending}"));
        let said = interrupted(&input, &output, name);
        assert!(!output.exists(), "{said}");
        let part = folder.path().join(format!("out.part.{ending}"));
        assert!(said.contains(&format!("out.part.{ending}")), "{said}");
        assert!(said.contains("of 600 frames"), "{said}");
        let streams = media::streams(&part);
        let video = streams.iter().find(|s| s.is_video()).expect("a video");
        let count = video.bytes.len();
        assert!((1..600).contains(&count), "{count} frames");
        let sound = streams.iter().find(|s| !s.is_video()).expect("a sound");
        let ends = [video, sound].map(|s: &Stream| *s.shown().last().expect("a time") / 1_000_000);
        let apart = ends[0].abs_diff(ends[1]);
        assert!(apart < 100, "{ending}: the streams end at {ends:?} ms");
    }
}

#[test]
fn an_interrupt_leaves_numbered_pictures_that_are_whole() {
    let folder = folder();
    let input = long_clip(folder.path());
    let output = folder.path().join("out");
    std::fs::create_dir(&output).expect("a folder");
    let said = interrupted(&input, &output.join("%04d.png"), "-INT");
    let names = names(&output);
    assert!((1..600).contains(&names.len()), "{names:?}");
    assert!(
        said.contains(&format!("the first {} of 600", names.len())),
        "{said}"
    );
    for (number, name) in names.iter().enumerate() {
        assert_eq!(*name, format!("{number:04}.png"));
        assert_eq!(media::frames(&output.join(name), "RGB").bytes.len(), 1);
    }
}

#[test]
fn a_kill_leaves_no_broken_file_under_its_name() {
    let folder = folder();
    let input = long_clip(folder.path());
    for name in ["out.mkv", "out.mp4"] {
        let output = folder.path().join(name);
        let mut child = begun(&input, &output);
        signal(&child, "-KILL");
        child.wait().expect("an end");
        assert!(!output.exists());
        // The part stands in nobody's way.
        let short = clip(folder.path(), "short.mp4", "x264enc", "opusenc", "mp4mux");
        crate::restore(&short, &output, &[]);
        assert!(output.exists());
    }
    assert_eq!(
        names(folder.path()),
        ["long.mkv", "out.mkv", "out.mp4", "short.mp4"]
    );
    let pictures = folder.path().join("pictures");
    std::fs::create_dir(&pictures).expect("a folder");
    let mut child = begun(&input, &pictures.join("%04d.png"));
    std::thread::sleep(std::time::Duration::from_millis(300));
    signal(&child, "-KILL");
    child.wait().expect("an end");
    let all = names(&pictures);
    let whole: Vec<_> = all.iter().filter(|name| !name.contains("part")).collect();
    assert!(!whole.is_empty(), "{all:?}");
    for name in whole {
        assert_eq!(media::frames(&pictures.join(name), "RGB").bytes.len(), 1);
    }
}

#[test]
fn a_failure_leaves_no_part() {
    let folder = folder();
    let input = short_clip(folder.path());
    for name in ["out.mkv", "out%03d.png"] {
        let output = folder.path().join(name);
        let paths = ["restore".as_ref(), input.as_os_str(), output.as_os_str()];
        let options = ["--model", "/nowhere/model"].map(|text| text.as_ref());
        let done = call(&paths.into_iter().chain(options).collect::<Vec<_>>());
        assert_eq!(done.status.code(), Some(1));
        assert_eq!(names(folder.path()), ["in.mp4"]);
    }
}

#[test]
fn a_frame_that_cannot_be_decoded_is_told() {
    let folder = folder();
    let input = folder.path().join("in.mkv");
    media::play(&format!(
        "videotestsrc num-buffers=9 pattern=ball ! video/x-raw,width=64,height=48 ! vp8enc \
         keyframe-max-dist=1 ! matroskamux ! filesink location={}",
        input.display()
    ));
    let fourth = media::streams(&input)[0].bytes[3].clone();
    let mut bytes = std::fs::read(&input).expect("a file");
    let mut frames = bytes.windows(fourth.len());
    let at = frames.position(|w| w == fourth).expect("a frame");
    // Its tag stays, its start code and its size go.
    bytes[at + 3..at + 10].fill(0);
    std::fs::write(&input, bytes).expect("a file");
    let output = folder.path().join("out.mkv");
    let paths = ["restore".as_ref(), input.as_os_str(), output.as_os_str()];
    let options = ["--model", ECHO].map(|text| text.as_ref());
    let done = call(&paths.into_iter().chain(options).collect::<Vec<_>>());
    let said = String::from_utf8_lossy(&done.stderr);
    assert_eq!(done.status.code(), Some(3), "{said}");
    assert!(said.contains("IN holds 9 frames, of which 8"), "{said}");
    assert_eq!(media::frames(&output, "RGB").bytes.len(), 8);
}
