// SPDX-License-Identifier: MPL-2.0
//! Noise alone: y = x + n.

use smallvec::smallvec;

use super::Canvas;
use super::canvas::part;
use super::physics::Physics;
use crate::error::RestoreError;
use crate::image::{Image, Tensor, Tensors, Window};

/// Noise alone: A is the identity.
pub struct Identity;

impl Physics for Identity {
    fn tensors(
        &mut self,
        observed: &Image,
        _canvas: &Canvas,
        window: Window,
        _quality: u32,
    ) -> Result<Tensors, RestoreError> {
        Ok(smallvec![Tensor::own("y", part(observed, window, 1))])
    }

    fn apply(&self, x: &Image) -> Image {
        x.clone()
    }

    fn adjoint(&self, y: &Image) -> Image {
        y.clone()
    }
}
