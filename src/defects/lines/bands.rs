// SPDX-License-Identifier: MPL-2.0
//! Means of a frame's bands, and how a column of them differs from what lies beside it.

use super::{BAND, LEAST, Line};
use crate::defects::compensate::Residual;
use crate::defects::plane::Plane;
use crate::image::filled;

/// Columns from the middle of a line to what counts as its side, and to the end of that.
const SIDES: [isize; 2] = [3, 4];
/// Share of its bands in which a line is not in the scene before, where it is new.
const NEW: f32 = 0.6;

/// Means of the bands of a frame, column by column.
pub struct Bands {
    pub width: usize,
    pub count: usize,
    means: Vec<f32>,
}

impl Bands {
    pub fn of(plane: &Plane) -> Self {
        let (width, count) = (plane.width, plane.height.div_ceil(BAND));
        let mut means = filled(width * count, 0.0);
        for (band, sums) in means.chunks_exact_mut(width).enumerate() {
            let rows = band * BAND..((band + 1) * BAND).min(plane.height);
            let share = 1.0 / rows.len() as f32;
            for y in rows {
                let pairs = sums.iter_mut().zip(plane.row(y));
                pairs.for_each(|(sum, v)| *sum += share * f32::from(*v));
            }
        }
        Self {
            width,
            count,
            means,
        }
    }

    /// Mean of a band at a column, that of the edge beyond it.
    pub fn at(&self, band: usize, x: isize) -> f32 {
        self.means[band * self.width + x.clamp(0, self.width as isize - 1) as usize]
    }

    /// Means of both sides of a column.
    fn sides(&self, band: usize, x: isize) -> [f32; 2] {
        let [near, far] = SIDES;
        [-1, 1].map(|side| 0.5 * (self.at(band, x + side * near) + self.at(band, x + side * far)))
    }

    /// How much brighter a column is than both sides, or with `bright` off darker; below 0 where it
    /// is not.
    pub fn contrast(&self, band: usize, x: isize, bright: bool) -> f32 {
        let (here, [left, right]) = (self.at(band, x), self.sides(band, x));
        match bright {
            true => here - left.max(right),
            false => left.min(right) - here,
        }
    }

    /// Whether the frame before, moved along, shows the place of a line without it.
    pub fn is_new(&self, line: &Line, before: &Residual) -> bool {
        let sign = if line.bright { 1.0 } else { -1.0 };
        let rows = before.differences.len() / self.width;
        let shows = |band: &usize| {
            let x = line.at(*band).round() as isize;
            let rows = band * BAND..((band + 1) * BAND).min(rows);
            let share = 1.0 / rows.len().max(1) as f32;
            let mean = |x: isize| {
                let x = x.clamp(0, self.width as isize - 1) as usize;
                let of = |y: usize| f32::from(before.differences[y * self.width + x]);
                share * sign * rows.clone().map(of).sum::<f32>()
            };
            let differs = (-1..=1).map(|d| mean(x + d)).fold(0.0, f32::max);
            differs > (0.5 * self.contrast(*band, x, line.bright)).max(LEAST)
        };
        line.bands().filter(shows).count() as f32 > NEW * line.columns.len() as f32
    }

    /// Whether the sides of a line differ by more than it does from them: it is the rim of an edge.
    pub fn is_lopsided(&self, band: usize, middle: f32, bright: bool) -> bool {
        let x = middle.round() as isize;
        let [left, right] = self.sides(band, x);
        (left - right).abs() > self.contrast(band, x, bright).max(LEAST)
    }

    /// The columns of a line around its middle that differ from its sides as it does.
    pub fn extent(&self, band: usize, middle: f32, bright: bool) -> std::ops::Range<usize> {
        let x = middle.round() as isize;
        let sign = if bright { 1.0 } else { -1.0 };
        let [left, right] = self.sides(band, x).map(|v| sign * v);
        // What stands out from the side that is more alike: another line may lie in the other.
        let base = left.max(right);
        let over = |x: isize| sign * self.at(band, x) - base;
        let peak = (-1..=1).map(|d| over(x + d)).fold(0.0, f32::max);
        let belongs = |x: isize| {
            (0..self.width as isize).contains(&x) && over(x) > (0.3 * peak).max(LEAST / 2.0)
        };
        let reach = |step: isize| (1..=SIDES[0]).take_while(|d| belongs(x + step * d)).count();
        let (before, after) = (reach(-1) as isize, reach(1) as isize);
        let start = (x - before).max(0) as usize;
        start..((x + after + 1).max(0) as usize).min(self.width).max(start)
    }

    /// The middle of a line near column `x`, by the weight of what stands out.
    pub fn middle(&self, band: usize, x: usize, bright: bool) -> f32 {
        let x = x as isize;
        let [left, right] = self.sides(band, x);
        let (base, sign) = (0.5 * (left + right), if bright { 1.0 } else { -1.0 });
        let (mut sum, mut moment) = (0.0f32, 0.0f32);
        for d in -2..=2isize {
            let v = (sign * (self.at(band, x + d) - base)).max(0.0);
            sum += v;
            moment += v * d as f32;
        }
        x as f32 + if sum > 0.0 { moment / sum } else { 0.0 }
    }
}
