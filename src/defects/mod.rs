// SPDX-License-Identifier: MPL-2.0
//! Defects of film, found by looking at three frames at a time: dust, dirt and dropouts, which one
//! frame shows and its neighbours do not, and vertical scratches, which stay while the scene moves
//! (docs/decisions/040-film.md).
//!
//! Works on gray frames of 8-bit codes. Depends on neither GStreamer nor the diffusion.

mod blobs;
mod brightness;
mod compensate;
mod events;
mod lines;
mod mask;
mod motion;
mod plane;
mod pyramid;
mod tracks;

pub use mask::Mask;
pub use plane::Plane;

use compensate::Residual;
use lines::{Bands, Line};
use motion::Field;
use pyramid::Pyramid;
use tracks::Tracks;

/// Codes by which the cells of a frame differ less, on the mean, from those of one that it repeats.
const SAME: i32 = 9;

/// What is looked for, and how.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// 0 marks only what is plain, 1 what hardly stands out.
    pub sensitivity: f32,
    /// Whether what one frame alone shows is marked.
    pub dust: bool,
    /// Whether vertical lines are marked that do not move with the scene.
    pub scratches: bool,
    /// Pixels by which marks grow in all directions.
    pub grow: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            sensitivity: 0.5,
            dust: true,
            scratches: true,
            grow: 1,
        }
    }
}

impl Settings {
    /// Divides the differences that are needed: 1/2 at sensitivity 0, 2 at 1.
    fn ease(&self) -> f32 {
        4f32.powf(self.sensitivity.clamp(0.0, 1.0) - 0.5)
    }
}

/// A frame that waits for the next one.
struct Waiting {
    pyramid: Pyramid,
    /// What it shows beside the frame before; `None` after a cut.
    before: Option<Residual>,
    bands: Bands,
    lines: Vec<Line>,
    /// What tells of each line that it is a scratch.
    told: Vec<f32>,
}

/// Finds the defects of the frames of a stream, one frame late.
#[derive(Default)]
pub struct Detector {
    waiting: Option<Waiting>,
    /// The last frame before that one that shows something else.
    earlier: Option<Pyramid>,
    tracks: Tracks,
}

impl Detector {
    /// Takes the next frame and gives the mask of the one before; `None` for the first. A frame of
    /// another size begins another stream: [`Detector::finish`] comes before it.
    pub fn push(&mut self, frame: Plane, settings: &Settings) -> Option<Mask> {
        let next = Pyramid::of(frame);
        let size = |p: &Pyramid| (p.finest().width, p.finest().height);
        let waiting = self
            .waiting
            .take()
            .filter(|w| size(&w.pyramid) == size(&next));
        let again = waiting.as_ref().filter(|now| is_same(&now.pyramid, &next));
        let pair = match again {
            // It has the neighbours of the frame that it repeats.
            Some(_) => self
                .earlier
                .as_ref()
                .map(|earlier| Pair::of(earlier, &next)),
            None => waiting.as_ref().map(|now| Pair::of(&now.pyramid, &next)),
        };
        let (backward, forward) = pair.map_or((None, None), Pair::split);
        let forward = forward.filter(|_| again.is_none());
        let bands = Bands::of(next.finest());
        let lines = match settings.scratches {
            true => lines::find(&bands, settings.ease()),
            false => Vec::new(),
        };
        let field = backward.as_ref().map(|(field, _)| field);
        let told = match again {
            Some(now) => now.told_again(&lines),
            None => {
                let before = backward.as_ref().map(|(_, residual)| residual);
                let is_new = |line: &Line| before.is_some_and(|b| bands.is_new(line, b));
                self.tracks.follow(&lines, field, is_new)
            }
        };
        let repeated = again.is_some();
        let mask = waiting.map(|now| {
            let mask = now.mask(forward.as_ref(), Some((&lines, &told)), settings);
            if !repeated {
                self.earlier = Some(now.pyramid);
            }
            mask
        });
        self.waiting = Some(Waiting {
            pyramid: next,
            before: backward.map(|(_, residual)| residual),
            bands,
            lines,
            told,
        });
        mask
    }

    /// The mask of the last frame, where one waits. The stream begins anew.
    pub fn finish(&mut self, settings: &Settings) -> Option<Mask> {
        let waiting = self.waiting.take();
        *self = Self::default();
        let waiting = waiting?;
        Some(waiting.mask(None, None, settings))
    }
}

/// Two frames after each other.
struct Pair {
    /// From the later frame to the earlier, and what the later one shows beside it.
    backward: (Field, Residual),
    /// What the earlier shows beside the later.
    forward: Residual,
    cut: bool,
}

impl Pair {
    fn of(now: &Pyramid, next: &Pyramid) -> Self {
        let (field, backward) = against(next, now);
        let (_, forward) = against(now, next);
        let cut = backward.is_other_scene() && forward.is_other_scene();
        Self {
            backward: (field, backward),
            forward,
            cut,
        }
    }

    fn split(self) -> (Option<(Field, Residual)>, Option<Residual>) {
        match self.cut {
            true => (None, None),
            false => (Some(self.backward), Some(self.forward)),
        }
    }
}

/// Whether a frame repeats the one before, as where the frame rate of a film was raised: grain alone
/// makes others differ by more.
fn is_same(now: &Pyramid, next: &Pyramid) -> bool {
    let (now, next) = (now.finest(), next.finest());
    let side = motion::CELL;
    let sum = |plane: &Plane, top: usize, left: usize| -> i32 {
        let rows = top..(top + side).min(plane.height);
        let columns = left..(left + side).min(plane.width);
        let of = |y| {
            plane.row(y)[columns.clone()]
                .iter()
                .map(|v| i32::from(*v))
                .sum::<i32>()
        };
        rows.map(of).sum()
    };
    let cells = (0..now.height).step_by(side);
    let mut cells = cells.flat_map(|y| (0..now.width).step_by(side).map(move |x| (y, x)));
    cells.all(|(y, x)| {
        let apart = (sum(now, y, x) - sum(next, y, x)).abs();
        apart < SAME * (side * side) as i32
    })
}

/// Where a frame lies in another, and what it shows beside it.
fn against(frame: &Pyramid, other: &Pyramid) -> (Field, Residual) {
    let table = brightness::table(frame.coarsest(), other.coarsest());
    let same = table.map(|table| Pyramid::of(other.finest().through(&table)));
    let other = same.as_ref().unwrap_or(other);
    let field = motion::estimate(frame, other);
    let residual = Residual::of(frame.finest(), other.finest(), &field);
    (field, residual)
}

impl Waiting {
    /// What tells of the lines of a frame that repeats this one.
    fn told_again(&self, lines: &[Line]) -> Vec<f32> {
        let told = |line| tracks::evidence_of(line, &self.lines, &self.told);
        lines.iter().map(|line| told(line).unwrap_or(0.0)).collect()
    }

    /// Its mask, once the next frame is known. `next`: the lines of that, and what tells of them.
    fn mask(
        &self,
        after: Option<&Residual>,
        next: Option<(&[Line], &[f32])>,
        settings: &Settings,
    ) -> Mask {
        let now = self.pyramid.finest();
        let mut mask = Mask::new(now.width, now.height);
        if settings.dust {
            let before = self.before.as_ref();
            let scene = events::Scene { now, before, after };
            events::mark(&scene, settings.ease(), &mut mask.marked);
        }
        for (line, told) in self.lines.iter().zip(&self.told) {
            let later = next.and_then(|(lines, told)| tracks::evidence_of(line, lines, told));
            if settings.scratches && tracks::is_scratch(told.max(later.unwrap_or(*told))) {
                lines::mark(line, &self.bands, &mut mask);
            }
        }
        mask.grow(settings.grow);
        mask
    }
}

#[cfg(test)]
mod tests;
