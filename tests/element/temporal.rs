// SPDX-License-Identifier: MPL-2.0
//! temporal=warm-start: which frames start from the one before, and what they cost.

use gst_video::VideoFormat::Rgb;

use crate::common::{Bench, caps, element, info, pattern};

const SIZE: (u32, u32) = (64, 48);
/// Rounds of an outer step in the packages of the tests.
const ROUNDS: u64 = 2;

/// Evaluations of each frame pushed, two images in turn as `scenes` says.
fn evaluations(properties: &[(&str, &str)], scenes: &[usize], lost: Option<usize>) -> Vec<u64> {
    let element = element("echo", properties);
    let mut bench = Bench::new(&element, &caps(Rgb, SIZE.0, SIZE.1));
    let first = pattern(&info(Rgb, SIZE.0, SIZE.1));
    let second = first.iter().map(|b| b.wrapping_mul(73)).collect();
    let images: [Vec<u8>; 2] = [first, second];
    let mut before = 0;
    let counts = scenes.iter().enumerate().map(|(i, scene)| {
        let mut buffer = gst::Buffer::from_slice(images[*scene].clone());
        if lost == Some(i) {
            let flags = gst::BufferFlags::DISCONT;
            buffer.get_mut().unwrap().set_flags(flags);
        }
        bench.push(buffer);
        let stats: gst::Structure = gst::prelude::ObjectExt::property(&element, "stats");
        let all: u64 = stats.get("evaluations").unwrap();
        let own = all - before;
        before = all;
        own
    });
    counts.collect()
}

#[test]
fn a_steady_scene_costs_one_step_and_a_cut_all_of_them_once() {
    let warm = [("task", "denoise"), ("temporal", "warm-start")];
    let (full, one) = (3 * ROUNDS, ROUNDS);
    assert_eq!(
        evaluations(&warm, &[0, 0, 0, 1, 1, 0], None),
        [full, one, one, full, one, full]
    );
    assert_eq!(evaluations(&[], &[0, 0, 1], None), [full; 3]);
}

#[test]
fn what_is_still_for_some_frames_costs_nothing_but_a_look_from_time_to_time() {
    let warm = [("task", "denoise"), ("temporal", "warm-start")];
    let (full, one) = (3 * ROUNDS, ROUNDS);
    let wanted = [&[full; 1][..], &[one; 4], &[0; 12], &[one], &[0], &[full]].concat();
    let mut scenes = vec![0; wanted.len()];
    scenes[wanted.len() - 1] = 1;
    assert_eq!(evaluations(&warm, &scenes, None), wanted);
}

#[test]
fn after_a_loss_a_frame_stands_alone() {
    let warm = [("task", "denoise"), ("temporal", "warm-start")];
    let (full, one) = (3 * ROUNDS, ROUNDS);
    assert_eq!(
        evaluations(&warm, &[0, 0, 0, 0], Some(2)),
        [full, one, full, one]
    );
}

#[test]
fn the_deviation_is_that_of_frames_by_themselves() {
    let deviation = [
        ("task", "denoise"),
        ("temporal", "warm-start"),
        ("output", "stddev"),
        ("samples", "2"),
    ];
    assert_eq!(evaluations(&deviation, &[0, 0], None), [2 * 3 * ROUNDS; 2]);
    let mean = [
        ("task", "denoise"),
        ("temporal", "warm-start"),
        ("output", "mean"),
        ("samples", "2"),
    ];
    assert_eq!(
        evaluations(&mean, &[0, 0], None),
        [2 * 3 * ROUNDS, 2 * ROUNDS]
    );
}
