// SPDX-License-Identifier: MPL-2.0
//! Dead and hot pixels of a sensor, in frames that were blurred before they reached it.
//!
//! A blur spreads every point of the scene over its neighbours. So a pixel that stands out from all
//! of them by more than the kernel allows was made behind the lens.

use crate::image::{Image, Scratch};
use crate::operator::kernel::Psf;

/// Steps to one of two opposite neighbours: across, down, along both diagonals.
const AXES: [(isize, isize); 4] = [(1, 0), (0, 1), (1, 1), (1, -1)];
/// Largest spread of the neighbours, as a share of what the pixel stands out by: it is alone.
const SPREAD: f32 = 0.5;
/// Largest share of such pixels: of more the kernel is another one, or none.
const MOST: f32 = 0.01;

/// By how much, on the scale of [-1, 1], a pixel of an image that was blurred by a kernel can
/// exceed all of its neighbours.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Peak(f32);

impl Peak {
    /// That of images that were blurred by `psf`.
    ///
    /// A pixel exceeds two opposite neighbours by at most its distance from their mean. That is a
    /// weighted sum of the scene, whose values lie in [-1, 1]. The axis that allows least counts.
    pub fn of(psf: &Psf) -> Self {
        let (width, height) = (psf.width as isize, psf.height as isize);
        let at = |x: isize, y: isize| {
            let inside = (0..width).contains(&x) && (0..height).contains(&y);
            if inside {
                psf.data[(y * width + x) as usize]
            } else {
                0.0
            }
        };
        let peak = |(right, down): (isize, isize)| {
            let all = (-1..=height).flat_map(|y| (-1..=width).map(move |x| (x, y)));
            let weight = |(x, y): (isize, isize)| {
                let mean = 0.5 * (at(x + right, y + down) + at(x - right, y - down));
                (at(x, y) - mean).abs()
            };
            all.map(weight).sum()
        };
        Self(AXES.map(peak).into_iter().fold(f32::MAX, f32::min))
    }
}

/// 0 where a channel of `frame` stands out from all eight neighbours by more than `peak` and
/// `tolerance`, on the scale of [-1, 1], in one channel; `None` where none does. The outermost
/// pixels of the frame are not looked at.
pub fn without_dead(frame: &Image, peak: Peak, tolerance: f32) -> Option<Image> {
    let (width, height) = (frame.width, frame.height);
    let least = peak.0 + tolerance;
    // Nothing in the range can stand out by so much.
    if least >= 2.0 {
        return None;
    }
    let most = (MOST * (width * height) as f32) as usize + 1;
    let mut found = Scratch::with_capacity(most);
    for c in 0..frame.channels {
        let plane = frame.plane(c);
        for y in 1..height.saturating_sub(1) {
            for x in 1..width.saturating_sub(1) {
                let pixel = y * width + x;
                if !is_alone(plane, pixel, width, least) {
                    continue;
                }
                if found.len() == most {
                    return None;
                }
                found.push(pixel as u32);
            }
        }
    }
    if found.is_empty() {
        return None;
    }
    let mut mask = Image::filled(1, height, width, 1.0);
    found
        .iter()
        .for_each(|&pixel| mask.data[pixel as usize] = 0.0);
    Some(mask)
}

/// Whether an inner pixel stands out from all its neighbours to one side, and they do not differ.
fn is_alone(plane: &[f32], pixel: usize, width: usize, least: f32) -> bool {
    let value = plane[pixel];
    let mut alone = f32::MAX;
    let (mut low, mut high) = (f32::MAX, f32::MIN);
    let side = if value > plane[pixel + 1] { 1.0 } else { -1.0 };
    for (right, down) in AXES {
        let step = right + down * width as isize;
        let pair = [step, -step].map(|s| plane[pixel.wrapping_add_signed(s)]);
        for neighbour in pair {
            let by = side * (value - neighbour);
            if by < least {
                return false;
            }
            alone = alone.min(by);
            low = low.min(neighbour);
            high = high.max(neighbour);
        }
    }
    high - low <= SPREAD * alone
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operator::kernel::Kernel;
    use crate::operator::tests::textured;
    use crate::operator::{Degradation, Operator};

    fn gaussian() -> Kernel {
        Kernel::Gaussian {
            size: 0,
            sigma: 1.7,
        }
    }

    fn peak(kernel: &Kernel) -> Peak {
        Peak::of(&kernel.psf().expect("a kernel"))
    }

    /// The pixels that are dead in `frame`.
    fn dead(frame: &Image, kernel: &Kernel) -> Vec<usize> {
        let Some(mask) = without_dead(frame, peak(kernel), 0.03) else {
            return Vec::new();
        };
        (0..mask.data.len())
            .filter(|i| mask.data[*i] == 0.0)
            .collect()
    }

    #[test]
    fn pixels_that_no_lens_makes_are_found_and_a_star_is_not() {
        let mut scene = textured(60, 80);
        // The brightest and the darkest point that there can be.
        (0..3).for_each(|c| scene.row_mut(c, 40)[60] = 1.0);
        (0..3).for_each(|c| scene.row_mut(c, 45)[20] = -1.0);
        let blur = Operator::new(&Degradation::Blur(gaussian()), 80, 60).expect("an operator");
        let mut frame = blur.apply(&scene);
        assert!(dead(&frame, &gaussian()).is_empty());
        frame.row_mut(0, 10)[30] = 1.0;
        frame.row_mut(2, 30)[50] = -1.0;
        assert_eq!(dead(&frame, &gaussian()), [10 * 80 + 30, 30 * 80 + 50]);
        // Two neighbours, and the frame's edge.
        frame.row_mut(0, 10)[31] = 1.0;
        frame.row_mut(1, 0)[5] = 1.0;
        assert_eq!(dead(&frame, &gaussian()), [30 * 80 + 50]);
        assert!(dead(&frame, &Kernel::Uniform { size: 1 }).is_empty());
    }

    #[test]
    fn a_frame_that_stands_out_everywhere_was_not_blurred() {
        let salted = Image::from_fn(3, 60, 80, |_, y, x| {
            f32::from(u8::from((x % 4, y % 4) == (1, 1)))
        });
        assert!(dead(&salted, &gaussian()).is_empty());
    }

    #[test]
    fn the_axis_that_allows_least_counts() {
        // Two values of 1/9 differ from the mean of theirs by half of it, at each end; those at the
        // ends of the line are less.
        let line = Kernel::Motion {
            length: 9.0,
            angle: 0.0,
            size: 0,
        };
        for kernel in [Kernel::Uniform { size: 9 }, line] {
            let Peak(found) = peak(&kernel);
            assert!(found > 0.1 && found < 2.0 / 9.0 + 1e-5, "{found}");
        }
    }
}
