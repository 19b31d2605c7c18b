// SPDX-License-Identifier: MPL-2.0
//! The restored frame beside or mixed with the one that came in.

use crate::image::Image;

/// Goes from `plain` to `restored` by `strength` (0 to 1), and shows `plain` alone in the left `compare` (0 to 1) of
/// the width. Both have one size.
pub fn mix(mut restored: Image, plain: &Image, strength: f32, compare: f32) -> Image {
    let keep = 1.0 - strength;
    if keep > 0.0 {
        let values = restored.data.iter_mut().zip(&plain.data);
        values.for_each(|(r, p)| *r += keep * (p - *r));
    }
    let columns = (compare * restored.width as f32).round() as usize;
    let columns = columns.min(restored.width);
    if columns > 0 {
        for c in 0..restored.channels {
            for y in 0..restored.height {
                let left = &plain.row(c, y)[..columns];
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
    fn strength_goes_from_one_picture_to_the_other() {
        let (one, zero) = (Image::filled(3, 2, 4, 1.0), Image::filled(3, 2, 4, 0.0));
        for strength in [0.0, 0.25, 1.0] {
            let mixed = mix(one.clone(), &zero, strength, 0.0);
            assert!(mixed.data.iter().all(|v| (v - strength).abs() < 1e-6));
        }
    }

    #[test]
    fn compare_shows_what_came_in_on_the_left() {
        let (one, zero) = (Image::filled(3, 2, 4, 1.0), Image::filled(3, 2, 4, 0.0));
        let mixed = mix(one, &zero, 1.0, 0.5);
        for c in 0..3 {
            assert_eq!(mixed.row(c, 1), [0.0, 0.0, 1.0, 1.0]);
        }
    }
}
