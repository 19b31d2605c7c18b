// SPDX-License-Identifier: MPL-2.0
//! The numbers of a kernel of a known kind.
//!
//! With the true kernel the sharp picture has few gradients and still leads to the blurred one;
//! with a narrower one it keeps the blur's many small gradients, with a wider one it rings. So the
//! numbers are those of least cost: residual and number of gradients together.

use super::fourier::Spectrum;
use super::latent::wrapped;
use super::plane::Plane;
use super::scales::{Scaled, View};
use super::shapes::Shape;

/// Weight of the number of gradients against the squared residual of a pixel.
const WEIGHT: f32 = 5e-4;
/// A gradient whose square is below this is none.
const GRADIENT: f32 = 1e-4;
/// Factors about a first guess that are tried, and how often they are drawn together.
const FACTORS: [f64; 7] = [0.6, 0.72, 0.85, 1.0, 1.18, 1.38, 1.6];
const FINER: usize = 2;
/// Degrees about a first guess that are tried.
const TURNS: [f64; 7] = [-15.0, -10.0, -5.0, 0.0, 5.0, 10.0, 15.0];

/// Views at full scale, where shapes are tried.
pub struct Trial<'a> {
    views: Vec<(&'a Plane, Scaled)>,
    margin: usize,
}

impl<'a> Trial<'a> {
    /// For kernels of up to `side`.
    pub fn of(views: &'a [View], side: usize) -> Self {
        let scaled = |view: &'a View| (&view.luma, Scaled::of(view, 1.0, side));
        Self {
            views: views.iter().map(scaled).collect(),
            margin: side / 2,
        }
    }

    /// What a kernel costs, per pixel.
    pub fn cost(&self, kernel: &Plane) -> f64 {
        let each = self.views.iter().map(|(luma, view)| {
            let fourier = &view.fourier;
            let spectrum = fourier.kernel(kernel);
            let sharp = view.latent.estimate(fourier, &spectrum, WEIGHT);
            let whole = wrapped(&sharp, fourier.width, fourier.height);
            let mut blurred = fourier.forward(whole);
            blurred.iter_mut().zip(&spectrum).for_each(|(b, k)| *b *= k);
            self.mean(luma, &sharp, &fourier.inverse(blurred), fourier.width)
        });
        each.sum::<f64>() / self.views.len().max(1) as f64
    }

    /// Squared residual and weighted number of gradients, over what lies inside.
    fn mean(&self, luma: &Plane, sharp: &Plane, blurred: &Spectrum, width: usize) -> f64 {
        let inside = |n: usize| {
            let margin = self.margin.min(n / 4);
            margin..n - 1 - margin
        };
        let (mut sum, mut count) = (0.0, 0);
        for y in inside(luma.height) {
            for x in inside(luma.width) {
                let off = blurred[y * width + x].re - luma.at(x, y);
                let here = sharp.at(x, y);
                let (h, v) = (sharp.at(x + 1, y) - here, sharp.at(x, y + 1) - here);
                let edge = f32::from(u8::from(h * h + v * v > GRADIENT));
                sum += f64::from(off * off + WEIGHT * edge);
                count += 1;
            }
        }
        sum / f64::from(count.max(1))
    }

    fn of_shape(&self, shape: Shape) -> f64 {
        shape
            .kernel()
            .map_or(f64::INFINITY, |kernel| self.cost(&kernel))
    }
}

/// Steps that [`refine`] takes at most.
pub fn refinements() -> usize {
    (FINER + 1) * (FACTORS.len() + TURNS.len())
}

/// The shape of `start`'s kind with the least cost about it, and the cost. Nothing where `go_on`
/// says no.
pub fn refine(
    trial: &Trial,
    start: Shape,
    go_on: &mut dyn FnMut() -> bool,
) -> Option<(Shape, f64)> {
    let mut best = (start, f64::INFINITY);
    let mut spread = 1.0;
    for _ in 0..=FINER {
        if let (about @ Shape::Line { .. }, _) = best {
            let turned = TURNS.map(|turn| about.turned(turn * spread));
            best = least(trial, best, &turned, go_on)?;
        }
        let about = best.0;
        let sized = FACTORS.map(|factor| about.sized(factor.powf(spread)));
        best = least(trial, best, &sized, go_on)?;
        spread /= 3.0;
    }
    Some(best)
}

fn least(
    trial: &Trial,
    mut best: (Shape, f64),
    shapes: &[Shape],
    go_on: &mut dyn FnMut() -> bool,
) -> Option<(Shape, f64)> {
    for shape in shapes {
        if *shape == best.0 && best.1.is_finite() {
            continue;
        }
        if !go_on() {
            return None;
        }
        let cost = trial.of_shape(*shape);
        if cost < best.1 {
            best = (*shape, cost);
        }
    }
    Some(best)
}
