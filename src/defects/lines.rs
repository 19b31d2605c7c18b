// SPDX-License-Identifier: MPL-2.0
//! Thin vertical lines of one frame, which may be scratches: columns that are brighter, or darker,
//! than what lies on both sides of them, over a part of the height.

use super::bands::{BAND, Bands, LEAST};
use super::compensate::Residual;
use super::mask::Mask;
use crate::image::filled;

/// The same in usual contrasts of the band.
const UNUSUAL: f32 = 3.0;
/// Share of what a line needs that noise and texture reach.
const CHANCE: f32 = 0.6;
/// What a step of a column from band to band costs, where a band brings 1 at most.
const STEP: f32 = 0.15;
/// Least height of a line, as a share of the frame's.
const SHORTEST: f32 = 0.3;
/// Largest share of its bands in which a line may be the rim of an edge.
const EDGES: f32 = 0.4;
/// Share of its bands in which a line is not in the scene before, where it is new.
const NEW: f32 = 0.6;
/// Lines of a frame, at most.
const MOST: usize = 64;

/// A line: its column in each band that it passes.
#[derive(Clone, Debug)]
pub struct Line {
    pub bright: bool,
    /// The first band that it passes.
    pub first: usize,
    /// Its middle in each band from there on, in pixels and parts of them.
    pub columns: Vec<f32>,
}

impl Line {
    /// The bands that it passes.
    pub fn bands(&self) -> std::ops::Range<usize> {
        self.first..self.first + self.columns.len()
    }

    /// Its column in a band that it passes.
    pub fn at(&self, band: usize) -> f32 {
        self.columns[band - self.first]
    }
}

/// The lines of a frame, the longest first. `ease` divides the contrast that they need.
pub fn find(bands: &Bands, ease: f32) -> Vec<Line> {
    let mut found = Vec::new();
    for bright in [true, false] {
        let gains = gains(bands, bright, ease);
        found.extend(paths(bands, &gains, bright));
    }
    found.sort_by_key(|line| std::cmp::Reverse(line.columns.len()));
    found.truncate(MOST);
    found
}

/// What each column of each band tells for a line there, 1 at most, and less than 0 against it.
fn gains(bands: &Bands, bright: bool, ease: f32) -> Vec<f32> {
    let width = bands.width;
    let mut gains = filled(width * bands.count, 0.0f32);
    let mut sorted = Vec::with_capacity(width);
    for (band, gains) in gains.chunks_exact_mut(width).enumerate() {
        sorted.clear();
        for (x, gain) in gains.iter_mut().enumerate() {
            *gain = bands.contrast(band, x as isize, bright);
            sorted.push(gain.abs());
        }
        let usual = *sorted.select_nth_unstable_by(width / 2, f32::total_cmp).1;
        let needed = LEAST.max(UNUSUAL * usual) / ease;
        let gain = |v: &mut f32| *v = (*v / needed - CHANCE).clamp(-1.0, 1.0);
        gains.iter_mut().for_each(gain);
    }
    gains
}

/// The best paths down the bands, none of which are near another.
fn paths(bands: &Bands, gains: &[f32], bright: bool) -> Vec<Line> {
    let (width, count) = (bands.width, bands.count);
    let mut sums: Vec<f32> = filled(width * count, 0.0);
    let mut steps: Vec<i8> = filled(width * count, 0);
    /// No path came before.
    const BEGIN: i8 = 2;
    for band in 0..count {
        for x in 0..width {
            let mut best = (0.0, BEGIN);
            if band > 0 {
                for step in [0i8, -1, 1] {
                    let from = x as isize + isize::from(step);
                    if (0..width as isize).contains(&from) {
                        let sum = sums[(band - 1) * width + from as usize];
                        let sum = sum - STEP * f32::from(step.abs());
                        if sum > best.0 {
                            best = (sum, step);
                        }
                    }
                }
            }
            let at = band * width + x;
            sums[at] = best.0 + gains[at];
            steps[at] = best.1;
        }
    }
    let shortest = (SHORTEST * count as f32).max(3.0);
    let mut found = Vec::new();
    let mut taken: Vec<bool> = filled(width * count, false);
    let mut ends: Vec<u32> = (0..width * count)
        .filter(|at| sums[*at] * (1.0 / (1.0 - CHANCE)) >= shortest * 0.6)
        .map(|at| at as u32)
        .collect();
    ends.sort_by(|a, b| sums[*b as usize].total_cmp(&sums[*a as usize]));
    for end in ends {
        if found.len() >= MOST {
            break;
        }
        let (mut band, mut x) = (end as usize / width, end as usize % width);
        let mut columns = Vec::new();
        let free = loop {
            let at = band * width + x;
            if taken[at] {
                break false;
            }
            columns.push(bands.middle(band, x, bright));
            match steps[at] {
                BEGIN => break true,
                step => x = (x as isize + isize::from(step)) as usize,
            }
            band -= 1;
        };
        if !free || (columns.len() as f32) < shortest {
            continue;
        }
        columns.reverse();
        let lopsided = |(i, x): &(usize, &f32)| bands.is_lopsided(band + i, **x, bright);
        let edges = columns.iter().enumerate().filter(lopsided).count();
        if edges as f32 > EDGES * columns.len() as f32 {
            continue;
        }
        for (i, column) in columns.iter().enumerate() {
            let middle = column.round() as usize;
            let near = middle.saturating_sub(5)..(middle + 6).min(width);
            taken[(band + i) * width..][near].fill(true);
        }
        found.push(Line {
            bright,
            first: band,
            columns,
        });
    }
    found
}

/// Whether the frame before, moved along, shows the place of a line without it.
pub fn is_new(line: &Line, bands: &Bands, before: &Residual) -> bool {
    let sign = if line.bright { 1.0 } else { -1.0 };
    let rows = before.differences.len() / bands.width;
    let shows = |band: &usize| {
        let x = line.at(*band).round() as isize;
        let rows = band * BAND..((band + 1) * BAND).min(rows);
        let share = 1.0 / rows.len().max(1) as f32;
        let mean = |x: isize| {
            let x = x.clamp(0, bands.width as isize - 1) as usize;
            let of = |y: usize| f32::from(before.differences[y * bands.width + x]);
            share * sign * rows.clone().map(of).sum::<f32>()
        };
        let differs = (-1..=1).map(|d| mean(x + d)).fold(0.0, f32::max);
        differs > (0.5 * bands.contrast(*band, x, line.bright)).max(LEAST)
    };
    line.bands().filter(shows).count() as f32 > NEW * line.columns.len() as f32
}

/// Marks a line.
pub fn mark(line: &Line, bands: &Bands, mask: &mut Mask) {
    for band in line.bands() {
        let columns = bands.extent(band, line.at(band), line.bright);
        for y in band * BAND..((band + 1) * BAND).min(mask.height) {
            mask.marked[y * mask.width..][columns.clone()].fill(true);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::plane::Plane;
    use super::*;

    /// A frame with a bright line of two pixels, slanted, in its middle rows.
    fn frame(contrast: f32) -> Plane {
        Plane::from_fn(120, 160, |y, x| {
            let (x, y) = (x as f32, y as f32);
            let scene = 110.0 + 30.0 * (0.05 * x).sin() + 20.0 * (0.2 * y).cos();
            let line = (x - 60.0 - 0.02 * y).abs() <= 1.0 && (40.0..120.0).contains(&y);
            (scene + if line { contrast } else { 0.0 }) as u8
        })
    }

    #[test]
    fn a_thin_line_is_found_where_it_is_and_marked_in_its_width() {
        let bands = Bands::of(&frame(30.0));
        let found = find(&bands, 1.0);
        assert_eq!(found.len(), 1, "{found:?}");
        let line = &found[0];
        assert!(line.bright && line.bands() == (5..15), "{line:?}");
        for band in line.bands() {
            let wanted = 60.0 + 0.02 * (band as f32 + 0.5) * BAND as f32;
            assert!(
                (line.at(band) - wanted).abs() < 0.6,
                "{band}: {}",
                line.at(band)
            );
        }
        let mut mask = Mask::new(120, 160);
        mark(line, &bands, &mut mask);
        let count = mask.row(80).iter().filter(|m| **m).count();
        assert!((2..=3).contains(&count) && mask.row(80)[62], "{count}");
        assert!(!mask.row(20).contains(&true));
    }

    #[test]
    fn edges_and_plain_pictures_hold_no_lines() {
        assert!(find(&Bands::of(&frame(0.0)), 1.0).is_empty());
        let edge = Plane::from_fn(60, 80, |_, x| if x < 30 { 50 } else { 200 });
        assert!(find(&Bands::of(&edge), 1.0).is_empty());
        for (width, height) in [(1, 1), (1, 90), (90, 1), (7, 33)] {
            let flat = Plane::from_fn(width, height, |_, _| 90);
            assert!(find(&Bands::of(&flat), 2.0).is_empty());
        }
    }
}
