// SPDX-License-Identifier: MPL-2.0
//! Blocks that hold pixels without data: what was put over them was not compressed with them.

use crate::image::Image;

/// `frame` without the blocks of `side` pixels, which begin at its corner, that hold pixels that
/// are not `observed`: they become flat, and flat blocks tell nothing. `None` where all are whole.
pub fn without(frame: &Image, observed: Option<&Image>, side: usize) -> Option<Image> {
    let mask = observed?;
    let mut out: Option<Image> = None;
    for top in (0..frame.height).step_by(side) {
        for left in (0..frame.width).step_by(side) {
            if is_whole(mask, top, left, side) {
                continue;
            }
            let out = out.get_or_insert_with(|| frame.clone());
            let right = (left + side).min(frame.width);
            for y in top..(top + side).min(frame.height) {
                (0..out.channels).for_each(|c| out.row_mut(c, y)[left..right].fill(0.0));
            }
        }
    }
    out
}

/// Whether all pixels of a block are observed, as far as it lies in the frame.
pub fn is_whole(mask: &Image, top: usize, left: usize, side: usize) -> bool {
    let right = (left + side).min(mask.width);
    (top..(top + side).min(mask.height))
        .all(|y| mask.row(0, y)[left..right].iter().all(|m| *m >= 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_with_a_hole_become_flat_and_no_others() {
        let frame = Image::from_fn(3, 20, 36, |c, y, x| 0.01 * (c + y + x) as f32 + 0.1);
        let mut mask = Image::filled(1, 20, 36, 1.0);
        assert!(without(&frame, Some(&mask), 16).is_none());
        mask.row_mut(0, 17)[35] = 0.0;
        let found = without(&frame, Some(&mask), 16).expect("a block with a hole");
        for y in 0..20 {
            for x in 0..36 {
                let hidden = y >= 16 && x >= 32;
                let wanted = if hidden { 0.0 } else { frame.row(1, y)[x] };
                assert_eq!(found.row(1, y)[x], wanted);
            }
        }
    }
}
