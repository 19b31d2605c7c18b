// SPDX-License-Identifier: MPL-2.0
//! What becomes of the streams of a file: sound, subtitles, times, shape and colour.

use std::path::Path;

use gst::prelude::*;

use crate::media::{self, Stream};
use crate::{clip, folder, restore};

const H264: &str = "x264enc";
const AAC: &str = "avenc_aac ! aacparse";

/// Asserts that both files show their frames at the same times, up to `apart` microseconds.
fn assert_same_times(input: &Path, output: &Path, apart: u64) {
    let times = |path| {
        let streams = media::streams(path);
        streams
            .into_iter()
            .find(Stream::is_video)
            .expect("a video")
            .shown()
    };
    let (before, after) = (times(input), times(output));
    assert_eq!(before.len(), after.len(), "{}", output.display());
    for (a, b) in before.iter().zip(&after) {
        let distance = a.abs_diff(*b) / 1000;
        assert!(
            distance <= apart,
            "{}: {before:?} {after:?}",
            output.display()
        );
    }
}

fn sounds(path: &Path) -> Vec<Stream> {
    let streams = media::streams(path).into_iter();
    streams
        .filter(|s| s.media().starts_with("audio/"))
        .collect()
}

fn value(stream: &Stream, field: &str) -> String {
    let first = stream.caps.structure(0).expect("caps");
    let value = first.value(field).expect("a field");
    value.serialize().expect("a value in words").to_string()
}

#[test]
fn the_sound_leaves_byte_for_byte_and_the_frames_at_their_times() {
    let folder = folder();
    let input = clip(folder.path(), "in.mp4", H264, AAC, "mp4mux");
    for (name, apart) in [("out.mkv", 1000), ("out.mp4", 0), ("out.mov", 0)] {
        let output = folder.path().join(name);
        restore(&input, &output, &[]);
        assert_same_times(&input, &output, apart);
        let (before, after) = (sounds(&input), sounds(&output));
        assert_eq!((before.len(), after.len()), (1, 1), "{name}");
        assert_eq!(before[0].bytes, after[0].bytes, "{name}");
        let starts = [&before, &after].map(|s| s[0].times[0]);
        assert!(
            starts[0].abs_diff(starts[1]) <= 1_000_000,
            "{name}: {starts:?}"
        );
    }
}

#[test]
fn mkv_is_lossless() {
    let folder = folder();
    let input = clip(folder.path(), "in.mp4", H264, AAC, "mp4mux");
    let output = folder.path().join("out.mkv");
    restore(&input, &output, &[]);
    let [before, after] = [&input, &output].map(|path| media::frames(path, "I420"));
    assert_eq!(before.bytes.len(), 12);
    assert!(before.bytes == after.bytes, "echo gave back other frames");
}

#[test]
fn aspect_and_colour_stay() {
    let folder = folder();
    let input = clip(folder.path(), "in.mp4", H264, AAC, "mp4mux");
    let before = media::frames(&input, "I420");
    for name in ["out.mkv", "out.mp4", "out.mov"] {
        let output = folder.path().join(name);
        restore(&input, &output, &[]);
        let after = media::frames(&output, "I420");
        for field in ["width", "height", "pixel-aspect-ratio", "colorimetry"] {
            assert_eq!(
                value(&before, field),
                value(&after, field),
                "{name}: {field}"
            );
        }
    }
}

#[test]
fn tags_stay_and_frames_are_turned_upright() {
    let folder = folder();
    let plain = clip(
        folder.path(),
        "plain.mp4",
        "x264enc ! taginject tags=title=Harbour",
        AAC,
        "mp4mux",
    );
    let input = folder.path().join("in.mp4");
    std::fs::write(&input, turned(&std::fs::read(&plain).expect("a file"))).expect("a file");
    for name in ["out.mp4", "out.mov", "out.mkv"] {
        let output = folder.path().join(name);
        restore(&input, &output, &[]);
        let streams = media::streams(&output);
        let video = streams.iter().find(|s| s.is_video()).expect("a video");
        assert!(
            video
                .tag("image-orientation")
                .is_none_or(|tag| tag == "rotate-0"),
            "{name}"
        );
        assert_eq!(
            (value(video, "width"), value(video, "height")),
            ("48".into(), "64".into())
        );
        assert_eq!(value(video, "pixel-aspect-ratio"), "9/8", "{name}");
        let titles: Vec<_> = streams.iter().filter_map(|s| s.tag("title")).collect();
        assert!(titles.contains(&"Harbour".to_owned()), "{name}: {titles:?}");
    }
}

/// An MP4 whose first track is to be shown a quarter turned to the right.
fn turned(bytes: &[u8]) -> Vec<u8> {
    let one = [0, 1, 0, 0];
    let minus = [255, 255, 0, 0];
    let zero = [0; 4];
    let at = bytes
        .windows(4)
        .position(|w| w == b"tkhd")
        .expect("a track");
    // Version and flags, times, number, duration, layer and volume come before the matrix.
    let matrix = at + 44;
    assert_eq!(bytes[matrix..matrix + 4], one, "no matrix there");
    let mut out = bytes.to_vec();
    let quarter = [zero, one, zero, minus, zero].concat();
    out[matrix..matrix + 20].copy_from_slice(&quarter);
    out
}

#[test]
fn frames_at_uneven_times_stay_there() {
    let folder = folder();
    let times = [0, 33, 100, 107, 250, 251, 400, 1000];
    let input = folder.path().join("in.mkv");
    media::at_times(&input, &times, "x264enc ! matroskamux");
    for (name, apart) in [("out.mkv", 0), ("out.mp4", 12), ("out.webm", 0)] {
        let output = folder.path().join(name);
        restore(&input, &output, &[]);
        assert_same_times(&input, &output, apart);
    }
}

#[test]
fn all_sounds_and_subtitles_of_a_file_are_kept() {
    let folder = folder();
    let (input, output) = (folder.path().join("in.mkv"), folder.path().join("out.mkv"));
    let words = folder.path().join("in.srt");
    let srt = "1\n00:00:00,100 --> 00:00:00,200\nOne\n\n2\n00:00:00,300 --> 00:00:00,350\nTwo\n\n";
    std::fs::write(&words, srt).expect("a file");
    media::play(&format!(
        "matroskamux name=mux ! filesink location={} \
         videotestsrc num-buffers=12 ! video/x-raw,width=64,height=48 ! x264enc ! queue ! mux. \
         audiotestsrc num-buffers=20 ! opusenc ! queue ! mux. \
         audiotestsrc num-buffers=20 freq=220 ! vorbisenc ! queue ! mux. \
         filesrc location={} ! subparse ! text/x-raw,format=utf8 ! queue ! mux.",
        input.display(),
        words.display()
    ));
    restore(&input, &output, &[]);
    let [before, after] = [&input, &output].map(|path| {
        let streams = media::streams(path).into_iter().filter(|s| !s.is_video());
        let mut all: Vec<_> = streams.map(|s| (s.media(), s.times, s.bytes)).collect();
        all.sort_by(|a, b| a.0.cmp(&b.0));
        all
    });
    assert_eq!(
        before.len(),
        3,
        "{:?}",
        before.iter().map(|s| &s.0).collect::<Vec<_>>()
    );
    assert_eq!(before, after);
}
