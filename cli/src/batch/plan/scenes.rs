// SPDX-License-Identifier: MPL-2.0
//! Where a scene begins: a frame that does not resemble the one before it.
//!
//! Frames are compared as small gray pictures, for noise and small motion are gone there. Gain and
//! offset do not count, so that fades and flashes are no cuts. A cut too many costs a short chunk,
//! and one too few nothing: chunks have a lead-in either way.

use crate::batch::picture::{Picture, Pictures};
use crate::failure::{Failure, Result};

/// Size of the small pictures.
const WIDTH: u32 = 64;
const HEIGHT: u32 = 36;
/// Correlation with the frame before below which a scene begins.
const ALIKE: f64 = 0.6;
/// Mean difference, in codes of 8 bits, that a cut has at least: noise of a dark scene has no
/// correlation either.
const DIFFERENCE: f64 = 8.0;

/// Looks at the frames of a clip, one after the other.
pub struct Scenes {
    small: Pictures,
    before: Option<Picture>,
}

impl Default for Scenes {
    fn default() -> Self {
        Self {
            small: Pictures::gray(WIDTH, HEIGHT),
            before: None,
        }
    }
}

impl Scenes {
    /// Whether a scene begins with this frame.
    pub fn begins(&mut self, sample: &gst::Sample) -> Result<bool> {
        let small = self.small.convert(sample).ok_or_else(|| {
            Failure::failed(
                "A frame cannot be compared with the one before: restore this format in one piece \
                 with `ud2m restore`.",
            )
        })?;
        let before = self.before.replace(small);
        let pair = before.as_ref().zip(self.before.as_ref());
        Ok(pair.is_some_and(|(before, now)| is_cut(&before.data, &now.data)))
    }
}

/// Whether the second of two small pictures shows another scene.
fn is_cut(before: &[u8], now: &[u8]) -> bool {
    let count = before.len().max(1) as f64;
    let mean = |values: &[u8]| values.iter().map(|v| f64::from(*v)).sum::<f64>() / count;
    let (a, b) = (mean(before), mean(now));
    let [mut aa, mut bb, mut ab, mut apart] = [0.0; 4];
    for (x, y) in before.iter().zip(now) {
        let (x, y) = (f64::from(*x), f64::from(*y));
        aa += (x - a) * (x - a);
        bb += (y - b) * (y - b);
        ab += (x - a) * (y - b);
        apart += (x - y).abs();
    }
    // Below one code of deviation a picture is flat, and resembles nothing but another flat one.
    let (flat_before, flat_now) = (aa < count, bb < count);
    let alike = match (flat_before, flat_now) {
        (true, true) => 1.0,
        (false, false) => ab / (aa * bb).sqrt(),
        _ => 0.0,
    };
    alike < ALIKE && apart / count > DIFFERENCE
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(at: impl Fn(f64, f64) -> f64) -> Vec<u8> {
        let places = (0..WIDTH * HEIGHT).map(|i| (f64::from(i % WIDTH), f64::from(i / WIDTH)));
        places
            .map(|(x, y)| at(x, y).clamp(0.0, 255.0) as u8)
            .collect()
    }

    #[test]
    fn another_scene_is_a_cut_and_a_pan_a_fade_and_noise_are_none() {
        let scene = |x: f64, y: f64| 128.0 + 60.0 * (x / 9.0).sin() * (y / 7.0).cos();
        let other = picture(|x, y| 90.0 + 70.0 * ((x + 2.0 * y) / 11.0).cos());
        let first = picture(scene);
        assert!(is_cut(&first, &other));
        assert!(!is_cut(&first, &picture(|x, y| scene(x + 1.0, y))), "a pan");
        assert!(
            !is_cut(&first, &picture(|x, y| 0.5 * scene(x, y))),
            "a fade"
        );
        let noise = |seed: f64| picture(|x, y| 12.0 + 6.0 * (seed * (x * 12.9 + y * 78.2)).sin());
        assert!(!is_cut(&noise(43.7), &noise(91.3)), "noise in the dark");
        let black = picture(|_, _| 16.0);
        assert!(!is_cut(&black, &black));
        assert!(is_cut(&black, &first));
    }
}
