// SPDX-License-Identifier: MPL-2.0
//! The frames from which a kernel is estimated: named ones, or some of the first shot.

use crate::failure::{Failure, Result};
use crate::media::frames::{Frame, Frames};
use crate::media::source::Source;

/// Frames that are looked at where none are named, and most that may be named.
const FEW: usize = 3;
const MOST: usize = 12;
/// Frames of a shot that are read at most.
const READ: usize = 240;
/// Frames that are kept while a shot is read.
const KEPT: usize = 8;
/// Mean difference of two frames' thumbnails, of full scale, beyond which a shot ends.
const CUT: f32 = 0.12;
/// Sides of a thumbnail.
const THUMBNAIL: usize = 16;

/// The frames of a source, as they are seen.
pub fn frames(source: &Source, numbers: &[usize]) -> Result<Vec<Frame>> {
    if numbers.len() > MOST {
        return Err(Failure::usage(format!(
            "--frames names {} frames: name at most {MOST}.",
            numbers.len()
        )));
    }
    let stream = Frames::of(source, None)?;
    if numbers.is_empty() {
        shot(stream, &source.shown())
    } else {
        named(stream, numbers, &source.shown())
    }
}

fn named(mut stream: Frames, numbers: &[usize], name: &str) -> Result<Vec<Frame>> {
    let (mut out, mut at) = (Vec::new(), 0);
    let last = numbers.iter().copied().max().unwrap_or(0);
    while at <= last {
        let Some(frame) = stream.next()? else {
            return Err(Failure::usage(format!(
                "{name} has {at} frames, counted from 0, and --frames names {last}: name less."
            )));
        };
        if numbers.contains(&at) {
            out.push(frame);
        }
        at += 1;
    }
    Ok(out)
}

/// A few frames of the first shot, the sharpest of each third of it.
fn shot(mut stream: Frames, name: &str) -> Result<Vec<Frame>> {
    let (mut kept, mut stride, mut at): (Vec<Frame>, usize, usize) = (Vec::new(), 1, 0);
    let mut before: Option<Vec<f32>> = None;
    while at < READ {
        let Some(frame) = stream.next()? else {
            break;
        };
        let now = thumbnail(&frame);
        let cut = before
            .as_ref()
            .is_some_and(|before| apart(before, &now) > CUT);
        if cut {
            break;
        }
        before = Some(now);
        if at % stride == 0 {
            kept.push(frame);
        }
        if kept.len() > KEPT {
            let mut odd = false;
            kept.retain(|_| {
                odd = !odd;
                odd
            });
            stride *= 2;
        }
        at += 1;
    }
    if kept.is_empty() {
        return Err(Failure::failed(format!(
            "{name} gives no frame: choose a file that can be decoded."
        )));
    }
    Ok(sharpest(&kept, FEW))
}

/// Of each of `count` parts of some frames the sharpest one.
pub fn sharpest(frames: &[Frame], count: usize) -> Vec<Frame> {
    let part = frames.len().div_ceil(count).max(1);
    let best = |frames: &[Frame]| {
        let best = frames
            .iter()
            .max_by(|a, b| sharpness(a).total_cmp(&sharpness(b)));
        best.cloned()
    };
    frames.chunks(part).filter_map(best).collect()
}

/// Means of green over a grid, of full scale.
fn thumbnail(frame: &Frame) -> Vec<f32> {
    let mut sums = vec![(0u64, 0u64); THUMBNAIL * THUMBNAIL];
    for (i, rgb) in frame.rgb.chunks_exact(3).enumerate() {
        let (x, y) = (i % frame.width, i / frame.width);
        let cell = y * THUMBNAIL / frame.height * THUMBNAIL + x * THUMBNAIL / frame.width;
        sums[cell].0 += u64::from(rgb[1]);
        sums[cell].1 += 255;
    }
    sums.iter()
        .map(|(sum, of)| *sum as f32 / (*of).max(1) as f32)
        .collect()
}

fn apart(a: &[f32], b: &[f32]) -> f32 {
    let sum: f32 = a.iter().zip(b).map(|(a, b)| (a - b).abs()).sum();
    sum / a.len().max(1) as f32
}

/// Mean square of the differences of green across.
fn sharpness(frame: &Frame) -> f64 {
    let rows = frame.rgb.chunks_exact(3 * frame.width.max(1));
    let squares = rows.map(|row| {
        let greens = row.iter().skip(1).step_by(3);
        let pairs = greens.clone().zip(greens.skip(1));
        pairs
            .map(|(a, b)| u64::from(a.abs_diff(*b)).pow(2))
            .sum::<u64>()
    });
    squares.sum::<u64>() as f64 / frame.rgb.len().max(1) as f64
}
