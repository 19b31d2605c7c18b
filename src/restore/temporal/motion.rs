// SPDX-License-Identifier: MPL-2.0
//! The translation of the whole picture from one frame to the next: pans, and a camera that is not
//! still.
//!
//! Least squares on y - A x along the gradients of A x, with gain and offset beside it, from coarse
//! images to fine ones (Lucas and Kanade 1981). What moves otherwise counts little.

use smallvec::SmallVec;

use super::shift::shifted;
use crate::image::Image;
use crate::operator::Operator;

/// Sides of the coarsest images are at least this, in pixels.
const LEAST_SIDE: usize = 12;
/// Levels of images, each half as large as the one before: the coarsest sees motions of 16 pixels.
const LEVELS: usize = 5;
/// Passes on each level.
const PASSES: usize = 5;
/// Pixels whose residual is this many times the usual one count half.
const FAR: f64 = 2.0;
/// Longest step of a pass, in pixels.
const LONGEST: f32 = 1.5;
/// Least drop of the sum of squares that a motion must bring, in variances of a pixel. Chance
/// brings two; where the noise is correlated, more.
const CHANCE: f64 = 40.0;
/// Shares of a pixel below which nothing moved: interpolation would cost more than it brings.
const STILL: f32 = 0.04;
/// Largest motion, as a share of the frame's sides.
const LARGEST: f32 = 0.25;

/// Columns and rows, of the observation, by which places of `y` lie further in the frame before,
/// whose restored image is `x`. `None` where nothing moved, or too far.
pub fn translation(operator: &Operator, x: &Image, y: &Image) -> Option<[f32; 2]> {
    let mut pyramid: SmallVec<[Level; LEVELS]> = SmallVec::new();
    pyramid.push(Level::of(operator, x, y));
    while pyramid.len() < LEVELS {
        match pyramid.last().and_then(Level::halved) {
            Some(level) => pyramid.push(level),
            None => break,
        }
    }
    let mut motion = [0.0f32; 2];
    for level in pyramid.iter().rev() {
        motion = motion.map(|m| 2.0 * m);
        for _ in 0..PASSES {
            let Some([across, down]) = level.step(motion) else {
                break;
            };
            motion = [motion[0] + across, motion[1] + down];
        }
    }
    let [across, down] = motion;
    let finest = pyramid.first()?;
    let reach = [LARGEST * y.width as f32, LARGEST * y.height as f32];
    let moved = across.hypot(down) > STILL && across.abs() < reach[0] && down.abs() < reach[1];
    (moved && finest.is_better(motion)).then_some(motion)
}

/// Both frames as gray images, and 1 where a pixel is observed; one channel each.
struct Level {
    before: Image,
    now: Image,
    observed: Image,
}

impl Level {
    fn of(operator: &Operator, x: &Image, y: &Image) -> Self {
        let new = || Image::new(1, y.height, y.width);
        let [mut before, mut now, mut observed] = [new(), new(), new()];
        let share = 1.0 / y.channels as f32;
        for c in 0..y.channels {
            let residual = operator.residual(x, y, c);
            for (i, (y, r)) in y.plane(c).iter().zip(&residual.data).enumerate() {
                before.data[i] += share * (y - r);
                now.data[i] += share * y;
                if *r != 0.0 {
                    observed.data[i] = 1.0;
                }
            }
        }
        Self {
            before,
            now,
            observed,
        }
    }

    /// Means of two by two pixels; `None` where they would be too few.
    fn halved(&self) -> Option<Self> {
        let (height, width) = (self.now.height / 2, self.now.width / 2);
        let half = |image: &Image| {
            let mut out = Image::new(1, height, width);
            for y in 0..height {
                let (above, below) = (image.row(0, 2 * y), image.row(0, 2 * y + 1));
                let pairs = above.chunks_exact(2).zip(below.chunks_exact(2));
                let means = pairs.map(|(a, b)| 0.25 * (a[0] + a[1] + b[0] + b[1]));
                let row = out.row_mut(0, y).iter_mut();
                row.zip(means).for_each(|(v, mean)| *v = mean);
            }
            out
        };
        (height.min(width) >= LEAST_SIDE).then(|| Self {
            before: half(&self.before),
            now: half(&self.now),
            observed: half(&self.observed),
        })
    }

    /// What is to be added to a motion; `None` where the picture does not tell.
    fn step(&self, motion: [f32; 2]) -> Option<[f32; 2]> {
        let moved = shifted(&self.before, motion[0], motion[1]);
        let (variance, _) = self.residual(&moved, motion);
        let far = FAR * FAR * variance;
        // Normal equations of the two coordinates, gain and offset, and their right-hand side.
        let mut sums = [[0.0f64; 5]; 4];
        self.each_observed(motion, |y, x| {
            let row = moved.row(0, y);
            let across = f64::from(0.5 * (row[x + 1] - row[x - 1]));
            let down = f64::from(0.5 * (moved.row(0, y + 1)[x] - moved.row(0, y - 1)[x]));
            let residual = f64::from(self.now.row(0, y)[x] - row[x]);
            let weight = (far / (far + residual * residual)).powi(2);
            let terms = [across, down, f64::from(row[x]), 1.0, residual];
            for (sums, term) in sums.iter_mut().zip(terms) {
                let pairs = sums.iter_mut().zip(terms);
                pairs.for_each(|(sum, other)| *sum += weight * term * other);
            }
        });
        let [across, down, ..] = solved(sums)?;
        // Gradients tell of steps of a pixel or so.
        Some([across, down].map(|step| (step as f32).clamp(-LONGEST, LONGEST)))
    }

    /// Whether a motion explains the frame better than none, by more than chance.
    fn is_better(&self, motion: [f32; 2]) -> bool {
        let moved = shifted(&self.before, motion[0], motion[1]);
        let (variance, count) = self.residual(&moved, motion);
        let (still, _) = self.residual(&self.before, motion);
        (still - variance) * count > CHANCE * variance
    }

    /// Variance of the residual of observed pixels, those at the edges left out by a motion's
    /// reach, and their number.
    fn residual(&self, moved: &Image, motion: [f32; 2]) -> (f64, f64) {
        let [mut count, mut sum, mut squares] = [0.0f64; 3];
        self.each_observed(motion, |y, x| {
            let residual = f64::from(self.now.row(0, y)[x] - moved.row(0, y)[x]);
            count += 1.0;
            sum += residual;
            squares += residual * residual;
        });
        ((squares / count - (sum / count).powi(2)).max(1e-12), count)
    }

    /// Row and column of each observed pixel with neighbours in the moved frame before.
    fn each_observed(&self, motion: [f32; 2], mut with: impl FnMut(usize, usize)) {
        let inside = |shift: f32, len: usize| {
            let reach = shift.abs().ceil() as usize + 2;
            reach..len.saturating_sub(reach)
        };
        let (rows, columns) = (
            inside(motion[1], self.now.height),
            inside(motion[0], self.now.width),
        );
        for y in rows {
            let observed = self.observed.row(0, y);
            columns
                .clone()
                .filter(|x| observed[*x] == 1.0)
                .for_each(|x| with(y, x));
        }
    }
}

/// The solution of four equations, by elimination; `None` where they do not have one.
fn solved(mut rows: [[f64; 5]; 4]) -> Option<[f64; 4]> {
    for i in 0..4 {
        let pivot = (i..4).max_by(|a, b| rows[*a][i].abs().total_cmp(&rows[*b][i].abs()))?;
        rows.swap(i, pivot);
        let row = rows[i];
        if row[i].is_nan() || row[i].abs() < 1e-9 {
            return None;
        }
        for (_, other) in rows.iter_mut().enumerate().filter(|(j, _)| *j != i) {
            let share = other[i] / row[i];
            other.iter_mut().zip(row).for_each(|(o, r)| *o -= share * r);
        }
    }
    let found: [f64; 4] = std::array::from_fn(|i| rows[i][4] / rows[i][i]);
    found.iter().all(|v| v.is_finite()).then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operator::Degradation;

    fn scene(across: f32, down: f32, brighter: f32) -> Image {
        Image::from_fn(3, 90, 120, |c, y, x| {
            let (x, y) = (x as f32 + across, y as f32 + down);
            let fine = (0.9 * x + c as f32).sin() * (0.7 * y).cos();
            let coarse = (0.11 * x + 0.05 * y).sin() + (0.09 * y - 0.04 * x).cos();
            0.15 * fine + 0.3 * coarse + brighter
        })
    }

    fn found(across: f32, down: f32, brighter: f32, noise: f32) -> Option<[f32; 2]> {
        let operator = Operator::new(&Degradation::Denoise, 120, 90).expect("an operator");
        let normal = crate::sampler::normal_image(8, 0, 3, 90, 120);
        let mut y = scene(across, down, brighter);
        let pairs = y.data.iter_mut().zip(&normal.data);
        pairs.for_each(|(v, n)| *v += noise * n);
        translation(&operator, &scene(0.0, 0.0, 0.0), &y)
    }

    #[test]
    fn motions_of_parts_and_of_many_pixels_are_found_in_noise_and_through_fades() {
        for (across, down) in [(0.5, -0.3), (1.0, 0.0), (-3.2, 1.7), (11.0, -6.0)] {
            for (brighter, noise) in [(0.0, 0.0), (0.1, 0.1)] {
                let [x, y] = found(across, down, brighter, noise).expect("a motion");
                let off = (x - across).hypot(y - down);
                assert!(off < 0.06, "{across}, {down}: found {x}, {y}");
            }
        }
    }

    #[test]
    fn what_is_still_flat_or_unknown_does_not_move() {
        assert_eq!(found(0.0, 0.0, 0.1, 0.1), None);
        let operator = Operator::new(&Degradation::Denoise, 40, 30).expect("an operator");
        for value in [0.2, f32::NAN, f32::INFINITY] {
            let flat = Image::filled(3, 30, 40, 0.1);
            let now = Image::filled(3, 30, 40, value);
            assert_eq!(translation(&operator, &flat, &now), None, "{value}");
            assert_eq!(translation(&operator, &now, &flat), None, "{value}");
        }
    }
}
