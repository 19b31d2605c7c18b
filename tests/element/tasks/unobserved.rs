// SPDX-License-Identifier: MPL-2.0
//! Pixels that hold no data: bars stand as they came, and a light stays a light.

use gst::prelude::*;
use gst_video::VideoFormat::Rgb;

use crate::common::{Bench, caps, element, info, place};

const WIDTH: usize = 64;
const HEIGHT: usize = 48;
/// Rows of the bars above and below.
const BAR: usize = 7;

/// A soft picture between 100 and 160.
fn picture(x: usize, y: usize) -> u8 {
    let wave = (0.21 * x as f32).sin() + (0.17 * y as f32).cos();
    (130.0 + 15.0 * wave) as u8
}

/// The frame's bytes, of `f(x, y)` in all channels.
fn frame(f: impl Fn(usize, usize) -> u8) -> Vec<u8> {
    let format = info(Rgb, WIDTH as u32, HEIGHT as u32);
    let mut bytes = vec![0; format.size()];
    for y in 0..HEIGHT {
        for x in 0..WIDTH {
            (0..3).for_each(|c| bytes[place(&format, c, y, x)] = f(x, y));
        }
    }
    bytes
}

/// What `blend`, which halves the observation, makes of a frame: codes of green, by row and
/// column, and the share of the frame that `stats` calls unobserved.
fn blended(bytes: &[u8], properties: &[(&str, &str)], scale: usize) -> (Vec<Vec<u8>>, f64) {
    let all = [properties, &[("noise-sigma", "0.001"), ("steps", "1")]].concat();
    let element = element("blend", &all);
    let (width, height) = (WIDTH as u32, HEIGHT as u32);
    let out = Bench::new(&element, &caps(Rgb, width, height)).restore(bytes);
    let large = info(Rgb, width * scale as u32, height * scale as u32);
    let rows = (0..HEIGHT * scale).map(|y| {
        let row = (0..WIDTH * scale).map(|x| out[place(&large, 1, y, x)]);
        row.collect()
    });
    let stats: gst::Structure = element.property("stats");
    (rows.collect(), stats.get("unobserved-share").unwrap())
}

fn barred() -> Vec<u8> {
    frame(|x, y| {
        if (BAR..HEIGHT - BAR).contains(&y) {
            picture(x, y)
        } else {
            16
        }
    })
}

#[test]
fn bars_leave_as_they_came() {
    for (task, scale) in [("deblur", 1), ("super-resolve", 2)] {
        let text = scale.to_string();
        let properties = [("task", task), ("scale", text.as_str())];
        let (rows, share) = blended(&barred(), &properties, scale);
        for y in (0..BAR * scale).chain((HEIGHT - BAR) * scale..HEIGHT * scale) {
            assert!(rows[y].iter().all(|v| *v == 16), "{task}, row {y}");
        }
        assert!((share - 14.0 / 48.0).abs() < 1e-6, "{task}: {share}");
        let off = [&properties[..], &[("detect-unobserved", "false")]].concat();
        let (rows, share) = blended(&barred(), &off, scale);
        assert!(rows[2].iter().any(|v| *v != 16), "{task}");
        assert_eq!(share, 0.0, "{task}");
    }
}

#[test]
fn a_light_that_was_cut_off_stays_a_light() {
    let bytes = frame(|x, y| {
        let distance = (x as f32 - 30.0).hypot(y as f32 - 24.0);
        if distance < 6.0 { 255 } else { picture(x, y) }
    });
    let (rows, share) = blended(&bytes, &[("task", "deblur")], 1);
    assert_eq!(rows[24][30], 255);
    assert!(share > 0.05 && share < 0.3, "{share}");
    let off = [("task", "deblur"), ("detect-unobserved", "false")];
    let (rows, _) = blended(&bytes, &off, 1);
    assert!(rows[24][30] < 250);
}

#[test]
fn a_picture_without_either_is_observed_everywhere() {
    for (task, scale) in [("deblur", 1), ("super-resolve", 2), ("denoise", 1)] {
        let (_, share) = blended(&frame(picture), &[("task", task), ("scale", "2")], scale);
        assert_eq!(share, 0.0, "{task}");
    }
}
