// SPDX-License-Identifier: MPL-2.0
//! Clipped areas that hold no data, for the scene went on beyond the range: see `slopes`.

use super::clipped::{AT_END, FREE, at_end, cores};
use super::slopes::{DIRECTIONS, REACH, Slopes};
use crate::image::{Image, Scratch};

/// Least share of an area's edge that falls away too fast, where it is cut off.
const STEEP: f32 = 0.25;

/// Further marks of a pixel.
const VISITED: u32 = 2;
const CUT_OFF: u32 = 3;
const OUTSIDE: u32 = 4;

/// 1 where a channel of `frame` was cut off, and where the kernel's support reaches such a pixel,
/// in one channel; `None` where nothing was.
///
/// Clipped areas were cut off where a quarter of their edge falls away faster than `slopes` and
/// `tolerance`, on the scale of [-1, 1], allow. How bright they really are is not known. So it is
/// not known either what they spread over the pixels around them.
pub fn cut_off(frame: &Image, slopes: &Slopes, tolerance: f32) -> Option<Image> {
    let mut found: Option<Image> = None;
    for c in 0..frame.channels {
        for sign in [1.0, -1.0] {
            let plane = frame.plane(c);
            let marks = at_end(plane, sign);
            let cores = cores(&marks, frame.width);
            if cores.iter().all(|core| *core == FREE) {
                continue;
            }
            let search = Search {
                plane,
                sign,
                width: frame.width,
                slopes,
                tolerance,
            };
            let mut marks = search.framed(&marks);
            if search.mark(&mut marks, &cores) {
                let none = || Image::new(1, frame.height, frame.width);
                search.spread(&marks, found.get_or_insert_with(none));
            }
        }
    }
    found
}

/// The areas of one channel at one end of the range.
///
/// Their marks stand in a frame of [`OUTSIDE`] one pixel wide, so that each has eight neighbours.
struct Search<'a> {
    plane: &'a [f32],
    sign: f32,
    width: usize,
    slopes: &'a Slopes,
    tolerance: f32,
}

impl Search<'_> {
    /// Width of a row of framed marks.
    fn stride(&self) -> usize {
        self.width + 2
    }

    /// `marks` of the plane's size, with their frame.
    fn framed(&self, marks: &[u32]) -> Scratch<u32> {
        let stride = self.stride();
        let rows = marks.chunks_exact(self.width);
        let mut framed = Scratch::filled((rows.len() + 2) * stride, OUTSIDE);
        for (out, row) in framed[stride..].chunks_exact_mut(stride).zip(rows) {
            out[1..=self.width].copy_from_slice(row);
        }
        framed
    }

    /// Column and row in the plane of a framed mark that is not outside.
    fn place(&self, mark: usize) -> (usize, usize) {
        (mark % self.stride() - 1, mark / self.stride() - 1)
    }

    /// The framed mark so far to the right of another and below it; one pixel away at most.
    fn beside(&self, mark: usize, (right, down): (isize, isize)) -> usize {
        mark.wrapping_add_signed(down * self.stride() as isize + right)
    }

    /// Marks connected areas around `cores` that are cut off; whether there are any.
    fn mark(&self, marks: &mut [u32], cores: &[u32]) -> bool {
        let mut area = Scratch::with_capacity(cores.len());
        let mut any = false;
        for (y, row) in cores.chunks_exact(self.width).enumerate() {
            for x in (0..self.width).filter(|x| row[*x] != FREE) {
                let start = (y + 1) * self.stride() + x + 1;
                if marks[start] != AT_END {
                    continue;
                }
                area.clear();
                self.collect(start, &mut area, marks);
                if self.is_cut_off(&area, marks) {
                    area.iter()
                        .for_each(|&pixel| marks[pixel as usize] = CUT_OFF);
                    any = true;
                }
            }
        }
        any
    }

    /// Puts the area of `start` into `area`, and marks it as visited.
    fn collect(&self, start: usize, area: &mut Scratch<u32>, marks: &mut [u32]) {
        area.push(start as u32);
        marks[start] = VISITED;
        let mut next = 0;
        while let Some(&pixel) = area.get(next) {
            next += 1;
            for down in -1..=1 {
                let left = self.beside(pixel as usize, (-1, down));
                for (other, mark) in (left..).zip(&mut marks[left..left + 3]) {
                    if *mark == AT_END {
                        *mark = VISITED;
                        area.push(other as u32);
                    }
                }
            }
        }
    }

    /// Sets `out` to 1 where the kernel's support reaches an area that was cut off.
    fn spread(&self, marks: &[u32], out: &mut Image) {
        for (pixel, _) in marks.iter().enumerate().filter(|(_, m)| **m == CUT_OFF) {
            let (x, y) = self.place(pixel);
            out.row_mut(0, y)[x] = 1.0;
            // What an inner pixel reaches, the edge reaches too, or it is marked itself.
            let inner = |mark| mark == CUT_OFF || mark == OUTSIDE;
            if DIRECTIONS
                .iter()
                .all(|step| inner(marks[self.beside(pixel, *step)]))
            {
                continue;
            }
            for &(right, down) in &self.slopes.support {
                if let Some(other) = self.inside(pixel, right, down) {
                    out.data[other] = 1.0;
                }
            }
        }
    }

    /// Whether enough of an area's edge is too steep.
    fn is_cut_off(&self, area: &[u32], marks: &[u32]) -> bool {
        let (mut edge, mut steep) = (0usize, 0usize);
        for &pixel in area {
            let pixel = pixel as usize;
            for (step, slopes) in DIRECTIONS.iter().zip(&self.slopes.largest) {
                if marks[self.beside(pixel, *step)] != FREE {
                    continue;
                }
                edge += 1;
                let falls = |i: usize| {
                    let by = i as isize + 1;
                    let other = self.inside(pixel, by * step.0, by * step.1);
                    let value = other.map(|other| self.sign * self.plane[other]);
                    value.is_some_and(|v| 1.0 - v > slopes[i] + self.tolerance)
                };
                steep += usize::from((0..REACH).any(falls));
            }
        }
        steep as f32 > STEEP * edge as f32
    }

    /// The pixel of the plane so far to the right of a framed mark and below it.
    fn inside(&self, mark: usize, right: isize, down: isize) -> Option<usize> {
        let (x, y) = self.place(mark);
        let (x, y) = (x.checked_add_signed(right)?, y.checked_add_signed(down)?);
        let inside = x < self.width && y < self.plane.len() / self.width;
        inside.then_some(y * self.width + x)
    }
}
