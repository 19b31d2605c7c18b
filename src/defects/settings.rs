// SPDX-License-Identifier: MPL-2.0
//! What the detector is told.

/// What is looked for, and how.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// 0 marks only what is plain, 1 what hardly stands out.
    pub sensitivity: f32,
    /// Whether what one frame alone shows is marked.
    pub dust: bool,
    /// Whether vertical lines are marked that do not move with the scene.
    pub scratches: bool,
    /// Pixels by which marks grow in all directions.
    pub grow: usize,
    /// Whether it is looked up what the neighbours show where there are defects.
    pub replace: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            sensitivity: 0.5,
            dust: true,
            scratches: true,
            grow: 1,
            replace: true,
        }
    }
}

impl Settings {
    /// Divides the differences that are needed: 1/2 at sensitivity 0, 2 at 1.
    pub(super) fn ease(&self) -> f32 {
        4f32.powf(self.sensitivity.clamp(0.0, 1.0) - 0.5)
    }
}
