// SPDX-License-Identifier: MPL-2.0
//! [`OperatorStep`]: the loaded graph as a step of the sampler, with the operator's tensors.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::Restorer;
use super::pipeline::Observation;
use crate::error::RestoreError;
use crate::graph::Tensors;
use crate::image::Window;
use crate::model::{Copies, DeviceWalk, OrtStep};
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

impl OperatorStep<'_> {
    /// A walk of the whole canvas in the memory of the device that runs the graph; `None` where it
    /// has none of its own.
    pub fn on_device(&mut self) -> Option<DeviceWalk<'_>> {
        self.step.copies()?;
        let Observation {
            y, canvas, noise, ..
        } = self.observation;
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
        DeviceWalk::new(self.step, &noise.told, tensors)
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
