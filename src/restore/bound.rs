// SPDX-License-Identifier: MPL-2.0
//! A step of the sampler made of the operator's tensors and the loaded graph.
//!
//! A window's tensors are made once for a frame and serve all its steps.

use std::collections::HashMap;

use crate::error::RestoreError;
use crate::image::{Image, Tensor, Window};
use crate::model::OrtStep;
use crate::operator::{Canvas, Operator};
use crate::sampler::{Level, Patch, StepModel};

pub struct BoundStep<'a> {
    step: &'a mut OrtStep,
    operator: &'a mut Operator,
    observed: &'a Image,
    canvas: &'a Canvas,
    sigma_y: f32,
    quality: u32,
    tensors: HashMap<Window, Vec<Tensor>>,
}

impl<'a> BoundStep<'a> {
    /// `sigma_y` is the noise on the scale of [-1, 1]; `quality` matters to JPEG only.
    pub fn new(
        step: &'a mut OrtStep,
        operator: &'a mut Operator,
        observed: &'a Image,
        canvas: &'a Canvas,
        sigma_y: f32,
        quality: u32,
    ) -> Self {
        Self {
            step,
            operator,
            observed,
            canvas,
            sigma_y,
            quality,
            tensors: HashMap::new(),
        }
    }

    fn tensors(&mut self, window: Window) -> Result<Vec<Tensor>, RestoreError> {
        if let Some(known) = self.tensors.get(&window) {
            return Ok(known.clone());
        }
        let made = self
            .operator
            .tensors(self.observed, self.canvas, window, self.quality)?;
        self.tensors.insert(window, made.clone());
        Ok(made)
    }
}

impl StepModel for BoundStep<'_> {
    type Error = RestoreError;

    fn iterations(&self) -> usize {
        self.step.manifest().iterations
    }

    fn estimate(&mut self, patches: &[Patch], level: Level) -> Result<Vec<Image>, RestoreError> {
        let tensors: Vec<Vec<Tensor>> = patches
            .iter()
            .map(|patch| self.tensors(patch.window))
            .collect::<Result<_, _>>()?;
        self.step.run(patches, level, self.sigma_y, &tensors)
    }
}
