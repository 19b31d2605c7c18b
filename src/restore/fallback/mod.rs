// SPDX-License-Identifier: MPL-2.0
//! What becomes of a frame for which memory or a valid answer of the network is missing.
//!
//! Memory that ran out costs smaller tiles. An invalid answer is tried once more with other noise;
//! if that fails too, the frame stays unrestored (docs/decisions/024-fallback.md).

mod memory;

pub use memory::{check, estimate, guarded};

use std::sync::atomic::Ordering;

use super::{Output, RestoredFrame, Restorer, Settings};
use crate::error::RestoreError;
use crate::image::{EIGHT_BIT_STEP, Image, can_hold};

/// Half a step of 8-bit codes.
const HALF_STEP: f32 = (EIGHT_BIT_STEP / 2.0) as f32;

/// Tiles of this side, in pixels, are not cut any further: where there is no memory for them, there
/// is none for the network.
const LEAST_TILE: usize = 64;

impl Restorer {
    /// [`Restorer::restore`] with its fallbacks.
    ///
    /// The report says which of them were taken: `smaller_tiles` and `failed`. An unrestored frame
    /// has the size of a restored one. Errors are those that no fallback mends.
    pub fn restore_with_fallback(
        &mut self,
        frame: &Image,
        number: u64,
        settings: &Settings,
    ) -> Result<RestoredFrame, RestoreError> {
        let restored = self.restore_or_pass(frame, number, settings);
        self.place = None;
        restored
    }

    fn restore_or_pass(
        &mut self,
        frame: &Image,
        number: u64,
        settings: &Settings,
    ) -> Result<RestoredFrame, RestoreError> {
        let first = self.restore_in_memory(frame, number, settings);
        let Err(RestoreError::InvalidOutput(_)) = first else {
            return first;
        };
        let other_noise = Settings {
            seed: settings.seed.wrapping_add(1),
            ..settings.clone()
        };
        let second = self.restore_in_memory(frame, number, &other_noise);
        let Err(RestoreError::InvalidOutput(reason)) = second else {
            return second;
        };
        let passthrough = Settings {
            strength: 0.0,
            output: Output::Sample,
            ..other_noise
        };
        let mut unrestored = guarded(|| self.restore_again(frame, number, &passthrough))?;
        unrestored.report.failed = Some(reason);
        Ok(unrestored)
    }

    /// [`Restorer::restore`], where memory that runs out halves the side of the tiles, for this
    /// frame and all after it.
    fn restore_in_memory(
        &mut self,
        frame: &Image,
        number: u64,
        settings: &Settings,
    ) -> Result<RestoredFrame, RestoreError> {
        let mut smaller_tiles = None;
        loop {
            let mut result = guarded(|| self.restore_again(frame, number, settings));
            if result.is_ok() {
                result = self.check_room().and(result);
            }
            if matches!(result, Err(RestoreError::Memory(_))) && self.noise.give_up() {
                self.pool.clear();
                continue;
            }
            let largest = self.largest_tile.load(Ordering::Relaxed);
            match &mut result {
                // Memory may run out before tiles are chosen, which leaves the last frame's side.
                Err(RestoreError::Memory(_)) if self.tile_side.min(largest) > LEAST_TILE => {
                    let side = (self.tile_side.min(largest) / 2).max(LEAST_TILE);
                    smaller_tiles = Some(format!(
                        "Memory ran out with tiles of {} pixels: frames are restored in tiles of \
                        {side} from here on; set tile-width and tile-height to that, or free \
                        memory.",
                        self.tile_side
                    ));
                    self.largest_tile.store(side, Ordering::Relaxed);
                    self.pool.clear();
                }
                Err(_) => {
                    self.pool.clear();
                    return result;
                }
                Ok(restored) => {
                    restored.report.smaller_tiles = smaller_tiles;
                    return result;
                }
            }
        }
    }
}

impl Restorer {
    /// An error where the network left nothing to others, once for each size of tiles.
    fn check_room(&mut self) -> Result<(), RestoreError> {
        if self.roomy_side != self.tile_side && !can_hold(0) {
            return Err(RestoreError::Memory(format!(
                "The network left no memory to others with tiles of {} pixels: free memory, or use \
                 a smaller model.",
                self.tile_side
            )));
        }
        self.roomy_side = self.tile_side;
        Ok(())
    }
}

/// An error where the network lost the frame: one flat colour, where `frame` has more than one.
/// What it shows where `missing` is 0 does not count.
pub fn check_output(
    restored: &Image,
    frame: &Image,
    missing: Option<&Image>,
) -> Result<(), RestoreError> {
    if is_flat(restored, None) && !is_flat(frame, missing) {
        return Err(RestoreError::InvalidOutput(
            "The model answered with one flat colour: check noise-sigma and the kernel, or use \
            another model."
                .to_owned(),
        ));
    }
    Ok(())
}

/// An error where A x of a restored frame cannot be held against the frame.
pub fn check_residual(rms: f32) -> Result<(), RestoreError> {
    if rms.is_finite() {
        return Ok(());
    }
    Err(RestoreError::InvalidOutput(
        "The restored frame's residual is not a number: check the kernel and noise-sigma, or use \
         another model."
            .to_owned(),
    ))
}

/// Whether no channel varies by more than half a step where `mask`, of the image's size, is not 0.
fn is_flat(image: &Image, mask: Option<&Image>) -> bool {
    (0..image.channels).all(|c| {
        let seen = |i: &usize| mask.is_none_or(|mask| mask.data[*i] > 0.0);
        let plane = image.plane(c).iter().enumerate().filter(|(i, _)| seen(i));
        let range = |(low, high): (f32, f32), (_, &v)| (low.min(v), high.max(v));
        let (low, high) = plane.fold((f32::MAX, f32::MIN), range);
        high - low < HALF_STEP
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_pixel_of_another_colour_is_an_image() {
        let mut image = Image::filled(3, 4, 5, 0.3);
        assert!(is_flat(&image, None));
        image.data[27] += 0.01;
        assert!(!is_flat(&image, None));
        let mut mask = Image::filled(1, 4, 5, 1.0);
        mask.data[7] = 0.0;
        assert!(
            is_flat(&image, Some(&mask)),
            "what is missing has no colour"
        );
    }
    #[test]
    fn a_residual_that_is_not_finite_is_no_answer() {
        for rms in [f32::NAN, f32::INFINITY] {
            let error = check_residual(rms).expect_err("no number");
            assert!(matches!(error, RestoreError::InvalidOutput(_)), "{error}");
        }
        assert_eq!(check_residual(1.0), Ok(()));
    }
}
