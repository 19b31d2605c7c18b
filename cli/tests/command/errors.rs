// SPDX-License-Identifier: MPL-2.0
//! What is wrong is one sentence, and an exit code.

use std::path::{Path, PathBuf};

use crate::{ECHO, call, clip, folder};

/// Calls the command, which fails; the exit code and the sentence.
fn fails(arguments: &[&str]) -> (i32, String) {
    let done = call(arguments);
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    (done.status.code().expect("no signal"), said)
}

/// A clip with sound.
fn mp4(folder: &tempfile::TempDir) -> PathBuf {
    let sound = "avenc_aac ! aacparse";
    clip(folder.path(), "in.mp4", "x264enc", sound, "mp4mux")
}

fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

#[test]
fn files_that_cannot_be_used_are_named() {
    let folder = folder();
    let clip = mp4(&folder);
    let (prose, silent) = (
        folder.path().join("prose.mp4"),
        folder.path().join("sound.ogg"),
    );
    std::fs::write(&prose, "no video at all, but a text of some length").expect("a file");
    crate::media::play(&format!(
        "audiotestsrc num-buffers=5 ! vorbisenc ! oggmux ! filesink location={}",
        silent.display()
    ));
    let out = folder.path().join("out.mkv");
    let there = folder.path().join("there.mkv");
    std::fs::write(&there, "precious").expect("a file");
    let webm = folder.path().join("out.webm");
    let odd = folder.path().join("out.xyz");
    let nowhere = folder.path().join("nowhere/out.mkv");
    let still = folder.path().join("out.png");
    let (taken, gap) = (
        folder.path().join("t%02d.png"),
        folder.path().join("g%d.png"),
    );
    for name in ["t05.png", "g1.png", "g2.png", "g4.png"] {
        std::fs::write(folder.path().join(name), "").expect("a file");
    }
    let (clip, out) = (text(&clip), text(&out));
    for (input, output, code, word) in [
        ("/nowhere/in.mp4", out, 1, "cannot be read"),
        (text(&prose), out, 1, "no file that GStreamer reads"),
        (text(&silent), out, 1, "holds no video"),
        (clip, text(&there), 1, "is there already"),
        (clip, text(&webm), 1, "cannot hold the sound (MPEG-4 AAC)"),
        (clip, text(&odd), 2, "no ending that names a kind of file"),
        (clip, clip, 2, "read and written at once"),
        (clip, text(&nowhere), 1, "is no folder"),
        (clip, text(&still), 2, "has 12 frames"),
        (clip, text(&taken), 1, "is there already"),
        (text(&gap), out, 1, "number 3 is missing"),
        (
            "/nowhere/%05d.png",
            out,
            1,
            "No picture has a name of the form",
        ),
    ] {
        let (found, said) = fails(&["restore", input, output, "--model", ECHO]);
        assert_eq!(found, code, "{said}");
        assert!(said.contains(word) && said.lines().count() == 1, "{said}");
        assert!(!Path::new(out).exists(), "{said}");
    }
    assert_eq!(std::fs::read_to_string(&there).expect("a file"), "precious");
}

#[test]
fn options_that_cannot_be_are_told_with_what_can() {
    for (arguments, word) in [
        (["--task", "undo"], "super-resolve"),
        (["--noise-sigma", "2"], "from -1 to 1"),
        (["--steps", "0"], "from 1 to 100"),
        (["--detect-unobserved", "maybe"], "true or false"),
        (["--crf", "18"], "--crf has no effect on mkv"),
        (["--fps", "0"], "25 or 30000/1001"),
    ] {
        let (code, said) = fails(&[&["restore", "in.mkv", "out.mkv"], &arguments[..]].concat());
        assert_eq!(code, 2, "{said}");
        assert!(said.contains(word), "{said}");
    }
}

#[test]
fn what_the_element_says_is_passed_on() {
    let folder = folder();
    let clip = mp4(&folder);
    let out = folder.path().join("out.mkv");
    let model = ["--model", "/nowhere/model"];
    let (code, said) = fails(&[&["restore", text(&clip), text(&out)], &model[..]].concat());
    assert_eq!(code, 1, "{said}");
    assert!(
        said.contains("/nowhere/model") && said.contains("does not exist"),
        "{said}"
    );
    assert!(!out.exists());
}
