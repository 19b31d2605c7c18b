// SPDX-License-Identifier: MPL-2.0
//! How steeply a blurred image can fall away from the end of the range.
//!
//! No scene exceeds the range by itself. So where its blurred image stands at the end of the range,
//! the scene stands there too, all over the kernel's support; and a neighbour, whose support
//! overlaps with that one, lies near the end. An image that falls away faster was cut off: the
//! scene went on beyond the range, and what the codes say there is no data.

use crate::operator::kernel::Psf;

/// Pixels from the clipped one up to which its neighbours are looked at.
pub const REACH: usize = 3;
/// Share of the kernel's weight that a rounded code leaves open.
const OPEN: f32 = 0.002;
/// One pixel to the right, left, below, above.
pub const DIRECTIONS: [(isize, isize); 4] = [(1, 0), (-1, 0), (0, 1), (0, -1)];

/// The largest distance from the end of the range, on the scale of [-1, 1], of a pixel that lies 1
/// to [`REACH`] pixels from a clipped one, in each direction.
#[derive(Clone, Debug, PartialEq)]
pub struct Slopes {
    pub largest: [[f32; REACH]; 4],
    /// How far to the right and down a blurred pixel lies from those that it is made of.
    pub support: Vec<(isize, isize)>,
}

impl Slopes {
    /// Those of images that were blurred by `psf`.
    pub fn of(psf: &Psf) -> Self {
        let support = support(psf);
        let (width, height) = (psf.width as isize, psf.height as isize);
        let forced = |x: isize, y: isize| {
            let inside = (0..width).contains(&x) && (0..height).contains(&y);
            inside && support[(y * width + x) as usize]
        };
        let largest = |(right, down): (isize, isize), distance: isize| {
            let moved = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
            let free = moved
                .filter(|&(x, y)| !forced(x - distance * right, y - distance * down))
                .map(|(x, y)| psf.data[(y * width + x) as usize]);
            2.0 * free.sum::<f32>()
        };
        let steps = |direction| std::array::from_fn(|i| largest(direction, i as isize + 1));
        let centred = |(x, y): (isize, isize)| (x - width / 2, y - height / 2);
        let all = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
        Self {
            largest: DIRECTIONS.map(steps),
            support: all.filter(|&(x, y)| forced(x, y)).map(centred).collect(),
        }
    }
}

/// Where the kernel weighs: its largest values, all but a share of [`OPEN`] of its sum.
fn support(psf: &Psf) -> Vec<bool> {
    let mut order: Vec<usize> = (0..psf.data.len()).collect();
    order.sort_by(|&a, &b| psf.data[a].total_cmp(&psf.data[b]));
    let mut support = vec![true; psf.data.len()];
    let mut open = 0.0;
    for i in order {
        open += psf.data[i];
        if open > OPEN {
            break;
        }
        support[i] = false;
    }
    support
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operator::kernel::Kernel;

    fn slopes(kernel: Kernel) -> [[f32; REACH]; 4] {
        Slopes::of(&kernel.psf().expect("a kernel")).largest
    }

    #[test]
    fn a_box_falls_by_a_column_a_pixel_and_a_line_at_once() {
        for found in slopes(Kernel::Uniform { size: 9 }) {
            for (i, found) in found.into_iter().enumerate() {
                assert!((found - 2.0 * (i + 1) as f32 / 9.0).abs() < 1e-4);
            }
        }
        let line = Kernel::Motion {
            length: 9.0,
            angle: 0.0,
            size: 0,
        };
        let [right, left, below, above] = slopes(line);
        assert!(right[0] < 0.3 && left[0] < 0.3, "{right:?} {left:?}");
        assert!(below[0] > 1.9 && above[0] > 1.9, "{below:?} {above:?}");
    }

    #[test]
    fn a_gaussian_begins_gently_and_no_blur_allows_any_step() {
        let [found, ..] = slopes(Kernel::Gaussian {
            size: 0,
            sigma: 1.7,
        });
        assert!(
            found[0] < 0.02 && found[1] < 0.06 && found[2] < 0.2,
            "{found:?}"
        );
        let none = slopes(Kernel::Uniform { size: 1 });
        assert!(
            none.iter()
                .flatten()
                .all(|slope| (slope - 2.0).abs() < 1e-6)
        );
    }
}
