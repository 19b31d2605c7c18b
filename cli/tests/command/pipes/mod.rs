// SPDX-License-Identifier: MPL-2.0
//! YUV4MPEG2 on standard input and output.

mod files;
mod trouble;

use std::io::Write;
use std::process::{Output, Stdio};

use crate::{ECHO, command};

const FIXED: [&str; 4] = ["--model", ECHO, "--detect-unobserved", "false"];

/// Leads bytes through the command.
fn piped(input: &[u8], arguments: &[&str]) -> Output {
    let arguments: Vec<_> = ["restore"].iter().chain(arguments).chain(&FIXED).collect();
    let mut child = command(&arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command starts");
    let mut stdin = child.stdin.take().expect("an input");
    let input = input.to_vec();
    // It may end before it has read all.
    let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
    let done = child.wait_with_output().expect("an end");
    writer.join().expect("no panic");
    done
}

/// Planes of a frame of this size: columns, rows, the smallest and the largest value.
type Planes = [(usize, usize, u32, u32)];

/// A stream of frames, whose samples have `bytes` bytes and rise over each plane.
fn stream(header: &str, lines: &[&str], planes: &Planes, bytes: usize) -> Vec<u8> {
    let mut stream = format!("{header}\n").into_bytes();
    for (number, line) in lines.iter().enumerate() {
        stream.extend(format!("{line}\n").bytes());
        for &(columns, rows, low, high) in planes {
            for at in 0..columns * rows {
                let part = (at + 5 * number) as u32 % (columns * rows) as u32;
                let value = low + (high - low) * part / (columns * rows) as u32;
                stream.extend(&value.to_le_bytes()[..bytes]);
            }
        }
    }
    stream
}

/// Planes of 35×27 pixels with chroma of this size, in codes of `bits` bits.
fn planes(chroma: (usize, usize), bits: u32) -> Vec<(usize, usize, u32, u32)> {
    let one = 1 << (bits - 8);
    let luma = (35, 27, 70 * one, 180 * one);
    let chroma = (chroma.0, chroma.1, 120 * one, 136 * one);
    vec![luma, chroma, chroma]
}

#[test]
fn every_layout_leaves_byte_for_byte() {
    let half = (18, 14);
    for (tag, chroma, bits) in [
        ("420jpeg", half, 8),
        ("420mpeg2", half, 8),
        ("420paldv", half, 8),
        ("420", half, 8),
        ("422", (18, 27), 8),
        ("411", (9, 27), 8),
        ("444", (35, 27), 8),
        ("mono", (0, 0), 8),
        ("420p10", half, 10),
        ("422p10", (18, 27), 10),
        ("444p10", (35, 27), 10),
        ("420p12", half, 12),
        ("444p16", (35, 27), 16),
        ("mono16", (0, 0), 16),
        ("mono12", (0, 0), 12),
        ("mono10", (0, 0), 10),
    ] {
        let mut planes = planes(chroma, bits);
        if chroma.0 == 0 {
            planes.truncate(1);
        }
        let header = format!("YUV4MPEG2 W35 H27 F30000:1001 Ip A8:9 C{tag} XYSCSS=A XB=c");
        let lines = ["FRAME", "FRAME Ixyz", "FRAME"];
        let input = stream(&header, &lines, &planes, bits.div_ceil(8) as usize);
        let done = piped(&input, &["-", "-"]);
        let said = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "{tag}: {said}");
        assert_eq!(done.stdout.len(), input.len(), "{tag}");
        let differ = done.stdout.iter().zip(&input).filter(|(a, b)| a != b);
        assert_eq!(differ.count(), 0, "{tag}: bytes differ");
        assert!(
            said.contains("standard output: 3 frames, all that came"),
            "{said}"
        );
    }
}

#[test]
fn the_header_follows_the_size_of_the_frames() {
    let planes = planes((18, 14), 8);
    for (words, after) in [("F25:1", "F25:1"), ("F0:0 I? A0:0", "F0:0 I? A0:0")] {
        let header = format!("YUV4MPEG2 W35 H27 {words}");
        let input = stream(&header, &["FRAME"; 2], &planes, 1);
        let options = ["-", "-", "--task", "super-resolve", "--scale", "2"];
        let done = piped(&input, &options);
        let said = String::from_utf8_lossy(&done.stderr);
        let header = format!("YUV4MPEG2 W70 H54 {after}\nFRAME\n");
        assert!(done.stdout.starts_with(header.as_bytes()), "{said}");
        let frame = 70 * 54 + 2 * 35 * 27 + "FRAME\n".len();
        assert_eq!(done.stdout.len(), header.len() - 6 + 2 * frame, "{said}");
    }
}
