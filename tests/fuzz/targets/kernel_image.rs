// SPDX-License-Identifier: MPL-2.0
//! Kernels in image files.
#![no_main]

#[path = "../common.rs"]
mod common;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    common::image(common::readers::kernel, bytes);
});
