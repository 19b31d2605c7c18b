// SPDX-License-Identifier: MPL-2.0
//! WebGPU on a Vulkan driver that needs no GPU, where both are at hand.

use std::path::{Path, PathBuf};

use super::{init, path};

/// What `scripts/setup.sh webgpu` fetches: a plugin execution provider, and a driver for it.
const PLUGIN: &str = ".cache/webgpu-0.4.0/libonnxruntime_providers_webgpu.so";
pub const DRIVER: &str = ".cache/webgpu-0.4.0/vk_swiftshader_icd.json";
/// How the name of the provider begins that runs on its first device.
pub const WEBGPU: &str = "WebGpuExecutionProvider (device 0: ";

/// The library of the WebGPU provider, with a driver set up. `None` where one is not at hand: the
/// test is left out, with the reason told.
pub fn webgpu() -> Option<PathBuf> {
    init();
    for file in [PLUGIN, DRIVER] {
        if !Path::new(&path(file)).is_file() {
            eprintln!("left out: {file} is not there; scripts/setup.sh webgpu fetches it");
            return None;
        }
    }
    // SAFETY: the name is a string of C; the library stays open for the provider.
    let loader = unsafe { libc::dlopen(c"libvulkan.so.1".as_ptr(), libc::RTLD_NOW) };
    if loader.is_null() {
        eprintln!("left out: Vulkan's loader, libvulkan.so.1, is not installed");
        return None;
    }
    Some(path(PLUGIN).into())
}
