// SPDX-License-Identifier: MPL-2.0
//! Step graphs that are loaded, and what is given up when the element stops.

use super::imp::Ud2mRestore;
use super::properties::settings::Live;
use super::state::State;
use crate::error::RestoreError;

impl Ud2mRestore {
    /// Gives up the loading in progress and ends the frame in progress: each may take seconds.
    pub(super) fn give_up(&self) {
        let loading = self.shared.lock().loading.clone();
        loading.raise();
        self.masks.stop();
        self.interrupt();
    }

    /// Ends the frame in progress, which may take seconds.
    pub(super) fn interrupt(&self) {
        if let Some(interrupt) = self.shared.lock().interrupt.as_ref() {
            interrupt.raise();
        }
    }

    /// Loads what tells the standard deviation from one sample where the settings need it, and it
    /// is not there. An error says why it cannot.
    pub(super) fn load_stddev_for(&self, live: &Live) -> Result<(), RestoreError> {
        if !live.needs_stddev() {
            return Ok(());
        }
        let stop = self.shared.lock().loading.clone();
        let guard = self.state.lock();
        let state = guard.as_ref();
        state.map_or(Ok(()), |state| state.restorer.load_stddev(&stop))
    }

    /// Loads another step graph where frames of these caps need it.
    pub(super) fn load_graph_for(
        &self,
        state: &mut State,
        live: &Live,
        incaps: &gst::Caps,
    ) -> Result<(), gst::ErrorMessage> {
        if state.needs_other_graph(live, incaps) {
            let model = state.fixed.model.display().to_string();
            self.post_loading(&model, |warn, stop| state.reload(live, warn, stop))?;
            self.shared.lock().interrupt = Some(state.restorer.interrupt());
        }
        Ok(())
    }
}
