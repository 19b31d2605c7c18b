// SPDX-License-Identifier: MPL-2.0
//! Frames that start from the restored frame before them, and are averaged with it.

mod agreement;
mod average;
mod brightness;
mod motion;
mod previous;
mod residual_map;
mod shift;
mod still;
mod warm_start;

pub use average::Average;
pub use previous::PreviousFrame;
pub use still::StillTiles;

/// Whether a frame starts from the one before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Temporal {
    /// Each frame by itself.
    #[default]
    Off,
    /// From the frame before, in one outer step, except after a cut.
    WarmStart,
}

/// Level of the one step of a warm start: the last of three, which the network was trained at
/// (docs/decisions/017-warm-start.md).
pub const LEVEL: u32 = 111;
