// SPDX-License-Identifier: MPL-2.0
//! What becomes of a frame for which the network has no answer: it is tried again, and then passes as it came.

use super::{FrameReport, Output, Restorer, Settings};
use crate::error::RestoreError;
use crate::image::Image;

/// Half a code of eight bits, on the scale of [-1, 1].
const HALF_CODE: f32 = 1.0 / 255.0;

/// Tiles of at most this side are not cut any further: what has no room for them has no room for the network.
const LEAST_TILE: usize = 64;

impl Restorer {
    /// [`Restorer::restore`], where memory that runs out costs smaller tiles from here on, and an answer that is no
    /// picture one more try with other noise; if that is none either, the frame stays as it came, enlarged where the
    /// output is larger. The report tells either.
    pub fn restore_with_fallback(
        &mut self,
        frame: &Image,
        number: u64,
        settings: &Settings,
    ) -> Result<(Image, FrameReport), RestoreError> {
        let first = self.restore_in_memory(frame, number, settings);
        let Err(RestoreError::InvalidOutput(_)) = first else {
            return first;
        };
        let other = Settings {
            seed: settings.seed.wrapping_add(1),
            ..settings.clone()
        };
        let second = self.restore_in_memory(frame, number, &other);
        let Err(RestoreError::InvalidOutput(reason)) = second else {
            return second;
        };
        let plain = Settings {
            strength: 0.0,
            output: Output::Sample,
            ..other
        };
        let (image, mut report) = self.restore(frame, number, &plain)?;
        report.failed = Some(reason);
        Ok((image, report))
    }

    /// [`Restorer::restore`] in ever smaller tiles until memory suffices.
    fn restore_in_memory(
        &mut self,
        frame: &Image,
        number: u64,
        settings: &Settings,
    ) -> Result<(Image, FrameReport), RestoreError> {
        let mut smaller_tiles = None;
        loop {
            let mut result = self.restore(frame, number, settings);
            match &mut result {
                Err(RestoreError::Memory(_)) if self.tile_side > LEAST_TILE => {
                    let side = (self.tile_side / 2).max(LEAST_TILE);
                    smaller_tiles = Some(format!(
                        "Memory ran out with tiles of {} pixels: frames are restored in tiles of {side} from here on; set tile-width and tile-height to that, or free memory.",
                        self.tile_side
                    ));
                    self.largest_tile = side;
                    self.pool.clear();
                }
                Err(_) => return result,
                Ok((_, report)) => {
                    report.smaller_tiles = smaller_tiles;
                    return result;
                }
            }
        }
    }
}

/// Whether each channel is one colour, to half a code. A network that fails this way has lost the frame.
pub fn is_flat(image: &Image) -> bool {
    (0..image.channels).all(|c| {
        let plane = image.plane(c);
        let range = |(low, high): (f32, f32), &v: &f32| (low.min(v), high.max(v));
        let (low, high) = plane.iter().fold((f32::MAX, f32::MIN), range);
        high - low < HALF_CODE
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_pixel_of_another_colour_is_a_picture() {
        let mut image = Image::filled(3, 4, 5, 0.3);
        assert!(is_flat(&image));
        image.data[27] += 0.01;
        assert!(!is_flat(&image));
    }
}
