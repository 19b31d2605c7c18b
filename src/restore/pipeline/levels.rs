// SPDX-License-Identifier: MPL-2.0
//! [`Levels`]: those of a frame's outer steps.

use crate::restore::temporal;
use crate::sampler::{Initial, Level, level, levels};

/// The levels of the outer steps, kept from frame to frame.
pub struct Levels {
    cold: Vec<Level>,
    warm: [Level; 1],
}

impl Levels {
    /// Those of `steps` outer steps, at least one, or of the one step of a warm start.
    pub fn of(&mut self, initial: &Initial, steps: usize) -> &[Level] {
        if matches!(initial, Initial::Warm(_)) {
            return &self.warm;
        }
        let steps = steps.max(1);
        if self.cold.len() != steps {
            self.cold = levels(steps);
        }
        &self.cold
    }
}

impl Default for Levels {
    fn default() -> Self {
        Self {
            cold: Vec::new(),
            warm: [level(temporal::LEVEL)],
        }
    }
}
