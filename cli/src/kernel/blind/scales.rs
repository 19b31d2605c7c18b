// SPDX-License-Identifier: MPL-2.0
//! From coarse to fine: sharp picture and kernel in turn, at scales that are √2 apart.

use super::edges;
use super::fourier::{Fourier, Spectrum};
use super::latent::Latent;
use super::plane::Plane;
use super::project::{point, project};
use super::update::{Equation, solve};

/// Pixels of a kernel's side at the coarsest scale.
const COARSEST: f64 = 5.0;
/// Turns of picture and kernel at each scale.
const TURNS: usize = 5;
/// Weight of the number of gradients at first, and least.
const EDGES: (f32, f32) = (4e-3, 1e-4);
/// By how much weight and threshold fall in a turn.
const FALL: f32 = 1.1;

/// A picture, or a part of one, that shares its kernel with others.
#[derive(Clone, Debug)]
pub struct View {
    /// From 0 to 1.
    pub luma: Plane,
    /// 1 where it counts, 0 where it was cut off.
    pub usable: Plane,
}

/// What was estimated.
pub struct Estimate {
    pub kernel: Plane,
    /// The share of the blurred gradients' energy that the kernel leaves unexplained.
    pub residual: f64,
}

/// A view at one scale.
pub struct Scaled {
    pub fourier: Fourier,
    pub latent: Latent,
    pub blurred: Spectrum,
    pub mask: Vec<f32>,
    threshold: Option<f32>,
}

impl Scaled {
    /// `scale` times as large, for kernels of `side`.
    pub fn of(view: &View, scale: f64, side: usize) -> Self {
        let size = |n: usize| ((n as f64 * scale).round() as usize).max(4);
        let (width, height) = (size(view.luma.width), size(view.luma.height));
        let fits = |plane: &Plane| plane.scaled(width, height, scale);
        let (luma, usable) = (fits(&view.luma), fits(&view.usable));
        let fourier = Fourier::at_least(width + side, height + side);
        let mut mask = vec![0.0; fourier.len()];
        let border = |n: usize| (side / 2).min(n / 4);
        let (left, above) = (border(width), border(height));
        for y in above..height - 1 - above {
            for x in left..width - 1 - left {
                let whole = [(x, y), (x + 1, y), (x, y + 1)];
                let whole = whole.iter().all(|(x, y)| usable.at(*x, *y) > 0.99);
                mask[y * fourier.width + x] = f32::from(u8::from(whole));
            }
        }
        Self {
            latent: Latent::of(&fourier, &luma),
            blurred: edges::gradients(&luma, &fourier),
            mask,
            fourier,
            threshold: None,
        }
    }

    /// What the view says of the kernel when the sharp picture is this.
    pub fn equation(&mut self, sharp: &Plane, side: usize) -> Equation<'_> {
        let gradients = edges::gradients(sharp, &self.fourier);
        let threshold = match self.threshold {
            Some(threshold) => threshold / FALL,
            None => edges::threshold(&gradients, side),
        };
        self.threshold = Some(threshold);
        Equation {
            sharp: self.fourier.forward(edges::above(&gradients, threshold)),
            fourier: &self.fourier,
            blurred: &self.blurred,
            mask: &self.mask,
        }
    }
}

/// The scales for a kernel of `side`, the coarsest first: factor and side of the kernel.
pub fn scales(side: usize) -> Vec<(f64, usize)> {
    let steps = (2.0 * (side as f64 / COARSEST).log2()).floor().max(0.0) as i32;
    let at = |step: i32| {
        let factor = 0.5f64.sqrt().powi(step);
        (factor, ((side as f64 * factor).ceil() as usize | 1).max(3))
    };
    (0..=steps).rev().map(at).collect()
}

/// Turns that a kernel of `side` takes.
pub fn turns_of(side: usize) -> usize {
    scales(side).len() * TURNS
}

/// The kernel of all views, of an odd `side`. `go_on` is asked before each turn; nothing where it
/// says no.
pub fn estimate(views: &[View], side: usize, go_on: &mut dyn FnMut() -> bool) -> Option<Estimate> {
    let mut weight = EDGES.0;
    let mut scale = 1.0;
    let mut best = Estimate {
        kernel: Plane::default(),
        residual: 1.0,
    };
    for (factor, side) in scales(side) {
        let mut scaled: Vec<_> = views.iter().map(|v| Scaled::of(v, factor, side)).collect();
        let mut now = if best.kernel.data.is_empty() {
            begin(side)
        } else {
            let mut larger = best.kernel.scaled(side, side, factor / scale);
            project(&mut larger);
            larger
        };
        for turn in 1..=TURNS {
            if !go_on() {
                return None;
            }
            let mut equations = Vec::new();
            for view in &mut scaled {
                let spectrum = view.fourier.kernel(&now);
                let sharp = view.latent.estimate(&view.fourier, &spectrum, weight);
                equations.push(view.equation(&sharp, side));
            }
            now = solve(&equations, &now);
            project(&mut now);
            weight = (weight / FALL).max(EDGES.1);
            if factor == 1.0 && turn == TURNS {
                best.residual = residual(&equations, &now);
            }
        }
        (best.kernel, scale) = (now, factor);
    }
    Some(best)
}

/// The share of the blurred gradients' energy that a kernel leaves unexplained.
fn residual(equations: &[Equation], kernel: &Plane) -> f64 {
    let sums = equations.iter().map(|equation| equation.residual(kernel));
    let sums = sums.fold((0.0, 0.0), |a, b| (a.0 + b.0, a.1 + b.1));
    sums.0 / sums.1.max(1e-12)
}

/// What the coarsest scale begins with: two pixels side by side.
fn begin(side: usize) -> Plane {
    let mut kernel = point(side);
    let middle = side / 2 * side + side / 2;
    kernel.data[middle] = 0.5;
    kernel.data[middle + 1] = 0.5;
    kernel
}
