// SPDX-License-Identifier: MPL-2.0
//! Manifests of model packages.
#![no_main]

#[path = "../common.rs"]
mod common;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    common::bytes(common::readers::manifest, bytes);
});
