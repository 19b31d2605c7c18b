// SPDX-License-Identifier: MPL-2.0
//! Several samples of one frame: their mean, and how far they differ.

use crate::image::Image;

/// Which moment of the posterior becomes the frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Output {
    /// The first sample, whatever the number of samples.
    #[default]
    Sample,
    /// The mean of the samples.
    Mean,
    /// The standard deviation of the samples as a gray image: 0 is black, 16 codes of 8 bits white.
    /// Of one sample, what a network tells of it.
    Deviation,
}

impl Output {
    /// How many of `samples` must be drawn.
    pub fn draws(self, samples: usize) -> usize {
        if self == Self::Sample { 1 } else { samples }
    }
}

/// Full scale divided by the standard deviation that is shown as white.
const SPREAD_GAIN: f32 = 16.0;

/// Running mean and sum of squared distances from it, value by value (Welford 1962).
pub struct Moments {
    count: usize,
    mean: Image,
    /// Empty until there is a second sample.
    squares: Image,
}

impl Moments {
    fn new(first: Image) -> Self {
        Self {
            count: 1,
            squares: Image::default(),
            mean: first,
        }
    }

    /// The moments of `count` samples, at least one; `sample` draws the one of an index.
    pub fn draw<E>(
        count: usize,
        mut sample: impl FnMut(usize) -> Result<Image, E>,
    ) -> Result<Self, E> {
        let mut moments = Self::new(sample(0)?);
        for index in 1..count {
            moments.add(&sample(index)?);
        }
        Ok(moments)
    }

    /// Takes one more sample, of the size of the first.
    fn add(&mut self, sample: &Image) {
        if self.count == 1 {
            self.squares = Image::new(sample.channels, sample.height, sample.width);
        }
        self.count += 1;
        let share = 1.0 / self.count as f32;
        let values = self.mean.data.iter_mut().zip(&mut self.squares.data);
        for ((mean, square), &value) in values.zip(&sample.data) {
            let before = value - *mean;
            *mean += before * share;
            *square += before * (value - *mean);
        }
    }

    pub fn mean(&self) -> &Image {
        &self.mean
    }

    pub fn mean_mut(&mut self) -> &mut Image {
        &mut self.mean
    }

    /// The mean, without a copy.
    pub fn into_mean(self) -> Image {
        self.mean
    }

    /// Gray image of the unbiased standard deviation, root mean square over the channels.
    ///
    /// -1, black, where the samples agree or where there is only one; 1, white, from one
    /// [`SPREAD_GAIN`]-th of full scale on.
    pub fn deviation(&self) -> Image {
        let Image {
            channels,
            height,
            width,
            ..
        } = self.mean;
        let degrees = (self.count.saturating_sub(1).max(1) * channels.max(1)) as f32;
        let size = height * width;
        Image::from_fn(channels, height, width, |_, y, x| {
            let pixel = y * width + x;
            let squares = (0..channels).filter_map(|c| self.squares.data.get(c * size + pixel));
            let sum: f32 = squares.sum();
            shown((sum / degrees).sqrt())
        })
    }
}

/// The value that shows a standard deviation on the scale of [-1, 1]: from -1, black, for none.
fn shown(deviation: f32) -> f32 {
    // Values have a range of 2.
    (SPREAD_GAIN * deviation - 1.0).clamp(-1.0, 1.0)
}

/// Standard deviations of one channel as a gray image of so many, as [`Moments::deviation`] shows
/// them.
pub fn gray(stddev: &Image, channels: usize) -> Image {
    Image::from_fn(channels, stddev.height, stddev.width, |_, y, x| {
        shown(stddev.row(0, y)[x])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pixel(values: [f32; 3]) -> Image {
        Image::from_fn(3, 1, 1, |c, _, _| values[c])
    }

    #[test]
    fn mean_and_deviation_are_those_of_the_textbook() {
        let mut moments = Moments::new(pixel([0.1, 0.0, -0.5]));
        moments.add(&pixel([0.2, 0.0, -0.5]));
        moments.add(&pixel([0.3, 0.0, -0.5]));
        let mean = moments.mean();
        assert!((mean.data[0] - 0.2).abs() < 1e-6, "{mean:?}");
        assert_eq!(mean.data[1..], [0.0, -0.5]);
        // Variances 0.01, 0 and 0 of the range [-1, 1].
        let wanted = SPREAD_GAIN * (0.01f32 / 3.0).sqrt() - 1.0;
        for &value in &moments.deviation().data {
            assert!(
                (value - wanted.min(1.0)).abs() < 1e-5,
                "{value} for {wanted}"
            );
        }
    }

    #[test]
    fn equal_samples_are_black_and_far_ones_white() {
        let mut moments = Moments::new(pixel([0.4; 3]));
        assert_eq!(moments.deviation().data, [-1.0; 3]);
        moments.add(&pixel([0.4; 3]));
        assert_eq!(moments.deviation().data, [-1.0; 3]);
        moments.add(&pixel([-0.9; 3]));
        assert_eq!(moments.deviation().data, [1.0; 3]);
    }

    #[test]
    fn what_a_network_tells_is_shown_as_the_deviation_of_samples_is() {
        let told = Image::from_fn(1, 1, 5, |_, _, x| [0.0, 0.03, 0.125, 0.5, -0.1][x]);
        let row = [-1.0, 16.0 * 0.03 - 1.0, 1.0, 1.0, -1.0];
        assert_eq!(gray(&told, 3).data, [row; 3].concat());
        let mut moments = Moments::new(pixel([0.0; 3]));
        moments.add(&pixel([0.06; 3]));
        let deviation = Image::filled(1, 1, 1, 0.06 / 2.0f32.sqrt());
        let (of_samples, of_network) = (moments.deviation(), gray(&deviation, 3));
        for (a, b) in of_samples.data.iter().zip(&of_network.data) {
            assert!((a - b).abs() < 1e-5, "{a} and {b}");
        }
    }

    #[test]
    fn only_moments_need_more_than_one_draw() {
        assert_eq!(
            [Output::Sample, Output::Mean, Output::Deviation].map(|o| o.draws(8)),
            [1, 8, 8]
        );
    }
}
