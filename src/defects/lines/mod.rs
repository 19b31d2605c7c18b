// SPDX-License-Identifier: MPL-2.0
//! Thin vertical lines of one frame, which may be scratches: columns that are brighter, or darker,
//! than what lies on both sides of them, over a part of the height.

mod bands;

pub use bands::Bands;

use super::mask::Mask;
use crate::image::filled;

/// Rows whose mean is looked at together.
pub const BAND: usize = 8;
/// Least contrast of a line to both of its sides at sensitivity 0.5, in codes.
const LEAST: f32 = 4.0;
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
/// Share of what the shortest line brings at best from which on a path is looked at.
const PROMISING: f32 = 0.6;
/// Columns beside a line in which there is no other.
const NEAR: usize = 5;
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

/// No path came before.
const BEGIN: i8 = 2;

/// Paths down the bands that end at each place.
struct Paths {
    /// What the best one brings.
    sums: Vec<f32>,
    /// Where it came from: a step of a column, or [`BEGIN`].
    steps: Vec<i8>,
}

impl Paths {
    fn of(width: usize, gains: &[f32]) -> Self {
        let mut out = Self {
            sums: filled(gains.len(), 0.0),
            steps: filled(gains.len(), BEGIN),
        };
        for (at, gain) in gains.iter().enumerate() {
            let mut best = (0.0, BEGIN);
            let x = (at % width) as isize;
            for step in [0i8, -1, 1] {
                let inside = at >= width && (0..width as isize).contains(&(x + isize::from(step)));
                if inside {
                    let from = (at - width) as isize + isize::from(step);
                    let sum = out.sums[from as usize] - STEP * f32::from(step.abs());
                    if sum > best.0 {
                        best = (sum, step);
                    }
                }
            }
            out.sums[at] = best.0 + gain;
            out.steps[at] = best.1;
        }
        out
    }

    /// The line that ends at a place; `None` where it meets one that is `taken`.
    fn back(&self, end: usize, bands: &Bands, taken: &[bool], bright: bool) -> Option<Line> {
        let (mut at, mut columns) = (end, Vec::new());
        loop {
            if taken[at] {
                return None;
            }
            let (band, x) = (at / bands.width, at % bands.width);
            columns.push(bands.middle(band, x, bright));
            if self.steps[at] == BEGIN {
                columns.reverse();
                return Some(Line {
                    bright,
                    first: band,
                    columns,
                });
            }
            at = (at - bands.width).saturating_add_signed(self.steps[at].into());
        }
    }
}

/// The best paths down the bands, none of which are near another.
fn paths(bands: &Bands, gains: &[f32], bright: bool) -> Vec<Line> {
    let width = bands.width;
    let paths = Paths::of(width, gains);
    let shortest = (SHORTEST * bands.count as f32).max(3.0);
    let least = PROMISING * (1.0 - CHANCE) * shortest;
    let ends = 0..gains.len() as u32;
    let mut ends: Vec<u32> = ends
        .filter(|at| paths.sums[*at as usize] >= least)
        .collect();
    ends.sort_by(|a, b| paths.sums[*b as usize].total_cmp(&paths.sums[*a as usize]));
    let mut found = Vec::new();
    let mut taken: Vec<bool> = filled(gains.len(), false);
    for end in ends {
        if found.len() >= MOST {
            break;
        }
        let Some(line) = paths.back(end as usize, bands, &taken, bright) else {
            continue;
        };
        let lopsided = |band: &usize| bands.is_lopsided(*band, line.at(*band), bright);
        let edges = line.bands().filter(lopsided).count() as f32;
        let count = line.columns.len() as f32;
        if count < shortest || edges > EDGES * count {
            continue;
        }
        for band in line.bands() {
            let middle = line.at(band).round() as usize;
            let near = middle.saturating_sub(NEAR)..(middle + NEAR + 1).min(width);
            taken[band * width..][near].fill(true);
        }
        found.push(line);
    }
    found
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
    use super::*;
    use crate::defects::plane::Plane;

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
