// SPDX-License-Identifier: MPL-2.0
//! What the loaded graph was trained for, of all that the settings can ask.

use super::{Restorer, Settings};
use crate::error::RestoreError;

impl Restorer {
    /// An error where the settings ask for what the loaded graph was not trained for.
    pub fn check_trained(&self, settings: &Settings) -> Result<(), RestoreError> {
        let manifest = self.step.manifest();
        settings.check_realism(manifest.takes_realism())?;
        settings.check_steps(manifest.single_step)
    }

    /// Takes from `settings` what the loaded graph was not trained for. Returns a sentence for
    /// each, which says what is done in its place.
    pub fn within_training(&self, settings: &mut Settings) -> Vec<String> {
        let manifest = self.step.manifest();
        let mut said = Vec::new();
        if let Err(error) = settings.check_realism(manifest.takes_realism()) {
            settings.realism = 0.0;
            said.push(format!(
                "{error} Until then frames are restored to the mean."
            ));
        }
        if let Err(error) = settings.check_steps(manifest.single_step) {
            settings.steps = 1;
            said.push(format!("{error} Until then each frame takes one."));
        }
        said
    }
}
