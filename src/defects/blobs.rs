// SPDX-License-Identifier: MPL-2.0
//! Connected parts of a map of marked pixels.

use crate::image::{Window, filled};

/// Pixels that touch, along sides or at corners.
pub struct Blob {
    /// Places in the map, row by row of the frame.
    pub places: Vec<usize>,
    /// The rectangle around them.
    pub bounds: Window,
}

/// The blobs of the places for which `marked` holds, in a frame of `width` x `height`. `with` sees
/// each of them once; its memory goes on to the next.
pub fn each(
    width: usize,
    height: usize,
    marked: impl Fn(usize) -> bool,
    mut with: impl FnMut(&Blob),
) {
    let mut seen: Vec<bool> = filled(width * height, false);
    let mut blob = Blob {
        places: Vec::new(),
        bounds: Window {
            x: 0,
            y: 0,
            width: 0,
            height: 0,
        },
    };
    for start in 0..width * height {
        if seen[start] || !marked(start) {
            continue;
        }
        seen[start] = true;
        blob.places.clear();
        blob.places.push(start);
        let (mut left, mut right, mut top, mut bottom) = (width, 0, height, 0);
        let mut next = 0;
        while let Some(at) = blob.places.get(next).copied() {
            next += 1;
            let (y, x) = (at / width, at % width);
            (left, right) = (left.min(x), right.max(x));
            (top, bottom) = (top.min(y), bottom.max(y));
            for row in y.saturating_sub(1)..(y + 2).min(height) {
                for column in x.saturating_sub(1)..(x + 2).min(width) {
                    let near = row * width + column;
                    if !seen[near] && marked(near) {
                        seen[near] = true;
                        blob.places.push(near);
                    }
                }
            }
        }
        blob.bounds = Window {
            x: left,
            y: top,
            width: right + 1 - left,
            height: bottom + 1 - top,
        };
        with(&blob);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn corners_connect_and_gaps_do_not() {
        let map = b"#..#
                    .#.#
                    ....";
        let cells: Vec<bool> = map
            .iter()
            .filter(|c| b"#.".contains(c))
            .map(|c| *c == b'#')
            .collect();
        let mut found = Vec::new();
        each(
            4,
            3,
            |at| cells[at],
            |blob| {
                found.push((blob.places.len(), blob.bounds.x, blob.bounds.width));
            },
        );
        assert_eq!(found, [(2, 0, 2), (2, 3, 1)]);
    }
}
