// SPDX-License-Identifier: MPL-2.0
//! Kernels in NumPy's files.
#![no_main]

#[path = "../common.rs"]
mod common;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    common::bytes(common::readers::kernel, bytes);
});
