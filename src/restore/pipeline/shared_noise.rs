// SPDX-License-Identifier: MPL-2.0
//! [`SharedNoise`]: the sampling noise that all frames of a stream share, drawn once.

use std::collections::HashMap;

use crate::image::Image;
use crate::sampler::{normal_image, texture_image, y_noise_image};

/// Bytes of noise that are kept: that of three steps at 1280x720, say. What is beyond them is drawn
/// for each frame.
const MOST: usize = 128 << 20;

/// What noise depends on, beside the sample and its stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NoiseOf {
    /// Of the first sample.
    pub seed: u64,
    pub height: usize,
    pub width: usize,
    /// Whether all frames share it.
    pub shared: bool,
}

/// What is drawn for a sample.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Drawn {
    /// The noise of a stream.
    Stream(u32),
    /// The texture noise of an outer step, and the noise of its observation.
    Texture(u32),
    OfY(u32),
}

/// Noise by the seed of its sample and its stream. It is kept from the second frame on that takes
/// it, so that single images take no more memory for it.
#[derive(Default)]
pub struct SharedNoise {
    of: NoiseOf,
    images: HashMap<(u64, Drawn), Image>,
    bytes: usize,
    /// Whether the frame before took the same.
    again: bool,
    /// Whether memory ran out beside it.
    scarce: bool,
    drawn: usize,
}

impl SharedNoise {
    /// Starts a frame with this noise.
    pub fn next_frame(&mut self, of: NoiseOf) {
        self.again = of.shared && self.of == of;
        self.drawn = 0;
        if !self.again {
            self.forget();
            self.of = of;
        }
    }

    /// Standard normal values, \[3,H,W\], of one stream of a sample.
    pub fn image(&mut self, seed: u64, stream: u32) -> Image {
        let (height, width) = (self.of.height, self.of.width);
        self.kept(seed, Drawn::Stream(stream), || {
            normal_image(seed, stream, 3, height, width)
        })
    }

    /// Texture noise, \[6,H,W\], of the outer step 0, 1 … of a sample.
    pub fn texture(&mut self, seed: u64, step: u32) -> Image {
        let (height, width) = (self.of.height, self.of.width);
        self.kept(seed, Drawn::Texture(step), || {
            texture_image(seed, step, height, width)
        })
    }

    /// Noise of the observation, \[3,H/scale,W/scale\], of the outer step 0, 1 … of a sample.
    pub fn of_y(&mut self, seed: u64, step: u32, scale: usize) -> Image {
        let (height, width) = (self.of.height / scale, self.of.width / scale);
        self.kept(seed, Drawn::OfY(step), || {
            y_noise_image(seed, step, height, width)
        })
    }

    /// What was kept, or else what `draw` gives.
    fn kept(&mut self, seed: u64, drawn: Drawn, draw: impl FnOnce() -> Image) -> Image {
        if let Some(kept) = self.images.get(&(seed, drawn)) {
            return kept.clone();
        }
        self.drawn += 1;
        let image = draw();
        let bytes = size_of_val(image.data.as_slice());
        if self.again && !self.scarce && self.bytes + bytes <= MOST {
            self.images.insert((seed, drawn), image.clone());
            self.bytes += bytes;
        }
        image
    }

    /// Images that were drawn for the frame.
    pub fn drawn(&self) -> usize {
        self.drawn
    }

    /// Frees what is kept, and keeps nothing any more. Whether there was anything.
    pub fn give_up(&mut self) -> bool {
        self.scarce = true;
        let held = self.bytes > 0;
        self.forget();
        held
    }

    fn forget(&mut self) {
        self.images.clear();
        self.bytes = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OF: NoiseOf = NoiseOf {
        seed: 7,
        height: 12,
        width: 20,
        shared: true,
    };

    /// Draws of a frame that takes four streams of two samples.
    fn draws(noise: &mut SharedNoise, of: NoiseOf) -> usize {
        noise.next_frame(of);
        for (seed, stream) in (0..8).map(|i| (of.seed + i / 4, (i % 4) as u32)) {
            let wanted = normal_image(seed, stream, 3, of.height, of.width);
            assert_eq!(noise.image(seed, stream), wanted);
        }
        noise.drawn()
    }

    #[test]
    fn noise_that_frames_share_is_drawn_twice_and_never_again() {
        let mut noise = SharedNoise::default();
        let drawn: Vec<usize> = (0..5).map(|_| draws(&mut noise, OF)).collect();
        assert_eq!(drawn, [8, 8, 0, 0, 0]);
        for other in [
            NoiseOf { seed: 8, ..OF },
            NoiseOf { width: 24, ..OF },
            NoiseOf {
                shared: false,
                ..OF
            },
        ] {
            assert_eq!(draws(&mut noise, other), 8);
            assert_eq!(draws(&mut noise, other), 8);
        }
        assert_eq!(noise.bytes, 0, "each frame has its own");
    }

    #[test]
    fn where_memory_runs_out_nothing_is_kept() {
        let mut noise = SharedNoise::default();
        assert!(!noise.give_up());
        let mut noise = SharedNoise::default();
        (0..3).for_each(|_| assert!(draws(&mut noise, OF) <= 8));
        assert!(noise.give_up() && !noise.give_up());
        (0..3).for_each(|_| assert_eq!(draws(&mut noise, OF), 8));
    }
}
