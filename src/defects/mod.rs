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
mod field;
mod lines;
mod mask;
mod motion;
mod pair;
mod plane;
mod pyramid;
mod replace;
mod settings;
mod shadow;
mod tracks;

pub use field::{CELL, Vector};
pub use mask::Mask;
pub use plane::Plane;
pub use replace::{Patch, Pixels};
pub use settings::Settings;

use compensate::Residual;
use field::Field;
use lines::{Bands, Line};
use pair::{Pair, is_same};
use pyramid::Pyramid;
use replace::Side;
use shadow::Shadow;
use tracks::Tracks;

/// What is known of a frame once the next one is.
pub struct Found {
    /// All that is a defect.
    pub mask: Mask,
    /// What of it neighbours can replace, where `replace` is set.
    pub patches: Vec<Patch>,
    /// Whether the next frame repeats this one: the frame before stays that of both.
    pub repeated: bool,
}

impl Found {
    /// What is a defect and no patch replaces.
    pub fn holes(&self) -> Mask {
        let mut holes = self.mask.clone();
        for patch in &self.patches {
            for y in patch.top..(patch.top + CELL).min(holes.height) {
                let row = &mut holes.marked[y * holes.width..][..holes.width];
                for x in patch.left..(patch.left + CELL).min(row.len()) {
                    row[x] &= !patch.replaces(y - patch.top, x - patch.left);
                }
            }
        }
        holes
    }
}

/// A frame that waits for the next one.
struct Waiting {
    pyramid: Pyramid,
    /// Where it lies in the frame before; `None` after a cut.
    motion: Option<Field>,
    /// What it shows beside the frame before; `None` after a cut.
    before: Option<Residual>,
    bands: Bands,
    lines: Vec<Line>,
    /// What tells of each line that it is a scratch.
    told: Vec<f32>,
    shadow: Shadow,
}

/// A frame that has left.
struct Earlier {
    pyramid: Pyramid,
    shadow: Shadow,
}

/// The frame after one, and what the one shows beside it.
struct After<'a> {
    side: Side<'a>,
    residual: &'a Residual,
}

/// Finds the defects of the frames of a stream, one frame late.
#[derive(Default)]
pub struct Detector {
    waiting: Option<Waiting>,
    /// The last frame before that one that shows something else.
    earlier: Option<Earlier>,
    tracks: Tracks,
}

impl Detector {
    /// Takes the next frame and gives what is found in the one before; `None` for the first. A
    /// frame of another size begins another stream: [`Detector::finish`] comes before it.
    pub fn push(&mut self, frame: Plane, settings: &Settings) -> Option<Found> {
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
                .map(|earlier| Pair::of(&earlier.pyramid, &next)),
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
        let size = size(&next);
        let shadow = Shadow::of(size, &lines, &told, &bands, settings.grow);
        let found = waiting.map(|now| {
            let after = forward.as_ref().map(|(field, residual)| After {
                side: Side {
                    plane: next.finest(),
                    field,
                    shadow: &shadow,
                },
                residual,
            });
            let before = self.earlier.as_ref();
            let mut found = now.found(before, after, Some((&lines, &told)), settings);
            found.repeated = repeated;
            if !repeated {
                self.earlier = Some(Earlier {
                    pyramid: now.pyramid,
                    shadow: now.shadow,
                });
            }
            found
        });
        let (motion, before) = backward.unzip();
        self.waiting = Some(Waiting {
            pyramid: next,
            motion,
            before,
            bands,
            lines,
            told,
            shadow,
        });
        found
    }

    /// What is found in the last frame, where one waits. The stream begins anew.
    pub fn finish(&mut self, settings: &Settings) -> Option<Found> {
        let Self {
            waiting, earlier, ..
        } = std::mem::take(self);
        Some(waiting?.found(earlier.as_ref(), None, None, settings))
    }
}

impl Waiting {
    /// What tells of the lines of a frame that repeats this one.
    fn told_again(&self, lines: &[Line]) -> Vec<f32> {
        let told = |line| tracks::evidence_of(line, &self.lines, &self.told);
        lines.iter().map(|line| told(line).unwrap_or(0.0)).collect()
    }

    /// What is found in it, once the next frame is known. `before`: the last frame that shows
    /// something else; `next`: the lines of the next one, and what tells of them.
    fn found(
        &self,
        before: Option<&Earlier>,
        after: Option<After>,
        next: Option<(&[Line], &[f32])>,
        settings: &Settings,
    ) -> Found {
        let now = self.pyramid.finest();
        let mut mask = Mask::new(now.width, now.height);
        if settings.dust {
            let scene = events::Scene {
                now,
                before: self.before.as_ref(),
                after: after.as_ref().map(|after| after.residual),
            };
            events::mark(&scene, settings.ease(), &mut mask.marked);
        }
        let mut below = Mask::new(now.width, now.height);
        for (line, told) in self.lines.iter().zip(&self.told) {
            let later = next.and_then(|(lines, told)| tracks::evidence_of(line, lines, told));
            if settings.scratches && tracks::is_scratch(told.max(later.unwrap_or(*told))) {
                lines::mark(line, &self.bands, &mut below);
            }
        }
        mask.grow(settings.grow);
        below.grow(settings.grow);
        mask.add(&below);
        let patches = match settings.replace {
            true => {
                let before = before.zip(self.motion.as_ref());
                let before = before.map(|(seen, field)| Side {
                    plane: seen.pyramid.finest(),
                    field,
                    shadow: &seen.shadow,
                });
                replace::patches(now, [before, after.map(|after| after.side)], &mask, &below)
            }
            false => Vec::new(),
        };
        Found {
            mask,
            patches,
            repeated: false,
        }
    }
}

#[cfg(test)]
mod tests;
