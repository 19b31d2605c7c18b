// SPDX-License-Identifier: MPL-2.0
//! Loading a step graph, which takes seconds: at the start, and again where caps need another one.

use gst::prelude::*;
use gst::subclass::prelude::*;

use super::errors;
use super::imp::Ud2mRestore;
use super::properties::settings::Live;
use super::state::State;
use crate::error::RestoreError;

impl Ud2mRestore {
    /// Loads another step graph where frames of these caps need it.
    pub(super) fn reload_if_needed(
        &self,
        state: &mut State,
        live: &Live,
        incaps: &gst::Caps,
    ) -> Result<(), gst::ErrorMessage> {
        if !state.needs_other_graph(live, incaps) {
            return Ok(());
        }
        let model = &state.fixed.model.clone();
        self.loading(model, |warn| state.reopen(live, warn))?;
        *self.interrupt.lock() = Some(state.restorer.interrupt());
        Ok(())
    }

    /// Does `load`, and tells the application that it begins and how it ends.
    pub(super) fn loading<T>(
        &self,
        model: &str,
        load: impl FnOnce(&dyn Fn(String)) -> Result<T, RestoreError>,
    ) -> Result<T, gst::ErrorMessage> {
        let warn =
            |text: String| gst::element_imp_warning!(self, gst::LibraryError::Settings, ("{text}"));
        self.progress(
            gst::ProgressType::Start,
            &format!("Loading the model {model}"),
        );
        let loaded = load(&warn).map_err(|e| {
            let text = format!("The model {model} was not loaded");
            self.progress(gst::ProgressType::Error, &text);
            errors::message(&e)
        })?;
        self.progress(
            gst::ProgressType::Complete,
            &format!("Loaded the model {model}"),
        );
        Ok(loaded)
    }

    /// Tells the application how far a load of seconds has come.
    fn progress(&self, kind: gst::ProgressType, text: &str) {
        let message = gst::message::Progress::builder(kind, "load-model", text);
        let _ = self.obj().post_message(message.src(&*self.obj()).build());
    }
}
