// SPDX-License-Identifier: MPL-2.0
//! Steps on a grid of 8x8 pixels, which codecs leave.

use super::luma::Luma;

/// Pixels of a block's side.
const SIDE: usize = 8;
/// A difference of neighbours that is larger, in codes, is an edge of the picture.
const EDGE: f32 = 24.0;
/// Added to all, in codes, so that flat pictures have no grid of rounding.
const FLOOR: f32 = 0.1;

/// A grid in a frame.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Grid {
    /// By how much neighbours across the grid differ more than others, as a share: 0 is no grid.
    pub strength: f32,
    /// Columns and rows before the first line of the grid, 0 to 7.
    pub place: (usize, usize),
}

impl Grid {
    /// That of a frame's luma. The strength is the lesser one of both directions.
    pub fn of(luma: &Luma) -> Self {
        let across = strongest(&steps(luma.width, luma.height, |x, y| luma.at(x, y)));
        let down = strongest(&steps(luma.height, luma.width, |y, x| luma.at(x, y)));
        Self {
            strength: across.0.min(down.0).max(0.0),
            place: (across.1, down.1),
        }
    }
}

/// Mean difference of neighbours `along` a side, by the place in the grid of the second one, less
/// what the differences beside it let expect.
fn steps(along: usize, lines: usize, at: impl Fn(usize, usize) -> f32) -> [(f32, f32); SIDE] {
    let mut sums = [(0.0f64, 0.0f64, 0u32); SIDE];
    for line in 0..lines {
        for i in 2..along.saturating_sub(1) {
            let apart = |i: usize| (at(i, line) - at(i - 1, line)).abs().min(EDGE);
            let (own, beside) = (apart(i), (apart(i - 1) + apart(i + 1)) / 2.0);
            let sum = &mut sums[i % SIDE];
            *sum = (
                sum.0 + f64::from(own - beside),
                sum.1 + f64::from(beside),
                sum.2 + 1,
            );
        }
    }
    sums.map(|(more, beside, count)| {
        let count = f64::from(count.max(1));
        ((more / count) as f32, (beside / count) as f32)
    })
}

/// How much the strongest place stands out of most others, and which it is. Up to two others may
/// stand out too: what moves takes the grid with it. Every second one does so where a picture was
/// enlarged, which makes no grid.
fn strongest(steps: &[(f32, f32); SIDE]) -> (f32, usize) {
    let mut order: [usize; SIDE] = std::array::from_fn(|i| i);
    order.sort_by(|a, b| steps[*b].0.total_cmp(&steps[*a].0));
    let (best, other) = (order[0], order[3]);
    let apart = steps[best].0 - steps[other].0;
    (apart / (steps[best].1 + FLOOR), best)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A soft picture in which blocks, from a place on, stand `step` codes higher than others.
    fn blocky(step: f32, x0: usize, y0: usize) -> Luma {
        Luma::of(131, 97, |x, y| {
            let soft = 90.0 + 40.0 * (x as f32 * 0.07).sin() + 30.0 * (y as f32 * 0.05).cos();
            let (column, row) = ((x + SIDE - x0) / SIDE, (y + SIDE - y0) / SIDE);
            let grain = ((x * 7 + y * 13 + x * y % 5) % 3) as f32;
            soft + grain + step * ((column * 5 + row * 3) % 4) as f32
        })
    }

    #[test]
    fn a_grid_is_found_where_it_lies() {
        for (x, y) in [(0, 0), (3, 6)] {
            let grid = Grid::of(&blocky(4.0, x, y));
            assert!(grid.strength > 0.5, "{grid:?}");
            assert_eq!(grid.place, (x, y));
        }
        assert!(Grid::of(&blocky(2.0, 0, 0)).strength < Grid::of(&blocky(6.0, 0, 0)).strength);
    }

    #[test]
    fn a_picture_without_blocks_has_no_grid() {
        for luma in [
            blocky(0.0, 0, 0),
            Luma::of(40, 30, |_, _| 50.0),
            Luma::of(2, 1, |_, _| 50.0),
            // Every second column and row is a mean of its neighbours.
            Luma::of(128, 96, |x, y| {
                let at = |x: usize, y: usize| ((x / 2 * 31 + y / 2 * 17) % 23 * 9) as f32;
                let across = (at(x, y) + at(x + x % 2, y)) / 2.0;
                (across + (at(x, y + y % 2) + at(x + x % 2, y + y % 2)) / 2.0) / 2.0
            }),
        ] {
            assert!(Grid::of(&luma).strength < 0.15, "{:?}", Grid::of(&luma));
        }
    }
}
