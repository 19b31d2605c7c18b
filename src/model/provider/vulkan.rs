// SPDX-License-Identifier: MPL-2.0
//! Whether this machine has a device that Vulkan can use, on which WebGPU relies.
//!
//! The WebGPU provider throws an exception where there is none, from a place that the unwinder
//! which GStreamer brings cannot leave: the process would end.

use std::ffi::{CStr, c_char, c_void};
use std::ptr;

/// The loader of Vulkan's drivers, as the system finds it.
const LOADER: &CStr = c"libvulkan.so.1";
/// `VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO`.
const CREATE_INFO: i32 = 1;

/// `VkInstanceCreateInfo`.
#[repr(C)]
struct InstanceInfo {
    kind: i32,
    next: *const c_void,
    flags: u32,
    application: *const c_void,
    layers: u32,
    layer_names: *const *const c_char,
    extensions: u32,
    extension_names: *const *const c_char,
}

type CreateInstance =
    unsafe extern "system" fn(*const InstanceInfo, *const c_void, *mut *mut c_void) -> i32;
type ListDevices = unsafe extern "system" fn(*mut c_void, *mut u32, *mut *mut c_void) -> i32;
type DestroyInstance = unsafe extern "system" fn(*mut c_void, *const c_void);

/// An error, a few words on what is missing, where there is no such device.
pub fn check() -> Result<(), &'static str> {
    // SAFETY: the loader is a library for this use, and stays open for the provider.
    let loader = unsafe { libc::dlopen(LOADER.as_ptr(), libc::RTLD_NOW | libc::RTLD_LOCAL) };
    if loader.is_null() {
        return Err("the library libvulkan.so.1 is not installed");
    }
    // SAFETY: Vulkan's loader exports these functions, with these types.
    let functions = unsafe {
        (
            function::<CreateInstance>(loader, c"vkCreateInstance"),
            function::<ListDevices>(loader, c"vkEnumeratePhysicalDevices"),
            function::<DestroyInstance>(loader, c"vkDestroyInstance"),
        )
    };
    let (Some(create), Some(list), Some(destroy)) = functions else {
        return Err("the library libvulkan.so.1 is another one than Vulkan's");
    };
    let info = InstanceInfo {
        kind: CREATE_INFO,
        next: ptr::null(),
        flags: 0,
        application: ptr::null(),
        layers: 0,
        layer_names: ptr::null(),
        extensions: 0,
        extension_names: ptr::null(),
    };
    let (mut instance, mut count) = (ptr::null_mut(), 0);
    // SAFETY: the description is whole, without layers and extensions, and lives as long as the
    // call; the instance is used after it was made, and destroyed once.
    unsafe {
        if create(&info, ptr::null(), &mut instance) != 0 {
            return Err("Vulkan finds no driver");
        }
        let listed = list(instance, &mut count, ptr::null_mut());
        destroy(instance, ptr::null());
        if listed != 0 || count == 0 {
            return Err("Vulkan's drivers find no device");
        }
    }
    Ok(())
}

/// The function of a library called `name`; `None` where it has none.
///
/// # Safety
///
/// `library` is open and stays so, and `F` is the type of the function.
unsafe fn function<F: Copy>(library: *mut c_void, name: &CStr) -> Option<F> {
    const { assert!(size_of::<F>() == size_of::<*mut c_void>()) };
    // SAFETY: the library is open, and a function's address is as large as any other.
    unsafe {
        let address = libc::dlsym(library, name.as_ptr());
        (!address.is_null()).then(|| std::mem::transmute_copy(&address))
    }
}
