// SPDX-License-Identifier: MPL-2.0
//! Areas in which a channel stands at the end of the range.
//!
//! One pixel may stand there by noise, or because black is black. Nine together are clipped: their
//! noise is cut off. That they hold no data is another matter: see `cut_off`.

use crate::image::{EIGHT_BIT_STEP, Image, Scratch};

/// A value this near to the range's end, half a code of 8 bits, stands at it.
const END: f32 = 1.0 - 0.5 * EIGHT_BIT_STEP as f32;

/// Marks of a pixel that does not stand at the end, and of one that does.
pub const FREE: u32 = 0;
pub const AT_END: u32 = 1;

/// Marks the values that stand at an end of the range: the upper for a `sign` of 1, the lower for
/// -1.
pub fn at_end(plane: &[f32], sign: f32) -> Scratch<u32> {
    let marks = plane.iter().map(|v| u32::from(sign * v >= END));
    Scratch::collected(plane.len(), marks)
}

/// Of marked pixels, in rows of `width`, those whose eight neighbours are marked too. Beyond the
/// frame's edge its pixels are repeated.
pub fn cores(marks: &[u32], width: usize) -> Scratch<u32> {
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
