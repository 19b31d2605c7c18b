// SPDX-License-Identifier: MPL-2.0
//! Where tiles start along one side of an image.

/// Starts of tiles of `size` pixels that cover `0..len` and share at least `overlap` pixels with
/// their neighbours.
///
/// Starts are multiples of `multiple` when `len` and `size` are; the last tile is moved back
/// inside. An image that fits one tile has the one start 0. Steps are at least one multiple, even
/// where `overlap` leaves less.
pub fn offsets(
    len: usize,
    size: usize,
    overlap: usize,
    multiple: usize,
) -> impl Iterator<Item = usize> {
    let last = len.saturating_sub(size);
    let multiple = multiple.max(1);
    let step = (size.saturating_sub(overlap) / multiple * multiple).max(multiple);
    (0..last).step_by(step).chain([last])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn awkward_lengths_have_the_known_starts() {
        let starts = |len, size, overlap, multiple| -> Vec<usize> {
            offsets(len, size, overlap, multiple).collect()
        };
        assert_eq!(starts(64, 64, 16, 8), [0]);
        assert_eq!(starts(40, 64, 16, 8), [0]);
        assert_eq!(starts(72, 64, 16, 8), [0, 8]);
        assert_eq!(starts(1920, 512, 48, 8), [0, 464, 928, 1392, 1408]);
        assert_eq!(starts(96, 64, 20, 8), [0, 32]);
        assert_eq!(starts(65, 64, 16, 1), [0, 1]);
    }

    proptest! {
        #[test]
        fn tiles_cover_the_length_on_the_grid_and_overlap_enough(
            multiple in 1usize..24,
            blocks in 1usize..90,
            tile in 2usize..20,
            overlap in 0usize..200,
        ) {
            let (len, size) = (blocks * multiple, tile * multiple);
            let overlap = overlap % ((tile - 1) * multiple + 1);
            let starts: Vec<usize> = offsets(len, size, overlap, multiple).collect();
            prop_assert_eq!(starts[0], 0);
            prop_assert!(starts[starts.len() - 1] + size >= len);
            prop_assert!(starts.iter().all(|s| s % multiple == 0 && (s + size <= len || *s == 0)));
            for pair in starts.windows(2) {
                prop_assert!(pair[0] < pair[1] && pair[1] + overlap <= pair[0] + size);
            }
        }
    }
}
