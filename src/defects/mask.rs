// SPDX-License-Identifier: MPL-2.0
//! Which pixels of a frame are defects.

use crate::image::filled;

/// The pixels of a frame that are defects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mask {
    pub width: usize,
    pub height: usize,
    /// Row by row; true where a pixel is a defect.
    pub marked: Vec<bool>,
}

impl Mask {
    /// A mask without defects.
    pub fn new(width: usize, height: usize) -> Self {
        Self {
            width,
            height,
            marked: filled(width * height, false),
        }
    }

    /// Row `y`.
    pub fn row(&self, y: usize) -> &[bool] {
        &self.marked[y * self.width..][..self.width]
    }

    /// Marks what another of its size marks.
    pub fn add(&mut self, other: &Self) {
        let pairs = self.marked.iter_mut().zip(&other.marked);
        pairs.for_each(|(own, other)| *own |= *other);
    }

    /// Share of the frame, 0 to 1, that is marked.
    pub fn share(&self) -> f64 {
        let marked = self.marked.iter().filter(|m| **m).count();
        marked as f64 / self.marked.len().max(1) as f64
    }

    /// Marks what lies at most `reach` rows and columns from a marked pixel.
    pub fn grow(&mut self, reach: usize) {
        if reach == 0 || self.marked.is_empty() {
            return;
        }
        let before = self.marked.clone();
        let (width, height) = (self.width, self.height);
        for y in 0..height {
            let line = &before[y * width..][..width];
            let out = &mut self.marked[y * width..][..width];
            spread(line.iter().copied(), reach, |x| out[x] = true);
        }
        let across = self.marked.clone();
        for x in 0..width {
            let column = (0..height).map(|y| across[y * width + x]);
            let marked = &mut self.marked;
            spread(column, reach, |y| marked[y * width + x] = true);
        }
    }
}

/// Calls `mark` for each place of a line that is at most `reach` from a marked one.
fn spread(line: impl ExactSizeIterator<Item = bool>, reach: usize, mut mark: impl FnMut(usize)) {
    let len = line.len();
    let mut next = 0;
    for (at, marked) in line.enumerate() {
        if marked {
            let end = (at + reach + 1).min(len);
            (next.max(at.saturating_sub(reach))..end).for_each(&mut mark);
            next = end;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_grow_into_squares_within_the_frame() {
        let mut mask = Mask::new(7, 4);
        mask.marked[7 + 5] = true;
        mask.grow(2);
        for y in 0..4 {
            for x in 0..7 {
                assert_eq!(mask.row(y)[x], (3..7).contains(&x), "{x}, {y}");
            }
        }
        assert!((mask.share() - 16.0 / 28.0).abs() < 1e-9);
        let mut none = Mask::new(1, 1);
        none.grow(3);
        assert_eq!(none.share(), 0.0);
    }
}
