// SPDX-License-Identifier: MPL-2.0
//! Noise alone: y = x + n.

use smallvec::smallvec;

use super::Kind;
use crate::graph::{GraphSpec, Tensor, Tensors};
use crate::image::{Image, Window};
use crate::operator::Canvas;
use crate::operator::canvas::part;
use crate::operator::physics::Physics;

/// Noise alone.
pub(super) fn kind() -> Kind<'static> {
    Kind::new(GraphSpec::new("denoise", 1), |_, _| Ok(Identity))
}

/// A = 1.
struct Identity;

impl Physics for Identity {
    fn twin(&self) -> Box<dyn Physics> {
        Box::new(Self)
    }

    fn tensors(&mut self, observed: &Image, _canvas: &Canvas, window: Window) -> Tensors {
        smallvec![Tensor::own("y", part(observed, window, 1))]
    }

    fn apply(&self, x: &Image) -> Image {
        x.clone()
    }

    fn adjoint(&self, y: &Image) -> Image {
        y.clone()
    }
}
