// SPDX-License-Identifier: MPL-2.0
//! Named inputs of a step graph. Lists are short and lie inline, so that making them costs no memory.

use std::ops::Deref;
use std::sync::Arc;

use smallvec::SmallVec;

use super::Image;

/// Sizes along the dimensions of a tensor.
pub type Shape = SmallVec<[usize; 5]>;

/// The inputs that a kind of degradation adds to those of every graph.
pub type Tensors = SmallVec<[Tensor; 3]>;

/// A named input of a step graph beyond the common ones, without a batch dimension.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor {
    pub name: &'static str,
    pub shape: Shape,
    pub data: Data,
}

/// Values of a tensor, row by row.
#[derive(Clone, Debug, PartialEq)]
pub enum Data {
    /// What does not change is computed once, and shared by many steps and frames.
    Shared(Arc<[f32]>),
    /// An image of one frame.
    Own(Image),
}

impl Tensor {
    /// Values that are shared.
    pub fn shared(name: &'static str, shape: &[usize], data: &Arc<[f32]>) -> Self {
        Self {
            name,
            shape: shape.into(),
            data: Data::Shared(data.clone()),
        }
    }

    /// An image of one frame.
    pub fn own(name: &'static str, image: Image) -> Self {
        Self {
            name,
            shape: SmallVec::from_slice(&[image.channels, image.height, image.width]),
            data: Data::Own(image),
        }
    }
}

impl Deref for Data {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        match self {
            Self::Shared(data) => data,
            Self::Own(image) => &image.data,
        }
    }
}
