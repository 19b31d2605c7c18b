// SPDX-License-Identifier: MPL-2.0
//! Whether what differs between a restored frame and a new observation has a direction.
//!
//! Noise pushes y - A x either way. A change of brightness pushes all pixels of a place one way,
//! and a small movement pushes them along the gradient of A x. So both show in sums over a place
//! when they are far below the noise of a pixel.

use super::residual_map::local_mean;
use crate::image::Image;
use crate::operator::Operator;

/// Pixels in each direction that count with a pixel.
const RADIUS: usize = 8;
/// Least mean square gradient, on the scale of [-1, 1]: below it nothing is seen to move.
const FLAT: f32 = 1e-5;

/// Sums of y - A x over the square around each pixel, in units of what noise alone leaves: 1 where
/// nothing changed. One channel of the size of y.
///
/// They are five: in three colours, and along the gradient of A x in two directions. `noise` is the
/// mean square of what noise leaves of y - A x in a pixel, of the size of y.
pub fn signed_map(operator: &Operator, x: &Image, y: &Image, noise: &Image) -> Image {
    let new = || Image::new(1, y.height, y.width);
    let [mut xx, mut xy, mut yy, mut rx, mut ry] = [new(), new(), new(), new(), new()];
    let mut sums = new();
    for c in 0..y.channels {
        let residual = operator.residual(x, y, c);
        let at = |row: usize, column: usize| y.row(c, row)[column] - residual.row(0, row)[column];
        for row in 0..y.height {
            let (above, below) = (row.saturating_sub(1), (row + 1).min(y.height - 1));
            for i in 0..y.width {
                let (left, right) = (i.saturating_sub(1), (i + 1).min(y.width - 1));
                let across = 0.5 * (at(row, right) - at(row, left));
                let down = 0.5 * (at(below, i) - at(above, i));
                let r = residual.row(0, row)[i];
                xx.row_mut(0, row)[i] += across * across;
                xy.row_mut(0, row)[i] += across * down;
                yy.row_mut(0, row)[i] += down * down;
                rx.row_mut(0, row)[i] += r * across;
                ry.row_mut(0, row)[i] += r * down;
            }
        }
        let mean = local_mean(residual, RADIUS);
        let pairs = sums.data.iter_mut().zip(&mean.data);
        pairs.for_each(|(s, m)| *s += m * m);
    }
    let [xx, xy, yy, rx, ry] = [xx, xy, yy, rx, ry].map(|image| local_mean(image, RADIUS));
    let side = 2 * RADIUS + 1;
    let count = (side.min(y.width) * side.min(y.height)) as f32;
    let terms = (y.channels + 2) as f32;
    for (i, sum) in sums.data.iter_mut().enumerate() {
        let (a, b, d) = (xx.data[i] + FLAT, xy.data[i], yy.data[i] + FLAT);
        let (p, q) = (rx.data[i], ry.data[i]);
        let along = (d * p * p - 2.0 * b * p * q + a * q * q) / (a * d - b * b);
        *sum = count * (*sum + along) / (terms * noise.data[i]);
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operator::Degradation;

    const NOISE: f32 = 0.1;

    fn scene(shift: f32, brighter: f32) -> Image {
        Image::from_fn(3, 48, 64, |c, y, x| {
            let x = x as f32 - shift;
            0.4 * (0.35 * x + c as f32).sin() * (0.3 * y as f32).cos() + brighter
        })
    }

    /// Mean of the map of a scene and a noisy one.
    fn mean(shift: f32, brighter: f32) -> f32 {
        let operator = Operator::new(&Degradation::Denoise, 64, 48).expect("an operator");
        let noise = crate::sampler::normal_image(8, 0, 3, 48, 64);
        let mut y = scene(shift, brighter);
        let pairs = y.data.iter_mut().zip(&noise.data);
        pairs.for_each(|(v, n)| *v += NOISE * n);
        let level = Image::filled(1, 48, 64, NOISE * NOISE);
        let map = signed_map(&operator, &scene(0.0, 0.0), &y, &level);
        map.data.iter().sum::<f32>() / map.data.len() as f32
    }

    #[test]
    fn noise_alone_leaves_one_and_small_changes_more() {
        let still = mean(0.0, 0.0);
        assert!(still > 0.6 && still < 1.5, "{still}");
        // A quarter of a pixel and a quarter of the noise.
        assert!(mean(0.4, 0.0) > 2.0 * still);
        assert!(mean(0.0, 0.025) > 2.0 * still);
    }
}
