// SPDX-License-Identifier: MPL-2.0
//! The parts of frames that are looked at: luma, where it has most edges, and where it counts.

use super::blind::plane::{Plane, Region};
use super::blind::scales::View;
use crate::failure::{Failure, Result};
use crate::media::frames::Frame;

/// Least side of a part, in pixels.
const LEAST: usize = 48;
/// Side of the part that is looked at in a larger picture.
const WINDOW: usize = 512;
/// Pixels from one window that is tried to the next.
const STEP: usize = 32;
/// Codes from which on a light is cut off.
const WHITE: u8 = 254;
/// A difference between neighbours two pixels apart that is more than noise, and where more of it
/// counts no more.
const EDGE: (f32, f32) = (0.03, 0.15);
/// Share of pixels at an edge below which a part shows nothing of its blur.
const FLAT: f32 = 0.002;
/// Codes over which the pixels of a bar may range.
const BAR: u8 = 6;

/// The parts of frames, each its own; `region` is the same in all.
pub fn of(name: &str, frames: &[Frame], region: Option<Region>) -> Result<Vec<View>> {
    let mut views = Vec::new();
    let mut flat = true;
    for frame in frames {
        let within = match region {
            Some(region) => checked(name, frame, region)?,
            None => without_bars(frame),
        };
        if within.width < LEAST || within.height < LEAST {
            let (width, height) = (within.width, within.height);
            return Err(Failure::failed(format!(
                "{name} shows {width}x{height} pixels, too few for a kernel: give a picture or a \
                 region of at least {LEAST}x{LEAST}."
            )));
        }
        let luma = luma(frame);
        let edges = edges(&luma);
        let part = busiest(&edges, within);
        flat &= share(&edges, part) < FLAT;
        views.push(View {
            luma: luma.crop(part),
            usable: usable(frame).crop(part),
        });
    }
    if flat {
        return Err(Failure::failed(format!(
            "{name} has hardly an edge there, so that its blur cannot be seen: choose another part \
             by --region, or other frames by --frames."
        )));
    }
    Ok(views)
}

/// The region, if it lies within the frame.
fn checked(name: &str, frame: &Frame, region: Region) -> Result<Region> {
    let fits =
        |at: usize, side: usize, of: usize| at.checked_add(side).is_some_and(|end| end <= of);
    if fits(region.x, region.width, frame.width) && fits(region.y, region.height, frame.height) {
        return Ok(region);
    }
    let (width, height) = (frame.width, frame.height);
    Err(Failure::usage(format!(
        "--region reaches beyond {name}, which has {width}x{height} pixels: choose one within."
    )))
}

/// The frame without rows and columns of one colour along its edges.
fn without_bars(frame: &Frame) -> Region {
    let pixel = |x: usize, y: usize| &frame.rgb[3 * (y * frame.width + x)..][..3];
    let plain = |pixels: &mut dyn Iterator<Item = &[u8]>| {
        let (mut low, mut high) = ([255u8; 3], [0u8; 3]);
        for rgb in pixels {
            for c in 0..3 {
                (low[c], high[c]) = (low[c].min(rgb[c]), high[c].max(rgb[c]));
            }
        }
        (0..3).all(|c| high[c].saturating_sub(low[c]) <= BAR)
    };
    let row = |y: &usize| !plain(&mut (0..frame.width).map(|x| pixel(x, *y)));
    let column = |x: &usize| !plain(&mut (0..frame.height).map(|y| pixel(*x, y)));
    let ends = |mut all: std::ops::Range<usize>, full: &dyn Fn(&usize) -> bool| {
        let whole = all.clone();
        match (all.find(full), whole.rev().find(full)) {
            (Some(first), Some(last)) => (first, last + 1 - first),
            _ => (0, 0),
        }
    };
    let (x, width) = ends(0..frame.width, &column);
    let (y, height) = ends(0..frame.height, &row);
    if width == 0 || height == 0 {
        // Of one colour: the caller finds no edge.
        return Region {
            x: 0,
            y: 0,
            width: frame.width,
            height: frame.height,
        };
    }
    Region {
        x,
        y,
        width,
        height,
    }
}

/// Luma from 0 to 1, by the weights of ITU-R BT.601.
fn luma(frame: &Frame) -> Plane {
    let weigh = |rgb: &[u8]| {
        let [r, g, b] = [rgb[0], rgb[1], rgb[2]].map(f32::from);
        (0.299 * r + 0.587 * g + 0.114 * b) / 255.0
    };
    Plane {
        width: frame.width,
        height: frame.height,
        data: frame.rgb.chunks_exact(3).map(weigh).collect(),
    }
}

/// 0 where a light was cut off in any channel, 1 elsewhere.
fn usable(frame: &Frame) -> Plane {
    let whole = |rgb: &[u8]| f32::from(u8::from(rgb.iter().all(|v| *v < WHITE)));
    Plane {
        width: frame.width,
        height: frame.height,
        data: frame.rgb.chunks_exact(3).map(whole).collect(),
    }
}

/// How much of an edge is at each pixel.
fn edges(luma: &Plane) -> Plane {
    let (width, height) = (luma.width, luma.height);
    Plane::of(width, height, |x, y| {
        let (right, below) = ((x + 2).min(width - 1), (y + 2).min(height - 1));
        let here = luma.at(x, y);
        let apart = (luma.at(right, y) - here)
            .abs()
            .max((luma.at(x, below) - here).abs());
        if apart > EDGE.0 {
            apart.min(EDGE.1)
        } else {
            0.0
        }
    })
}

/// The window within a part that has most of edges.
fn busiest(edges: &Plane, within: Region) -> Region {
    let (width, height) = (within.width.min(WINDOW), within.height.min(WINDOW));
    let mut best = (
        Region {
            width,
            height,
            ..within
        },
        -1.0,
    );
    for y in (0..=within.height - height).step_by(STEP) {
        for x in (0..=within.width - width).step_by(STEP) {
            let part = Region {
                x: within.x + x,
                y: within.y + y,
                width,
                height,
            };
            let rows = (part.y..part.y + height).step_by(4);
            let sum: f32 = rows
                .map(|row| {
                    let row = &edges.data[row * edges.width + part.x..][..width];
                    row.iter().sum::<f32>()
                })
                .sum();
            if sum > best.1 {
                best = (part, sum);
            }
        }
    }
    best.0
}

/// The share of a part's pixels that are at an edge.
fn share(edges: &Plane, part: Region) -> f32 {
    let part = edges.crop(part);
    let count = part.data.iter().filter(|v| **v > 0.0).count();
    count as f32 / part.data.len().max(1) as f32
}
