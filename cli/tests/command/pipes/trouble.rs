// SPDX-License-Identifier: MPL-2.0
//! Streams that break off, wait or hold what they cannot.

use std::io::{Read, Write};
use std::process::{Command, Stdio};

use super::{FIXED, piped, planes, stream};
use crate::{command, folder, media};

#[test]
fn uneven_times_that_a_stream_cannot_hold_are_told() {
    let folder = folder();
    let input = folder.path().join("in.mkv");
    media::at_times(&input, &[0, 40, 100, 120], "x264enc ! matroskamux");
    let done = piped(&[], &[input.to_str().expect("UTF-8"), "-"]);
    let said = String::from_utf8_lossy(&done.stderr);
    assert_eq!(done.status.code(), Some(3), "{said}");
    assert!(
        said.contains("1 of 4 frames moved in time, by up to 20 ms"),
        "{said}"
    );
}

#[test]
fn streams_that_cannot_be_read_are_told() {
    let good = stream(
        "YUV4MPEG2 W35 H27 F25:1",
        &["FRAME"; 3],
        &planes((18, 14), 8),
        1,
    );
    let frame = 6 + 35 * 27 + 2 * 18 * 14;
    let mut bad = good.clone();
    let second = good.len() - 2 * frame;
    bad[second..second + 5].copy_from_slice(b"FRUIT");
    let interlaced = stream(
        "YUV4MPEG2 W35 H27 F25:1 It",
        &["FRAME"],
        &planes((18, 14), 8),
        1,
    );
    for (input, code, frames, word) in [
        (&good[..good.len() - 9], 3, 2, "IN ends within frame 3"),
        (&bad[..], 3, 1, "IN has no FRAME before frame 2"),
        (
            &good[..good.len() - 3 * frame + 20],
            1,
            0,
            "ends within frame 1",
        ),
        (&good[..good.len() - 3 * frame], 1, 0, "holds no frame"),
        (b"", 1, 0, "is no YUV4MPEG2"),
        (b"RIFF and more\nthan that", 1, 0, "is no YUV4MPEG2"),
        (&interlaced, 1, 0, "deinterlace it first"),
    ] {
        let done = piped(input, &["-", "-"]);
        let said = String::from_utf8_lossy(&done.stderr);
        assert_eq!(done.status.code(), Some(code), "{word}: {said}");
        assert!(said.contains(word), "{word}: {said}");
        let length = if frames > 0 {
            "YUV4MPEG2 W35 H27 F25:1\n".len()
        } else {
            0
        };
        assert_eq!(done.stdout.len(), length + frames * frame, "{word}");
    }
}

/// A command that waits for more than its first frames.
fn waiting(stdout: Stdio) -> (std::process::Child, std::process::ChildStdin) {
    let good = stream(
        "YUV4MPEG2 W35 H27 F25:1",
        &["FRAME"; 2],
        &planes((18, 14), 8),
        1,
    );
    let arguments: Vec<_> = ["restore", "-", "-"].iter().chain(&FIXED).collect();
    let mut child = command(&arguments)
        .stdin(Stdio::piped())
        .stdout(stdout)
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command starts");
    let mut stdin = child.stdin.take().expect("an input");
    stdin.write_all(&good).expect("a reader");
    (child, stdin)
}

#[test]
fn an_interrupt_ends_a_stream_that_waits() {
    let (mut child, stdin) = waiting(Stdio::piped());
    let mut header = [0; 30];
    let output = child.stdout.as_mut().expect("an output");
    output.read_exact(&mut header).expect("a first frame");
    let sent = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    assert!(sent.expect("kill").success());
    let done = child.wait_with_output().expect("an end");
    drop(stdin);
    let said = String::from_utf8_lossy(&done.stderr);
    assert_eq!(done.status.code(), Some(130), "{said}");
    assert!(said.contains("standard output holds the first"), "{said}");
}

#[test]
fn an_output_that_nobody_reads_is_an_error() {
    let (mut child, mut stdin) = waiting(Stdio::piped());
    drop(child.stdout.take());
    let more = stream("", &["FRAME"; 40], &planes((18, 14), 8), 1);
    let _ = stdin.write_all(&more[1..]);
    drop(stdin);
    let done = child.wait_with_output().expect("an end");
    let said = String::from_utf8_lossy(&done.stderr);
    assert_eq!(done.status.code(), Some(1), "{said}");
    assert!(
        said.contains("A frame cannot be written to standard output"),
        "{said}"
    );
}
