// SPDX-License-Identifier: MPL-2.0
//! What is found of a blur: a kernel, a name for it where one fits, and how sure that is.

use super::fit::{Trial, refine, refinements};
use super::plane::{Plane, Region};
use super::project::{point, trimmed};
use super::scales::{Estimate, View, estimate, turns_of};
use super::shapes::{Shape, similarity};

/// Sides that are tried where none is asked for, in pixels, and the one for pictures that are too
/// small for these. A side that is too small cuts a kernel off unseen.
const SIDES: [usize; 2] = [31, 61];
const SMALL: usize = 15;
/// By how much less the halves may agree on a larger kernel.
const SLACK: f64 = 0.1;
/// Side of the part on which shapes are tried: their numbers need less than a free kernel.
const PART: usize = 256;
/// How alike a shape and the free kernel must be, for the shape to be tried.
const TRIED: f64 = 0.5;
/// How alike they must be for the shape to be named, and the most that it may cost, as a share of
/// the free kernel's cost: free kernels of blurred photographs are that much like the true disks
/// and Gaussians, and less like true lines.
const NAMED: (f64, f64) = (0.9, 1.02);
const LINE: (f64, f64) = (0.75, 0.97);

/// What a kernel is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Want {
    /// What fits best
    Auto,
    /// Free of any form, such as a shaken camera
    Free,
    /// A disk: a lens out of focus
    Disk,
    /// A Gaussian: a soft lens
    Gaussian,
    /// A line: a straight motion
    Line,
}

/// What was found.
pub struct Found {
    pub kernel: Plane,
    /// The shape that it has; none where it is free.
    pub shape: Option<Shape>,
    /// 0 to 1.
    pub confidence: f64,
    /// Share of the edges' energy that is left unexplained.
    pub residual: f64,
    /// What the free kernel costs, over what none costs: below 1 a picture is simpler with it.
    pub cost: f64,
}

/// The kernel of all views. `go_on` is asked before each step; nothing where it says no.
pub fn find(
    views: &[View],
    side: Option<usize>,
    want: Want,
    go_on: &mut dyn FnMut() -> bool,
) -> Option<Found> {
    let (free, confidence) = widest(views, side, go_on)?;
    let parts: Vec<View> = views.iter().map(middle).collect();
    let trial = Trial::of(&parts, free.kernel.width);
    let free_cost = trial.cost(&free.kernel);
    let named = match want {
        Want::Free => None,
        _ => named(&trial, (&free, free_cost), want, go_on)?,
    };
    let (shape, kernel) = match named {
        Some((shape, kernel)) => (Some(shape), kernel),
        None => (None, trimmed(&free.kernel)),
    };
    Some(Found {
        kernel,
        shape,
        confidence,
        residual: free.residual,
        cost: free_cost / trial.cost(&point(free.kernel.width)).max(1e-12),
    })
}

/// How alike the kernels of two halves of what is seen are, 0 to 1: other frames, or the left and
/// the right half of one.
fn agreement(views: &[View], side: usize, go_on: &mut dyn FnMut() -> bool) -> Option<f64> {
    let half = |second: bool| -> Vec<View> {
        match views {
            [view] => vec![part(view, second)],
            _ => views
                .iter()
                .skip(usize::from(second))
                .step_by(2)
                .cloned()
                .collect(),
        }
    };
    let first = estimate(&half(false), side, go_on)?;
    let second = estimate(&half(true), side, go_on)?;
    Some(similarity(&first.kernel, &second.kernel).clamp(0.0, 1.0))
}

/// The left or the right half of a view; of a high one the upper or the lower.
fn part(view: &View, second: bool) -> View {
    let (width, height) = (view.luma.width, view.luma.height);
    let mut region = Region {
        x: 0,
        y: 0,
        width,
        height,
    };
    if width >= height {
        region.width = width / 2;
        region.x = if second { width - region.width } else { 0 };
    } else {
        region.height = height / 2;
        region.y = if second { height - region.height } else { 0 };
    }
    cropped(view, region)
}

/// Steps that [`find`] takes at most.
pub fn turns(views: &[View], side: Option<usize>, want: Want) -> usize {
    // All, and two halves.
    let free: usize = sides(views, side).iter().map(|s| 3 * turns_of(*s)).sum();
    let shapes = match want {
        Want::Free => 0,
        Want::Auto => 3,
        _ => 1,
    };
    free + shapes * refinements()
}

/// The sides to try: `side`, or those that the views are large enough for.
fn sides(views: &[View], side: Option<usize>) -> Vec<usize> {
    if let Some(side) = side {
        return vec![side];
    }
    let least = views.iter().map(|v| v.luma.width.min(v.luma.height)).min();
    let fits = |side: &usize| least.is_some_and(|least| least >= 3 * side);
    let fitting: Vec<usize> = SIDES.into_iter().filter(fits).collect();
    if fitting.is_empty() {
        vec![SMALL]
    } else {
        fitting
    }
}

/// The free kernel of `side`, or of the least of [`SIDES`] that holds it, and how alike its halves
/// are. A larger one on which the halves agree less is none.
fn widest(
    views: &[View],
    side: Option<usize>,
    go_on: &mut dyn FnMut() -> bool,
) -> Option<(Estimate, f64)> {
    let mut best: Option<(Estimate, f64)> = None;
    for side in sides(views, side) {
        let now = estimate(views, side, go_on)?;
        let agreed = agreement(views, side, go_on)?;
        if best.as_ref().is_some_and(|best| agreed < best.1 - SLACK) {
            break;
        }
        let holds = holds(&now.kernel);
        best = Some((now, agreed));
        if holds {
            break;
        }
    }
    best
}

/// Whether a kernel's mass keeps off the edge of its plane.
fn holds(kernel: &Plane) -> bool {
    let side = kernel.width;
    let ring = (side / 10).max(1);
    let at_edge = |i: usize| {
        let (x, y) = (i % side, i / side);
        x.min(y).min(side - 1 - x).min(side - 1 - y) < ring
    };
    let mass = kernel.data.iter().enumerate().filter(|(i, _)| at_edge(*i));
    mass.map(|(_, v)| f64::from(*v)).sum::<f64>() < 0.02
}

/// A shape and its kernel, or neither.
type Named = Option<(Shape, Plane)>;

/// The shape that fits best, with its kernel; none where none fits. `free`: the free kernel, and
/// its cost.
fn named(
    trial: &Trial,
    (free, free_cost): (&Estimate, f64),
    want: Want,
    go_on: &mut dyn FnMut() -> bool,
) -> Option<Named> {
    let mut best: Option<(Shape, Plane, f64)> = None;
    for start in Shape::alike(&free.kernel) {
        let asked = match want {
            Want::Auto => start
                .kernel()
                .is_some_and(|kernel| similarity(&free.kernel, &kernel) > TRIED),
            Want::Free => false,
            Want::Disk => matches!(start, Shape::Disk { .. }),
            Want::Gaussian => matches!(start, Shape::Gaussian { .. }),
            Want::Line => matches!(start, Shape::Line { .. }),
        };
        if !asked {
            continue;
        }
        let (shape, cost) = refine(trial, start, go_on)?;
        let Some(kernel) = shape.kernel() else {
            continue;
        };
        let alike = similarity(&free.kernel, &kernel);
        let within = |(least, most): (f64, f64)| alike > least && cost <= most * free_cost;
        let is_line = matches!(shape, Shape::Line { .. });
        let fits = want != Want::Auto || within(NAMED) || is_line && within(LINE);
        if fits && best.as_ref().is_none_or(|best| cost < best.2) {
            best = Some((shape, kernel, cost));
        }
    }
    Some(best.map(|(shape, kernel, _)| (shape, kernel)))
}

/// The middle of a view.
fn middle(view: &View) -> View {
    let (width, height) = (view.luma.width.min(PART), view.luma.height.min(PART));
    let region = Region {
        x: (view.luma.width - width) / 2,
        y: (view.luma.height - height) / 2,
        width,
        height,
    };
    cropped(view, region)
}

fn cropped(view: &View, region: Region) -> View {
    View {
        luma: view.luma.crop(region),
        usable: view.usable.crop(region),
    }
}
