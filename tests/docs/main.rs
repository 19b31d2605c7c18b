// SPDX-License-Identifier: MPL-2.0
//! Documents that are written from the element, checked against it.

mod cache;
#[path = "../common/mod.rs"]
mod common;
