// SPDX-License-Identifier: MPL-2.0
//! Files of other makers, and files that are not as they should be.

use crate::media::{self, Stream};
use crate::{folder, restore};

fn sound(path: &std::path::Path) -> Stream {
    let streams = media::streams(path).into_iter();
    let mut sounds = streams.filter(|s| s.media().starts_with("audio/"));
    sounds.next().expect("a sound")
}

/// The length of the variable integer at the beginning, with its marker for a size or without.
fn integer(bytes: &[u8]) -> (usize, usize) {
    let length = bytes[0].leading_zeros() as usize + 1;
    let first = usize::from(bytes[0]) & (0xff >> length);
    let rest = bytes[1..length].iter();
    (
        length,
        rest.fold(first, |value, byte| value << 8 | usize::from(*byte)),
    )
}

/// A Matroska file whose first two blocks have changed their places.
fn swapped(mut bytes: Vec<u8>) -> Vec<u8> {
    let cluster = bytes.windows(4).position(|w| w == [0x1f, 0x43, 0xb6, 0x75]);
    let mut at = cluster.expect("a cluster") + 4;
    at += integer(&bytes[at..]).0;
    let mut blocks = Vec::new();
    while blocks.len() < 2 {
        let id = integer(&bytes[at..]).0;
        let (length, size) = integer(&bytes[at + id..]);
        let end = at + id + length + size;
        if [0xa0, 0xa3].contains(&bytes[at]) {
            blocks.push(at..end);
        }
        at = end;
    }
    assert_eq!(
        blocks[0].end, blocks[1].start,
        "something lies between them"
    );
    let first = blocks[0].len();
    bytes[blocks[0].start..blocks[1].end].rotate_left(first);
    bytes
}

#[test]
fn a_video_that_comes_before_an_earlier_sound_keeps_its_first_time() {
    let folder = folder();
    let input = folder.path().join("in.mkv");
    media::play(&format!(
        "matroskamux name=mux ! filesink location={} videotestsrc num-buffers=12 \
         timestamp-offset=21000000 ! video/x-raw,width=64,height=48,framerate=25/1 ! x264enc \
         bframes=0 ! queue ! mux. audiotestsrc num-buffers=25 samplesperbuffer=1024 \
         ! audio/x-raw,rate=48000 ! avenc_aac ! aacparse ! queue ! mux.",
        input.display()
    ));
    let bytes = swapped(std::fs::read(&input).expect("a file"));
    std::fs::write(&input, bytes).expect("a file");
    let times: Vec<_> = (0..12).map(|at| 21 + 40 * at).collect();
    let before = sound(&input).bytes;
    for name in ["out.mkv", "out.mp4"] {
        let output = folder.path().join(name);
        restore(&input, &output, &[]);
        let streams = media::streams(&output);
        let video = streams.iter().find(|s| s.is_video()).expect("a video");
        let shown: Vec<_> = video.shown().iter().map(|time| time / 1_000_000).collect();
        assert_eq!(shown, times, "{name}");
        assert!(
            sound(&output).bytes == before,
            "{name}: the sound is another one"
        );
    }
}

#[test]
fn a_broadcast_with_mpeg_sound_is_kept() {
    let folder = folder();
    let input = folder.path().join("in.ts");
    media::play(&format!(
        "mpegtsmux name=mux ! filesink location={} \
         videotestsrc num-buffers=36 ! video/x-raw,width=64,height=48,framerate=25/1 \
         ! mpeg2enc ! mpegvideoparse ! queue ! mux. audiotestsrc num-buffers=60 \
         ! audio/x-raw,rate=48000 ! avenc_mp2 bitrate=128000 ! mpegaudioparse ! queue ! mux.",
        input.display()
    ));
    // The decoder learns the colour with the second picture; no encoder may lose frames then.
    for (name, options) in [("out.mkv", &[][..]), ("out.webm", &["--allow-loss"])] {
        let output = folder.path().join(name);
        restore(&input, &output, options);
        assert_eq!(media::frames(&output, "I420").bytes.len(), 36, "{name}");
    }
    let [before, after] = [input, folder.path().join("out.mkv")].map(|path| sound(&path));
    assert_eq!(before.bytes, after.bytes);
}

#[test]
fn a_file_that_was_cut_off_is_told() {
    let folder = folder();
    let whole = folder.path().join("whole.mkv");
    media::play(&format!(
        "videotestsrc num-buffers=50 pattern=snow ! video/x-raw,width=64,height=48,framerate=25/1 \
         ! x264enc bframes=0 ! matroskamux ! filesink location={}",
        whole.display()
    ));
    let bytes = std::fs::read(&whole).expect("a file");
    let input = folder.path().join("in.mkv");
    std::fs::write(&input, &bytes[..bytes.len() / 2]).expect("a file");
    let said = restore(&input, &folder.path().join("out.mkv"), &[]);
    assert!(said.contains("it seems to be cut off"), "{said}");
    let said = restore(&whole, &folder.path().join("whole-out.mkv"), &[]);
    assert!(
        !said.contains("cut off") && !said.contains("gaps"),
        "{said}"
    );
}

#[test]
fn frames_that_were_lost_before_are_told() {
    let folder = folder();
    let input = folder.path().join("in.mkv");
    let rate = "video/x-raw,format=I420 ! capssetter caps=video/x-raw,framerate=25/1 ! x264enc \
                ! matroskamux";
    // Two frames are missing behind the tenth.
    let times: Vec<_> = (0..15).map(|at| 40 * at + 80 * u64::from(at > 9)).collect();
    media::at_times(&input, &times, rate);
    let said = restore(&input, &folder.path().join("out.mkv"), &[]);
    assert!(said.contains("frames that are missing: 2"), "{said}");
}
