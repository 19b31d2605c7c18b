// SPDX-License-Identifier: MPL-2.0
//! Raw video: the caps of the pads, and frames of every format against images in [-1, 1].

pub mod caps;
mod chroma;
mod color;
pub mod convert;
pub mod direct;
