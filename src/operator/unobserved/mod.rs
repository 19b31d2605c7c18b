// SPDX-License-Identifier: MPL-2.0
//! Pixels of a frame that hold no data: bars around the picture, codes that were cut off at the
//! range's end, dead pixels of the sensor, and what is known to be missing
//! (docs/decisions/030-unobserved-pixels.md).

mod bars;
mod clipped;
mod cut_off;
mod dead;
mod grain;
mod lines;
mod slopes;
#[cfg(test)]
mod tests;

pub use bars::Bars;
pub use clipped::shares as clipped_shares;
pub use dead::Peak;
pub use slopes::Slopes;

use super::initial::{filled, upscaled};
use super::physics::multiply;
use crate::image::{Border, EIGHT_BIT_STEP, Image, Window};

/// Steepness beyond what the kernel allows, before codes count as cut off: three codes of 8 bits
/// for rounding and a kernel that is not quite the true one, and three standard deviations.
const TOLERANCE: [f32; 2] = [3.0 * EIGHT_BIT_STEP as f32, 3.0];

/// What an operator looks for in a frame by itself.
#[derive(Clone, Copy, Debug)]
pub enum Search<'a> {
    /// Nothing: what holds no data does no harm.
    Nothing,
    /// Bars.
    Bars,
    /// Bars, codes that fall away from the range's end faster than these slopes, and pixels that
    /// stand out by more than this peak.
    All(&'a Slopes, Peak),
}

/// The pixels of a frame that hold no data. Images have one channel and the frame's size.
pub struct Unobserved {
    /// 1 observed, 0 not.
    pub mask: Image,
    /// The frame with a first guess where nothing was observed.
    pub frame: Image,
    bars: Bars,
    /// 1 where a channel was cut off, and where the blur spread it to.
    cut_off: Option<Image>,
    /// 0 where pixels are known to be missing.
    missing: Option<Image>,
}

impl Unobserved {
    /// Those of `frame`, in [-1, 1], whose noise has the standard deviation `sigma_y` on that
    /// scale. `missing` is 0 where pixels are known to be missing. `None` where all are observed.
    pub fn find(
        frame: &Image,
        search: Search,
        missing: Option<&Image>,
        border: Border,
        sigma_y: f32,
    ) -> Option<Self> {
        let [rounding, deviations] = TOLERANCE;
        // What is told of the noise may be too little, which would make lights of its peaks.
        let sigma_y = match search {
            Search::All(..) => grain::deviation(frame).max(sigma_y),
            Search::Nothing | Search::Bars => sigma_y,
        };
        let tolerance = rounding + deviations * sigma_y;
        let dead = match search {
            // All eight neighbours must differ, and any of them may do so by its noise.
            Search::All(_, peak) => dead::without_dead(frame, peak, 2.0 * tolerance),
            Search::Nothing | Search::Bars => None,
        };
        let missing = both(missing, dead.as_ref());
        let missing = missing.as_ref();
        // A bar with a dead pixel is a bar.
        let repaired = missing.map(|missing| filled(frame, missing));
        let bars = match search {
            Search::Nothing => Bars::default(),
            Search::Bars | Search::All(..) => Bars::find(repaired.as_ref().unwrap_or(frame)),
        };
        let mut guess = first_guess(frame, &bars, missing, border);
        let mut cut_off = match search {
            Search::All(slopes, _) => {
                cut_off::cut_off(guess.as_ref().unwrap_or(frame), slopes, tolerance)
            }
            Search::Nothing | Search::Bars => None,
        };
        if guess.is_none() && cut_off.is_none() {
            return None;
        }
        let (width, height) = (frame.width, frame.height);
        let mut mask = Image::filled(1, height, width, 1.0);
        if let Some(cut_off) = &cut_off {
            let pairs = mask.data.iter_mut().zip(&cut_off.data);
            pairs.for_each(|(m, c)| *m = 1.0 - c);
            guess = Some(filled(guess.as_ref().unwrap_or(frame), &mask));
        }
        if let Some(missing) = missing {
            multiply(&mut mask, missing);
            // They are restored, whatever the light beside them.
            if let Some(cut_off) = &mut cut_off {
                multiply(cut_off, missing);
            }
        }
        bars.windows(width, height)
            .into_iter()
            .for_each(|window| fill(&mut mask, window, 0.0));
        Some(Self {
            mask,
            frame: guess.unwrap_or_else(|| frame.clone()),
            bars,
            cut_off,
            missing: missing.cloned(),
        })
    }

    /// 0 where pixels are known to be missing.
    pub fn missing(&self) -> Option<&Image> {
        self.missing.as_ref()
    }

    /// Puts what `restored`, of the frame's size, shows into the first guess, where pixels are
    /// known to be missing.
    pub fn guess_missing(&mut self, restored: &Image) {
        let Some(missing) = &self.missing else {
            return;
        };
        for c in 0..self.frame.channels {
            let values = self.frame.plane_mut(c).iter_mut().zip(restored.plane(c));
            let holes = values.zip(&missing.data).filter(|(_, m)| **m < 1.0);
            holes.for_each(|((out, v), _)| *out = *v);
        }
    }

    /// Share of the frame, 0 to 1, that holds no data.
    pub fn share(&self) -> f32 {
        let observed: f64 = self.mask.data.iter().map(|m| f64::from(*m)).sum();
        (1.0 - observed / self.mask.data.len().max(1) as f64) as f32
    }

    /// Puts into `restored`, `scale` times the size of the frame, what must stand as it came in
    /// `frame`: bars, and what was cut off with what it spread to. Of missing pixels the restored
    /// ones stay.
    pub fn compose(&self, restored: &mut Image, frame: &Image, scale: usize) {
        if let Some(cut_off) = &self.cut_off {
            for c in 0..restored.channels {
                let values = restored.plane_mut(c).iter_mut().zip(frame.plane(c));
                let kept = values.zip(&cut_off.data).filter(|(_, cut)| **cut > 0.0);
                kept.for_each(|((out, v), _)| *out = *v);
            }
        }
        for window in self.bars.windows(frame.width, frame.height) {
            let mut bar = frame.crop(window);
            if let Some(missing) = &self.missing {
                bar = filled(&bar, &missing.crop(window));
            }
            let bar = upscaled(&bar, scale);
            paste(restored, &bar, window.x * scale, window.y * scale);
        }
    }

    /// Blackens the bars of an image `scale` times the size of the frame.
    pub fn blacken_bars(&self, image: &mut Image, scale: usize) {
        let (width, height) = (self.mask.width, self.mask.height);
        for window in self.bars.windows(width, height) {
            let larger = Window {
                x: window.x * scale,
                y: window.y * scale,
                width: window.width * scale,
                height: window.height * scale,
            };
            fill(image, larger, -1.0);
        }
    }
}

/// 1 where a pixel of `frame`, in [-1, 1], shows the scene with all of its noise: outside bars, a
/// pixel away from clipped areas, and not where `missing` is 0. One channel, of the frame's size.
pub fn usable_pixels(frame: &Image, missing: Option<&Image>) -> Image {
    let window = Bars::find(frame).picture(frame.width, frame.height);
    let mut inside = Image::filled(1, window.height, window.width, 1.0);
    clipped::clear_clipped(&frame.crop(window), &mut inside);
    let mut mask = Image::new(1, frame.height, frame.width);
    paste(&mut mask, &inside, window.x, window.y);
    if let Some(missing) = missing {
        multiply(&mut mask, missing);
    }
    mask
}

/// A mask of one channel that is 0 where either of two of one size is.
pub fn both(one: Option<&Image>, other: Option<&Image>) -> Option<Image> {
    let mut both = one.or(other)?.clone();
    if let (Some(_), Some(other)) = (one, other) {
        multiply(&mut both, other);
    }
    Some(both)
}

/// The frame with missing pixels filled from around them, and the picture continued into the bars.
/// `None` where there are neither.
fn first_guess(
    frame: &Image,
    bars: &Bars,
    missing: Option<&Image>,
    border: Border,
) -> Option<Image> {
    if bars.is_empty() && missing.is_none() {
        return None;
    }
    let window = bars.picture(frame.width, frame.height);
    let mut picture = frame.crop(window);
    if let Some(missing) = missing {
        picture = filled(&picture, &missing.crop(window));
    }
    Some(picture.pad(window.y, window.x, frame.height, frame.width, border))
}

/// Sets a rectangle of all channels to one value.
fn fill(image: &mut Image, window: Window, value: f32) {
    for c in 0..image.channels {
        for y in window.y..window.y + window.height {
            image.row_mut(c, y)[window.x..window.x + window.width].fill(value);
        }
    }
}

/// Puts `part` into `image`, its corner at (`x`, `y`).
fn paste(image: &mut Image, part: &Image, x: usize, y: usize) {
    for c in 0..image.channels {
        for row in 0..part.height {
            let out = &mut image.row_mut(c, y + row)[x..x + part.width];
            out.copy_from_slice(part.row(c, row));
        }
    }
}
