// SPDX-License-Identifier: MPL-2.0
//! The element `ud2mdefects`, which makes the defects of films transparent. What it finds them by
//! is in `defects`.

use gst::glib;
use gst::prelude::*;

mod errors;
mod frame;
mod imp;
mod replace;
mod settings;
mod transform;

pub use settings::Output;

glib::wrapper! {
    pub struct Ud2mDefects(ObjectSubclass<imp::Ud2mDefects>)
        @extends gst_base::BaseTransform, gst::Element, gst::Object;
}

pub fn register(plugin: &gst::Plugin) -> Result<(), glib::BoolError> {
    Output::static_type().mark_as_plugin_api(gst::PluginAPIFlags::empty());
    gst::Element::register(
        Some(plugin),
        "ud2mdefects",
        gst::Rank::NONE,
        Ud2mDefects::static_type(),
    )
}
