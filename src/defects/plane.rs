// SPDX-License-Identifier: MPL-2.0
//! Gray frames of 8-bit codes with a margin around them, so that windows may reach over the edge.

use crate::image::filled;

/// Pixels of margin on each side, which repeat the edge.
pub const MARGIN: usize = 32;

/// A gray frame, codes 0 to 255, whose edge pixels go on into a margin.
#[derive(Clone, Debug)]
pub struct Plane {
    pub width: usize,
    pub height: usize,
    stride: usize,
    data: Vec<u8>,
}

impl Plane {
    /// A black frame of at least one pixel.
    pub fn new(width: usize, height: usize) -> Self {
        let (width, height) = (width.max(1), height.max(1));
        let stride = width + 2 * MARGIN;
        Self {
            width,
            height,
            stride,
            data: filled(stride * (height + 2 * MARGIN), 0),
        }
    }

    /// A frame whose code at (row, column) is `f(y, x)`.
    pub fn from_fn(width: usize, height: usize, f: impl Fn(usize, usize) -> u8) -> Self {
        let mut plane = Self::new(width, height);
        for y in 0..plane.height {
            let row = plane.row_mut(y).iter_mut().enumerate();
            row.for_each(|(x, v)| *v = f(y, x));
        }
        plane.extend();
        plane
    }

    /// Row `y` without its margin.
    pub fn row(&self, y: usize) -> &[u8] {
        let start = (y + MARGIN) * self.stride + MARGIN;
        &self.data[start..start + self.width]
    }

    /// Row `y` without its margin; [`Plane::extend`] follows the last change.
    pub fn row_mut(&mut self, y: usize) -> &mut [u8] {
        let start = (y + MARGIN) * self.stride + MARGIN;
        &mut self.data[start..start + self.width]
    }

    /// `len` codes from column `x` of row `y` on, both of which may lie in the margin. Places
    /// beyond it count as its outermost.
    pub fn span(&self, y: isize, x: isize, len: usize) -> &[u8] {
        let margin = MARGIN as isize;
        let y = (y + margin).clamp(0, (self.height + 2 * MARGIN) as isize - 1) as usize;
        let x = (x + margin).clamp(0, (self.stride - len) as isize) as usize;
        &self.data[y * self.stride + x..][..len]
    }

    /// Repeats the edges into the margin.
    pub fn extend(&mut self) {
        let (stride, width) = (self.stride, self.width);
        let rows = self.data.chunks_exact_mut(stride);
        for row in rows.skip(MARGIN).take(self.height) {
            let (first, last) = (row[MARGIN], row[MARGIN + width - 1]);
            row[..MARGIN].fill(first);
            row[MARGIN + width..].fill(last);
        }
        let (top, bottom) = (MARGIN, MARGIN + self.height - 1);
        for y in 0..MARGIN {
            self.data
                .copy_within(top * stride..(top + 1) * stride, y * stride);
            let below = (bottom + 1 + y) * stride;
            self.data
                .copy_within(bottom * stride..(bottom + 1) * stride, below);
        }
    }

    /// The same through a table of codes.
    pub fn through(&self, table: &[u8; 256]) -> Self {
        let mut out = self.clone();
        out.data
            .iter_mut()
            .for_each(|v| *v = table[usize::from(*v)]);
        out
    }

    /// Means of two by two pixels, the last odd row and column left out; `None` where the sides
    /// would be below `least`.
    pub fn halved(&self, least: usize) -> Option<Self> {
        let (width, height) = (self.width / 2, self.height / 2);
        if width.min(height) < least.max(1) {
            return None;
        }
        let mut out = Self::new(width, height);
        for y in 0..height {
            let (above, below) = (self.row(2 * y), self.row(2 * y + 1));
            let pairs = above.chunks_exact(2).zip(below.chunks_exact(2));
            for (v, (a, b)) in out.row_mut(y).iter_mut().zip(pairs) {
                let sum: u16 = [a[0], a[1], b[0], b[1]].map(u16::from).iter().sum();
                *v = ((sum + 2) / 4) as u8;
            }
        }
        out.extend();
        Some(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_margin_repeats_the_edge_and_ends_nowhere() {
        let plane = Plane::from_fn(3, 2, |y, x| (10 * y + x) as u8);
        assert_eq!(plane.row(1), [10, 11, 12]);
        assert_eq!(plane.span(-1, -2, 6), [0, 0, 0, 1, 2, 2]);
        assert_eq!(plane.span(900, 900, 2), [12, 12]);
        assert_eq!(plane.span(-900, -900, 2), [0, 0]);
        assert_eq!(Plane::new(0, 0).row(0), [0]);
    }

    #[test]
    fn halves_are_means_down_to_the_least_side() {
        let plane = Plane::from_fn(5, 4, |y, x| (40 * y + 10 * x) as u8);
        let half = plane.halved(2).expect("two by two");
        assert_eq!([half.row(0), half.row(1)], [[25, 45], [105, 125]]);
        assert!(half.halved(2).is_none() && Plane::new(1, 1).halved(0).is_none());
    }
}
