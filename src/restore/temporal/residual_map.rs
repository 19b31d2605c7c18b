// SPDX-License-Identifier: MPL-2.0
//! The residual map: how well a restored frame explains an observation, place by place.

use crate::image::{Image, Scratch};
use crate::operator::Operator;

/// Pixels in each direction that count with a pixel.
const RADIUS: usize = 4;

/// Local mean square of y - A x: one channel of the size of y, on the squared scale of [-1, 1].
///
/// Over all channels, for no single one, nor luma, sees every change of colour.
pub fn residual_map(operator: &Operator, x: &Image, y: &Image) -> Image {
    let mut squares = Image::new(1, y.height, y.width);
    for channel in 0..y.channels {
        let residual = operator.residual(x, y, channel);
        let pairs = squares.data.iter_mut().zip(&residual.data);
        pairs.for_each(|(s, r)| *s += r * r);
    }
    let channels = y.channels.max(1) as f32;
    squares.data.iter_mut().for_each(|s| *s /= channels);
    local_mean(squares, RADIUS)
}

/// Mean of one channel around each pixel, over the part of its square of `radius` that lies in the
/// image.
pub fn local_mean(mut image: Image, radius: usize) -> Image {
    let (width, height) = (image.width, image.height);
    let mut line = Scratch::filled(width.max(height), 0.0f32);
    for row in image.data.chunks_exact_mut(width.max(1)) {
        line[..width].copy_from_slice(row);
        let means = means(&line[..width], radius);
        row.iter_mut().zip(means).for_each(|(e, m)| *e = m);
    }
    for x in 0..width {
        let column = image.data.iter_mut().skip(x).step_by(width);
        line.iter_mut().zip(column).for_each(|(l, e)| *l = *e);
        let column = image.data.iter_mut().skip(x).step_by(width);
        column
            .zip(means(&line[..height], radius))
            .for_each(|(e, m)| *e = m);
    }
    image
}

/// Mean of each value and its neighbours up to `radius` away.
fn means(line: &[f32], radius: usize) -> impl Iterator<Item = f32> + '_ {
    let len = line.len();
    // In double precision, so that what is added and taken away again leaves nothing.
    let mut sum: f64 = line.iter().take(radius).map(|v| f64::from(*v)).sum();
    (0..len).map(move |i| {
        if let Some(entering) = line.get(i + radius) {
            sum += f64::from(*entering);
        }
        if i > radius {
            sum -= f64::from(line[i - radius - 1]);
        }
        let count = (i + radius).min(len - 1) - i.saturating_sub(radius) + 1;
        (sum / count as f64) as f32
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn local_means_are_those_of_the_neighbours_that_exist() {
        let image = Image::from_fn(1, 11, 13, |_, y, x| (y * y + 3 * x) as f32 / 50.0);
        let found = local_mean(image.clone(), RADIUS);
        for (y, x) in [(0usize, 0usize), (5, 6), (10, 12), (3, 9)] {
            let rows = y.saturating_sub(RADIUS)..(y + RADIUS + 1).min(11);
            let near: Vec<f32> = rows
                .flat_map(|r| {
                    image.row(0, r)[x.saturating_sub(RADIUS)..(x + RADIUS + 1).min(13)].iter()
                })
                .copied()
                .collect();
            let mean = near.iter().sum::<f32>() / near.len() as f32;
            assert!((found.row(0, y)[x] - mean).abs() < 1e-5);
        }
    }
}
