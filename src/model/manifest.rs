// SPDX-License-Identifier: MPL-2.0
//! The manifest of a step graph, read strictly: each difference from what is needed is named.
//!
//! Depends on no runtime: the graph's own inputs are given as names and dimensions.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::graph::{GraphSpec, IMAGES, TensorSpec};
use crate::sampler::{Aggregation, BETA, LEVELS};

/// Key of the manifest in the graph's `metadata_props`.
pub const KEY: &str = "ud2m.manifest";
/// The version of the manifest this plugin reads.
pub const SCHEMA: u64 = 1;

/// The manifest of one step graph.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    pub schema: u64,
    /// Name of the package, its version and its licence.
    pub name: String,
    pub version: String,
    pub licence: String,
    /// Stem of the graph's file: `blur`, `mask`, `denoise`, `jpeg`, `jpeg422`, `jpeg444`,
    /// `downscale2` to `downscale4`.
    pub family: String,
    /// Output size over the size of the observation.
    pub scale: usize,
    /// Smallest and largest value of an image; always [-1, 1].
    pub range: [f32; 2],
    /// Width and height of `xt` are multiples of this, in pixels.
    pub size_multiple: usize,
    /// How far away, in pixels, a value still changes the estimate of a pixel.
    pub halo: usize,
    /// K: iterations of one step, each with one inner noise and one evaluation of the network.
    pub iterations: usize,
    /// Levels of the schedule, and its first and last beta.
    pub levels: u32,
    pub beta: [f64; 2],
    /// Standard deviations of the noise, on the scale of [-1, 1], for which the graph was trained.
    pub sigma_y: [f32; 2],
    /// Dimensions of each input and output.
    pub inputs: BTreeMap<String, Vec<Dim>>,
    pub output: BTreeMap<String, Vec<Dim>>,
    /// How the steps' estimates become the answer: `last`, as without this field, or `mean`.
    #[serde(default, with = "AggregationName")]
    pub aggregation: Aggregation,
    /// Provenance and measured quality, for readers.
    pub training: serde_json::Map<String, serde_json::Value>,
    pub scores: serde_json::Map<String, serde_json::Value>,
}

/// How the manifest writes an [`Aggregation`].
#[derive(Deserialize)]
#[serde(remote = "Aggregation", rename_all = "kebab-case")]
enum AggregationName {
    Last,
    Mean,
}

/// A dimension of a tensor: its size, or a name where any size is taken.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Dim {
    Fixed(usize),
    Free(String),
}

impl std::fmt::Display for Dim {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Fixed(size) => write!(f, "{size}"),
            Self::Free(name) => f.write_str(name),
        }
    }
}

impl Manifest {
    /// Reads the JSON text of a manifest; the error is a reason without the file's name.
    pub fn parse(text: &str) -> Result<Self, String> {
        let refused = |e: serde_json::Error| {
            format!("the manifest is not valid ({e}): export the model again.")
        };
        let value: serde_json::Value = serde_json::from_str(text).map_err(refused)?;
        // Before the other fields, which a later schema may have changed.
        match value.get("schema").and_then(serde_json::Value::as_u64) {
            Some(SCHEMA) => {}
            Some(other) => {
                return Err(format!(
                    "the manifest has schema {other} and this plugin reads schema {SCHEMA}: use a \
                     plugin and a model of the same age."
                ));
            }
            None => {
                return Err(
                    "the manifest has no field `schema`: export the model again.".to_owned(),
                );
            }
        }
        serde_json::from_value(value).map_err(refused)
    }

    /// Compares the manifest with the inputs and outputs of the graph it came from, and both with
    /// what `needed` asks for.
    pub fn check(
        &self,
        needed: &GraphSpec,
        inputs: &[TensorSpec],
        outputs: &[TensorSpec],
    ) -> Result<(), String> {
        let wrong = |field: &str, found: String, needed: String| {
            Err(format!(
                "the manifest's `{field}` is {found} where {needed} is needed: use a model made \
                 for this plugin."
            ))
        };
        if self.family != needed.name {
            return wrong("family", self.family.clone(), needed.name.clone());
        }
        if self.scale != needed.scale {
            return wrong("scale", self.scale.to_string(), needed.scale.to_string());
        }
        if self.range != [-1.0, 1.0] {
            return wrong("range", format!("{:?}", self.range), "[-1, 1]".to_owned());
        }
        if self.levels != LEVELS {
            return wrong("levels", self.levels.to_string(), LEVELS.to_string());
        }
        if self.beta != BETA {
            return wrong("beta", format!("{:?}", self.beta), format!("{BETA:?}"));
        }
        let [low, high] = self.sigma_y;
        if !(low >= 0.0 && low < high && high.is_finite()) {
            return wrong(
                "sigma_y",
                format!("{:?}", self.sigma_y),
                "a rising range from 0 or more".to_owned(),
            );
        }
        for (field, value, limit) in [
            ("size_multiple", self.size_multiple, 256),
            ("iterations", self.iterations, 64),
            ("halo", self.halo + 1, 1024),
        ] {
            if !(1..=limit).contains(&value) {
                return wrong(field, value.to_string(), format!("a number up to {limit}"));
            }
        }
        let own = sampler_inputs(self.iterations);
        let all: Vec<&TensorSpec> = own.iter().chain(&needed.inputs).collect();
        compare("input", &self.inputs, inputs, &all)?;
        let answer = TensorSpec::new("x0", &IMAGES);
        compare("output", &self.output, outputs, &[&answer])
    }
}

/// The inputs that the sampler makes. Those of rank four and five begin with the batch.
fn sampler_inputs(iterations: usize) -> [TensorSpec; 5] {
    let noise = [None, Some(iterations), Some(3), None, None];
    [
        TensorSpec::new("xt", &IMAGES),
        TensorSpec::new("z0", &IMAGES),
        TensorSpec::new("noise", &noise),
        TensorSpec::new("t", &[Some(1)]),
        TensorSpec::new("sigma_y", &[Some(1)]),
    ]
}

/// Compares the tensors of the manifest with the graph's, and the graph's with the needed ones.
fn compare(
    what: &str,
    declared: &BTreeMap<String, Vec<Dim>>,
    actual: &[TensorSpec],
    needed: &[&TensorSpec],
) -> Result<(), String> {
    for TensorSpec { name, dims } in needed {
        let Some(TensorSpec { dims: found, .. }) = actual.iter().find(|a| a.name == *name) else {
            return Err(format!(
                "the graph has no {what} `{name}`: export the model again."
            ));
        };
        if found != dims {
            return Err(format!(
                "the graph's {what} `{name}` is {} where {} is needed: export the model again.",
                listed(found),
                listed(dims)
            ));
        }
    }
    for TensorSpec { name, dims: found } in actual {
        if !needed.iter().any(|n| n.name == *name) {
            return Err(format!(
                "the graph has an {what} `{name}` that this plugin does not know: use a model made \
                 for this plugin."
            ));
        }
        let Some(dims) = declared.get(name) else {
            return Err(format!(
                "the manifest's {what} list lacks `{name}`: export the model again."
            ));
        };
        if !agree(dims, found) {
            let dims: Vec<String> = dims.iter().map(Dim::to_string).collect();
            return Err(format!(
                "the manifest's {what} `{name}` is [{}] and the graph's {}: export the model \
                 again.",
                dims.join(", "),
                listed(found)
            ));
        }
    }
    if let Some(name) = declared
        .keys()
        .find(|n| !actual.iter().any(|a| a.name == **n))
    {
        return Err(format!(
            "the manifest lists an {what} `{name}` that the graph does not have: export the model \
             again."
        ));
    }
    Ok(())
}

/// Whether the dimensions that a manifest declares are those of the graph.
fn agree(declared: &[Dim], actual: &[Option<usize>]) -> bool {
    let same = |(declared, actual): (&Dim, &Option<usize>)| match declared {
        Dim::Fixed(size) => *actual == Some(*size),
        Dim::Free(_) => actual.is_none(),
    };
    declared.len() == actual.len() && declared.iter().zip(actual).all(same)
}

fn listed(dims: &[Option<usize>]) -> String {
    let dims: Vec<String> = dims
        .iter()
        .map(|d| d.map_or_else(|| "any".to_owned(), |size| size.to_string()))
        .collect();
    format!("[{}]", dims.join(", "))
}

#[cfg(test)]
mod tests;
