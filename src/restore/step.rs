// SPDX-License-Identifier: MPL-2.0
//! [`OperatorStep`]: the loaded graph as a step of the sampler, with the operator's tensors.

use std::cell::RefCell;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::Restorer;
use super::pipeline::{Observation, RunNoise};
use crate::error::RestoreError;
use crate::graph::{Facts, Tensor, Tensors};
use crate::image::Window;
use crate::model::{Copies, DeviceWalk, OrtStep, TEXTURE_NOISE, Y_NOISE};
use crate::operator::Operator;
use crate::sampler::{Aggregation, Level, Patch, StepModel};

/// The operator's tensors for each window of a frame. They serve all steps of the frame.
pub type TensorCache = HashMap<Window, Tensors>;

/// A step of the sampler: the graph, run with the operator's tensors for the patches' windows.
pub struct OperatorStep<'a> {
    step: &'a mut OrtStep,
    operator: &'a mut Operator,
    observation: &'a Observation,
    tensors: &'a mut TensorCache,
    noise: &'a RefCell<RunNoise<'a>>,
    facts: Facts,
}

impl<'a> OperatorStep<'a> {
    /// A step for one frame. `tensors` is empty, and is emptied when the step is dropped: only its
    /// memory stays. `noise` is that of the run in progress.
    pub fn new(
        step: &'a mut OrtStep,
        (operator, observation): (&'a mut Operator, &'a Observation),
        tensors: &'a mut TensorCache,
        noise: &'a RefCell<RunNoise<'a>>,
    ) -> Self {
        Self {
            step,
            operator,
            observation,
            tensors,
            noise,
            facts: Facts::mean(observation.noise.told),
        }
    }
}

impl OperatorStep<'_> {
    /// A walk of the whole canvas in the memory of the device that runs the graph; `None` where it
    /// has none of its own.
    pub fn on_device(&mut self) -> Option<DeviceWalk<'_>> {
        self.step.copies()?;
        let Observation { y, canvas, .. } = self.observation;
        let window = Window {
            x: 0,
            y: 0,
            width: canvas.width,
            height: canvas.height,
        };
        let operator = &mut *self.operator;
        let tensors = self
            .tensors
            .entry(window)
            .or_insert_with(|| operator.tensors(y, canvas, window));
        DeviceWalk::new(self.step, &self.facts, tensors)
    }
}

impl Restorer {
    /// What was copied to the device that runs the model and back, where it has memory of its own.
    pub fn copies(&self) -> Option<Copies> {
        self.step.copies()
    }
}

impl Drop for OperatorStep<'_> {
    fn drop(&mut self) {
        self.tensors.clear();
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
        let Observation { y, canvas, .. } = self.observation;
        let takes_y = self.step.manifest().inputs.contains_key(Y_NOISE);
        let mut noise = self.noise.borrow_mut();
        let of_sample = noise.of_step(level, self.operator.scale(), takes_y);
        for patch in &*patches {
            let window = patch.window;
            let tensors = match self.tensors.entry(window) {
                Entry::Occupied(entry) => entry.into_mut(),
                Entry::Vacant(entry) => entry.insert(self.operator.tensors(y, canvas, window)),
            };
            if let Some(of_sample) = of_sample {
                let (texture, of_y) = of_sample.crop(window);
                tensors.retain(|t| ![TEXTURE_NOISE, Y_NOISE].contains(&t.name));
                tensors.push(Tensor::own(TEXTURE_NOISE, texture));
                tensors.extend(of_y.map(|noise| Tensor::own(Y_NOISE, noise)));
            }
        }
        self.facts.realism = if of_sample.is_some() { 1.0 } else { 0.0 };
        let cache = &*self.tensors;
        let tensors = |window| cache.get(&window).map_or(&[][..], |tensors| tensors);
        self.step.run(patches, level, &self.facts, tensors)
    }
}
