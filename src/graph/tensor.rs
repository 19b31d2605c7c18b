// SPDX-License-Identifier: MPL-2.0
//! Named inputs of a step graph. Lists are short and lie inline: making one allocates nothing.

use std::ops::Deref;
use std::sync::Arc;

use smallvec::SmallVec;

use crate::image::Image;

/// Sizes along the dimensions of a tensor.
pub type Shape = SmallVec<[usize; 5]>;

/// The inputs that an operator makes for one window, and the noise of a sample.
pub type Tensors = SmallVec<[Tensor; 6]>;

/// A named input that an operator makes, for one patch: without the batch dimension.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor {
    pub name: &'static str,
    pub shape: Shape,
    pub data: Data,
}

/// Values of a tensor, row by row.
#[derive(Clone, Debug, PartialEq)]
pub enum Data {
    /// Computed once, and shared by many steps and frames.
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
