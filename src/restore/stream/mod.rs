// SPDX-License-Identifier: MPL-2.0
//! What the frames of a stream share, and restorers that share a stream.

mod relay;
mod smoothing;
mod split;

pub use relay::{Place, Relay};
pub use split::Prepared;
