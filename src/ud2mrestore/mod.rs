// SPDX-License-Identifier: MPL-2.0
//! The element `ud2mrestore`: the only room that knows GStreamer.

use gst::glib;
use gst::prelude::*;

mod errors;
mod fields;
#[doc(hidden)] // For the benchmarks.
pub mod format;
mod frame;
mod imp;
mod messages;
mod meta;
mod properties;
mod qos;
mod state;
mod stats;
mod transform;

pub use properties::enums::{
    ExecutionProvider, JpegSubsampling, KernelShape, NoiseMode, Output, OverloadPolicy, Task,
    Temporal,
};

glib::wrapper! {
    pub struct Ud2mRestore(ObjectSubclass<imp::Ud2mRestore>) @extends gst_base::BaseTransform, gst::Element, gst::Object, @implements gst::Preset;
}

pub fn register(plugin: &gst::Plugin) -> Result<(), glib::BoolError> {
    for kind in [
        Task::static_type(),
        KernelShape::static_type(),
        JpegSubsampling::static_type(),
        NoiseMode::static_type(),
        Output::static_type(),
        OverloadPolicy::static_type(),
        Temporal::static_type(),
        ExecutionProvider::static_type(),
    ] {
        kind.mark_as_plugin_api(gst::PluginAPIFlags::empty());
    }
    errors::bridge_logs();
    meta::register();
    gst::Element::register(
        Some(plugin),
        "ud2mrestore",
        gst::Rank::NONE,
        Ud2mRestore::static_type(),
    )
}
