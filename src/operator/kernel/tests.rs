// SPDX-License-Identifier: MPL-2.0
//! Kernels of every shape, and numbers that make none.

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
        Kernel::Disk {
            size: 0,
            radius: 0.3,
        },
        Kernel::Disk {
            size: 0,
            radius: 64.5,
        },
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
    assert!(uniform.data.len() == 81 && uniform.data.iter().all(|v| (v - 1.0 / 81.0).abs() < 1e-8));
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
            Kernel::Disk {
                size: 0,
                radius: 0.0,
            },
            "kernel-radius",
        ),
        (
            Kernel::Disk {
                size: 0,
                radius: 64.6,
            },
            "kernel-radius",
        ),
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

#[test]
fn a_disk_weighs_pixels_by_the_area_that_it_covers() {
    let disk = |radius, size| of(Kernel::Disk { size, radius });
    for radius in [0.8f32, 1.0, 2.37, 5.0, 11.5] {
        let psf = disk(radius, 0);
        assert_eq!(psf.width, 2 * (radius - 0.5).ceil() as usize + 1);
        // The variance of a disk along one axis is r²/4, and a pixel's square adds 1/12.
        let (xx, yy, xy) = moments(&psf);
        let wanted = f64::from(radius * radius / 4.0) + 1.0 / 12.0;
        assert!(
            (xx - wanted).abs() < 0.1 && (xx - yy).abs() < 1e-3,
            "{radius}: {xx} {yy}"
        );
        assert!(xy.abs() < 1e-6);
        // A pixel inside weighs 1 / (pi r²).
        let inside = f64::from(psf.data[psf.data.len() / 2]) * std::f64::consts::PI;
        let area = f64::from(radius * radius);
        assert!(
            radius < 1.0 || (inside * area - 1.0).abs() < 1e-3,
            "{radius}: {inside}"
        );
    }
    // Of a disk of radius 1 the pixel beside the middle is covered by this much.
    let covered = 0.5 * (3f64.sqrt() / 2.0 - 1.0) + std::f64::consts::FRAC_PI_6;
    let one = disk(1.0, 0);
    let found = f64::from(one.data[3] / one.data[4]);
    assert!((found - covered).abs() < 1e-3, "{found} for {covered}");
    assert_eq!(disk(5.0, 7).width, 7);
    assert_ne!(disk(5.0, 0), disk(5.1, 0));
}
