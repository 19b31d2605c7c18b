// SPDX-License-Identifier: MPL-2.0
//! The element `ud2mrestore`: the only module that uses GStreamer.

use gst::glib;
use gst::prelude::*;

use crate::restore;

mod errors;
#[doc(hidden)] // For the benchmarks.
pub mod format;
mod frame;
mod imp;
mod loading;
mod mask;
#[doc(hidden)] // For the documents.
pub mod messages;
mod properties;
mod qos;
mod shared;
mod state;
mod transform;

pub use properties::enums::{
    ExecutionProvider, JpegSubsampling, KernelShape, MaskSource, NoiseMode, Output, OverloadPolicy,
    Task, Temporal,
};

glib::wrapper! {
    pub struct Ud2mRestore(ObjectSubclass<imp::Ud2mRestore>)
        @extends gst_base::BaseTransform, gst::Element, gst::Object,
        @implements gst::Preset;
}

pub fn register(plugin: &gst::Plugin) -> Result<(), glib::BoolError> {
    for spec in properties::SPECS.iter() {
        if spec.is::<glib::ParamSpecEnum>() {
            let kind = spec.value_type();
            kind.mark_as_plugin_api(gst::PluginAPIFlags::empty());
        }
    }
    restore::disable_telemetry();
    errors::bridge_logs();
    messages::meta::register();
    gst::Element::register(
        Some(plugin),
        "ud2mrestore",
        gst::Rank::NONE,
        Ud2mRestore::static_type(),
    )
}
