// SPDX-License-Identifier: MPL-2.0
//! The manifest of a step graph, read strictly: each difference from what is needed is named.
//!
//! Depends on no runtime: the graph's own inputs are given as names and dimensions.

mod parse;
mod prepare;
mod stddev;
mod tensors;

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::Path;

use parse::parsed;
use prepare::Preparation;
use serde::Deserialize;
pub use stddev::StddevManifest;
use tensors::{NOISE, compare, optional_inputs, sampler_inputs};
pub use tensors::{TEXTURE_NOISE, Y_NOISE};

use super::files::Expected;
use crate::graph::{GraphSpec, IMAGES, TensorSpec};
use crate::sampler::{Aggregation, BETA, LEVELS};

/// Key of the manifest in the graph's `metadata_props`.
pub const KEY: &str = "ud2m.manifest";

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
    /// SHA-256 of the graph's file without its metadata, in which this manifest lies.
    pub graph_sha256: String,
    /// The files that hold the graph's weights, by their names in the package.
    pub weights: BTreeMap<String, Expected>,
    /// How the steps' estimates become the answer: `last`, as without this field, or `mean`.
    #[serde(default, with = "AggregationName")]
    pub aggregation: Aggregation,
    /// Whether it was trained as the only outer step of a trajectory.
    #[serde(default)]
    pub single_step: bool,
    /// The graph that answers what of the step depends on no image, where there is one.
    #[serde(default)]
    pub prepare: Option<Preparation>,
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
        parsed(text)
    }

    /// Whether the graph is told the noise's covariance, correlation and growth.
    pub fn takes_noise_model(&self) -> bool {
        let prepare = self.prepare.as_ref();
        let name = NOISE[0].0;
        self.inputs.contains_key(name) || prepare.is_some_and(|p| p.inputs.contains_key(name))
    }

    /// Whether the graph can answer with samples of the posterior, and not with its mean alone.
    pub fn takes_realism(&self) -> bool {
        self.inputs.contains_key(TEXTURE_NOISE)
    }

    /// Compares the manifest with what `needed` asks for.
    pub fn check(&self, needed: &GraphSpec) -> Result<(), String> {
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
        for (field, value, limits) in [
            ("size_multiple", self.size_multiple, 1..=256),
            ("iterations", self.iterations, 1..=64),
            ("halo", self.halo, 0..=1023),
        ] {
            if !limits.contains(&value) {
                let (low, high) = limits.into_inner();
                return wrong(
                    field,
                    value.to_string(),
                    format!("a number of {low} to {high}"),
                );
            }
        }
        if let Some(name) = self.weights.keys().find(|name| !is_plain(name)) {
            let needed = "the name of a file in the package".to_owned();
            return wrong("weights", format!("{name:?}"), needed);
        }
        Ok(())
    }

    /// Compares the manifest with the inputs and outputs of its graph, and both with what `needed`
    /// asks for.
    pub fn check_graph(
        &self,
        needed: &GraphSpec,
        inputs: &[TensorSpec],
        outputs: &[TensorSpec],
    ) -> Result<(), String> {
        let taken = |name: &str| inputs.iter().any(|i| i.name == name);
        let left = |spec: &TensorSpec| self.prepare.as_ref().is_some_and(|p| p.takes(spec));
        let mut all = self.known_inputs(needed, inputs);
        all.retain(|spec| taken(&spec.name) || !left(spec));
        all.extend(self.prepare.iter().flat_map(Preparation::outputs));
        compare(
            "input",
            &self.inputs,
            inputs,
            &all.iter().collect::<Vec<_>>(),
        )?;
        let answer = TensorSpec::new("x0", &IMAGES);
        compare("output", &self.output, outputs, &[&answer])
    }

    /// Compares the manifest with the inputs and outputs of the graph that prepares the step, which
    /// has the inputs `step`.
    pub fn check_prepare(
        &self,
        needed: &GraphSpec,
        step: &[TensorSpec],
        inputs: &[TensorSpec],
        outputs: &[TensorSpec],
    ) -> Result<(), String> {
        let known = self.known_inputs(needed, step);
        let prepare = self.prepare.as_ref();
        prepare.map_or(Ok(()), |p| p.check(&known, inputs, outputs))
    }

    /// The inputs that the step and its preparation share out, of which the step has `inputs`.
    fn known_inputs(&self, needed: &GraphSpec, inputs: &[TensorSpec]) -> Vec<TensorSpec> {
        let prepare = self.prepare.iter().flat_map(|p| p.inputs.keys());
        let names = inputs.iter().map(|i| &i.name).chain(prepare);
        let optional = optional_inputs(&names.map(String::as_str).collect::<Vec<_>>());
        let own = sampler_inputs(self.iterations).into_iter();
        own.chain(needed.inputs.clone()).chain(optional).collect()
    }
}

/// Whether a file of this name lies in the package's own folder.
fn is_plain(name: &str) -> bool {
    Path::new(name).file_name() == Some(OsStr::new(name))
}

#[cfg(test)]
mod tests;
