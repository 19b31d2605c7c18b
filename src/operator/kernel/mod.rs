// SPDX-License-Identifier: MPL-2.0
//! Blur kernels: shapes that a few numbers describe, and files.

mod file;
mod psf;
mod shape;

pub use psf::Psf;

use super::input_file::InputFile;
use crate::error::RestoreError;

/// A kernel as the user sets it. Lengths are in pixels; a `size` is odd, or 0 to follow from the
/// other numbers.
#[derive(Clone, Debug, PartialEq)]
pub enum Kernel {
    /// Standard deviation `sigma` > 0, sampled at pixel centres and cut to `size`; 0 reaches three
    /// sigmas.
    Gaussian { size: usize, sigma: f32 },
    /// A square of equal weights; 0 means 9.
    Uniform { size: usize },
    /// A straight line of `length` through the centre; `angle` is in degrees, counter-clockwise
    /// from the right on the screen.
    Motion {
        length: f32,
        angle: f32,
        size: usize,
    },
    /// A gray PNG or PGM image, or an .npy array; its sum does not matter.
    File(InputFile),
}

impl Kernel {
    /// Makes or reads the kernel. An error names the property or the file.
    pub fn psf(&self) -> Result<Psf, RestoreError> {
        match *self {
            Self::Gaussian { size, sigma } => shape::gaussian(size, f64::from(sigma)),
            Self::Uniform { size } => shape::uniform(size),
            Self::Motion {
                length,
                angle,
                size,
            } => shape::motion(f64::from(length), f64::from(angle), size),
            Self::File(ref file) => file::read(file),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(kernel: Kernel) -> Psf {
        kernel.psf().expect("a kernel")
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
            (Kernel::File(InputFile::default()), "kernel-file"),
        ] {
            let error = kernel.psf().expect_err("refused").to_string();
            assert!(error.contains(word), "{kernel:?}: {error}");
        }
    }
}
