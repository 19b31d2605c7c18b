// SPDX-License-Identifier: MPL-2.0
//! temporal=warm-start: which frames start from the one before, and what they cost.

use gst::prelude::*;
use gst_video::VideoFormat::Rgb;

use crate::common::{Bench, caps, element, info, pattern};

const SIZE: (u32, u32) = (64, 48);
/// Rounds of an outer step in the packages of the tests.
const ROUNDS: u64 = 2;

/// Two images in turn as `scenes` says. No frame is the same as the one before: a code changes.
fn noisy(scenes: &[usize]) -> Vec<Vec<u8>> {
    let mut frames = same(scenes);
    let changed = frames.iter_mut().enumerate().filter(|(i, _)| i % 2 == 1);
    changed.for_each(|(_, frame)| frame[0] ^= 1);
    frames
}

/// Two images in turn as `scenes` says.
fn same(scenes: &[usize]) -> Vec<Vec<u8>> {
    let first = pattern(&info(Rgb, SIZE.0, SIZE.1));
    let second = first.iter().map(|b| b.wrapping_mul(73)).collect();
    let images: [Vec<u8>; 2] = [first, second];
    scenes.iter().map(|scene| images[*scene].clone()).collect()
}

/// Evaluations of each frame pushed.
fn evaluations(properties: &[(&str, &str)], frames: Vec<Vec<u8>>, lost: Option<usize>) -> Vec<u64> {
    let element = element("echo", properties);
    let mut bench = Bench::new(&element, &caps(Rgb, SIZE.0, SIZE.1));
    let mut before = 0;
    let counts = frames.into_iter().enumerate().map(|(i, frame)| {
        let mut buffer = gst::Buffer::from_slice(frame);
        if lost == Some(i) {
            let flags = gst::BufferFlags::DISCONT;
            buffer.get_mut().unwrap().set_flags(flags);
        }
        bench.push(buffer);
        let stats: gst::Structure = element.property("stats");
        let all: u64 = stats.get("evaluations").unwrap();
        let own = all - before;
        before = all;
        own
    });
    counts.collect()
}

#[test]
fn a_steady_scene_costs_one_step_and_a_cut_all_of_them_once() {
    let warm = [
        ("task", "denoise"),
        ("temporal", "warm-start"),
        ("steps", "3"),
    ];
    let (full, one) = (3 * ROUNDS, ROUNDS);
    assert_eq!(
        evaluations(&warm, noisy(&[0, 0, 0, 1, 1, 0]), None),
        [full, one, one, full, one, full]
    );
    assert_eq!(
        evaluations(&[("steps", "3")], noisy(&[0, 0, 1]), None),
        [full; 3]
    );
}

#[test]
fn what_is_still_for_some_frames_costs_nothing_but_a_look_from_time_to_time() {
    let warm = [
        ("task", "denoise"),
        ("temporal", "warm-start"),
        ("steps", "3"),
    ];
    let (full, one) = (3 * ROUNDS, ROUNDS);
    let wanted = [&[full; 1][..], &[one; 4], &[0; 12], &[one], &[0], &[full]].concat();
    let mut scenes = vec![0; wanted.len()];
    scenes[wanted.len() - 1] = 1;
    assert_eq!(evaluations(&warm, noisy(&scenes), None), wanted);
}

#[test]
fn the_same_frame_once_more_costs_nothing() {
    let warm = [
        ("task", "denoise"),
        ("temporal", "warm-start"),
        ("steps", "3"),
    ];
    let full = 3 * ROUNDS;
    let wanted = [full, 0, 0, full, 0, full];
    assert_eq!(evaluations(&warm, same(&[0, 0, 0, 1, 1, 0]), None), wanted);
    assert_eq!(
        evaluations(&[("steps", "3")], same(&[0, 0, 1]), None),
        [full; 3]
    );
}

#[test]
fn the_same_frame_is_restored_anew_for_other_settings() {
    let properties = [("task", "denoise"), ("temporal", "warm-start")];
    let element = element("echo", &properties);
    let mut bench = Bench::new(&element, &caps(Rgb, SIZE.0, SIZE.1));
    let mut evaluations = || {
        bench.push(gst::Buffer::from_slice(same(&[0]).remove(0)));
        let stats: gst::Structure = element.property("stats");
        stats.get::<u64>("evaluations").unwrap()
    };
    let first = evaluations();
    assert_eq!(evaluations(), first);
    element.set_property("seed", 5u64);
    assert_eq!(evaluations(), first + ROUNDS);
    assert_eq!(evaluations(), first + ROUNDS);
}

#[test]
fn after_a_loss_a_frame_stands_alone() {
    let warm = [
        ("task", "denoise"),
        ("temporal", "warm-start"),
        ("steps", "3"),
    ];
    let (full, one) = (3 * ROUNDS, ROUNDS);
    assert_eq!(
        evaluations(&warm, noisy(&[0, 0, 0, 0]), Some(2)),
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
        ("steps", "3"),
    ];
    assert_eq!(
        evaluations(&deviation, noisy(&[0, 0]), None),
        [2 * 3 * ROUNDS; 2]
    );
    let mean = [
        ("task", "denoise"),
        ("temporal", "warm-start"),
        ("output", "mean"),
        ("samples", "2"),
        ("steps", "3"),
    ];
    assert_eq!(
        evaluations(&mean, noisy(&[0, 0]), None),
        [2 * 3 * ROUNDS, 2 * ROUNDS]
    );
}
