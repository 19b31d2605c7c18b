// SPDX-License-Identifier: MPL-2.0
//! Kernels that a few numbers describe, as the element makes them.

use gstud2m::operator::Kernel;

use super::plane::Plane;

/// A kernel in numbers; lengths in pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Shape {
    /// A lens out of focus.
    Disk { radius: f64 },
    /// A soft lens.
    Gaussian { sigma: f64 },
    /// A straight motion; degrees counter-clockwise from the right, 0 up to 180.
    Line { length: f64, angle: f64 },
}

impl Shape {
    /// The kernel, or nothing where the element makes none of such numbers.
    pub fn kernel(&self) -> Option<Plane> {
        let kernel = match *self {
            Self::Disk { radius } => Kernel::Disk {
                size: 0,
                radius: radius as f32,
            },
            Self::Gaussian { sigma } => Kernel::Gaussian {
                size: 0,
                sigma: sigma as f32,
            },
            Self::Line { length, angle } => Kernel::Motion {
                length: length as f32,
                angle: angle as f32,
                size: 0,
            },
        };
        let psf = kernel.psf().ok()?;
        Some(Plane {
            width: psf.width,
            height: psf.height,
            data: psf.data,
        })
    }

    /// The same with all lengths `factor` times as long.
    pub fn sized(self, factor: f64) -> Self {
        match self {
            Self::Disk { radius } => Self::Disk {
                radius: radius * factor,
            },
            Self::Gaussian { sigma } => Self::Gaussian {
                sigma: sigma * factor,
            },
            Self::Line { length, angle } => Self::Line {
                length: length * factor,
                angle,
            },
        }
    }

    /// The same, a line turned by `degrees`.
    pub fn turned(self, degrees: f64) -> Self {
        match self {
            Self::Line { length, angle } => Self::Line {
                length,
                angle: (angle + degrees).rem_euclid(180.0),
            },
            round => round,
        }
    }

    /// The shapes that a kernel's spread lets expect, one of each kind.
    pub fn alike(kernel: &Plane) -> [Self; 3] {
        let (xx, xy, yy) = moments(kernel);
        let mean = (xx + yy) / 2.0;
        let apart = ((xx - yy) / 2.0).hypot(xy);
        // Rows grow downwards, so that the angle on the screen has the other sign.
        let angle = (-0.5 * (2.0 * xy).atan2(xx - yy)).to_degrees();
        [
            Self::Disk {
                radius: (4.0 * mean).sqrt().max(0.5),
            },
            Self::Gaussian {
                sigma: mean.sqrt().max(0.3),
            },
            line(kernel, (12.0 * (mean + apart)).sqrt(), angle),
        ]
    }
}

/// The line that is most like a kernel. Length and angle are a first guess, in which noise about
/// the kernel shows.
fn line(kernel: &Plane, length: f64, angle: f64) -> Shape {
    let shape = |turn: i32, factor: f64| Shape::Line {
        length: (length * factor).max(1.0),
        angle: (angle + 15.0 * f64::from(turn)).rem_euclid(180.0),
    };
    let mut best = (shape(0, 1.0), 0.0);
    for turn in 0..12 {
        for factor in [0.5, 0.7, 1.0] {
            let shape = shape(turn, factor);
            let alike = shape.kernel().map_or(0.0, |line| similarity(kernel, &line));
            if alike > best.1 {
                best = (shape, alike);
            }
        }
    }
    best.0
}

/// Second moments about the middle of the mass: across, mixed, down.
fn moments(kernel: &Plane) -> (f64, f64, f64) {
    let (x0, y0) = super::project::offset(kernel);
    let (mut xx, mut xy, mut yy, mut sum) = (0.0, 0.0, 0.0, 0.0);
    for (i, v) in kernel.data.iter().enumerate() {
        let v = f64::from(*v);
        let x = (i % kernel.width) as f64 - (kernel.width / 2) as f64 - x0;
        let y = (i / kernel.width) as f64 - (kernel.height / 2) as f64 - y0;
        (xx, xy, yy) = (xx + v * x * x, xy + v * x * y, yy + v * y * y);
        sum += v;
    }
    let sum = sum.max(1e-12);
    (xx / sum, xy / sum, yy / sum)
}

/// The largest normalised cross-correlation of two kernels over all shifts: 1 is the same.
pub fn similarity(a: &Plane, b: &Plane) -> f64 {
    let square = |k: &Plane| k.data.iter().map(|v| f64::from(*v).powi(2)).sum::<f64>();
    let below = (square(a) * square(b)).sqrt().max(1e-30);
    let reach = |a: usize, b: usize| ((a + b) / 2) as i64;
    let mut best = 0.0f64;
    for dy in -reach(a.height, b.height)..=reach(a.height, b.height) {
        for dx in -reach(a.width, b.width)..=reach(a.width, b.width) {
            best = best.max(product(a, b, dx, dy));
        }
    }
    best / below
}

/// Sum of the products of two kernels about their middles, the second moved.
fn product(a: &Plane, b: &Plane, dx: i64, dy: i64) -> f64 {
    let middle = |n: usize| (n / 2) as i64;
    let (x0, y0) = (
        middle(a.width) - middle(b.width) + dx,
        middle(a.height) - middle(b.height) + dy,
    );
    let mut sum = 0.0;
    for (y, row) in b.data.chunks_exact(b.width).enumerate() {
        let ay = y as i64 + y0;
        if !(0..a.height as i64).contains(&ay) {
            continue;
        }
        let first = (-x0).max(0);
        let last = (a.width as i64 - x0).min(b.width as i64);
        for x in first..last {
            sum += f64::from(row[x as usize] * a.at((x + x0) as usize, ay as usize));
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_are_told_from_their_kernels() {
        let disk = Shape::Disk { radius: 4.2 };
        let gaussian = Shape::Gaussian { sigma: 1.8 };
        let line = Shape::Line {
            length: 13.0,
            angle: 160.0,
        };
        for (at, shape) in [disk, gaussian, line].into_iter().enumerate() {
            let kernel = shape.kernel().expect("a kernel");
            let guess = Shape::alike(&kernel)[at];
            let alike = similarity(&kernel, &guess.kernel().expect("a kernel"));
            assert!(alike > 0.98, "{shape:?}, {guess:?}: {alike}");
        }
    }

    #[test]
    fn similarity_knows_no_shift_but_tells_kernels_apart() {
        let line = Shape::Line {
            length: 9.0,
            angle: 0.0,
        };
        let kernel = line.kernel().expect("a kernel");
        let mut moved = Plane::zeros(31, 31);
        for (i, v) in kernel.data.iter().enumerate() {
            moved.data[(i / kernel.width + 3) * 31 + i % kernel.width + 17] = *v;
        }
        assert!((similarity(&kernel, &moved) - 1.0).abs() < 1e-5);
        let upright = line.turned(90.0).kernel().expect("a kernel");
        assert!(similarity(&kernel, &upright) < 0.3);
        assert!(Shape::Disk { radius: -1.0 }.kernel().is_none());
    }
}
