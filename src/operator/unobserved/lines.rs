// SPDX-License-Identifier: MPL-2.0
//! Rows or columns at a frame's edges: how many of them make up a bar.

use smallvec::SmallVec;

use crate::image::{EIGHT_BIT_STEP, Image};

/// One code of 8 bits on the scale of [-1, 1].
const CODE: f32 = EIGHT_BIT_STEP as f32;
/// Deviation from its colour, root mean square, up to which a line is flat: a codec's rounding.
const FLAT: f32 = 2.0 * CODE;
/// The same in units of the deviation of the outermost line.
const NOISE: f32 = 1.5;
/// Largest deviation of a bar's outermost line: beyond it lies a picture.
const NOISIEST: f32 = 6.0 * CODE;
/// Least step from the bar to the picture, mean over the line.
const STEP: f32 = 6.0 * CODE;
/// How many times larger than the changes after it the step is.
const ALONE: f32 = 2.0;
/// Least share of the pixels after the step that differ from the bar.
const DIFFERENT: f32 = 0.3;
/// Least share of a line in the bar's colour where text stands in the bar.
const AROUND_TEXT: f32 = 0.5;
/// Flat lines that must follow such text.
const AFTER_TEXT: usize = 2;
/// The longest bar, as a share of the frame's side.
const LONGEST: f32 = 0.45;
/// Lines of the step itself, a mixture of bar and picture.
const MIXED: usize = 1;

/// Rows or columns of a frame.
#[derive(Clone, Copy)]
pub struct Lines<'a> {
    frame: &'a Image,
    count: usize,
    /// Distance of the lines in a plane, and of the pixels of a line.
    strides: [usize; 2],
    /// First pixel of a line, and the number of its pixels.
    first: usize,
    length: usize,
}

/// The colour of a bar, and how far a flat line deviates from it.
struct Flat {
    colour: SmallVec<[f32; 4]>,
    deviation: f32,
}

impl<'a> Lines<'a> {
    pub fn rows(frame: &'a Image) -> Self {
        Self {
            frame,
            count: frame.height,
            strides: [frame.width, 1],
            first: 0,
            length: frame.width,
        }
    }

    /// Without the first `top` and the last `bottom` pixels of each column.
    pub fn columns(frame: &'a Image, top: usize, bottom: usize) -> Self {
        Self {
            frame,
            count: frame.width,
            strides: [1, frame.width],
            first: top,
            length: frame.height - top - bottom,
        }
    }

    /// Lines of the bar at the first and at the last edge.
    pub fn bars(&self) -> (usize, usize) {
        (self.bar(|i| i), self.bar(|i| self.count - 1 - i))
    }

    /// Pixels of channel `c` of a line.
    fn pixels(&self, line: usize, c: usize) -> impl Iterator<Item = f32> + 'a {
        let [across, along] = self.strides;
        let start = line * across + self.first * along;
        let plane = &self.frame.plane(c)[start..];
        plane.iter().copied().step_by(along).take(self.length)
    }

    /// Mean over a line of `f` of two of its pixels, over all channels.
    fn mean(&self, line: usize, f: impl Fn(usize, usize, f32) -> f32) -> f32 {
        let values = (0..self.frame.channels).map(|c| {
            let pixels = self.pixels(line, c).enumerate();
            pixels.map(|(i, v)| f(c, i, v)).sum::<f32>()
        });
        values.sum::<f32>() / (self.frame.channels * self.length).max(1) as f32
    }

    /// Lines of the bar that begins at the edge; `line` counts from there.
    fn bar(&self, line: impl Fn(usize) -> usize) -> usize {
        let longest = (LONGEST * self.count as f32) as usize;
        if longest == 0 || self.length < 8 {
            return 0;
        }
        let Some(flat) = self.flat(line(0)) else {
            return 0;
        };
        let mut found = 0;
        let mut len = 1;
        loop {
            while len <= longest && self.is_flat(&flat, line(len)) {
                len += 1;
            }
            if len > longest {
                return found;
            }
            for mixed in 0..=MIXED {
                if self.is_step(&flat, &line, len + mixed) {
                    found = len + mixed;
                    break;
                }
            }
            match self.after_text(&flat, &line, len, longest) {
                Some(next) => len = next,
                None => return found,
            }
        }
    }

    /// The colour of an outermost line, where it has one.
    fn flat(&self, line: usize) -> Option<Flat> {
        let length = self.length as f32;
        let colour: SmallVec<[f32; 4]> = (0..self.frame.channels)
            .map(|c| self.pixels(line, c).sum::<f32>() / length)
            .collect();
        let deviation = self.deviation(&colour, line);
        (deviation <= NOISIEST).then_some(Flat { colour, deviation })
    }

    /// Root mean square distance of a line from a colour, in the channel where it is largest.
    fn deviation(&self, colour: &[f32], line: usize) -> f32 {
        let channel = |(c, colour): (usize, &f32)| {
            let squares = self.pixels(line, c).map(|v| (v - colour) * (v - colour));
            (squares.sum::<f32>() / self.length as f32).sqrt()
        };
        colour.iter().enumerate().map(channel).fold(0.0, f32::max)
    }

    fn is_flat(&self, flat: &Flat, line: usize) -> bool {
        self.deviation(&flat.colour, line) <= FLAT.max(NOISE * flat.deviation)
    }

    /// Whether a picture begins at line `at`: most of it differs from the bar, and by far more than
    /// it differs from the line after it.
    fn is_step(&self, flat: &Flat, line: &impl Fn(usize) -> usize, at: usize) -> bool {
        if at + 1 >= self.count {
            return false;
        }
        let (here, after) = (line(at), line(at + 1));
        let [across, along] = self.strides;
        let next =
            |c: usize, i: usize| self.frame.plane(c)[after * across + (self.first + i) * along];
        let step = self.mean(here, |c, _, v| (v - flat.colour[c]).abs());
        let change = self.mean(here, |c, i, v| (v - next(c, i)).abs());
        let far = FLAT.max(3.0 * flat.deviation);
        let different = self.mean(here, |c, _, v| {
            f32::from(u8::from((v - flat.colour[c]).abs() > far))
        });
        step >= STEP.max(3.0 * flat.deviation) && step >= ALONE * change && different >= DIFFERENT
    }

    /// The first line after text that stands in the bar from line `at` on.
    fn after_text(
        &self,
        flat: &Flat,
        line: &impl Fn(usize) -> usize,
        at: usize,
        longest: usize,
    ) -> Option<usize> {
        let far = FLAT.max(3.0 * flat.deviation);
        let around = |i: usize| {
            let near = self.mean(line(i), |c, _, v| {
                f32::from(u8::from((v - flat.colour[c]).abs() <= far))
            });
            near >= AROUND_TEXT
        };
        let mut in_a_row = 0;
        for i in at..=longest {
            if self.is_flat(flat, line(i)) {
                in_a_row += 1;
                if in_a_row == AFTER_TEXT {
                    return Some(i + 1);
                }
            } else if around(i) {
                in_a_row = 0;
            } else {
                return None;
            }
        }
        None
    }
}
