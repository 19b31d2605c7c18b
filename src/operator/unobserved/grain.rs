// SPDX-License-Identifier: MPL-2.0
//! The noise of a blurred frame, as far as it decides whether codes were cut off.

use crate::image::{Image, Scratch};

/// Blocks of 2x2 pixels that are looked at, from all over the frame.
const COUNT: usize = 16_384;
/// Standard deviations in the median distance of normal noise from its mean.
const MEDIAN: f32 = 0.674_49;

/// Standard deviation of the noise of `frame`, in the channel where it is largest.
///
/// What differs across a block of 2x2 pixels in both directions at once is noise: a blur leaves
/// nothing of that in the scene. Half of the blocks may hold something else.
pub fn deviation(frame: &Image) -> f32 {
    let (columns, rows) = (frame.width / 2, frame.height / 2);
    let count = columns * rows;
    let step = count.div_ceil(COUNT).max(1);
    let channel = |c: usize| {
        let block = |i: usize| {
            let (y, x) = (2 * (i / columns), 2 * (i % columns));
            let (above, below) = (frame.row(c, y), frame.row(c, y + 1));
            0.5 * (above[x] - above[x + 1] - below[x] + below[x + 1]).abs()
        };
        let mut found = Scratch::collected(COUNT, (0..count).step_by(step).map(block));
        if found.is_empty() {
            return 0.0;
        }
        let middle = found.len() / 2;
        let (_, median, _) = found.select_nth_unstable_by(middle, f32::total_cmp);
        *median / MEDIAN
    };
    (0..frame.channels).map(channel).fold(0.0, f32::max)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operator::tests::noise;

    #[test]
    fn noise_counts_and_a_soft_scene_does_not() {
        let soft = Image::from_fn(3, 60, 80, |_, y, x| {
            0.5 * (0.2 * x as f32).sin() * (0.15 * y as f32).cos()
        });
        assert!(deviation(&soft) < 0.01);
        let mut noisy = soft.clone();
        let values = noisy.data.iter_mut().zip(noise(3, 60, 80).data.clone());
        values.for_each(|(v, n)| *v += 0.1 * n);
        let found = deviation(&noisy);
        let spread = {
            let noise = noise(3, 60, 80);
            let squares: f32 = noise.data.iter().map(|n| n * n).sum();
            0.1 * (squares / noise.data.len() as f32).sqrt()
        };
        assert!((found / spread - 1.0).abs() < 0.6, "{found} for {spread}");
        assert_eq!(deviation(&Image::filled(3, 1, 9, 0.5)), 0.0);
    }
}
