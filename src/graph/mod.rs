// SPDX-License-Identifier: MPL-2.0
//! What a step graph takes: its specification, and the tensors that fit it.
//!
//! An operator writes both and the model reads them, so neither depends on the other.

mod noise;
mod tensor;

pub use noise::NoiseTensors;
pub use tensor::{Data, Shape, Tensor, Tensors};

/// Sizes along the dimensions of a tensor of the graph; `None` where any size is taken.
pub type Dims = Vec<Option<usize>>;

/// A batch of RGB images: \[B, 3, H, W\].
pub const IMAGES: [Option<usize>; 4] = [None, Some(3), None, None];

/// The step graph that a degradation needs. The model holds the graph's file against it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GraphSpec {
    /// Stem of the graph's file and `family` of its manifest: `blur`, `downscale2`, `jpeg422` …
    pub name: String,
    /// Output size over the observation's size.
    pub scale: usize,
    /// The inputs that the operator makes; the sampler's own are not among them.
    pub inputs: Vec<TensorSpec>,
    /// What is wrong, and what to do, where a package has no such graph.
    pub missing: String,
}

/// What a step graph is told beside images, the same for every image of a batch.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Facts {
    pub noise: NoiseTensors,
    /// `realism`, \[1\]: 0 asks for the posterior mean, 1 for a sample.
    pub realism: f32,
}

impl Facts {
    /// The mean of an observation with this noise is asked for.
    pub fn mean(noise: NoiseTensors) -> Self {
        Self {
            noise,
            realism: 0.0,
        }
    }
}

/// Name and dimensions of an input or output of a graph. Dimensions of rank 4 begin with the batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TensorSpec {
    pub name: String,
    pub dims: Dims,
}

impl GraphSpec {
    /// The graph `name`, whose one input of its own is the observation `y`.
    pub fn new(name: impl Into<String>, scale: usize) -> Self {
        let name = name.into();
        let missing = format!(
            "does not exist: the package has no graph for this task, choose another model (wanted \
             {name}.onnx)."
        );
        Self {
            name,
            scale,
            inputs: vec![TensorSpec::new("y", &IMAGES)],
            missing,
        }
    }

    /// The same with one more input.
    pub fn input(mut self, name: &str, dims: &[Option<usize>]) -> Self {
        self.inputs.push(TensorSpec::new(name, dims));
        self
    }
}

impl TensorSpec {
    /// The tensor `name` of the dimensions `dims`.
    pub fn new(name: &str, dims: &[Option<usize>]) -> Self {
        Self {
            name: name.to_owned(),
            dims: dims.to_vec(),
        }
    }
}
