// SPDX-License-Identifier: MPL-2.0
//! Colours under transparency: they have no effect on what is seen, and leave as they came.

use gst::prelude::*;
use gst_video::VideoFormat::{self, Argb, Argb64Le, Ayuv, Bgra, Rgba};

use crate::common::{Bench, element, info, place};

const WIDTH: usize = 40;
const HEIGHT: usize = 32;

/// Whether nobody sees a pixel.
fn is_hidden(x: usize, y: usize) -> bool {
    (14..28).contains(&x) && (9..23).contains(&y) || x > 34
}

/// The bytes of a soft picture of any format with one byte for a sample, transparent in places,
/// where its colours are `f(x, y)`.
fn frame(format: VideoFormat, f: impl Fn(usize, usize) -> u8) -> Vec<u8> {
    let info = info(format, WIDTH as u32, HEIGHT as u32);
    let wide = info.comp_depth(0) > 8;
    let mut bytes = vec![0; info.size()];
    for y in 0..HEIGHT {
        for x in 0..WIDTH {
            let wave = (0.3 * x as f32).sin() + (0.2 * y as f32).cos();
            let (colour, alpha) = if is_hidden(x, y) {
                (f(x, y), 0)
            } else {
                ((130.0 + 25.0 * wave) as u8, 255)
            };
            for c in 0..4 {
                let at = place(&info, c, y, x);
                bytes[at] = match c {
                    3 => alpha,
                    // Gray: other chroma would leave the range.
                    1 | 2 if info.is_yuv() && alpha > 0 => 128,
                    _ => colour,
                };
                if wide {
                    bytes[at + 1] = bytes[at];
                }
            }
        }
    }
    bytes
}

#[test]
fn hidden_colours_change_nothing_that_is_seen() {
    for format in [Rgba, Bgra, Argb, Ayuv, Argb64Le] {
        for (task, scale) in [("deblur", 1), ("super-resolve", 2), ("denoise", 1)] {
            let garbage = [
                frame(format, |_, _| 255),
                frame(format, |x, y| (x * 37 + y * 91) as u8),
            ];
            let [one, other] = garbage.map(|bytes| {
                let own = [
                    ("task", task),
                    ("scale", "2"),
                    ("noise-sigma", "-1"),
                    ("steps", "1"),
                ];
                let element = element("blend", &own);
                let small = info(format, WIDTH as u32, HEIGHT as u32);
                let out = Bench::new(&element, &small.to_caps().unwrap()).restore(&bytes);
                let stats: gst::Structure = element.property("stats");
                let share: f64 = stats.get("unobserved-share").unwrap();
                assert!(share > 0.2 && share < 0.4, "{format:?}, {task}: {share}");
                out
            });
            let large = info(format, (WIDTH * scale) as u32, (HEIGHT * scale) as u32);
            for y in 0..HEIGHT * scale {
                for x in 0..WIDTH * scale {
                    if is_hidden(x / scale, y / scale) {
                        continue;
                    }
                    for c in 0..4 {
                        let at = place(&large, c, y, x);
                        assert_eq!(one[at], other[at], "{format:?}, {task}: {c} {y} {x}");
                    }
                }
            }
        }
    }
}

#[test]
fn what_nobody_sees_leaves_as_it_came() {
    for format in [Rgba, Ayuv] {
        for task in ["deblur", "denoise"] {
            let info = info(format, WIDTH as u32, HEIGHT as u32);
            let bytes = frame(format, |x, y| (x * 37 + y * 91) as u8);
            let element = element("echo", &[("task", task)]);
            let out = Bench::new(&element, &info.to_caps().unwrap()).restore(&bytes);
            for (i, (found, wanted)) in out.iter().zip(&bytes).enumerate() {
                assert!(found.abs_diff(*wanted) <= 1, "{format:?}, {task}: {i}");
            }
        }
    }
}
