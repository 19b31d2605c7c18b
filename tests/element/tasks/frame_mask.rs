// SPDX-License-Identifier: MPL-2.0
//! Masks that come with each frame, as its alpha.

use gst::prelude::*;
use gst_video::VideoFormat::{self, Argb64Le, Ayuv, Bgra, Rgb, Rgba};

use crate::common::{Bench, caps, element, errors, info, path, place, start, warnings};

const WIDTH: usize = 64;
const HEIGHT: usize = 48;
/// What `echo` makes of a hole: the observation there is zero.
const GRAY: u8 = 128;

/// Whether frame `number` has a hole at a place, which is another one in each frame.
fn is_hole(number: usize, x: usize, y: usize) -> bool {
    (8 * number..8 * number + 10).contains(&x) && (16..32).contains(&y)
}

/// A soft picture whose alpha at a place is `alpha(x, y)`. Where that is below full, its colours
/// are bright.
fn frame(format: VideoFormat, alpha: impl Fn(usize, usize) -> u8) -> Vec<u8> {
    let info = info(format, WIDTH as u32, HEIGHT as u32);
    let wide = info.comp_depth(0) > 8;
    let mut bytes = vec![0; info.size()];
    for y in 0..HEIGHT {
        for x in 0..WIDTH {
            let alpha = alpha(x, y);
            for c in 0..4 {
                let at = place(&info, c, y, x);
                bytes[at] = match c {
                    3 => alpha,
                    1 | 2 if info.is_yuv() => 128,
                    _ if alpha < 255 => 240,
                    _ => (60 + x + y) as u8,
                };
                if wide {
                    bytes[at + 1] = bytes[at];
                }
            }
        }
    }
    bytes
}

fn masked(task: &str, properties: &[(&str, &str)]) -> gst::Element {
    let own = [("task", task), ("steps", "1"), ("mask-source", "alpha")];
    element("echo", &[&own[..], properties].concat())
}

fn evaluations(element: &gst::Element) -> u64 {
    let stats: gst::Structure = element.property("stats");
    stats.get("evaluations").unwrap()
}

#[test]
fn what_is_transparent_is_filled_in_and_leaves_opaque_in_every_task() {
    let off = [("detect-unobserved", "false")];
    for (task, scale) in [
        ("inpaint", 1),
        ("denoise", 1),
        ("deblur", 1),
        ("super-resolve", 2),
    ] {
        for format in [Rgba, Bgra, Ayuv, Argb64Le] {
            let element = masked(task, &off);
            if scale > 1 {
                element.set_property("scale", scale as u32);
            }
            let small = info(format, WIDTH as u32, HEIGHT as u32);
            let mut bench = Bench::new(&element, &small.to_caps().unwrap());
            let large = info(format, (WIDTH * scale) as u32, (HEIGHT * scale) as u32);
            for number in [0, 3, 1] {
                let alpha = |x, y| if is_hole(number, x, y) { 0 } else { 255 };
                let bytes = frame(format, alpha);
                let out = bench.restore(&bytes);
                for y in 0..HEIGHT * scale {
                    for x in 0..WIDTH * scale {
                        let (column, row) = (x / scale, y / scale);
                        let of = format!("{task}, {format:?}, frame {number}: {x}, {y}");
                        assert_eq!(out[place(&large, 3, y, x)], 255, "{of}");
                        // The upper byte, where there are two.
                        let upper = usize::from(large.comp_depth(0) > 8);
                        let found = out[place(&large, 0, y, x) + upper];
                        let wanted = match is_hole(number, column, row) {
                            // Limited range has its middle elsewhere.
                            true if format == Ayuv => 126,
                            true => GRAY,
                            false => bytes[place(&small, 0, row, column)],
                        };
                        assert!(found.abs_diff(wanted) <= 1, "{of}: {found} for {wanted}");
                    }
                }
            }
            assert_eq!(warnings(&bench.bus), [""; 0], "{task}, {format:?}");
        }
    }
}

#[test]
fn a_frame_with_nothing_missing_leaves_without_the_network() {
    let element = masked("inpaint", &[]);
    let mut bench = Bench::new(&element, &caps(Rgba, WIDTH as u32, HEIGHT as u32));
    let whole = frame(Rgba, |_, _| 255);
    assert_eq!(bench.restore(&whole), whole);
    assert_eq!(evaluations(&element), 0);
    let out = bench.restore(&frame(Rgba, |x, y| if is_hole(1, x, y) { 0 } else { 255 }));
    let middle = place(&info(Rgba, WIDTH as u32, HEIGHT as u32), 1, 20, 10);
    assert_eq!((out[middle], evaluations(&element) > 0), (GRAY, true));
    assert_eq!(bench.restore(&whole), whole);
}

#[test]
fn only_what_is_nearly_opaque_is_observed() {
    let element = masked("inpaint", &[]);
    let mut bench = Bench::new(&element, &caps(Rgba, WIDTH as u32, HEIGHT as u32));
    let alphas = [0, 127, 249, 250, 255];
    let bytes = frame(Rgba, |x, _| alphas[x % 5]);
    let out = bench.restore(&bytes);
    let info = info(Rgba, WIDTH as u32, HEIGHT as u32);
    for (x, alpha) in alphas.into_iter().enumerate() {
        let at = place(&info, 0, 9, x);
        let wanted = if alpha < 250 { GRAY } else { bytes[at] };
        assert!(out[at].abs_diff(wanted) <= 1, "{alpha}");
    }
}

#[test]
fn a_masks_file_counts_beside_the_alpha() {
    for task in ["inpaint", "denoise"] {
        let mask = path("tests/data/mask.pgm");
        let element = masked(task, &[("mask-file", mask.as_str())]);
        let mut bench = Bench::new(&element, &caps(Rgba, WIDTH as u32, HEIGHT as u32));
        let info = info(Rgba, WIDTH as u32, HEIGHT as u32);
        // The first is of the file alone, the second of both, the third as the first.
        for number in [7, 0, 7] {
            let alpha = |x, y| if is_hole(number, x, y) { 0 } else { 255 };
            let bytes = frame(Rgba, alpha);
            let out = bench.restore(&bytes);
            for (x, missing) in [(30, true), (4, number == 0), (50, false)] {
                let at = place(&info, 1, 20, x);
                let wanted = if missing { GRAY } else { bytes[at] };
                assert!(out[at].abs_diff(wanted) <= 1, "{task}, {number}: {x}");
            }
        }
    }
}

#[test]
fn a_frame_that_nobody_sees_leaves_as_it_came_with_one_warning() {
    let element = masked("inpaint", &[]);
    let mut bench = Bench::new(&element, &caps(Rgba, WIDTH as u32, HEIGHT as u32));
    let blank = frame(Rgba, |_, _| 0);
    for _ in 0..2 {
        let out = bench.restore(&blank);
        let colours = |bytes: &[u8]| bytes.iter().step_by(4).copied().collect::<Vec<_>>();
        assert_eq!(colours(&out), colours(&blank));
    }
    let found = warnings(&bench.bus);
    assert!(
        found.len() == 1 && found[0].contains("nothing as observed"),
        "{found:?}"
    );
}

#[test]
fn frames_without_alpha_are_refused_by_a_sentence_and_files_are_not_asked_for() {
    let element = masked("inpaint", &[]);
    assert_eq!(start(&element), [""; 0]);
    let bench = Bench::new(&element, &caps(Rgb, 16, 16));
    let found = errors(&bench.bus);
    assert!(
        found.len() == 1 && found[0].contains("needs frames with alpha"),
        "{found:?}"
    );
}

#[test]
fn masks_belong_to_their_frames_also_side_by_side() {
    for task in ["inpaint", "denoise"] {
        let run = |threads: u32| {
            let element = masked(task, &[]);
            element.set_property("threads", threads);
            let mut bench = Bench::not_live(&element, &caps(Rgba, WIDTH as u32, HEIGHT as u32));
            for number in 0..7 {
                let alpha = |x, y| if is_hole(number, x, y) { 0 } else { 255 };
                let mut buffer = gst::Buffer::from_slice(frame(Rgba, alpha));
                let time = gst::ClockTime::from_mseconds(40 * number as u64);
                buffer.get_mut().unwrap().set_pts(time);
                bench.harness.push(buffer).unwrap();
            }
            assert!(bench.harness.push_event(gst::event::Eos::new()));
            let left = std::iter::from_fn(|| bench.harness.try_pull());
            left.map(|b| b.map_readable().unwrap().to_vec())
                .collect::<Vec<_>>()
        };
        let (one, many) = (run(1), run(3));
        assert_eq!(one.len(), 7);
        assert!(one == many, "{task}");
    }
}
