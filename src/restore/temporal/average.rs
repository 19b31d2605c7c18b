// SPDX-License-Identifier: MPL-2.0
//! Where the frame before explains the new observation as well as its own, nothing has moved: there the two estimates
//! are of one scene, and their mean errs less than either and flickers less.

use crate::image::Image;

/// Local mean squared errors up to this many times those of the frame before are what noise does; from the second on,
/// something moved. Narrow: what is averaged in is not seen by the network any more, a ghost would stay.
const SAME: [f32; 2] = [1.25, 2.0];
/// Share of the frame before where nothing moved. As each frame holds the one before, three stand behind it in the mean.
const SHARE: f32 = 0.5;

/// The frame before, and how far each of its pixels still stands.
pub struct Average {
    before: Image,
    /// One channel of the observation's size.
    shares: Image,
}

impl Average {
    /// `ratios` are the local mean squared errors of `before` for the new observation over those for its own.
    pub fn of(before: Image, ratios: &Image) -> Self {
        let mut shares = ratios.clone();
        let [low, high] = SAME;
        let share = |ratio: f32| SHARE * ((high - ratio) / (high - low)).clamp(0.0, 1.0);
        shares.data.iter_mut().for_each(|r| *r = share(*r));
        Self { before, shares }
    }

    /// Moves an estimate of the same size towards the frame before.
    pub fn apply(&self, estimate: &mut Image) {
        let scale = (self.before.width / self.shares.width.max(1)).max(1);
        for c in 0..estimate.channels {
            for y in 0..estimate.height {
                let shares = self.shares.row(0, y / scale);
                let old = self.before.row(c, y).chunks(scale);
                let new = estimate.row_mut(c, y).chunks_mut(scale);
                for ((new, old), share) in new.zip(old).zip(shares) {
                    for (n, o) in new.iter_mut().zip(old) {
                        *n += share * (o - *n);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_did_not_move_is_averaged() {
        let ratios = Image::from_fn(1, 1, 5, |_, _, x| [0.2, 1.25, 1.625, 2.0, 40.0][x]);
        let average = Average::of(Image::filled(3, 1, 5, 1.0), &ratios);
        let mut estimate = Image::filled(3, 1, 5, 0.0);
        average.apply(&mut estimate);
        for c in 0..3 {
            assert_eq!(estimate.row(c, 0), [0.5, 0.5, 0.25, 0.0, 0.0]);
        }
    }

    #[test]
    fn each_share_is_that_of_all_pixels_that_were_observed_as_one() {
        let ratios = Image::from_fn(1, 1, 2, |_, _, x| [1.0, 3.0][x]);
        let average = Average::of(Image::filled(1, 3, 6, 1.0), &ratios);
        let mut estimate = Image::filled(1, 3, 6, 0.0);
        average.apply(&mut estimate);
        for y in 0..3 {
            assert_eq!(estimate.row(0, y), [0.5, 0.5, 0.5, 0.0, 0.0, 0.0]);
        }
    }

    #[test]
    fn what_is_no_number_is_not_averaged_in() {
        let ratios = Image::filled(1, 1, 2, f32::INFINITY);
        let average = Average::of(Image::filled(3, 1, 2, 1.0), &ratios);
        let mut estimate = Image::filled(3, 1, 2, 0.25);
        average.apply(&mut estimate);
        assert!(estimate.data.iter().all(|v| *v == 0.25));
    }
}
