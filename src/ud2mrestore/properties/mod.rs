// SPDX-License-Identifier: MPL-2.0
//! The properties: their table, their values, and what these ask of the restorer.

pub mod enums;
pub mod in_force;
mod misuse;
mod restore_settings;
mod row;
pub mod settings;

use std::sync::LazyLock;

use gst::glib;
use gst::prelude::*;

use settings::Settings;

/// All properties of the element. Those of the table come from the settings; the element itself
/// answers for the others, which are read only.
pub static SPECS: LazyLock<Vec<glib::ParamSpec>> = LazyLock::new(|| {
    let mut specs = Settings::specs();
    specs.push(
        glib::ParamSpecString::builder("active-provider")
            .nick("Active provider")
            .blurb(
                "ONNX Runtime's name of the execution provider that runs the network; empty while \
                 stopped",
            )
            .read_only()
            .build(),
    );
    specs.push(
        glib::ParamSpecBoxed::builder::<gst::Structure>("stats")
            .nick("Statistics")
            .blurb(
                "Frames, late ones among them, network evaluations, milliseconds per frame and \
                 stage, residual and what else the last frames showed",
            )
            .read_only()
            .build(),
    );
    specs
});
