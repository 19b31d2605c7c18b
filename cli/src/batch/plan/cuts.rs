// SPDX-License-Identifier: MPL-2.0
//! Where a clip is cut into chunks.

/// Lengths of the chunks of a clip, in frames: at most `most` each, and no less than half of that
/// where there are as many frames. `begins` says with which frames a scene begins.
///
/// A chunk ends with the last scene that it can end with; where there is none, it has the full
/// length, and the last two share what is left.
pub fn lengths(begins: &[bool], most: usize) -> Vec<usize> {
    let (most, all) = (most.max(1), begins.len());
    let least = most.div_ceil(2);
    let (mut lengths, mut first) = (Vec::new(), 0);
    while first < all {
        let left = all - first;
        let length = if left <= most {
            left
        } else {
            let mut ends = (least..=most.min(left - least)).rev();
            let scene = ends.find(|length| begins[first + length]);
            scene.unwrap_or(if left < most + least { left / 2 } else { most })
        };
        lengths.push(length);
        first += length;
    }
    lengths
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(all: usize, scenes: &[usize], most: usize) -> Vec<usize> {
        let begins: Vec<bool> = (0..all).map(|n| scenes.contains(&n)).collect();
        lengths(&begins, most)
    }

    #[test]
    fn a_chunk_ends_with_a_scene_where_one_ends_in_reach() {
        assert_eq!(cut(30, &[], 10), [10, 10, 10]);
        assert_eq!(cut(30, &[7, 14, 22], 10), [7, 7, 8, 8]);
        assert_eq!(cut(30, &[6, 9], 10), [9, 10, 5, 6]);
        assert_eq!(cut(30, &[2], 10), [10, 10, 10], "too short by itself");
        assert_eq!(cut(9, &[4], 10), [9]);
        assert_eq!(cut(0, &[], 10), [0; 0]);
    }

    #[test]
    fn no_chunk_is_too_long_or_a_splinter() {
        for most in 1..12 {
            for all in 0..60 {
                for scenes in [&[][..], &[5, 6, 7], &[11, 23, 35, 47], &[59]] {
                    let lengths = cut(all, scenes, most);
                    assert_eq!(lengths.iter().sum::<usize>(), all);
                    let least = most.div_ceil(2).min(all);
                    let fits = |n: &usize| (least..=most).contains(n);
                    assert!(lengths.iter().all(fits), "{all} {most}: {lengths:?}");
                }
            }
        }
    }
}
