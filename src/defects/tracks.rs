// SPDX-License-Identifier: MPL-2.0
//! Lines over time: a scratch stays or drifts with the film, whatever the scene does; an edge of
//! the scene moves with it.

use super::field::{CELL, Field};
use super::lines::{BAND, Line};

/// Cells beside a line, counted from its own, whose motion is the scene's: their blocks do not hold
/// the line.
const AROUND: [isize; 4] = [-3, -2, 2, 3];
/// Columns by which a line may drift from one frame to the next.
const DRIFT: f32 = 4.0;
/// Difference of the motions of line and scene that chance leaves, in pixels.
const CHANCE: f32 = 0.2;
/// Largest difference that counts, in pixels.
const CAP: f32 = 2.0;
/// Sum of what is beyond chance from which on a line is a scratch.
const ENOUGH: f32 = 0.7;
/// The same from which on it may be one.
const SOME: f32 = 0.2;
/// What tells of a line that the scene, as the frame before shows it, does not hold.
const NEW: f32 = 0.6;
/// What a cut, which a line outlasts, tells.
const CUT: f32 = 1.0;
/// Frames without a line after which it is forgotten.
const PATIENCE: u32 = 3;

/// A line, followed from frame to frame.
struct Track {
    line: Line,
    /// Sum of what its motion and the scene's differ by beyond chance.
    evidence: f32,
    missed: u32,
}

/// The lines of a stream that are followed.
#[derive(Default)]
pub struct Tracks(Vec<Track>);

impl Tracks {
    /// Takes in the lines of the next frame. `field` leads from it to the frame before; `None`
    /// after a cut. `is_new` says whether the scene before holds a line's place without it. Gives
    /// for each line what tells that it is a scratch, by its place.
    pub fn follow(
        &mut self,
        lines: &[Line],
        field: Option<&Field>,
        is_new: impl Fn(&Line) -> bool,
    ) -> Vec<f32> {
        let mut free: Vec<bool> = vec![true; self.0.len()];
        let mut next = Vec::with_capacity(lines.len());
        for line in lines {
            let near = |t: &Track| apart(&t.line, line).map(|d| d.abs());
            let of = |(i, t): (usize, &Track)| near(t).filter(|_| free[i]).map(|d| (d, i));
            let nearest = self.0.iter().enumerate().filter_map(of);
            let nearest = nearest.filter(|(d, _)| *d <= DRIFT);
            let nearest = nearest.min_by(|a, b| a.0.total_cmp(&b.0));
            let evidence = nearest.map_or_else(
                || if is_new(line) { NEW } else { 0.0 },
                |(_, i)| {
                    free[i] = false;
                    let track = &self.0[i];
                    let told = match field {
                        Some(field) if track.missed == 0 => {
                            against(&track.line, line, field) - CHANCE
                        }
                        Some(_) => 0.0,
                        None => CUT,
                    };
                    (track.evidence + told).clamp(-ENOUGH, 3.0 * ENOUGH)
                },
            );
            next.push(Track {
                line: line.clone(),
                evidence,
                missed: 0,
            });
        }
        let told = next.iter().map(|track| track.evidence).collect();
        let kept = self.0.drain(..).zip(free).filter(|(_, free)| *free);
        for (mut track, _) in kept {
            track.missed += 1;
            if track.missed <= PATIENCE {
                next.push(track);
            }
        }
        self.0 = next;
        told
    }
}

/// Whether what was told of a line makes it a scratch.
pub fn is_scratch(evidence: f32) -> bool {
    evidence >= ENOUGH
}

/// Whether it may be one: what it covers is not looked at.
pub fn may_be_scratch(evidence: f32) -> bool {
    evidence >= SOME
}

/// Columns by which a line lies further than another, in the middle of the bands that both pass.
pub fn apart(before: &Line, now: &Line) -> Option<f32> {
    if before.bright != now.bright {
        return None;
    }
    let both = shared(before, now);
    if both.len() * 2 < before.columns.len().min(now.columns.len()) {
        return None;
    }
    let mut apart: Vec<f32> = both.map(|b| now.at(b) - before.at(b)).collect();
    let middle = apart.len() / 2;
    (!apart.is_empty()).then(|| *apart.select_nth_unstable_by(middle, f32::total_cmp).1)
}

/// The bands that both lines pass.
fn shared(a: &Line, b: &Line) -> std::ops::Range<usize> {
    let (a, b) = (a.bands(), b.bands());
    let start = a.start.max(b.start);
    start..a.end.min(b.end).max(start)
}

/// Mean difference of the motions of a line and of the scene around it, in pixels.
fn against(before: &Line, now: &Line, field: &Field) -> f32 {
    let Some(moved) = apart(before, now) else {
        return 0.0;
    };
    let both = shared(before, now);
    let count = both.len().max(1) as f32;
    let of = |band: usize| {
        let row = (band * BAND / CELL) as isize;
        let column = (now.at(band) / CELL as f32) as isize;
        // What lies at x now lay at x + v before.
        let scene = |c: isize| -0.25 * field.at(column + c, row)[0] as f32;
        let apart = AROUND.map(|c| (moved - scene(c)).abs());
        apart.into_iter().fold(CAP, f32::min)
    };
    both.map(of).sum::<f32>() / count
}

/// What tells of a line in the next frame, where `lines` of that hold it.
pub fn evidence_of(line: &Line, lines: &[Line], told: &[f32]) -> Option<f32> {
    let near = |other: &Line| apart(line, other).is_some_and(|d| d.abs() <= DRIFT);
    let found = lines.iter().zip(told).filter(|(other, _)| near(other));
    found.map(|(_, told)| *told).max_by(f32::total_cmp)
}

#[cfg(test)]
mod tests {
    use super::super::motion::estimate;
    use super::super::plane::Plane;
    use super::super::pyramid::Pyramid;
    use super::*;

    fn scene(moved: f32) -> Pyramid {
        Pyramid::of(Plane::from_fn(160, 120, |y, x| {
            let (x, y) = (x as f32 - moved, y as f32);
            let wave = (0.4 * x).sin() * (0.3 * y).cos() + (0.09 * x + 0.07 * y).sin();
            (120.0 + 30.0 * wave) as u8
        }))
    }

    fn line(x: f32) -> Line {
        Line {
            bright: true,
            first: 2,
            columns: vec![x; 11],
        }
    }

    /// What is told of a line at these columns while the scene moves by these.
    fn told(columns: &[f32], scenes: &[f32]) -> f32 {
        let mut tracks = Tracks::default();
        let mut last = 0.0;
        for (i, x) in columns.iter().enumerate() {
            let before = i.checked_sub(1).map(|i| scene(scenes[i]));
            let field = before.map(|before| estimate(&scene(scenes[i]), &before));
            let field = field.unwrap_or_else(|| estimate(&scene(0.0), &scene(0.0)));
            last = tracks.follow(&[line(*x)], Some(&field), |_| false)[0];
        }
        last
    }

    #[test]
    fn what_stays_while_the_scene_moves_or_drifts_while_it_stays_is_a_scratch() {
        assert!(is_scratch(told(&[80.0, 80.2, 79.9], &[0.0, 2.0, 4.0])));
        assert!(is_scratch(told(&[80.0, 81.1, 80.0, 81.5], &[0.0; 4])));
    }

    #[test]
    fn what_moves_with_the_scene_is_none() {
        assert!(!is_scratch(told(
            &[70.0, 72.0, 74.0, 76.1],
            &[0.0, 2.0, 4.0, 6.0]
        )));
        assert!(!is_scratch(told(&[80.0, 80.1, 80.0, 79.9], &[0.0; 4])));
    }

    #[test]
    fn a_line_that_outlasts_cuts_is_a_scratch_and_others_are_forgotten() {
        let mut tracks = Tracks::default();
        tracks.follow(&[line(50.0)], None, |_| false);
        assert!(is_scratch(tracks.follow(&[line(50.5)], None, |_| false)[0]));
        for _ in 0..=PATIENCE {
            tracks.follow(&[], None, |_| false);
        }
        assert_eq!(tracks.follow(&[line(50.5)], None, |_| false), [0.0]);
        assert_eq!(tracks.follow(&[line(90.5)], None, |_| true), [NEW]);
    }
}
