// SPDX-License-Identifier: MPL-2.0
//! [`OperatorStep`]: the loaded graph as a step of the sampler, with the operator's tensors.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::pipeline::Observation;
use crate::error::RestoreError;
use crate::graph::Tensors;
use crate::image::Window;
use crate::model::OrtStep;
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
}

impl<'a> OperatorStep<'a> {
    /// A step for one frame. `tensors` is empty, and is emptied when the step is dropped: only its
    /// memory stays.
    pub fn new(
        step: &'a mut OrtStep,
        operator: &'a mut Operator,
        observation: &'a Observation,
        tensors: &'a mut TensorCache,
    ) -> Self {
        Self {
            step,
            operator,
            observation,
            tensors,
        }
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
        let Observation {
            y, canvas, noise, ..
        } = self.observation;
        for patch in &*patches {
            if let Entry::Vacant(entry) = self.tensors.entry(patch.window) {
                let window = patch.window;
                entry.insert(self.operator.tensors(y, canvas, window));
            }
        }
        let cache = &*self.tensors;
        let tensors = |window| cache.get(&window).map_or(&[][..], |tensors| tensors);
        self.step.run(patches, level, &noise.told, tensors)
    }
}
