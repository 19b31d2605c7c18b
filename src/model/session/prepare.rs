// SPDX-License-Identifier: MPL-2.0
//! [`Prepare`]: the graph that answers what of a step depends on no image.
//!
//! It runs on the CPU, once for each level, noise and operator; answers are kept. Steps that run
//! side by side share it: one waits for another no longer than a run takes, some milliseconds.

use std::collections::VecDeque;
use std::sync::Arc;

use ort::session::{Session, SessionInputValue};
use ort::value::TensorRef;
use parking_lot::Mutex;
use smallvec::SmallVec;

use super::super::ort_errors::failed;
use crate::error::RestoreError;
use crate::graph::{Data, Facts, Shape, Tensor, TensorSpec};

/// Most answers that are kept: of ten steps and three sizes of tiles.
const KEPT: usize = 30;
/// Numbers of an input from which on it is kept no longer than its owner keeps it.
const LARGE: usize = 4096;

/// What a step takes of its preparation.
#[derive(Clone, Debug, PartialEq)]
pub struct Prepared {
    pub name: String,
    pub shape: Shape,
    pub data: Vec<f32>,
}

/// The graph that prepares a step, and its last answers.
pub struct Prepare {
    inputs: Vec<TensorSpec>,
    outputs: Vec<TensorSpec>,
    /// Locked while the graph runs: who asks for the same meanwhile finds the answer.
    state: Mutex<State>,
}

struct State {
    session: Session,
    kept: VecDeque<Answer>,
    runs: u64,
}

/// What was asked, and what the graph said.
struct Answer {
    time: f32,
    facts: Facts,
    own: SmallVec<[Arc<[f32]>; 2]>,
    prepared: Arc<[Prepared]>,
}

impl Prepare {
    /// The graph of a session with these inputs and outputs, whose dimensions are fixed.
    pub fn new(session: Session, inputs: Vec<TensorSpec>, outputs: Vec<TensorSpec>) -> Self {
        let state = State {
            session,
            kept: VecDeque::with_capacity(KEPT),
            runs: 0,
        };
        Self {
            inputs,
            outputs,
            state: Mutex::new(state),
        }
    }

    /// How often the graph was run.
    pub fn runs(&self) -> u64 {
        self.state.lock().runs
    }

    /// What the step takes at level `time` with what it is told and the operator's `tensors`.
    ///
    /// An error is one of ONNX Runtime, or an answer of other shapes than the manifest's.
    pub fn of(
        &self,
        time: f32,
        facts: &Facts,
        tensors: &[Tensor],
    ) -> Result<Arc<[Prepared]>, RestoreError> {
        let mut state = self.state.lock();
        // What nobody else has any more will not be asked for again.
        state.kept.retain(|kept| {
            let alive = |data: &Arc<[f32]>| data.len() < LARGE || Arc::strong_count(data) > 1;
            kept.own.iter().all(alive)
        });
        let taken = |t: &&Tensor| self.inputs.iter().any(|i| i.name == t.name);
        let own: SmallVec<[&Tensor; 2]> = tensors.iter().filter(taken).collect();
        let asked = |kept: &&Answer| {
            let alike = |(kept, asked): (&Arc<[f32]>, &&Tensor)| same(kept, &asked.data);
            kept.time == time
                && kept.facts == *facts
                && kept.own.len() == own.len()
                && kept.own.iter().zip(&own).all(alike)
        };
        if let Some(kept) = state.kept.iter().find(asked) {
            return Ok(kept.prepared.clone());
        }
        let own = own.into_iter().map(|tensor| shared(&tensor.data)).collect();
        let prepared = self.run(&mut state.session, time, facts, tensors)?;
        state.runs += 1;
        state.kept.truncate(KEPT - 1);
        state.kept.push_front(Answer {
            time,
            facts: *facts,
            own,
            prepared: prepared.clone(),
        });
        Ok(prepared)
    }

    fn run(
        &self,
        session: &mut Session,
        time: f32,
        facts: &Facts,
        tensors: &[Tensor],
    ) -> Result<Arc<[Prepared]>, RestoreError> {
        let told = &facts.noise;
        let (time, sigma_y, realism) = ([time], [told.sigma_y], [facts.realism]);
        let value = |TensorSpec { name, .. }: &TensorSpec| match name.as_str() {
            "t" => tensor(&[1], &time),
            "sigma_y" => tensor(&[1], &sigma_y),
            "realism" => tensor(&[1], &realism),
            "noise_basis" => tensor(&[1, 3, 3], &told.basis),
            "noise_std" => tensor(&[1, 3], &told.std),
            "noise_shape" => tensor(&[1, 5], &told.shape),
            _ => {
                let own = tensors.iter().find(|t| t.name == name);
                let own = own.ok_or_else(|| ort::Error::new(format!("no input {name}")))?;
                tensor(&own.shape, &own.data)
            }
        };
        let values = self.inputs.iter().map(value);
        let values: SmallVec<[_; 8]> = values.collect::<ort::Result<_>>().map_err(failed)?;
        let answers = session.run(values.as_slice()).map_err(failed)?;
        let output = |TensorSpec { name, dims }: &TensorSpec| {
            let answer = answers.get(name);
            let answer = answer.ok_or_else(|| ort::Error::new(format!("no output {name}")));
            let (shape, data) = answer
                .and_then(|value| value.try_extract_tensor::<f32>())
                .map_err(failed)?;
            let shape: Shape = shape
                .iter()
                .map(|&d| usize::try_from(d).unwrap_or(0))
                .collect();
            if !dims.iter().copied().eq(shape.iter().map(|&d| Some(d))) {
                return Err(RestoreError::Frame(format!(
                    "The model's preparation answered `{name}` as a tensor of {shape:?}, which is \
                     not what its manifest says: export the model again."
                )));
            }
            Ok(Prepared {
                name: name.clone(),
                shape,
                data: data.to_vec(),
            })
        };
        self.outputs.iter().map(output).collect()
    }
}

/// Data that can be kept.
fn shared(data: &Data) -> Arc<[f32]> {
    match data {
        Data::Shared(data) => data.clone(),
        Data::Own(image) => image.data.as_slice().into(),
    }
}

/// Whether data are those that were kept: the same, or equal.
fn same(kept: &Arc<[f32]>, data: &Data) -> bool {
    matches!(data, Data::Shared(data) if Arc::ptr_eq(kept, data)) || **kept == **data
}

/// Data of a shape as an input, where they lie.
pub fn tensor<'a>(shape: &'a [usize], data: &'a [f32]) -> ort::Result<SessionInputValue<'a>> {
    Ok(TensorRef::from_array_view((shape, data))?.into())
}
