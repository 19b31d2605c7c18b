// SPDX-License-Identifier: MPL-2.0
//! What one frame shows and neither neighbour does: dust, dirt and dropouts.
//!
//! A pixel that differs from both neighbours, moved along, in the same sense, while these agree, is
//! an event. How much it must differ follows from what is usual around it.

use super::blobs::{self, Blob};
use super::compensate::Residual;
use super::plane::Plane;
use crate::image::filled;

/// Least difference of an event at sensitivity 0.5, in codes.
const LEAST: f32 = 16.0;
/// The same in usual differences of the surroundings.
const UNUSUAL: f32 = 4.5;
/// Share of a step of the picture from pixel to pixel that a wrong motion may leave.
const STEP: f32 = 0.3;
/// Share of what an event needs that is enough beside one: its soft edge.
const EDGE: f32 = 0.35;
/// How much further one neighbour may differ than the other, as a share.
const DISAGREE: f32 = 0.6;
/// Sum over an event of what its pixels differ, each up to twice what is needed.
const MASS: f32 = 10.0;

/// Pixels around a blob that it is compared with.
const RING: usize = 3;
/// How much more it must differ where one neighbour alone is known, and the share of its contrast
/// that this one may have at its place.
const ALONE: [f32; 2] = [1.5, 0.3];

/// A frame and what it shows beside its neighbours; `None` beyond a cut and the stream's ends.
pub struct Scene<'a> {
    pub now: &'a Plane,
    pub before: Option<&'a Residual>,
    pub after: Option<&'a Residual>,
}

/// Marks the events of a frame in `mask`, of its size. `ease` divides what an event needs; 1 is
/// usual.
pub fn mark(scene: &Scene, ease: f32, mask: &mut [bool]) {
    let (width, height) = (scene.now.width, scene.now.height);
    let strengths = match (scene.before, scene.after) {
        (Some(before), Some(after)) => both(before, after, width, ease),
        (Some(one), None) | (None, Some(one)) => single(one, width, ease),
        (None, None) => return,
    };
    let alone = scene.before.is_none() || scene.after.is_none();
    blobs::each(
        width,
        height,
        |at| strengths[at] > EDGE,
        |blob| {
            let mass: f32 = blob.places.iter().map(|at| strengths[*at].min(2.0)).sum();
            let strongest = blob.places.iter().map(|at| strengths[*at]);
            let strongest = strongest.fold(0.0, f32::max);
            if strongest < 1.0 || mass < MASS || (alone && !stands_out(scene, blob)) {
                return;
            }
            blob.places.iter().for_each(|at| mask[*at] = true);
        },
    );
}

/// How far each pixel differs from both neighbours, where they agree; 1 is enough for an event.
fn both(before: &Residual, after: &Residual, width: usize, ease: f32) -> Vec<f32> {
    let mut out = filled(before.differences.len(), 0.0f32);
    for (at, v) in out.iter_mut().enumerate() {
        let (a, b) = (before.differences[at], after.differences[at]);
        let (a, b) = (f32::from(a), f32::from(b));
        let (less, more) = (a.abs().min(b.abs()), a.abs().max(b.abs()));
        let (y, x) = (at / width, at % width);
        let scale = before.scale(y, x).max(after.scale(y, x));
        if a * b <= 0.0 || more - less > DISAGREE * less + 2.0 * scale {
            continue;
        }
        let steps = [before, after].map(|side| step(side, at, width));
        *v = less / needed(scale, steps[0].max(steps[1]), ease);
    }
    out
}

/// The same from one neighbour.
fn single(one: &Residual, width: usize, ease: f32) -> Vec<f32> {
    let mut out = filled(one.differences.len(), 0.0f32);
    for (at, v) in out.iter_mut().enumerate() {
        let scale = one.scale(at / width, at % width);
        let difference = f32::from(one.differences[at]).abs();
        *v = difference / needed(scale, step(one, at, width), ease) / ALONE[0];
    }
    out
}

/// The difference that an event needs, in codes.
fn needed(scale: f32, step: f32, ease: f32) -> f32 {
    LEAST.max(UNUSUAL * scale) / ease + STEP * step
}

/// Largest difference of the neighbours of a pixel, across and down, in what the other frame shows.
fn step(of: &Residual, at: usize, width: usize) -> f32 {
    let code = |i: usize| i16::from(of.moved.get(i).copied().unwrap_or(of.moved[at]));
    let across = code(at.saturating_sub(1)) - code(at + 1);
    let down = code(at.saturating_sub(width)) - code(at + width);
    0.5 * f32::from(across.abs().max(down.abs()))
}

/// Whether a blob stands out from what surrounds it in this frame, and not in its only neighbour.
fn stands_out(scene: &Scene, blob: &Blob) -> bool {
    let Some(one) = scene.before.or(scene.after) else {
        return false;
    };
    let (width, height) = (scene.now.width, scene.now.height);
    let b = &blob.bounds;
    let (left, top) = (b.x.saturating_sub(RING), b.y.saturating_sub(RING));
    let right = (b.x + b.width + RING).min(width);
    let bottom = (b.y + b.height + RING).min(height);
    let mut inside: Vec<bool> = filled((right - left) * (bottom - top), false);
    for at in &blob.places {
        inside[(at / width - top) * (right - left) + at % width - left] = true;
    }
    // Now and in the neighbour: sum and count, around the blob and in it.
    let mut sums = [[0.0f32; 3]; 2];
    let places = (top..bottom).flat_map(|y| (left..right).map(move |x| (y, x)));
    for ((y, x), inside) in places.zip(inside) {
        let sum = &mut sums[usize::from(inside)];
        sum[0] += f32::from(scene.now.row(y)[x]);
        sum[1] += f32::from(one.moved[y * width + x]);
        sum[2] += 1.0;
    }
    let [around, within] = sums;
    let contrast = |i: usize| within[i] / within[2] - around[i] / around[2].max(1.0);
    let (now, other) = (contrast(0), contrast(1));
    now.abs() > LEAST && other.abs() < ALONE[1] * now.abs()
}

#[cfg(test)]
mod tests {
    use super::super::motion::estimate;
    use super::super::pyramid::Pyramid;
    use super::*;

    const WIDTH: usize = 96;
    const HEIGHT: usize = 72;

    /// A textured scene that has moved on, with a spot of a few pixels where one is asked for.
    fn frame(moved: f32, spot: Option<u8>) -> Pyramid {
        let mut plane = Plane::from_fn(WIDTH, HEIGHT, |y, x| {
            let (x, y) = (x as f32 + moved, y as f32);
            let wave = (0.4 * x).sin() * (0.3 * y).cos() + (0.09 * x + 0.07 * y).sin();
            (120.0 + 30.0 * wave) as u8
        });
        if let Some(code) = spot {
            (30..35).for_each(|y| plane.row_mut(y)[40..46].fill(code));
            plane.extend();
        }
        Pyramid::of(plane)
    }

    fn marked(before: Option<Pyramid>, now: Pyramid, after: Option<Pyramid>) -> Vec<bool> {
        let beside = |other: Option<Pyramid>| {
            let other = other?;
            let field = estimate(&now, &other);
            Some(Residual::of(now.finest(), other.finest(), &field))
        };
        let (before, after) = (beside(before), beside(after));
        let mut mask = vec![false; WIDTH * HEIGHT];
        let scene = Scene {
            now: now.finest(),
            before: before.as_ref(),
            after: after.as_ref(),
        };
        mark(&scene, 1.0, &mut mask);
        mask
    }

    fn assert_spot(mask: &[bool], of: &str) {
        for (at, marked) in mask.iter().enumerate() {
            let (y, x) = (at / WIDTH, at % WIDTH);
            let spot = (30..35).contains(&y) && (40..46).contains(&x);
            assert_eq!(*marked, spot, "{of}: {x}, {y}");
        }
    }

    #[test]
    fn a_spot_of_one_frame_is_marked_and_nothing_else_while_the_scene_moves() {
        for code in [10, 250] {
            let (before, after) = (frame(-2.5, None), frame(2.0, None));
            let mask = marked(Some(before), frame(0.0, Some(code)), Some(after));
            assert_spot(&mask, "both");
        }
    }

    #[test]
    fn one_neighbour_is_enough_at_the_ends_and_its_own_spots_are_not_the_frames() {
        let mask = marked(None, frame(0.0, Some(250)), Some(frame(2.0, None)));
        assert_spot(&mask, "the first");
        let mask = marked(Some(frame(-2.0, None)), frame(0.0, Some(10)), None);
        assert_spot(&mask, "the last");
        let mask = marked(None, frame(0.0, None), Some(frame(0.0, Some(250))));
        assert!(!mask.contains(&true));
    }

    #[test]
    fn what_the_scene_does_is_no_defect() {
        // It moves, it stays, it comes and goes.
        let lit = Some(200);
        for (spots, pace) in [
            ([None; 3], 3.0),
            ([lit; 3], 0.0),
            ([None, lit, lit], 0.0),
            ([lit, lit, None], 0.0),
        ] {
            let [before, now, after] = [-pace, 0.0, pace];
            let mask = marked(
                Some(frame(before, spots[0])),
                frame(now, spots[1]),
                Some(frame(after, spots[2])),
            );
            assert!(!mask.contains(&true), "{spots:?}");
        }
        assert!(!marked(None, frame(0.0, None), None).contains(&true));
    }
}
