// SPDX-License-Identifier: MPL-2.0
//! Plugin execution providers: shared libraries that ONNX Runtime opens while it runs, and the
//! devices that they offer.
//!
//! A library stays registered until the process ends, and so do its devices.

use std::ffi::CStr;
use std::path::{Path, PathBuf};
use std::ptr;

use ort::AsPointer;
use ort::device::Device as OrtDevice;
use ort::environment::Environment;
use ort::session::builder::SessionBuilder;
use ort::session::{IoBinding, Session};
use ort::sys::OrtDeviceMemoryType;
use parking_lot::Mutex;

use super::super::files::elf;
use super::super::ort_errors::one_line;
use super::super::package::beside;
use super::super::runtime::{LogLevel, Runtime, log};
use super::{Engine, Provider, Unusable, vulkan};

/// The file of the WebGPU provider in its wheel.
const WEBGPU: &str = "libonnxruntime_providers_webgpu.so";
const SET_IT: &str = "set provider-library to the library of a plugin execution provider, such as \
    libonnxruntime_providers_webgpu.so of the PyPI wheel onnxruntime-ep-webgpu";

/// Bytes of a provider's name that `ort` has room for.
const LONGEST_NAME: usize = 127;

static REGISTERED: Mutex<Vec<Registered>> = Mutex::new(Vec::new());

/// A library that ONNX Runtime has taken.
struct Registered {
    path: PathBuf,
    devices: Vec<Device>,
}

/// A device that a plugin offers.
#[derive(Clone, Copy, Debug)]
pub struct Device {
    /// Of ONNX Runtime's description, by which it is found again.
    address: usize,
    /// ONNX Runtime's name of the provider.
    provider: &'static str,
    /// The same with the device, such as `WebGpuExecutionProvider (device 0: NVIDIA GPU)`.
    pub name: &'static str,
}

impl Device {
    /// The device that the engine asks of the plugin `provider`, whose library is registered first.
    pub fn find(runtime: &Runtime, provider: Provider, engine: &Engine) -> Result<Self, Unusable> {
        let library = library(runtime, provider, &engine.plugin)?;
        let devices = devices(&runtime.environment, &library)?;
        let wanted = |d: &&Device| provider == Provider::Plugin || d.provider == provider.name();
        let devices: Vec<&Device> = devices.iter().filter(wanted).collect();
        let index = usize::try_from(engine.device).unwrap_or_default();
        if let Some(device) = devices.get(index) {
            return device.checked();
        }
        let names: Vec<&str> = devices.iter().map(|d| d.name).collect();
        Err(if names.is_empty() {
            Unusable {
                reason: format!("{} finds no device on this machine", library.display()),
                remedy: "install the driver of the GPU (for WebGPU that of Vulkan), or set \
                         execution-provider=auto without provider-library"
                    .to_owned(),
            }
        } else {
            Unusable {
                reason: format!("there is no device {index} but {}", names.join(", ")),
                remedy: "set device to one of these".to_owned(),
            }
        })
    }

    /// The device itself, where what its provider relies on is there.
    fn checked(self) -> Result<Self, Unusable> {
        if self.provider != Provider::WebGpu.name() {
            return Ok(self);
        }
        vulkan::check().map(|()| self).map_err(|reason| Unusable {
            reason: reason.to_owned(),
            remedy:
                "install the GPU's driver of Vulkan (mesa-vulkan-drivers, or NVIDIA's own), or \
                     set execution-provider=auto without provider-library"
                    .to_owned(),
        })
    }

    /// Lets a session of this environment run on it.
    pub fn serves(
        self,
        environment: &Environment,
        builder: SessionBuilder,
    ) -> ort::Result<SessionBuilder> {
        Ok(builder.with_devices(self.described(environment), None)?)
    }

    /// Whether it has memory of its own, beside the processor's.
    pub fn has_memory(self, environment: &Environment) -> bool {
        let kind = OrtDeviceMemoryType::OrtDeviceMemoryType_DEFAULT;
        self.described(environment).is_some_and(|device| {
            // SAFETY: the device is registered.
            let told = unsafe { (ort::api().EpDevice_MemoryInfo)(device.ptr(), kind) };
            !told.is_null() && !device.memory_info(false).is_cpu_accessible()
        })
    }

    /// Lets a run leave its output `name` in the device's own memory.
    pub fn keeps(
        self,
        environment: &Environment,
        binding: &mut IoBinding,
        name: &str,
    ) -> ort::Result<()> {
        match self.described(environment) {
            Some(device) => binding.bind_output_to_device(name, &device.memory_info(false)),
            None => Err(ort::Error::new("the device is gone")),
        }
    }

    /// What ONNX Runtime has of it.
    fn described(self, environment: &Environment) -> Option<OrtDevice<'_>> {
        let mut all = environment.devices();
        all.find(|device| device.ptr().addr() == self.address)
    }

    /// Whether its provider takes one of the session's inputs. One that takes none leaves the graph
    /// to the CPU without a word.
    pub fn runs(self, session: &Session) -> bool {
        let mut devices = vec![ptr::null(); session.inputs().len()];
        // SAFETY: there is room for as many devices as the session has inputs; a status that is not
        // null is released once; devices have names as long as their libraries are registered.
        unsafe {
            let api = ort::api();
            let (to, count) = (devices.as_mut_ptr(), devices.len());
            let status = (api.SessionGetEpDeviceForInputs)(session.ptr(), to, count);
            if !status.0.is_null() {
                (api.ReleaseStatus)(status.0);
                // An ONNX Runtime that cannot tell is no reason to refuse the device.
                return true;
            }
            let named = |d: *const _| CStr::from_ptr((api.EpDevice_EpName)(d)).to_bytes();
            let mut found = devices.into_iter().filter(|d| !d.is_null());
            found.any(|d| named(d) == self.provider.as_bytes())
        }
    }
}

/// The library of the plugin `provider`: the one that is `named`, or that of WebGPU beside this
/// plugin or beside ONNX Runtime.
fn library(runtime: &Runtime, provider: Provider, named: &Path) -> Result<PathBuf, Unusable> {
    let unusable = |reason: String, remedy: &str| Unusable {
        reason,
        remedy: remedy.to_owned(),
    };
    if !named.as_os_str().is_empty() {
        // A bare name is a file too, not one that the system's loader should look for.
        let path = std::path::absolute(named).unwrap_or_else(|_| named.to_owned());
        let reason = match path.metadata() {
            Ok(found) if found.is_file() => return Ok(path.canonicalize().unwrap_or(path)),
            Ok(_) => "is not a file".to_owned(),
            Err(e) => format!("cannot be read: {e}"),
        };
        return Err(unusable(format!("{} {reason}", path.display()), SET_IT));
    }
    if provider == Provider::Plugin {
        return Err(unusable("provider-library is not set".to_owned(), SET_IT));
    }
    let runtimes = runtime.library.parent().filter(|f| f.is_absolute());
    let folders = beside().into_iter().chain(runtimes.map(Path::to_owned));
    let mut files = folders.map(|folder| folder.join(WEBGPU));
    let found = files.find_map(|file| file.canonicalize().ok().filter(|f| f.is_file()));
    found.ok_or_else(|| {
        unusable(
            format!("{WEBGPU} lies neither beside the plugin nor beside ONNX Runtime"),
            "put it there or set provider-library to it (it is in the PyPI wheel \
             onnxruntime-ep-webgpu), or set execution-provider=auto",
        )
    })
}

/// The devices of the library at `path`, which is registered unless it was before.
fn devices(environment: &Environment, path: &Path) -> Result<Vec<Device>, Unusable> {
    let mut registered = REGISTERED.lock();
    if let Some(known) = registered.iter().find(|r| r.path == path) {
        return Ok(known.devices.clone());
    }
    // Opening one that is cut off would end the process.
    elf::whole(path).map_err(|reason| Unusable {
        reason: format!("{}: {reason}", path.display()),
        remedy: "fetch the library again".to_owned(),
    })?;
    let before: Vec<usize> = environment.devices().map(|d| d.ptr().addr()).collect();
    let name = format!("ud2mrestore-{}", registered.len());
    let taken = environment.register_ep_library(name, path);
    taken.map_err(|e| Unusable {
        reason: format!(
            "{} is not taken by ONNX Runtime as a plugin execution provider: {}",
            path.display(),
            one_line(&e)
        ),
        remedy: SET_IT.to_owned(),
    })?;
    let new = environment.devices();
    let new = new.filter(|d| !before.contains(&d.ptr().addr()));
    let devices: Vec<Device> = new.enumerate().filter_map(kept).collect();
    let names: Vec<&str> = devices.iter().map(|d| d.name).collect();
    let found = format!("{} offers {}", path.display(), names.join(", "));
    log(LogLevel::Info, found.trim_end());
    registered.push(Registered {
        path: path.to_owned(),
        devices: devices.clone(),
    });
    Ok(devices)
}

/// What is kept of a device; `None` where its provider's name cannot be used.
fn kept((index, device): (usize, OrtDevice)) -> Option<Device> {
    let provider = device.ep().ok().filter(|name| name.len() < LONGEST_NAME)?;
    let hardware = device.hardware_device();
    let vendor = hardware.vendor().unwrap_or_default();
    let name = format!("{provider} (device {index}: {vendor} {:?})", hardware.ty());
    // As long as the library is registered, which is until the process ends.
    let forever = |text: String| -> &'static str { text.leak() };
    Some(Device {
        address: device.ptr().addr(),
        provider: forever(provider.to_owned()),
        name: forever(name),
    })
}
