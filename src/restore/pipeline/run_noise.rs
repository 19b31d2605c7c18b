// SPDX-License-Identifier: MPL-2.0
//! [`RunNoise`]: the noise of the run of the sampler that is in progress.

use super::shared_noise::SharedNoise;
use crate::image::{Image, Window};
use crate::sampler::{Chain, Level};

/// The noise of one run after the other.
pub struct RunNoise<'a> {
    shared: &'a mut SharedNoise,
    levels: &'a [Level],
    /// Of the run in progress.
    seed: u64,
    chain: Option<Chain>,
    /// That of a sample's step, with its place among the levels.
    step: Option<(u32, StepNoise)>,
}

/// What makes a sample in one outer step.
pub struct StepNoise {
    /// \[6,H,W\] of the canvas.
    texture: Image,
    /// \[3,H/s,W/s\], where the graph takes noise of the observation.
    of_y: Option<Image>,
    /// s: output size over the observation's.
    scale: usize,
}

impl<'a> RunNoise<'a> {
    /// Noise for runs down these levels.
    pub fn new(shared: &'a mut SharedNoise, levels: &'a [Level]) -> Self {
        Self {
            shared,
            levels,
            seed: 0,
            chain: None,
            step: None,
        }
    }

    /// Begins a run.
    pub fn begin(&mut self, seed: u64, chain: Chain) {
        (self.seed, self.chain, self.step) = (seed, Some(chain), None);
    }

    /// Standard normal values, \[3,H,W\], of a stream of the run.
    pub fn image(&mut self, stream: u32) -> Image {
        self.shared.image(self.seed, stream)
    }

    /// Images that were drawn for the frame.
    pub fn drawn(&self) -> usize {
        self.shared.drawn()
    }

    /// What makes a sample at `level`; `None` where the run asks for the mean. Steps at one level
    /// have the same. `takes_y`: the graph takes noise of the observation, which is `scale` times
    /// smaller.
    pub fn of_step(&mut self, level: Level, scale: usize, takes_y: bool) -> Option<&StepNoise> {
        if self.chain != Some(Chain::Sample) {
            return None;
        }
        let place = self.levels.iter().position(|l| l.t == level.t);
        let place = place.unwrap_or(0) as u32;
        if self.step.as_ref().is_none_or(|(kept, _)| *kept != place) {
            let noise = StepNoise {
                texture: self.shared.texture(self.seed, place),
                of_y: takes_y.then(|| self.shared.of_y(self.seed, place, scale)),
                scale,
            };
            self.step = Some((place, noise));
        }
        self.step.as_ref().map(|(_, noise)| noise)
    }
}

impl StepNoise {
    /// Texture noise and noise of the observation for a window of the canvas.
    pub fn crop(&self, window: Window) -> (Image, Option<Image>) {
        let scale = self.scale;
        let small = Window {
            x: window.x / scale,
            y: window.y / scale,
            width: window.width / scale,
            height: window.height / scale,
        };
        let of_y = self.of_y.as_ref().map(|noise| noise.crop(small));
        (self.texture.crop(window), of_y)
    }
}
