// SPDX-License-Identifier: MPL-2.0
//! The restored frame, blended with the one that came in or shown beside it.

use crate::image::Image;

/// Blends `input` into `restored`, an image of the same size.
///
/// `strength` is the share of `restored`, 0 to 1. `compare`, 0 to 1, is the share of the width,
/// from the left, that shows `input` alone.
pub fn mix_with_input(mut restored: Image, input: &Image, strength: f32, compare: f32) -> Image {
    let keep = 1.0 - strength;
    if keep > 0.0 {
        let values = restored.data.iter_mut().zip(&input.data);
        values.for_each(|(r, i)| *r += keep * (i - *r));
    }
    let columns = (compare * restored.width as f32).round() as usize;
    let columns = columns.min(restored.width);
    if columns > 0 {
        for c in 0..restored.channels {
            for y in 0..restored.height {
                let left = &input.row(c, y)[..columns];
                restored.row_mut(c, y)[..columns].copy_from_slice(left);
            }
        }
    }
    restored
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strength_goes_from_one_image_to_the_other() {
        let (one, zero) = (Image::filled(3, 2, 4, 1.0), Image::filled(3, 2, 4, 0.0));
        for strength in [0.0, 0.25, 1.0] {
            let blended = mix_with_input(one.clone(), &zero, strength, 0.0);
            assert!(blended.data.iter().all(|v| (v - strength).abs() < 1e-6));
        }
    }

    #[test]
    fn compare_shows_what_came_in_on_the_left() {
        let (one, zero) = (Image::filled(3, 2, 4, 1.0), Image::filled(3, 2, 4, 0.0));
        let blended = mix_with_input(one, &zero, 1.0, 0.5);
        for c in 0..3 {
            assert_eq!(blended.row(c, 1), [0.0, 0.0, 1.0, 1.0]);
        }
    }
}
