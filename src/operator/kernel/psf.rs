// SPDX-License-Identifier: MPL-2.0
//! Blur kernels, most of them shapes given by a few numbers.
//!
//! Every kernel that leaves this file has odd sides of at most [`SIDE`], is finite and not negative, and sums to one.

use std::path::Path;
use std::sync::Arc;

use super::file;
use crate::error::RestoreError;

/// Longest side of a kernel, in pixels.
pub const SIDE: usize = 129;
/// Width of the uniform kernel when none is given, in pixels.
const UNIFORM: usize = 9;
/// Samples for each pixel of a motion's path.
const DENSITY: f64 = 64.0;

/// A kernel as the user sets it. Lengths in pixels; a `size` of 0 follows from the other numbers, others are odd.
#[derive(Clone, Debug, PartialEq)]
pub enum Kernel {
    /// Standard deviation `sigma` > 0, sampled at pixel centres and cut to `size`; 0 reaches three sigmas.
    Gaussian { size: usize, sigma: f32 },
    /// A square of equal weights; 0 means 9.
    Uniform { size: usize },
    /// A straight line of `length` through the centre; `angle` in degrees counter-clockwise from the right, as seen
    /// on the screen.
    Motion {
        length: f32,
        angle: f32,
        size: usize,
    },
    /// A gray PNG or PGM image, or an .npy array; its sum does not matter.
    File { path: Arc<Path> },
}

/// A point spread function, row by row; its centre is at (height / 2, width / 2).
#[derive(Clone, Debug, PartialEq)]
pub struct Psf {
    pub width: usize,
    pub height: usize,
    pub data: Vec<f32>,
}

impl Psf {
    /// Makes or reads a kernel. Errors name the property or the file.
    pub fn new(kernel: &Kernel) -> Result<Self, RestoreError> {
        match *kernel {
            Kernel::Gaussian { size, sigma } => gaussian(size, f64::from(sigma)),
            Kernel::Uniform { size } => {
                let size = checked_side(if size == 0 { UNIFORM } else { size })?;
                normalised(size, size, &vec![1.0; size * size]).map_err(RestoreError::Settings)
            }
            Kernel::Motion {
                length,
                angle,
                size,
            } => motion(f64::from(length), f64::from(angle), size),
            Kernel::File { ref path } => file::read(path),
        }
    }

    /// How far the kernel reaches from its centre, in pixels.
    pub fn radius(&self) -> usize {
        self.width.max(self.height) / 2
    }
}

fn checked_side(size: usize) -> Result<usize, RestoreError> {
    if size.is_multiple_of(2) || size > SIDE {
        return Err(RestoreError::Settings(format!(
            "kernel-size is {size}: set it to an odd number of pixels up to {SIDE}, or to 0 to choose it from the other parameters."
        )));
    }
    Ok(size)
}

fn gaussian(size: usize, sigma: f64) -> Result<Psf, RestoreError> {
    if !(sigma.is_finite() && sigma > 0.0) {
        return Err(RestoreError::Settings(format!(
            "kernel-sigma is {sigma}: set it to a positive number of pixels."
        )));
    }
    let size = match size {
        0 => 2 * (3.0 * sigma).ceil().min(1e6) as usize + 1,
        size => size,
    };
    if size > SIDE {
        return Err(RestoreError::Settings(format!(
            "kernel-sigma is {sigma}, which needs a kernel of {size} pixels: make it smaller, or set kernel-size to at most {SIDE}."
        )));
    }
    let size = checked_side(size)?;
    let centre = (size / 2) as f64;
    let line: Vec<f64> = (0..size)
        .map(|i| (-(i as f64 - centre).powi(2) / (2.0 * sigma * sigma)).exp())
        .collect();
    let data: Vec<f64> = line
        .iter()
        .flat_map(|a| line.iter().map(move |b| a * b))
        .collect();
    normalised(size, size, &data).map_err(RestoreError::Settings)
}

fn motion(length: f64, angle: f64, size: usize) -> Result<Psf, RestoreError> {
    if !(length.is_finite() && length >= 0.0 && angle.is_finite()) {
        return Err(RestoreError::Settings(format!(
            "kernel-length is {length} and kernel-angle {angle}: set a length of at least 0 pixels and an angle in degrees."
        )));
    }
    let needed = 2 * (length / 2.0).ceil().min(1e6) as usize + 1;
    if needed > SIDE {
        return Err(RestoreError::Settings(format!(
            "kernel-length is {length}: set it to at most {} pixels.",
            SIDE - 2
        )));
    }
    // A smaller size cuts the path's ends off.
    let size = checked_side(if size == 0 { needed } else { size })?;
    let centre = (size / 2) as f64;
    // Rows grow downwards, so that a positive angle rises on the screen.
    let (dy, dx) = (-angle.to_radians().sin(), angle.to_radians().cos());
    let samples = (length * DENSITY).ceil().max(1.0);
    let mut data = vec![0.0; size * size];
    for i in 0..samples as usize {
        let along = ((i as f64 + 0.5) / samples - 0.5) * length;
        let (y, x) = (centre + along * dy, centre + along * dx);
        let (top, left) = (y.floor(), x.floor());
        for (row, down) in [(top, 1.0 - (y - top)), (top + 1.0, y - top)] {
            for (column, across) in [(left, 1.0 - (x - left)), (left + 1.0, x - left)] {
                let inside = 0.0..size as f64;
                if inside.contains(&row) && inside.contains(&column) {
                    data[row as usize * size + column as usize] += down * across;
                }
            }
        }
    }
    normalised(size, size, &data).map_err(RestoreError::Settings)
}

/// Pads to odd sides (below and on the right) and divides by the sum; the error is what is wrong and what to do.
pub fn normalised(width: usize, height: usize, data: &[f64]) -> Result<Psf, String> {
    if width == 0 || height == 0 || width > SIDE || height > SIDE {
        return Err(format!(
            "The kernel has {width}x{height} pixels: give one of at least 1x1 and at most {SIDE}x{SIDE}."
        ));
    }
    let sum: f64 = data.iter().sum();
    if !sum.is_finite() {
        return Err("The kernel holds values that are not finite: give finite numbers.".to_owned());
    }
    let largest = data.iter().fold(0.0, |m: f64, v| m.max(v.abs()));
    if largest == 0.0 || sum.abs() < 1e-9 * largest {
        return Err(
            "The kernel sums to zero, so it has no brightness: give one with positive values."
                .to_owned(),
        );
    }
    // Rounding in whatever wrote the file may leave values just below zero.
    if data.iter().any(|v| v / sum < -1e-6 * largest / sum.abs()) {
        return Err(
            "The kernel holds negative values, which light cannot have: give values of at least 0."
                .to_owned(),
        );
    }
    let (wide, high) = (width | 1, height | 1);
    let mut out = vec![0.0; wide * high];
    for (to, from) in out.chunks_exact_mut(wide).zip(data.chunks_exact(width)) {
        to.iter_mut()
            .zip(from)
            .for_each(|(to, v)| *to = (v / sum).max(0.0) as f32);
    }
    Ok(Psf {
        width: wide,
        height: high,
        data: out,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(kernel: Kernel) -> Psf {
        Psf::new(&kernel).expect("a kernel")
    }

    fn sum(psf: &Psf) -> f64 {
        psf.data.iter().map(|v| f64::from(*v)).sum()
    }

    /// Second moments about the centre, rows growing downwards: (xx, yy, xy).
    fn moments(psf: &Psf) -> (f64, f64, f64) {
        let mut out = (0.0, 0.0, 0.0);
        for (i, v) in psf.data.iter().enumerate() {
            let x = (i % psf.width) as f64 - (psf.width / 2) as f64;
            let y = (i / psf.width) as f64 - (psf.height / 2) as f64;
            let v = f64::from(*v);
            out = (out.0 + v * x * x, out.1 + v * y * y, out.2 + v * x * y);
        }
        out
    }

    #[test]
    fn every_shape_sums_to_one_and_has_odd_sides() {
        for kernel in [
            Kernel::Gaussian {
                size: 0,
                sigma: 0.1,
            },
            Kernel::Gaussian {
                size: 5,
                sigma: 1.732,
            },
            Kernel::Gaussian {
                size: 0,
                sigma: 20.0,
            },
            Kernel::Uniform { size: 0 },
            Kernel::Uniform { size: 1 },
            Kernel::Motion {
                length: 0.0,
                angle: 10.0,
                size: 0,
            },
            Kernel::Motion {
                length: 15.0,
                angle: 33.0,
                size: 0,
            },
            Kernel::Motion {
                length: 127.0,
                angle: -90.0,
                size: 0,
            },
            Kernel::Motion {
                length: 15.0,
                angle: 45.0,
                size: 7,
            },
        ] {
            let psf = of(kernel.clone());
            assert!((sum(&psf) - 1.0).abs() < 1e-6, "{kernel:?}");
            assert!(psf.width % 2 == 1 && psf.height % 2 == 1, "{kernel:?}");
            assert!(psf.data.iter().all(|v| *v >= 0.0), "{kernel:?}");
        }
    }

    #[test]
    fn a_gaussian_has_the_known_size_and_values() {
        let psf = of(Kernel::Gaussian {
            size: 0,
            sigma: 3f32.sqrt(),
        });
        assert_eq!((psf.width, psf.height), (13, 13));
        let psf = of(Kernel::Gaussian {
            size: 5,
            sigma: 3f32.sqrt(),
        });
        // exp(-1/6) beside the centre, exp(-4/3) at the corner.
        assert!((psf.data[11] / psf.data[12] - (-1.0f32 / 6.0).exp()).abs() < 1e-6);
        assert!((psf.data[0] / psf.data[12] - (-4.0f32 / 3.0).exp()).abs() < 1e-6);
        let uniform = of(Kernel::Uniform { size: 0 });
        assert!(
            uniform.data.len() == 81 && uniform.data.iter().all(|v| (v - 1.0 / 81.0).abs() < 1e-8)
        );
    }

    #[test]
    fn motion_lies_along_its_angle_counter_clockwise_on_the_screen() {
        let motion = |angle| {
            moments(&of(Kernel::Motion {
                length: 15.0,
                angle,
                size: 0,
            }))
        };
        let (xx, yy, xy) = motion(0.0);
        assert!(xx > 18.0 && yy < 1e-9 && xy.abs() < 1e-9);
        let (xx, yy, _) = motion(90.0);
        assert!(yy > 18.0 && xx < 1e-6);
        // 30 degrees rise to the right: where x grows, the row number falls.
        let (xx, yy, xy) = motion(30.0);
        assert!(xy < 0.0);
        let angle = 0.5 * (-2.0 * xy).atan2(xx - yy).to_degrees();
        assert!((angle - 30.0).abs() < 0.5, "{angle}");
        let (_, _, xy) = motion(-30.0);
        assert!(xy > 0.0);
        // A line's variance along itself is length²/12; the splat adds up to 1/4.
        assert!((xx + yy - 15.0 * 15.0 / 12.0) < 0.5 && xx + yy > 18.7);
    }

    #[test]
    fn numbers_that_make_no_kernel_are_refused_by_their_property() {
        for (kernel, word) in [
            (
                Kernel::Gaussian {
                    size: 4,
                    sigma: 1.0,
                },
                "kernel-size",
            ),
            (
                Kernel::Gaussian {
                    size: 0,
                    sigma: 0.0,
                },
                "kernel-sigma",
            ),
            (
                Kernel::Gaussian {
                    size: 0,
                    sigma: f32::NAN,
                },
                "kernel-sigma",
            ),
            (
                Kernel::Gaussian {
                    size: 0,
                    sigma: 50.0,
                },
                "kernel-sigma",
            ),
            (Kernel::Uniform { size: 131 }, "kernel-size"),
            (
                Kernel::Motion {
                    length: 1e9,
                    angle: 0.0,
                    size: 0,
                },
                "kernel-length",
            ),
            (
                Kernel::Motion {
                    length: -1.0,
                    angle: 0.0,
                    size: 0,
                },
                "kernel-length",
            ),
            (
                Kernel::File {
                    path: Path::new("").into(),
                },
                "kernel-file",
            ),
        ] {
            let error = Psf::new(&kernel).expect_err("refused").to_string();
            assert!(error.contains(word), "{kernel:?}: {error}");
        }
    }
}
