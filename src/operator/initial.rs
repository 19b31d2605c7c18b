// SPDX-License-Identifier: MPL-2.0
//! Plain inverses for the initial estimate: bicubic upscaling, and holes filled from around them.

use smallvec::SmallVec;

use crate::image::{Image, Scratch};

/// Keys' cubic interpolation kernel with a = -1/2 (Keys 1981), which reproduces parabolas. `x` is a
/// distance in pixels; from 2 on the kernel is zero.
pub fn keys(x: f64) -> f64 {
    let x = x.abs();
    if x < 1.0 {
        (1.5 * x - 2.5) * x * x + 1.0
    } else if x < 2.0 {
        ((-0.5 * x + 2.5) * x - 4.0) * x + 2.0
    } else {
        0.0
    }
}

/// The image `scale` times larger, bicubic. Pixels are centred at halves; edge pixels are repeated
/// outwards.
pub fn upscaled(image: &Image, scale: usize) -> Image {
    let phases: SmallVec<[(isize, [f32; 4]); 4]> = (0..scale)
        .map(|phase| {
            let at = (phase as f64 + 0.5) / scale as f64 - 0.5;
            let taps = [-1.0, 0.0, 1.0, 2.0].map(|d| keys(at - at.floor() - d) as f32);
            (at.floor() as isize - 1, taps)
        })
        .collect();
    let (width, height) = (image.width * scale, image.height * scale);
    let mut out = Image::new(image.channels, height, width);
    let mut line = Scratch::filled(image.width + 6, 0.0f32);
    let clamp = |i: isize| i.clamp(0, image.height as isize - 1) as usize;
    for c in 0..image.channels {
        for y in 0..height {
            let (first, taps) = phases[y % scale];
            let top = (y / scale) as isize + first;
            let rows = [0, 1, 2, 3].map(|i| image.row(c, clamp(top + i)));
            // Three more pixels at each end stand for the repeated edge.
            for x in 0..image.width {
                line[x + 3] = taps[0] * rows[0][x]
                    + taps[1] * rows[1][x]
                    + taps[2] * rows[2][x]
                    + taps[3] * rows[3][x];
            }
            let (start, end) = (line[3], line[image.width + 2]);
            line[..3].fill(start);
            line[image.width + 3..].fill(end);
            let out = out.row_mut(c, y);
            for (phase, (first, taps)) in phases.iter().enumerate() {
                let line = &line[(first + 3) as usize..];
                let out = out[phase..].iter_mut().step_by(scale);
                for (out, v) in out.zip(line.windows(4)) {
                    *out = taps[0] * v[0] + taps[1] * v[1] + taps[2] * v[2] + taps[3] * v[3];
                }
            }
        }
    }
    out
}

/// Fills the pixels of `y` where `mask` is 0 from ever coarser means of the others (push-pull).
///
/// `mask` has one channel of 0 and 1. Where nothing is observed at all the result is 0.
pub fn filled(y: &Image, mask: &Image) -> Image {
    if mask.data.iter().all(|m| *m > 0.0) || y.width * y.height <= 1 {
        return y.clone();
    }
    let (coarse, observed) = halved(y, mask);
    let coarse = filled(&coarse, &observed);
    let mut out = y.clone();
    for c in 0..y.channels {
        for row in 0..y.height {
            let near = row / 2;
            let other = neighbour(row, coarse.height);
            let (near, other) = (coarse.row(c, near), coarse.row(c, other));
            let mask = mask.row(0, row);
            for (x, (out, m)) in out.row_mut(c, row).iter_mut().zip(mask).enumerate() {
                if *m == 0.0 {
                    let (i, j) = (x / 2, neighbour(x, near.len()));
                    *out = 0.5625 * near[i] + 0.1875 * (near[j] + other[i]) + 0.0625 * other[j];
                }
            }
        }
    }
    out
}

/// The coarse pixel on the other side of fine pixel `i`. Bilinear weights are 3/4 for its own
/// coarse pixel and 1/4 for that one.
fn neighbour(i: usize, len: usize) -> usize {
    if i.is_multiple_of(2) {
        (i / 2).saturating_sub(1)
    } else {
        (i / 2 + 1).min(len - 1)
    }
}

/// Means of the observed pixels of each 2x2 block, and a mask of the blocks that have any.
fn halved(y: &Image, mask: &Image) -> (Image, Image) {
    let (height, width) = (y.height.div_ceil(2), y.width.div_ceil(2));
    let mut counts = Image::new(1, height, width);
    for row in 0..y.height {
        let fine = mask.row(0, row).chunks(2);
        for (count, pair) in counts.row_mut(0, row / 2).iter_mut().zip(fine) {
            *count += pair.iter().sum::<f32>();
        }
    }
    let mut means = Image::new(y.channels, height, width);
    for c in 0..y.channels {
        for row in 0..y.height {
            let fine = y.row(c, row).chunks(2).zip(mask.row(0, row).chunks(2));
            for (mean, (pair, mask)) in means.row_mut(c, row / 2).iter_mut().zip(fine) {
                *mean += pair.iter().zip(mask).map(|(v, m)| v * m).sum::<f32>();
            }
        }
        let plane = means.plane_mut(c).iter_mut();
        plane.zip(&counts.data).for_each(|(v, n)| *v /= n.max(1.0));
    }
    counts.data.iter_mut().for_each(|n| *n = n.min(1.0));
    (means, counts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operator::tests::noise;

    #[test]
    fn keys_kernel_weighs_one_at_zero_and_sums_to_one() {
        assert_eq!(keys(0.0), 1.0);
        for x in [1.0, 2.0, -1.0, 5.0] {
            assert_eq!(keys(x), 0.0);
        }
        for i in 0..10 {
            let x = f64::from(i) / 10.0;
            let sum: f64 = (-2..3).map(|d| keys(x - f64::from(d))).sum();
            assert!((sum - 1.0).abs() < 1e-12);
        }
    }

    #[test]
    fn upscaling_a_parabola_gives_the_parabola() {
        let f = |y: f32, x: f32| 0.3 * y - 0.2 * x + 0.01 * y * y - 0.02 * x * y + 0.015 * x * x;
        for scale in [2, 3, 4] {
            let small = Image::from_fn(2, 9, 11, |c, y, x| f(y as f32, x as f32) + c as f32);
            let large = upscaled(&small, scale);
            assert_eq!((large.height, large.width), (9 * scale, 11 * scale));
            for c in 0..2 {
                for y in 2 * scale..7 * scale {
                    for x in 2 * scale..9 * scale {
                        let place = |i: usize| (i as f32 + 0.5) / scale as f32 - 0.5;
                        let want = f(place(y), place(x)) + c as f32;
                        let found = large.row(c, y)[x];
                        assert!((found - want).abs() < 1e-4, "x{scale}: {found}, not {want}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_flat_image_stays_flat_when_upscaled_whatever_its_size() {
        for (height, width) in [(1, 1), (1, 5), (2, 3)] {
            for v in &upscaled(&Image::filled(1, height, width, 0.5), 3).data {
                assert!((v - 0.5).abs() < 1e-6);
            }
        }
    }

    #[test]
    fn filling_keeps_observed_pixels_and_stays_between_them() {
        for (height, width) in [(37, 31), (1, 50), (64, 1), (5, 3)] {
            let x = noise(3, height, width);
            let mut mask = noise(1, height, width);
            mask.data
                .iter_mut()
                .for_each(|m| *m = f32::from(u8::from(*m > 0.6)));
            mask.data[0] = 1.0;
            let mut y = x.clone();
            let size = height * width;
            y.data
                .iter_mut()
                .enumerate()
                .for_each(|(i, v)| *v *= mask.data[i % size]);
            let z = filled(&y, &mask);
            for c in 0..3 {
                let observed = || {
                    (0..size)
                        .filter(|i| mask.data[*i] > 0.0)
                        .map(|i| x.plane(c)[i])
                };
                let (low, high) =
                    observed().fold((f32::MAX, f32::MIN), |(l, h), v| (l.min(v), h.max(v)));
                for i in 0..size {
                    let v = z.plane(c)[i];
                    if mask.data[i] > 0.0 {
                        assert_eq!(v, x.plane(c)[i]);
                    } else {
                        assert!(v >= low - 1e-5 && v <= high + 1e-5);
                    }
                }
            }
        }
    }

    #[test]
    fn a_hole_in_a_ramp_is_filled_near_the_ramp() {
        let ramp = Image::from_fn(1, 64, 64, |_, _, x| x as f32 / 32.0 - 1.0);
        let mask = Image::from_fn(1, 64, 64, |_, y, x| {
            f32::from(u8::from(!(24..40).contains(&y) || !(24..40).contains(&x)))
        });
        let y = Image::from_fn(1, 64, 64, |_, y, x| ramp.row(0, y)[x] * mask.row(0, y)[x]);
        for (a, b) in filled(&y, &mask).data.iter().zip(&ramp.data) {
            assert!((a - b).abs() < 0.25, "{a} for {b}");
        }
    }
}
