// SPDX-License-Identifier: MPL-2.0
//! [`DeviceWalk`]: the sampler's images in the memory of a device.
//!
//! The observation and what belongs to it go there once a walk, noise once a step. State, estimate
//! and mean stay there: a small graph moves them. One image comes back, the answer.

mod sums;

pub use sums::{COMBINE, Copies, OnDevice};

use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use ort::session::IoBinding;
use ort::value::{DynTensor, TensorRef, Value, ValueTypeMarker};

use super::super::inputs::{Inputs, Told};
use super::super::ort_errors::failed;
use super::answer::check_values;
use super::{OrtStep, Prepared};
use sums::output;

use crate::error::RestoreError;
use crate::graph::{Facts, Tensor};
use crate::image::Image;
use crate::sampler::{Aggregation, Level, Patch, Walk};

/// The images of one way down the levels, on the device that runs the step.
pub struct DeviceWalk<'a> {
    step: &'a mut OrtStep,
    facts: &'a Facts,
    tensors: &'a [Tensor],
    /// What it began with, in the processor's memory, and the noise of a step.
    start: Option<Patch>,
    binding: Option<IoBinding>,
    /// What was prepared for the step before.
    prepared: Arc<[Prepared]>,
    state: Option<DynTensor>,
    estimate: Option<Rc<DynTensor>>,
    mean: Option<Rc<DynTensor>>,
}

impl<'a> DeviceWalk<'a> {
    /// A walk with the operator's `tensors` for a whole canvas; `facts` is what the graph is told.
    /// `None` where the step's device has no memory of its own.
    pub fn new(step: &'a mut OrtStep, facts: &'a Facts, tensors: &'a [Tensor]) -> Option<Self> {
        step.on_device.is_some().then_some(Self {
            step,
            facts,
            tensors,
            start: None,
            binding: None,
            prepared: Arc::new([]),
            state: None,
            estimate: None,
            mean: None,
        })
    }

    /// Binds the inputs of a step, those that changed since the one before.
    fn bind(&mut self, level: Level) -> Result<(), RestoreError> {
        let (Some(start), Some(device)) = (&self.start, self.step.on_device.as_mut()) else {
            return Err(not_begun());
        };
        let prepared = match &self.step.loaded.prepare {
            Some(prepare) => prepare.of(level.t as f32, self.facts, self.tensors)?,
            None => Arc::new([]),
        };
        let sessions = &self.step.loaded.sessions;
        let first = self.binding.is_none();
        if self.binding.is_none() {
            self.binding = Some(sessions.alone().create_binding().map_err(failed)?);
        }
        let binding = self.binding.as_mut().ok_or_else(not_begun)?;
        let specs = &self.step.loaded.inputs;
        let patches = std::slice::from_ref(start);
        let told = Told {
            time: level.t as f32,
            facts: self.facts,
            prepared: &prepared,
        };
        let count = self.step.loaded.manifest.iterations;
        let inputs = Inputs::of((patches, start), specs, count, told, |_| self.tensors);
        for (spec, value) in specs.iter().zip(inputs.values(specs)?) {
            let moved = match spec.name.as_str() {
                "xt" => self.state.as_ref(),
                "z0" => self.estimate.as_deref(),
                _ => None,
            };
            let bound = match moved {
                Some(tensor) => binding.bind_input(&spec.name, tensor),
                None if first || changes(&spec.name, &self.prepared, &prepared) => {
                    device.copies.to_device += 1;
                    binding.bind_input(&spec.name, &*value)
                }
                None => Ok(()),
            };
            bound.map_err(failed)?;
        }
        // A new tensor each time: the one before is an input.
        let kept = device.device.keeps(&device.environment, binding, "x0");
        kept.map_err(failed)?;
        self.prepared = prepared.clone();
        Ok(())
    }

    /// A sum of the estimate and another image of the walk or of the processor.
    fn sum<Y: ValueTypeMarker + ?Sized>(
        step: &mut OrtStep,
        x: (f32, &DynTensor),
        y: (f32, &Value<Y>),
        home: bool,
    ) -> Result<DynTensor, RestoreError> {
        let begun = Instant::now();
        let device = step.on_device.as_mut().ok_or_else(not_begun)?;
        let sum = device.sum(x, y, home, &step.interrupt.options);
        step.spent += begun.elapsed();
        sum.map_err(failed)
    }

    /// A sum of a tensor and an image of the processor's.
    fn sum_with(
        &mut self,
        x: (f32, &DynTensor),
        (b, image): (f32, &Image),
    ) -> Result<DynTensor, RestoreError> {
        let shape = [1, image.channels, image.height, image.width];
        let tensor = TensorRef::from_array_view((shape, &*image.data)).map_err(failed)?;
        if let Some(device) = self.step.on_device.as_mut() {
            device.copies.to_device += 1;
        }
        Self::sum(self.step, x, (b, &*tensor), false)
    }
}

impl Walk for DeviceWalk<'_> {
    type Error = RestoreError;

    fn iterations(&self) -> usize {
        self.step.manifest().iterations
    }

    fn aggregation(&self) -> Aggregation {
        self.step.manifest().aggregation
    }

    fn begin(&mut self, xt: Image, z0: Image) {
        self.start = Some(Patch::new(xt, z0, self.iterations()));
        (self.binding, self.state, self.estimate, self.mean) = (None, None, None, None);
    }

    fn estimate(
        &mut self,
        level: Level,
        draw: &mut dyn FnMut(u32) -> Image,
    ) -> Result<(), RestoreError> {
        let count = self.iterations();
        let start = self.start.as_mut().ok_or_else(not_begun)?;
        start.draw(count as u32, draw);
        let begun = Instant::now();
        self.bind(level)?;
        let binding = self.binding.as_ref().ok_or_else(not_begun)?;
        let mut session = self.step.loaded.sessions.alone();
        let x0 = output(&mut session, binding, "x0", &self.step.interrupt.options);
        drop(session);
        self.step.spent += begun.elapsed();
        self.step.evaluations += count as u64;
        let x0 = x0.map_err(failed)?;
        if x0.memory_info().is_cpu_accessible()
            && let Some(device) = self.step.on_device.as_mut()
        {
            device.copies.to_host += 1;
        }
        self.estimate = Some(Rc::new(x0));
        Ok(())
    }

    fn average(&mut self, share: f32) -> Result<(), RestoreError> {
        let x0 = self.estimate.clone().ok_or_else(not_begun)?;
        self.mean = Some(match self.mean.take() {
            None => x0,
            Some(mean) => Rc::new(Self::sum(
                self.step,
                (share, &x0),
                (1.0 - share, &mean),
                false,
            )?),
        });
        Ok(())
    }

    fn renoise(
        &mut self,
        [level, next]: [Level; 2],
        keep: f32,
        fresh: Option<(f32, Image)>,
    ) -> Result<(), RestoreError> {
        let x0 = self.estimate.clone().ok_or_else(not_begun)?;
        let of_x0 = (next.alpha - keep * level.alpha, &*x0);
        let mut state = match (self.state.take(), self.start.take()) {
            (Some(xt), start) => {
                self.start = start;
                Self::sum(self.step, of_x0, (keep, &xt), false)?
            }
            (None, Some(start)) => {
                let state = self.sum_with(of_x0, (keep, &start.xt))?;
                self.start = Some(start);
                state
            }
            (None, None) => return Err(not_begun()),
        };
        if let Some((renew, fresh)) = fresh {
            state = self.sum_with((1.0, &state), (renew, &fresh))?;
        }
        self.state = Some(state);
        Ok(())
    }

    fn restart(&mut self, _: &Image) {
        // The estimate that it began with is still bound.
        self.estimate = None;
    }

    fn finish(&mut self) -> Result<Image, RestoreError> {
        let answer = self.mean.take().or_else(|| self.estimate.take());
        let answer = answer.ok_or_else(not_begun)?;
        let home = Self::sum(self.step, (1.0, &answer), (0.0, &*answer), true)?;
        let (_, data) = home.try_extract_tensor::<f32>().map_err(failed)?;
        check_values(data)?;
        let start = self.start.take().ok_or_else(not_begun)?;
        let mut image = start.z0;
        image.data.clear();
        image.data.extend_from_slice(data);
        Ok(image)
    }
}

/// Whether an input is another one than in the step before.
fn changes(name: &str, before: &[Prepared], now: &[Prepared]) -> bool {
    let of = |list: &[Prepared]| list.iter().position(|p| p.name == name);
    match of(now) {
        Some(i) => of(before).is_none_or(|j| before[j] != now[i]),
        None => ["noise", "t"].contains(&name),
    }
}

/// An error where a walk is used before it began.
fn not_begun() -> RestoreError {
    RestoreError::Frame(
        "The sampler has no images on the device: this is a fault of the plugin, report it."
            .to_owned(),
    )
}
