// SPDX-License-Identifier: MPL-2.0
//! A step of the sampler made of the operator's tensors and the loaded graph.
//!
//! A window's tensors are made once for a frame and serve all its steps.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use crate::error::RestoreError;
use crate::image::{Image, Tensors, Window};
use crate::model::OrtStep;
use crate::operator::{Canvas, Operator};
use crate::sampler::{Aggregation, Level, Patch, StepModel};

/// The tensors of a frame's windows.
pub type TensorCache = HashMap<Window, Tensors>;

pub struct OperatorStep<'a> {
    step: &'a mut OrtStep,
    operator: &'a mut Operator,
    observed: &'a Image,
    canvas: &'a Canvas,
    sigma_y: f32,
    quality: u32,
    cache: &'a mut TensorCache,
}

impl<'a> OperatorStep<'a> {
    /// `sigma_y` is the noise on the scale of [-1, 1]; `quality` matters to JPEG only. `cache` is empty, and is again
    /// when the frame is done: only its room is kept.
    pub fn new(
        step: &'a mut OrtStep,
        operator: &'a mut Operator,
        (observed, canvas): (&'a Image, &'a Canvas),
        (sigma_y, quality): (f32, u32),
        cache: &'a mut TensorCache,
    ) -> Self {
        Self {
            step,
            operator,
            observed,
            canvas,
            sigma_y,
            quality,
            cache,
        }
    }
}

impl Drop for OperatorStep<'_> {
    fn drop(&mut self) {
        self.cache.clear();
    }
}

impl StepModel for OperatorStep<'_> {
    type Error = RestoreError;

    fn iterations(&self) -> usize {
        self.step.manifest().iterations
    }

    fn aggregation(&self) -> Aggregation {
        self.step.manifest().aggregation
    }

    fn estimate(&mut self, patches: &mut [Patch], level: Level) -> Result<(), RestoreError> {
        for patch in &*patches {
            if let Entry::Vacant(entry) = self.cache.entry(patch.window) {
                let (window, quality) = (patch.window, self.quality);
                let made = self
                    .operator
                    .tensors(self.observed, self.canvas, window, quality)?;
                entry.insert(made);
            }
        }
        let cache = &*self.cache;
        let tensors = |window| cache.get(&window).map_or(&[][..], |made| made);
        self.step.run(patches, level, self.sigma_y, tensors)
    }
}
