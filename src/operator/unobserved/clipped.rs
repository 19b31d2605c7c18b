// SPDX-License-Identifier: MPL-2.0
//! Areas in which a channel stands at the end of the range.
//!
//! One pixel may stand there by noise, or because black is black. Nine together are clipped: their
//! noise is cut off. That they hold no data is another matter: see `slopes`.

use super::slopes::{DIRECTIONS, REACH, Slopes};
use crate::image::{EIGHT_BIT_STEP, Image, Scratch};

/// A value this near to the range's end, half a code of 8 bits, stands at it.
const END: f32 = 1.0 - 0.5 * EIGHT_BIT_STEP as f32;
/// Least share of an area's edge that falls away too fast, where it is cut off.
const STEEP: f32 = 0.25;

/// Marks in the lists of this file.
const FREE: u32 = 0;
const AT_END: u32 = 1;
const VISITED: u32 = 2;
const CUT_OFF: u32 = 3;

/// Marks the values that stand at an end of the range: the upper for a `sign` of 1, the lower for
/// -1.
fn at_end(plane: &[f32], sign: f32) -> Scratch<u32> {
    let marks = plane.iter().map(|v| u32::from(sign * v >= END));
    Scratch::collected(plane.len(), marks)
}

/// Of marked pixels, in rows of `width`, those whose eight neighbours are marked too. Beyond the
/// frame's edge its pixels are repeated.
fn cores(marks: &[u32], width: usize) -> Scratch<u32> {
    joined(marks, width, |a, b, c| a & b & c)
}

/// Marked pixels and their eight neighbours.
fn grown(marks: &[u32], width: usize) -> Scratch<u32> {
    joined(marks, width, |a, b, c| a | b | c)
}

/// Each mark joined with its neighbours in the row, then in the column.
fn joined(marks: &[u32], width: usize, join: impl Fn(u32, u32, u32) -> u32) -> Scratch<u32> {
    let mut across = Scratch::filled(marks.len(), FREE);
    let rows = across
        .chunks_exact_mut(width)
        .zip(marks.chunks_exact(width));
    for (out, row) in rows {
        for (x, out) in out.iter_mut().enumerate() {
            let (left, right) = (x.saturating_sub(1), (x + 1).min(width - 1));
            *out = join(row[left], row[x], row[right]);
        }
    }
    let height = marks.len() / width;
    let row = |y: usize| &across[y * width..(y + 1) * width];
    let mut out = Scratch::filled(marks.len(), FREE);
    for (y, out) in out.chunks_exact_mut(width).enumerate() {
        let (above, below) = (row(y.saturating_sub(1)), row((y + 1).min(height - 1)));
        let near = above.iter().zip(row(y)).zip(below);
        out.iter_mut()
            .zip(near)
            .for_each(|(out, ((a, b), c))| *out = join(*a, *b, *c));
    }
    out
}

/// Clears `mask`, of the frame's size, in all clipped areas of `frame` and a pixel around them.
pub fn clear_clipped(frame: &Image, mask: &mut Image) {
    for c in 0..frame.channels {
        for sign in [1.0, -1.0] {
            let cores = cores(&at_end(frame.plane(c), sign), frame.width);
            if cores.iter().all(|core| *core == FREE) {
                continue;
            }
            let areas = grown(&grown(&cores, frame.width), frame.width);
            let pairs = mask.data.iter_mut().zip(areas.iter());
            pairs
                .filter(|(_, a)| **a > FREE)
                .for_each(|(m, _)| *m = 0.0);
        }
    }
}

/// Shares, 0 to 1, of the pixels of `frame` that lie in clipped areas of a channel: at black, and
/// at white.
pub fn shares(frame: &Image) -> [f32; 2] {
    let count = frame.width * frame.height;
    [-1.0, 1.0].map(|sign| {
        let mut clipped = Scratch::filled(count, FREE);
        for c in 0..frame.channels {
            let cores = cores(&at_end(frame.plane(c), sign), frame.width);
            let areas = grown(&cores, frame.width);
            let pairs = clipped.iter_mut().zip(areas.iter());
            pairs.for_each(|(clipped, area)| *clipped |= area);
        }
        let sum = clipped.iter().filter(|c| **c > FREE).count();
        sum as f32 / count.max(1) as f32
    })
}

/// 1 where a channel of `frame` was cut off, and where the kernel's support reaches such a pixel,
/// in one channel; `None` where nothing was.
///
/// Clipped areas were cut off where a quarter of their edge falls away faster than `slopes` and
/// `tolerance`, on the scale of [-1, 1], allow. How bright they really are is not known. So it is
/// not known either what they spread over the pixels around them.
pub fn cut_off(frame: &Image, slopes: &Slopes, tolerance: f32) -> Option<Image> {
    let mut found: Option<Image> = None;
    for c in 0..frame.channels {
        for sign in [1.0, -1.0] {
            let plane = frame.plane(c);
            let mut marks = at_end(plane, sign);
            let cores = cores(&marks, frame.width);
            if cores.iter().all(|core| *core == FREE) {
                continue;
            }
            let search = Search {
                plane,
                sign,
                width: frame.width,
                slopes,
                tolerance,
            };
            if search.mark(&mut marks, &cores) {
                let none = || Image::new(1, frame.height, frame.width);
                search.spread(&marks, found.get_or_insert_with(none));
            }
        }
    }
    found
}

/// The areas of one channel at one end of the range.
struct Search<'a> {
    plane: &'a [f32],
    sign: f32,
    width: usize,
    slopes: &'a Slopes,
    tolerance: f32,
}

impl Search<'_> {
    /// Marks connected areas around `cores` that are cut off; whether there are any.
    fn mark(&self, marks: &mut [u32], cores: &[u32]) -> bool {
        let mut area = Scratch::with_capacity(marks.len());
        let mut any = false;
        for (start, core) in cores.iter().enumerate() {
            if *core == FREE || marks[start] != AT_END {
                continue;
            }
            area.clear();
            area.push(start as u32);
            marks[start] = VISITED;
            let mut next = 0;
            while let Some(&pixel) = area.get(next) {
                next += 1;
                for (right, down) in neighbours() {
                    if let Some(other) = self.beside(pixel as usize, right, down)
                        && marks[other] == AT_END
                    {
                        marks[other] = VISITED;
                        area.push(other as u32);
                    }
                }
            }
            if self.is_cut_off(&area, marks) {
                area.iter()
                    .for_each(|&pixel| marks[pixel as usize] = CUT_OFF);
                any = true;
            }
        }
        any
    }

    /// Sets `out` to 1 where the kernel's support reaches an area that was cut off.
    fn spread(&self, marks: &[u32], out: &mut Image) {
        for (pixel, mark) in marks.iter().enumerate() {
            if *mark != CUT_OFF {
                continue;
            }
            out.data[pixel] = 1.0;
            // What an inner pixel reaches, the edge reaches too, or it is marked itself.
            let at_edge = DIRECTIONS.iter().any(|&(right, down)| {
                let other = self.beside(pixel, right, down);
                other.is_some_and(|other| marks[other] != CUT_OFF)
            });
            let reached = self.slopes.support.iter().filter(|_| at_edge);
            for other in reached.filter_map(|&(right, down)| self.beside(pixel, right, down)) {
                out.data[other] = 1.0;
            }
        }
    }

    /// Whether enough of an area's edge is too steep.
    fn is_cut_off(&self, area: &[u32], marks: &[u32]) -> bool {
        let (mut edge, mut steep) = (0usize, 0usize);
        for &pixel in area {
            let directions = DIRECTIONS.iter().zip(&self.slopes.largest);
            for (&(right, down), slopes) in directions {
                let beside = |i: isize| self.beside(pixel as usize, i * right, i * down);
                if beside(1).is_none_or(|other| marks[other] != FREE) {
                    continue;
                }
                edge += 1;
                let falls = |i: usize| {
                    let value = beside(i as isize + 1).map(|other| self.sign * self.plane[other]);
                    value.is_some_and(|v| 1.0 - v > slopes[i] + self.tolerance)
                };
                steep += usize::from((0..REACH).any(falls));
            }
        }
        steep as f32 > STEEP * edge as f32
    }

    /// The pixel so far to the right of another and below it, inside the frame.
    fn beside(&self, pixel: usize, right: isize, down: isize) -> Option<usize> {
        let x = (pixel % self.width).checked_add_signed(right)?;
        let y = (pixel / self.width).checked_add_signed(down)?;
        let inside = x < self.width && y < self.plane.len() / self.width;
        inside.then_some(y * self.width + x)
    }
}

/// Steps to the eight pixels around one.
fn neighbours() -> impl Iterator<Item = (isize, isize)> {
    (-1..=1).flat_map(|down| (-1..=1).map(move |right| (right, down)))
}
