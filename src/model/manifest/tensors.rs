// SPDX-License-Identifier: MPL-2.0
//! Tensors as a manifest declares them, as its graph has them, and as they are needed.

use std::collections::BTreeMap;

use super::Dim;
use crate::graph::{IMAGES, TensorSpec};

/// The inputs that the sampler makes. Those of rank four and five begin with the batch.
pub fn sampler_inputs(iterations: usize) -> [TensorSpec; 5] {
    let noise = [None, Some(iterations), Some(3), None, None];
    [
        TensorSpec::new("xt", &IMAGES),
        TensorSpec::new("z0", &IMAGES),
        TensorSpec::new("noise", &noise),
        TensorSpec::new("t", &[Some(1)]),
        TensorSpec::new("sigma_y", &[Some(1)]),
    ]
}

/// Names and dimensions of inputs.
type Inputs = [(&'static str, &'static [Option<usize>])];

/// The inputs that describe the noise; a graph takes all or none.
pub const NOISE: &Inputs = &[
    ("noise_basis", &[None, Some(3), Some(3)]),
    ("noise_std", &[None, Some(3)]),
    ("noise_shape", &[None, Some(5)]),
];
/// What makes samples differ, and the noise that keeps their residuals as large as that of y.
pub const TEXTURE_NOISE: &str = "texture_noise";
pub const Y_NOISE: &str = "y_noise";
/// The inputs that make samples; a graph takes all or none.
const SAMPLES: &Inputs = &[
    ("realism", &[Some(1)]),
    (TEXTURE_NOISE, &[None, Some(6), None, None]),
];
/// One more of these, which graphs of JPEG do not take.
const NOISE_OF_Y: &Inputs = &[(Y_NOISE, &IMAGES)];

/// The inputs that only some graphs take, as far as the `actual` ones have any of a set.
pub fn optional_inputs(actual: &[&str]) -> Vec<TensorSpec> {
    let has = |set: &Inputs| set.iter().any(|(name, _)| actual.contains(name));
    let sets = [
        (NOISE, has(NOISE)),
        (SAMPLES, has(SAMPLES)),
        (NOISE_OF_Y, has(SAMPLES) && has(NOISE_OF_Y)),
    ];
    let taken = sets
        .iter()
        .filter(|(_, taken)| *taken)
        .flat_map(|(set, _)| *set);
    taken
        .map(|(name, dims)| TensorSpec::new(name, dims))
        .collect()
}

/// Compares the tensors of the manifest with the graph's, and the graph's with the needed ones.
pub fn compare(
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
