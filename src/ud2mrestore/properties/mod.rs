// SPDX-License-Identifier: MPL-2.0
//! The properties: how GObject sees them, their values, and what the values mean to the restorer.

pub mod enums;
mod restore_settings;
pub mod settings;
pub mod specs;
