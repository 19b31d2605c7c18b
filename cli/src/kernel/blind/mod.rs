// SPDX-License-Identifier: MPL-2.0
//! The kernel of a blurred picture from the picture alone.

pub mod edges;
pub mod fit;
pub mod found;
pub mod fourier;
pub mod latent;
pub mod plane;
pub mod project;
pub mod scales;
pub mod shapes;
pub mod update;
