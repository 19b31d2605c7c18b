// SPDX-License-Identifier: MPL-2.0
//! A plan from its making to the joined file.

use serde_json::Value;

use super::{ALONE, CARRIED, chunks, clip, events, fails, join, plan, run, succeeds, text};
use crate::{folder, media, restore};

#[test]
fn a_clip_is_cut_at_its_scene_and_every_frame_is_planned() {
    let folder = folder();
    let input = clip(folder.path(), "in.mkv");
    let plan = plan(&[&input], &folder.path().join("plan"), &CARRIED);
    let manifest = std::fs::read(plan.join("in/manifest.json")).expect("a manifest");
    let manifest: Value = serde_json::from_slice(&manifest).expect("JSON");
    let chunks = manifest["chunks"].as_array().expect("chunks");
    let lengths: Vec<_> = chunks.iter().map(|chunk| &chunk["frames"]).collect();
    assert_eq!(lengths, [20, 10, 20, 10]);
    let scenes: Vec<_> = chunks.iter().map(|chunk| chunk["scene"] == true).collect();
    assert_eq!(scenes, [false, false, true, false]);
    let lead_ins: Vec<_> = chunks.iter().map(|chunk| &chunk["lead-in"]).collect();
    assert_eq!(lead_ins, [0, 8, 8, 8]);
    let times = manifest["frames"]["pts"].as_array().expect("times");
    assert_eq!(times.len(), 60);
    assert_eq!(chunks[1]["first-pts"], times[20]);
    assert_eq!(chunks[1]["last-pts"], times[29]);
    let source = &manifest["source"];
    assert_eq!(source["bytes"], input.metadata().expect("a file").len());
    assert_eq!(source["sha256"].as_str().expect("a digest").len(), 64);
    assert_eq!(manifest["settings"]["seed"], 0);
    assert!(
        manifest["video"]["caps"]
            .as_str()
            .expect("caps")
            .contains("I420")
    );
}

#[test]
fn four_workers_write_the_same_bytes_as_one() {
    let folder = folder();
    let input = clip(folder.path(), "in.mkv");
    let [first, second] = ["1", "4"].map(|jobs| {
        let plan = plan(&[&input], &folder.path().join(jobs), &CARRIED);
        let told = run(&plan, &["--jobs", jobs]);
        assert_eq!(events(&told, "chunk").len(), 4, "{told:?}");
        let output = folder.path().join(format!("{jobs}.mkv"));
        join(&plan, &output);
        (chunks(&plan, "in"), std::fs::read(&output).expect("a file"))
    });
    assert!(first.0 == second.0, "the chunks differ");
    assert!(first.1 == second.1, "the joined files differ");
}

#[test]
fn the_joined_file_is_what_one_process_writes() {
    let folder = folder();
    let (plan_at, joined) = (folder.path().join("plan"), folder.path().join("joined.mkv"));
    for name in ["in.mkv", "in.mp4"] {
        let input = folder.path().join(name);
        if name == "in.mkv" {
            clip(folder.path(), name);
        } else {
            crate::clip(
                folder.path(),
                name,
                "x264enc",
                "avenc_aac ! aacparse",
                "mp4mux",
            );
        }
        let whole = folder.path().join("whole.mkv");
        restore(&input, &whole, &["--overwrite"]);
        let plan = plan(&[&input], &plan_at, &ALONE);
        run(&plan, &[]);
        let told = join(&plan, &joined);
        let frames = media::frames(&input, "I420").bytes.len();
        assert_eq!(events(&told, "joined")[0]["frames"], frames, "{told:?}");
        let [a, b] = [&whole, &joined].map(|path| media::frames(path, "I420"));
        assert!(a.bytes == b.bytes, "{name}: frames differ");
        let [a, b] = [&whole, &joined].map(|path| media::streams(path));
        assert_eq!((a.len(), b.len()), (2, 2), "{name}");
        for (a, b) in a.iter().zip(&b) {
            assert_eq!(a.media(), b.media(), "{name}");
            assert_eq!(a.times, b.times, "{name}: {}", a.media());
            assert!(
                a.is_video() || a.bytes == b.bytes,
                "{name}: the sound differs"
            );
            assert_eq!(a.tag("title"), b.tag("title"), "{name}: {}", a.media());
        }
        std::fs::remove_dir_all(&plan).expect("a folder");
        std::fs::remove_file(&joined).expect("a file");
    }
}

#[test]
fn several_clips_go_into_a_folder_and_keep_their_names() {
    let folder = folder();
    let (a, b) = (clip(folder.path(), "a.mkv"), clip(folder.path(), "b.mkv"));
    let plan = plan(
        &[&a, &b],
        &folder.path().join("plan"),
        &[&ALONE[..], &["--as", "mp4", "--crf", "30"]].concat(),
    );
    let told = run(&plan, &["--jobs", "2"]);
    assert_eq!(events(&told, "batch")[0]["restored"], 8, "{told:?}");
    let out = folder.path().join("out");
    std::fs::create_dir(&out).expect("a folder");
    join(&plan, &out);
    assert_eq!(crate::names(&out), ["a.mp4", "b.mp4"]);
    for name in ["a.mp4", "b.mp4"] {
        let streams = media::streams(&out.join(name));
        let video = streams.iter().find(|stream| stream.is_video());
        let video = video.expect("a video");
        assert_eq!(video.media(), "video/x-h264", "{name}: encoded once");
        assert_eq!(video.bytes.len(), 60, "{name}");
    }
    let joined = ["batch", "join", text(&plan), "-o"];
    let (code, said) = fails(&[&joined[..], &[text(&folder.path().join("one.mkv"))]].concat());
    assert_eq!(code, 2, "{said}");
}

#[test]
fn what_cannot_be_planned_is_told() {
    let folder = folder();
    let input = clip(folder.path(), "in.mkv");
    let still = folder.path().join("still.png");
    media::play(&format!(
        "videotestsrc num-buffers=1 ! pngenc ! filesink location={}",
        still.display()
    ));
    let (input, taken) = (text(&input), folder.path().join("taken"));
    std::fs::create_dir(&taken).expect("a folder");
    let new = folder.path().join("new");
    for (arguments, code, word) in [
        (vec![text(&still), "-o", text(&new)], 2, "is no video"),
        (vec!["-", "-o", text(&new)], 2, "is no file"),
        (
            vec![input, input, "-o", text(&new)],
            2,
            "Two clips are called in",
        ),
        (vec![input, "-o", text(&taken)], 1, "is there already"),
        (
            vec![input, "-o", text(&new), "--model", "/nowhere/model"],
            1,
            "does not exist",
        ),
        (
            vec![input, "-o", text(&new), "--crf", "5"],
            2,
            "--crf has no effect on mkv",
        ),
    ] {
        let (found, said) = fails(&[&["batch", "plan"][..], &arguments].concat());
        assert_eq!(found, code, "{said}");
        assert!(said.contains(word), "{said}");
        assert!(!new.exists(), "{said}");
    }
    let help = succeeds_in_words(&["batch", "plan", "--help"]);
    assert!(
        help.contains("--noise-sigma") && help.contains("--chunk-frames"),
        "{help}"
    );
    let (code, said) = fails(&["batch", "run", text(&taken)]);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("holds no plan"), "{said}");
}

fn succeeds_in_words(arguments: &[&str]) -> String {
    let done = crate::call(arguments);
    assert!(done.status.success());
    String::from_utf8_lossy(&done.stdout).into_owned()
}

#[test]
fn a_run_leaves_alone_what_is_whole() {
    let folder = folder();
    let input = clip(folder.path(), "in.mkv");
    let plan = plan(&[&input], &folder.path().join("plan"), &ALONE);
    run(&plan, &["--shard", "1/2"]);
    assert_eq!(chunks_that_are_there(&plan), [1, 3]);
    let written = |number: usize| {
        let path = plan.join(format!("in/{number:05}/frames.mkv"));
        path.metadata().expect("a file").modified().expect("a time")
    };
    let before = [1, 3].map(written);
    let told = run(&plan, &[]);
    let end = events(&told, "batch")[0];
    assert_eq!((&end["restored"], &end["there"]), (&2.into(), &2.into()));
    assert_eq!([1, 3].map(written), before);
    let told = succeeds(&["batch", "chunk", text(&plan), "0", "--json"]);
    assert_eq!(events(&told, "chunk")[0]["there"], true, "{told:?}");
}

fn chunks_that_are_there(plan: &std::path::Path) -> Vec<usize> {
    let is_there = |number: &usize| plan.join(format!("in/{number:05}/chunk.json")).exists();
    (0..4).filter(is_there).collect()
}
