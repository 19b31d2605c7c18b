// SPDX-License-Identifier: MPL-2.0
//! `ud2mrestore`: a GStreamer filter that restores frames by sampling the posterior of an unfolded
//! diffusion model; and `ud2mdefects`, which finds the dirt of films for it.
//!
//! Modules import only downwards: the element, the restorer, then operators, sampler, tiles and the
//! model, then graphs, images and errors. `docs/architecture.md` has the table and
//! `tests/layering` enforces it.

#![cfg_attr(not(test), warn(clippy::unwrap_used, clippy::expect_used))]

pub mod defects;
pub mod error;
pub mod graph;
pub mod image;
pub mod layout;
pub mod model;
pub mod operator;
pub mod restore;
pub mod sampler;
pub mod tile;
pub mod ud2mdefects;
pub mod ud2mrestore;

use gst::glib;

fn plugin_init(plugin: &gst::Plugin) -> Result<(), glib::BoolError> {
    #[cfg(feature = "v1_30")]
    plugin.set_static_features_flag();
    ud2mrestore::register(plugin)?;
    ud2mdefects::register(plugin)
}

gst::plugin_define!(
    ud2m,
    env!("CARGO_PKG_DESCRIPTION"),
    plugin_init,
    concat!(env!("CARGO_PKG_VERSION"), "-", env!("COMMIT_ID")),
    "MPL",
    env!("CARGO_PKG_NAME"),
    env!("CARGO_PKG_NAME"),
    env!("CARGO_PKG_NAME"),
    env!("BUILD_REL_DATE")
);
