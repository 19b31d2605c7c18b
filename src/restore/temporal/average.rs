// SPDX-License-Identifier: MPL-2.0
//! The mean of a restored frame and the one before, where nothing moved.
//!
//! Nothing moved where the frame before explains the new observation as well as its own. There both
//! frames show one scene, and their mean errs less and flickers less than either
//! (docs/decisions/018-temporal-average.md).

use crate::image::Image;

/// Ratios of the new residual map to the old one: up to the first only the noise changed, from the
/// second on something moved. Narrow, for the network does not see what is averaged in: a ghost
/// would stay.
const SAME: [f32; 2] = [1.25, 2.0];
/// Signed residual, see `signed_map`: up to the first noise alone is seen, from the second on a
/// change. In a still scene 99 of 100 places lie below the first. At the second the square of what
/// changed is a fifteenth of the noise's, about what averaging takes from the error.
const UNMOVED: [f32; 2] = [4.0, 12.0];
/// Share of the frame before where nothing moved. It holds a share of the frame before itself, so
/// about three frames stand behind the mean.
pub const SHARE: f32 = 0.5;

/// The frame before, and the share of each of its pixels in the mean.
pub struct Average {
    before: Image,
    /// 0 to [`SHARE`]; one channel of the observation's size.
    shares: Image,
}

impl Average {
    /// `ratios` are the residual map of `before` and the new observation, divided by that of
    /// `before` and its own; `signed` is what `signed_map` makes of the two.
    pub fn of(before: Image, ratios: &Image, signed: &Image) -> Self {
        let mut shares = ratios.clone();
        let [low, high] = SAME;
        let share = |ratio: f32| SHARE * ((high - ratio) / (high - low)).clamp(0.0, 1.0);
        let [low, high] = UNMOVED;
        let unmoved = |signed: f32| ((high - signed) / (high - low)).clamp(0.0, 1.0);
        let pairs = shares.data.iter_mut().zip(&signed.data);
        pairs.for_each(|(r, signed)| *r = share(*r) * unmoved(*signed));
        Self { before, shares }
    }

    /// The frame before, of the size of the result.
    pub fn before(&self) -> &Image {
        &self.before
    }

    /// Share of the frame before in each pixel of the observation, 0 to [`SHARE`]; one channel.
    pub fn shares(&self) -> &Image {
        &self.shares
    }

    /// Averages an estimate, of the size of the frame before, with it.
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

    /// The average where no sum over a place tells of a change.
    fn unmoved(before: Image, ratios: &Image) -> Average {
        let signed = Image::filled(1, ratios.height, ratios.width, 1.0);
        Average::of(before, ratios, &signed)
    }

    #[test]
    fn what_changed_below_the_noise_is_not_averaged() {
        let ratios = Image::filled(1, 1, 4, 1.0);
        let signed = Image::from_fn(1, 1, 4, |_, _, x| [1.0, 4.0, 8.0, 12.0][x]);
        let average = Average::of(Image::filled(3, 1, 4, 1.0), &ratios, &signed);
        let mut estimate = Image::filled(3, 1, 4, 0.0);
        average.apply(&mut estimate);
        assert_eq!(estimate.row(2, 0), [0.5, 0.5, 0.25, 0.0]);
    }

    #[test]
    fn only_what_did_not_move_is_averaged() {
        let ratios = Image::from_fn(1, 1, 5, |_, _, x| [0.2, 1.25, 1.625, 2.0, 40.0][x]);
        let average = unmoved(Image::filled(3, 1, 5, 1.0), &ratios);
        let mut estimate = Image::filled(3, 1, 5, 0.0);
        average.apply(&mut estimate);
        for c in 0..3 {
            assert_eq!(estimate.row(c, 0), [0.5, 0.5, 0.25, 0.0, 0.0]);
        }
    }

    #[test]
    fn all_pixels_that_were_observed_as_one_have_one_share() {
        let ratios = Image::from_fn(1, 1, 2, |_, _, x| [1.0, 3.0][x]);
        let average = unmoved(Image::filled(1, 3, 6, 1.0), &ratios);
        let mut estimate = Image::filled(1, 3, 6, 0.0);
        average.apply(&mut estimate);
        for y in 0..3 {
            assert_eq!(estimate.row(0, y), [0.5, 0.5, 0.5, 0.0, 0.0, 0.0]);
        }
    }

    #[test]
    fn where_ratios_are_infinite_nothing_is_averaged() {
        let ratios = Image::filled(1, 1, 2, f32::INFINITY);
        let average = unmoved(Image::filled(3, 1, 2, 1.0), &ratios);
        let mut estimate = Image::filled(3, 1, 2, 0.25);
        average.apply(&mut estimate);
        assert!(estimate.data.iter().all(|v| *v == 0.25));
    }
}
