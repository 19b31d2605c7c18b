// SPDX-License-Identifier: MPL-2.0
//! What a manifest says of the graph that prepares its step.
//!
//! That graph answers what depends on no image: levels, scales and shifts. The step takes its
//! outputs as inputs (docs/decisions/039-prepare-graph.md).

use std::collections::BTreeMap;

use serde::Deserialize;

use super::super::files::Expected;
use super::Dim;
use super::tensors::{NOISE, compare};
use crate::graph::TensorSpec;

/// The graph `prepare-FAMILY.onnx`: its file, and dimensions of its inputs and outputs.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Preparation {
    bytes: u64,
    sha256: String,
    pub inputs: BTreeMap<String, Vec<Dim>>,
    outputs: BTreeMap<String, Vec<Dim>>,
}

impl Preparation {
    /// Length and SHA-256 of the file.
    pub fn file(&self) -> Expected {
        Expected {
            bytes: self.bytes,
            sha256: self.sha256.clone(),
        }
    }

    /// What the step takes of it.
    pub fn outputs(&self) -> Vec<TensorSpec> {
        let size = |dim: &Dim| match dim {
            Dim::Fixed(size) => Some(*size),
            Dim::Free(_) => None,
        };
        let spec = |(name, dims): (&String, &Vec<Dim>)| {
            TensorSpec::new(name, &dims.iter().map(size).collect::<Vec<_>>())
        };
        self.outputs.iter().map(spec).collect()
    }

    /// Whether the step may leave this input to the preparation, and that takes it.
    pub fn takes(&self, input: &TensorSpec) -> bool {
        prepared(input).is_some() && self.inputs.contains_key(&input.name)
    }

    /// Compares the manifest with the inputs and outputs of the graph, and its inputs with those
    /// that a step can have, `known`.
    pub fn check(
        &self,
        known: &[TensorSpec],
        inputs: &[TensorSpec],
        outputs: &[TensorSpec],
    ) -> Result<(), String> {
        let has = |spec: &TensorSpec| inputs.iter().any(|i| i.name == spec.name);
        let needed: Vec<TensorSpec> = known.iter().filter_map(prepared).filter(has).collect();
        compare(
            "input",
            &self.inputs,
            inputs,
            &needed.iter().collect::<Vec<_>>(),
        )?;
        let needed = self.outputs();
        if let Some(free) = needed.iter().find(|s| s.dims.contains(&None)) {
            return Err(format!(
                "the output `{}` has no fixed size: export the model again.",
                free.name
            ));
        }
        compare(
            "output",
            &self.outputs,
            outputs,
            &needed.iter().collect::<Vec<_>>(),
        )
    }
}

/// An input as the preparation takes it: of one image, for all of a batch have the same. `None` for
/// images, which differ from frame to frame.
fn prepared(input: &TensorSpec) -> Option<TensorSpec> {
    let mut spec = input.clone();
    if NOISE.iter().any(|(name, _)| *name == spec.name) {
        spec.dims[0] = Some(1);
        return Some(spec);
    }
    (spec.dims.len() < 4 && spec.dims != [None]).then_some(spec)
}
