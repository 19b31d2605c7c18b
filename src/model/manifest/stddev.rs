// SPDX-License-Identifier: MPL-2.0
//! The manifest of the graph that tells the standard deviation of restored frames
//! (docs/decisions/041-one-pass-stddev.md).

use std::collections::BTreeMap;

use serde::Deserialize;

use super::Dim;
use super::parse::parsed;
use super::tensors::compare;
use crate::graph::{IMAGES, TensorSpec};

/// What `graph` is.
const GRAPH: &str = "stddev";
/// A batch of images of one channel: \[B, 1, H, W\].
const PLANES: [Option<usize>; 4] = [None, Some(1), None, None];

/// The manifest of `stddev.onnx`, which serves several families of steps.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StddevManifest {
    pub schema: u64,
    /// Name of the package, its version and its licence.
    pub name: String,
    pub version: String,
    pub licence: String,
    /// What the graph is: `stddev`.
    graph: String,
    /// Names of the step graphs whose answers it was trained on.
    families: Vec<String>,
    /// Width and height of its images are multiples of this, in pixels.
    pub size_multiple: usize,
    /// Dimensions of each input and output.
    inputs: BTreeMap<String, Vec<Dim>>,
    output: BTreeMap<String, Vec<Dim>>,
    /// SHA-256 of the graph's file without its metadata, in which this manifest lies.
    pub graph_sha256: String,
    /// Provenance and measured quality, for readers.
    pub training: serde_json::Map<String, serde_json::Value>,
    pub scores: serde_json::Map<String, serde_json::Value>,
}

impl StddevManifest {
    /// Reads the JSON text of a manifest; the error is a reason without the file's name.
    pub fn parse(text: &str) -> Result<Self, String> {
        parsed(text)
    }

    /// Whether the graph was trained on the answers of the step graph `family`.
    pub fn serves(&self, family: &str) -> bool {
        self.families.iter().any(|name| name == family)
    }

    /// Whether the fields are those of such a graph.
    pub fn check(&self) -> Result<(), String> {
        let wrong = |field: &str, found: String, needed: &str| {
            Err(format!(
                "the manifest's `{field}` is {found} where {needed} is needed: use a model made \
                 for this plugin."
            ))
        };
        if self.graph != GRAPH {
            return wrong("graph", self.graph.clone(), GRAPH);
        }
        if self.families.is_empty() {
            return wrong("families", "empty".to_owned(), "the name of a step graph");
        }
        if !(1..=256).contains(&self.size_multiple) {
            let found = self.size_multiple.to_string();
            return wrong("size_multiple", found, "a number of 1 to 256");
        }
        Ok(())
    }

    /// Compares the manifest with the inputs and outputs of its graph, and both with what the graph
    /// is told of a frame.
    pub fn check_graph(&self, inputs: &[TensorSpec], outputs: &[TensorSpec]) -> Result<(), String> {
        let needed = [
            TensorSpec::new("x0", &IMAGES),
            TensorSpec::new("initial", &IMAGES),
            TensorSpec::new("observed", &PLANES),
            TensorSpec::new("sigma_y", &[Some(1)]),
        ];
        compare("input", &self.inputs, inputs, &needed.each_ref())?;
        let answer = TensorSpec::new("stddev", &PLANES);
        compare("output", &self.output, outputs, &[&answer])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(change: impl Fn(&mut serde_json::Value)) -> String {
        let images = serde_json::json!(["B", 3, "H", "W"]);
        let planes = serde_json::json!(["B", 1, "H", "W"]);
        let mut value = serde_json::json!({
            "schema": 2, "name": "n", "version": "1", "licence": "MPL-2.0", "graph": "stddev",
            "families": ["blur", "downscale2"], "size_multiple": 16,
            "inputs": {"x0": images, "initial": images, "observed": planes, "sigma_y": [1]},
            "output": {"stddev": planes}, "graph_sha256": "", "training": {}, "scores": {}
        });
        change(&mut value);
        value.to_string()
    }

    /// The verdict on a manifest changed by `change`, whose graph has an `observed` of so many
    /// channels.
    fn verdict(channels: usize, change: impl Fn(&mut serde_json::Value)) -> Result<(), String> {
        let observed = [None, Some(channels), None, None];
        let inputs = [
            TensorSpec::new("initial", &IMAGES),
            TensorSpec::new("sigma_y", &[Some(1)]),
            TensorSpec::new("observed", &observed),
            TensorSpec::new("x0", &IMAGES),
        ];
        let manifest = StddevManifest::parse(&text(change))?;
        manifest.check()?;
        manifest.check_graph(&inputs, &[TensorSpec::new("stddev", &PLANES)])
    }

    #[test]
    fn a_manifest_that_fits_is_accepted_and_serves_its_families_alone() {
        verdict(1, |_| {}).expect("nothing is wrong with it");
        let manifest = StddevManifest::parse(&text(|_| {})).expect("valid");
        let served = ["blur", "downscale2", "downscale", "jpeg"].map(|f| manifest.serves(f));
        assert_eq!(served, [true, true, false, false]);
    }

    #[test]
    fn each_field_that_does_not_fit_is_named() {
        let empty = || serde_json::json!({});
        for (field, value, clue) in [
            ("schema", serde_json::json!(3), "schema 3"),
            ("graph", "step".into(), "`graph` is step where stddev"),
            ("families", serde_json::json!([]), "`families` is empty"),
            ("families", "blur".into(), "a sequence"),
            ("size_multiple", 0.into(), "`size_multiple` is 0"),
            ("size_multiple", 257.into(), "`size_multiple` is 257"),
            ("family", "blur".into(), "unknown field `family`"),
            ("weights", empty(), "unknown field `weights`"),
            ("scores", 1.into(), "a map"),
            ("output", empty(), "output list lacks `stddev`"),
        ] {
            let reason = verdict(1, |m| m[field] = value.clone()).expect_err(field);
            assert!(reason.contains(clue), "{field}: {reason}");
        }
    }

    #[test]
    fn each_missing_field_is_named() {
        let whole: serde_json::Value = serde_json::from_str(&text(|_| {})).expect("JSON");
        for field in whole.as_object().expect("an object").keys() {
            let without = |m: &mut serde_json::Value| {
                m.as_object_mut().expect("an object").remove(field);
            };
            let reason = verdict(1, without).expect_err(field);
            assert!(reason.contains(field.as_str()), "{field}: {reason}");
        }
    }

    #[test]
    fn inputs_must_be_those_that_a_frame_has_and_those_of_the_manifest() {
        let reason = verdict(3, |_| {}).expect_err("three channels");
        let clue = "`observed` is [any, 3, any, any]";
        assert!(reason.contains(clue), "{reason}");
        let fixed = |m: &mut serde_json::Value| m["inputs"]["x0"][2] = 64.into();
        let reason = verdict(1, fixed).expect_err("a fixed height");
        assert!(reason.contains("`x0` is [B, 3, 64, W]"), "{reason}");
        let more = |m: &mut serde_json::Value| m["inputs"]["t"] = serde_json::json!([1]);
        let reason = verdict(1, more).expect_err("an input too many");
        assert!(reason.contains("an input `t` that the graph"), "{reason}");
    }
}
