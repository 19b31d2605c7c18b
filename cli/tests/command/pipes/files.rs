// SPDX-License-Identifier: MPL-2.0
//! Files and streams, and ffmpeg at both ends.

use std::path::Path;
use std::process::Command;

use super::{FIXED, piped};
use crate::progress::lines;
use crate::{clip, folder, media, restore};

#[test]
fn files_become_streams_and_streams_become_files() {
    let folder = folder();
    let mp4 = clip(
        folder.path(),
        "in.mp4",
        "x264enc",
        "avenc_aac ! aacparse",
        "mp4mux",
    );
    let [y4m, mkv, again] = ["a.y4m", "b.mkv", "c.y4m"].map(|name| folder.path().join(name));
    let said = restore(&mp4, &y4m, &[]);
    assert!(said.contains("a.y4m holds none"), "{said}");
    let stream = std::fs::read(&y4m).expect("a file");
    let header = b"YUV4MPEG2 W64 H48 F30000:1001 Ip A8:9 C420mpeg2 XCOLORRANGE=LIMITED\n";
    assert!(
        stream.starts_with(header),
        "{:?}",
        String::from_utf8_lossy(&stream[..80])
    );
    assert_eq!(stream.len(), header.len() + 12 * (6 + 64 * 48 * 3 / 2));
    restore(&y4m, &mkv, &[]);
    let [before, after] = [&mp4, &mkv].map(|path| media::frames(path, "I420"));
    assert!(before.bytes == after.bytes, "the frames are others");
    let apart = before
        .times
        .iter()
        .zip(&after.times)
        .map(|(a, b)| a.abs_diff(*b));
    assert!(
        apart.max().is_some_and(|apart| apart <= 1_000_000),
        "{:?}",
        after.times
    );
    restore(&y4m, &again, &[]);
    assert!(
        std::fs::read(&again).expect("a file") == stream,
        "the stream is another one"
    );

    let path = mp4.to_str().expect("UTF-8");
    let done = piped(&[], &[path, "-", "--json"]);
    assert!(done.stdout == stream, "standard output is another one");
    let said = lines(&done.stderr);
    let last = said.last().expect("a line");
    assert_eq!(
        (&last["event"], &last["out"]),
        (&"done".into(), &"-".into()),
        "{said:?}"
    );
    let out = folder.path().join("d.mkv");
    let done = piped(&stream, &["-", out.to_str().expect("UTF-8")]);
    assert!(
        done.status.success(),
        "{}",
        String::from_utf8_lossy(&done.stderr)
    );
    assert!(
        media::frames(&out, "I420").bytes == before.bytes,
        "the frames are others"
    );
}

/// The bytes that a shell's pipeline writes; `$UD2M` is the command.
fn shell(line: &str, folder: &Path) -> Vec<u8> {
    let done = Command::new("bash")
        .args(["-o", "pipefail", "-euc", line])
        .current_dir(folder)
        .env("UD2M", env!("CARGO_BIN_EXE_ud2m"))
        .env("OPTIONS", FIXED.join(" "))
        .output()
        .expect("a shell");
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{line}: {said}");
    done.stdout
}

#[test]
fn ffmpeg_reads_and_writes_the_same_frames() {
    if Command::new("ffmpeg").arg("-version").output().is_err() {
        println!("skipped: ffmpeg is not installed");
        return;
    }
    let folder = folder();
    for format in [
        "yuv420p",
        "yuv422p",
        "yuv444p",
        "yuv411p",
        "gray",
        "yuv420p10le",
        "yuv422p10le",
        "yuv444p12le",
        "gray10le",
        "gray16le",
    ] {
        let make = format!(
            "ffmpeg -v error -f lavfi -i testsrc2=size=70x50:rate=24000/1001:duration=0.5 \
             -vf eq=saturation=0.3,format={format} -strict -1 -f yuv4mpegpipe -"
        );
        let frames = format!("ffmpeg -v error -i - -f framehash -pix_fmt {format} -");
        let restored = format!("{make} | $UD2M restore - - $OPTIONS | {frames}");
        let [before, after] = [format!("{make} | {frames}"), restored]
            .map(|line| shell(&line, folder.path()))
            .map(|hashes| String::from_utf8(hashes).expect("text"));
        assert!(before.lines().count() > 12, "{format}: {before}");
        assert_eq!(before, after, "{format}");
    }
}
