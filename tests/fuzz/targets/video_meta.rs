// SPDX-License-Identifier: MPL-2.0
//! Metas that say where the planes of a frame lie.
#![no_main]

#[path = "../common.rs"]
mod common;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    common::bytes(common::readers::video_meta, bytes);
});
