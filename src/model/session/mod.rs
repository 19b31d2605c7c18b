// SPDX-License-Identifier: MPL-2.0
//! [`OrtStep`]: a loaded step graph. Patches go in, clean estimates come out.
//!
//! An answer with a value that is not finite is an error.

mod answer;
mod device;
mod lanes;
mod prepare;
mod stddev;

pub use device::{COMBINE, Copies, DeviceWalk, OnDevice};
pub use lanes::{Sessions, Threads};
pub use prepare::{Prepare, Prepared};
pub use stddev::{OrtStddev, StddevInputs};

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use ort::session::RunOptions;
use smallvec::SmallVec;

use answer::take_answer;
use lanes::Call;

use super::inputs::{Inputs, Told};
use super::load::{self, Loaded};
use super::manifest::Manifest;
use super::ort_errors::failed;
use super::provider::Engine;
use super::stop::Stop;

use crate::error::RestoreError;
use crate::graph::{Facts, GraphSpec, Tensor};
use crate::image::Window;
use crate::sampler::{Level, Patch};

/// Ends a run from another thread.
#[derive(Clone)]
pub struct Interrupt {
    options: Arc<RunOptions>,
    raised: Arc<AtomicBool>,
}

impl Interrupt {
    /// Ends the run in progress after its present node, and every later one until
    /// [`Interrupt::clear`].
    pub fn raise(&self) {
        self.raised.store(true, Ordering::SeqCst);
        let _ = self.options.terminate();
    }

    /// Allows runs again.
    pub fn clear(&self) {
        self.raised.store(false, Ordering::SeqCst);
        let _ = self.options.unterminate();
    }

    /// Whether runs end at once.
    pub fn is_raised(&self) -> bool {
        self.raised.load(Ordering::SeqCst)
    }
}

/// A loaded step graph, or a part of its sessions.
pub struct OrtStep {
    loaded: Arc<Loaded>,
    on_device: Option<OnDevice>,
    /// Those of the sessions side by side that are its own.
    lanes: Range<usize>,
    interrupt: Interrupt,
    evaluations: u64,
    spent: Duration,
}

impl OrtStep {
    /// Loads the graph `needed` from the directory `package` on the engine. `warn` gets a sentence
    /// where [`super::Provider::Auto`] falls back to the CPU; `stop` gives the loading up. An error
    /// says what is wrong with the graph, its manifest, its weights, the provider or ONNX Runtime.
    pub fn load(
        package: &Path,
        needed: &GraphSpec,
        engine: &Engine,
        warn: &mut dyn FnMut(String),
        stop: &Stop,
    ) -> Result<Self, RestoreError> {
        let (loaded, on_device) = load::graph(package, needed, engine, warn, stop)?;
        let options = RunOptions::new().map_err(failed)?;
        Ok(Self {
            lanes: 0..loaded.sessions.beside(),
            loaded: Arc::new(loaded),
            on_device,
            interrupt: Interrupt {
                options: Arc::new(options),
                raised: Arc::default(),
            },
            evaluations: 0,
            spent: Duration::ZERO,
        })
    }

    /// `parts` steps that share the sessions side by side, each with as many as every other has and
    /// at least one; none where there are not so many. They end by the handle of this one, and run
    /// beside each other, but not beside this one.
    pub fn split(&self, parts: usize) -> Vec<Self> {
        let each = self.lanes.len().checked_div(parts).unwrap_or(0);
        let part = |lane: usize| Self {
            loaded: self.loaded.clone(),
            on_device: None,
            lanes: lane * each..(lane + 1) * each,
            interrupt: self.interrupt.clone(),
            evaluations: 0,
            spent: Duration::ZERO,
        };
        let parts = if each == 0 { 0 } else { parts };
        (0..parts).map(part).collect()
    }

    /// The manifest of the graph.
    pub fn manifest(&self) -> &Manifest {
        &self.loaded.manifest
    }

    /// ONNX Runtime's name of the provider that runs the graph, with the device where it is a
    /// plugin's.
    pub fn provider(&self) -> &'static str {
        self.loaded.provider
    }

    /// A handle that ends runs from another thread.
    pub fn interrupt(&self) -> Interrupt {
        self.interrupt.clone()
    }

    /// Lets another step's handle end the runs of this one.
    pub fn set_interrupt(&mut self, interrupt: Interrupt) {
        self.interrupt = interrupt;
    }

    /// What was copied to the device and back, where it has memory of its own.
    pub fn copies(&self) -> Option<Copies> {
        self.on_device.as_ref().map(|device| device.copies)
    }

    /// How many calls run side by side, at least 1: [`OrtStep::run`] shares its patches out.
    pub fn lanes(&self) -> usize {
        self.lanes.len().max(1)
    }

    /// Network evaluations since the graph was loaded: K for each patch of each run.
    pub fn evaluations(&self) -> u64 {
        self.evaluations
    }

    /// How often what depends on no image was computed since the graph was loaded: anew only where
    /// level, noise or operator are new. `None` where the package has no graph for it.
    pub fn preparations(&self) -> Option<u64> {
        self.loaded.prepare.as_ref().map(Prepare::runs)
    }

    /// Time spent inside ONNX Runtime since the graph was loaded.
    pub fn spent(&self) -> Duration {
        self.spent
    }

    /// Replaces the initial estimates of patches of one size by clean ones at `level`. `facts` is
    /// what the graph is told, as far as it takes it. `tensors` gives the operator's inputs for a
    /// window, and the noise of a sample; all have the same names and shapes.
    ///
    /// An error is one of ONNX Runtime, or an answer of another size or with values that are not
    /// numbers.
    pub fn run<'t>(
        &mut self,
        patches: &mut [Patch],
        level: Level,
        facts: &Facts,
        tensors: impl Fn(Window) -> &'t [Tensor],
    ) -> Result<(), RestoreError> {
        let Some(first) = patches.first() else {
            return Ok(());
        };
        let (height, width) = (first.xt.height, first.xt.width);
        let Loaded {
            sessions,
            manifest,
            inputs: specs,
            prepare,
            ..
        } = &*self.loaded;
        let time = level.t as f32;
        let prepared = match prepare {
            Some(prepare) => Some(prepare.of(time, facts, tensors(first.window))?),
            None => None,
        };
        let told = Told {
            time,
            facts,
            prepared: prepared.as_deref().unwrap_or_default(),
        };
        let count = manifest.iterations;
        // As many for each session as leave none idle.
        let share = patches.len().div_ceil(self.lanes.len().max(1));
        let answers: SmallVec<[_; 8]> = {
            let inputs = patches.chunks(share).filter_map(|part| {
                let first = part.first()?;
                Some(Inputs::of((part, first), specs, count, told, &tensors))
            });
            let inputs: SmallVec<[Inputs; 8]> = inputs.collect();
            let calls = inputs.iter().map(|inputs| {
                let inputs = inputs.values(specs)?;
                let answer = None;
                Ok(Call { inputs, answer })
            });
            let mut calls = calls.collect::<Result<SmallVec<[Call; 8]>, RestoreError>>()?;
            let begun = Instant::now();
            sessions.run(&mut calls, self.lanes.clone(), &self.interrupt.options);
            self.spent += begun.elapsed();
            let unanswered = || Err(ort::Error::new("it was not called"));
            let answers = calls.into_iter().map(|call| call.answer);
            answers.map(|a| a.unwrap_or_else(unanswered)).collect()
        };
        self.evaluations += (count * patches.len()) as u64;
        for (part, answer) in patches.chunks_mut(share).zip(answers) {
            take_answer(part, answer.map_err(failed)?, [height, width])?;
        }
        Ok(())
    }
}
