// SPDX-License-Identifier: MPL-2.0
//! One channel of a picture, and its change of size.

/// Values row by row; those of a picture are luma from 0 to 1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plane {
    pub width: usize,
    pub height: usize,
    pub data: Vec<f32>,
}

/// A rectangle of pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Region {
    pub x: usize,
    pub y: usize,
    pub width: usize,
    pub height: usize,
}

impl Plane {
    pub fn zeros(width: usize, height: usize) -> Self {
        Self {
            width,
            height,
            data: vec![0.0; width * height],
        }
    }

    /// The value of each pixel (x, y).
    pub fn of(width: usize, height: usize, value: impl Fn(usize, usize) -> f32) -> Self {
        let at = |i: usize| value(i % width, i / width);
        Self {
            width,
            height,
            data: (0..width * height).map(at).collect(),
        }
    }

    pub fn at(&self, x: usize, y: usize) -> f32 {
        self.data[y * self.width + x]
    }

    pub fn sum(&self) -> f64 {
        self.data.iter().map(|v| f64::from(*v)).sum()
    }

    /// Divides by the sum, if there is one.
    pub fn normalise(&mut self) {
        let sum = self.sum() as f32;
        if sum > 0.0 {
            self.data.iter_mut().for_each(|v| *v /= sum);
        }
    }

    /// A part, which lies within.
    pub fn crop(&self, region: Region) -> Self {
        Self::of(region.width, region.height, |x, y| {
            self.at(region.x + x, region.y + y)
        })
    }

    /// In another size: `scale` times as large, about the same middle, averaged where it shrinks.
    pub fn scaled(&self, width: usize, height: usize, scale: f64) -> Self {
        let across = taps(self.width, width, scale);
        let down = taps(self.height, height, scale);
        let mut rows = Self::zeros(width, self.height);
        for (to, from) in rows
            .data
            .chunks_exact_mut(width)
            .zip(self.data.chunks_exact(self.width))
        {
            for (to, taps) in to.iter_mut().zip(&across) {
                *to = taps.iter().map(|(at, weight)| from[*at] * weight).sum();
            }
        }
        let mut out = Self::zeros(width, height);
        for (to, taps) in out.data.chunks_exact_mut(width).zip(&down) {
            for (at, weight) in taps {
                let from = &rows.data[at * width..][..width];
                to.iter_mut()
                    .zip(from)
                    .for_each(|(to, v)| *to += v * weight);
            }
        }
        out
    }
}

/// For each of `to` places the places of `from` that it is made of, with weights of sum 1: a
/// triangle as wide as the coarser of both grids. Places beyond the edge are those at the edge.
fn taps(from: usize, to: usize, scale: f64) -> Vec<Vec<(usize, f32)>> {
    let reach = (1.0 / scale).max(1.0);
    let middle = |n: usize| (n as f64 - 1.0) / 2.0;
    let place = |i: usize| {
        let centre = (i as f64 - middle(to)) / scale + middle(from);
        let first = (centre - reach).ceil() as i64;
        let last = (centre + reach).floor() as i64;
        let weights: Vec<(usize, f64)> = (first..=last)
            .map(|at| {
                let weight = 1.0 - (at as f64 - centre).abs() / reach;
                (at.clamp(0, from as i64 - 1) as usize, weight.max(0.0))
            })
            .collect();
        let sum: f64 = weights.iter().map(|(_, weight)| weight).sum();
        let normal = |(at, weight): &(usize, f64)| (*at, (weight / sum) as f32);
        weights.iter().map(normal).collect()
    };
    (0..to).map(place).collect()
}
