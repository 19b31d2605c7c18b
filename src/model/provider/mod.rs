// SPDX-License-Identifier: MPL-2.0
//! Execution providers: what can be chosen, what the library offers, and how each is set up.
//!
//! A provider that was chosen by name runs or is an error; only `Auto` may fall back, and says so.

pub mod plugin;
mod vulkan;

use std::path::{Path, PathBuf};

use ort::ep::{self, ExecutionProvider, ExecutionProviderDispatch};

use crate::error::RestoreError;

/// Where the network runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Provider {
    /// The plugin that the engine names, or CUDA where the library offers it, where a device works;
    /// else the CPU.
    #[default]
    Auto,
    Cpu,
    Cuda,
    TensorRt,
    OpenVino,
    /// A plugin for GPUs of all makers.
    WebGpu,
    /// The plugin that the engine names, whatever it is.
    Plugin,
}

/// Where and how a graph runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Engine {
    pub provider: Provider,
    /// Index of the GPU, or of the plugin's device.
    pub device: i32,
    /// Threads of the CPU that run the network, all together; 0 leaves the number open.
    pub threads: usize,
    /// Path of a plugin's shared library; empty where none is named.
    pub plugin: PathBuf,
}

/// Why a provider cannot be used, and what to do: two parts of a sentence.
pub struct Unusable {
    pub reason: String,
    pub remedy: String,
}

impl Engine {
    /// The providers to try, in order. An error where the library of ONNX Runtime was built without
    /// the chosen one.
    pub fn attempts(&self, library: &Path) -> Result<Vec<Provider>, RestoreError> {
        let chosen = self.provider;
        match chosen {
            Provider::Auto if !self.plugin.as_os_str().is_empty() => {
                Ok(vec![Provider::Plugin, Provider::Cpu])
            }
            Provider::Auto if Provider::Cuda.offered() => Ok(vec![Provider::Cuda, Provider::Cpu]),
            Provider::Auto => Ok(vec![Provider::Cpu]),
            _ if chosen.offered() => Ok(vec![chosen]),
            _ => Err(RestoreError::Runtime(format!(
                "execution-provider={} is not available: the ONNX Runtime at {} was built without \
                 {}; {}.",
                chosen.nick(),
                library.display(),
                chosen.name(),
                chosen.remedy()
            ))),
        }
    }
}

impl Provider {
    /// The value of the property `execution-provider`.
    pub fn nick(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Cpu => "cpu",
            Self::Cuda => "cuda",
            Self::TensorRt => "tensorrt",
            Self::OpenVino => "openvino",
            Self::WebGpu => "webgpu",
            Self::Plugin => "plugin",
        }
    }

    /// Whether it lies in a library of its own, which is registered with ONNX Runtime.
    pub fn is_plugin(self) -> bool {
        matches!(self, Self::WebGpu | Self::Plugin)
    }

    /// ONNX Runtime's name; `Auto` has none of its own, and that of `Plugin` is the plugin's.
    pub fn name(self) -> &'static str {
        match self {
            Self::Auto | Self::Cpu => ep::CPU::NAME,
            Self::Cuda => ep::CUDA::NAME,
            Self::TensorRt => ep::TensorRT::NAME,
            Self::OpenVino => ep::OpenVINO::NAME,
            Self::WebGpu => "WebGpuExecutionProvider",
            Self::Plugin => "",
        }
    }

    /// Whether the opened library was built with the provider, or it is no part of that library.
    /// Whether a device works shows when a graph is loaded.
    fn offered(self) -> bool {
        let offered = match self {
            Self::Auto | Self::Cpu | Self::WebGpu | Self::Plugin => Ok(true),
            Self::Cuda => ep::CUDA::is_available(),
            Self::TensorRt => ep::TensorRT::is_available(),
            Self::OpenVino => ep::OpenVINO::is_available(),
        };
        offered.unwrap_or(false)
    }

    /// What to do where the provider is missing, as the end of a sentence.
    pub fn remedy(self) -> &'static str {
        match self {
            Self::Cuda => {
                "point ORT_DYLIB_PATH to a library of the wheel onnxruntime-gpu with CUDA and \
                 cuDNN installed, or set execution-provider=auto"
            }
            Self::TensorRt => {
                "point ORT_DYLIB_PATH to a library of the wheel onnxruntime-gpu with CUDA and \
                 TensorRT installed, or set execution-provider=auto"
            }
            Self::OpenVino => {
                "point ORT_DYLIB_PATH to a library of the wheel onnxruntime-openvino, or set \
                 execution-provider=auto"
            }
            Self::WebGpu | Self::Plugin => {
                "mend the driver of the device, choose another by the property device, or set \
                 execution-provider=auto without provider-library"
            }
            Self::Auto | Self::Cpu => "set execution-provider=cpu",
        }
    }

    /// What a session registers, in order; a plugin's devices are registered otherwise. `device` is
    /// a GPU's index; `threads` of 0 leaves the number to ONNX Runtime.
    pub fn registered(self, device: i32, threads: usize) -> Vec<ExecutionProviderDispatch> {
        // Spectra in the graph are matrix products: the ten mantissa bits of TF32 would show in the
        // image.
        let cuda = || {
            ep::CUDA::default()
                .with_device_id(device)
                .with_tf32(false)
                .with_conv_algorithm_search(ep::cuda::ConvAlgorithmSearch::Heuristic)
                .build()
                .error_on_failure()
        };
        match self {
            Self::Auto | Self::Cpu => {
                vec![ep::CPU::default().with_arena_allocator(true).build()]
            }
            Self::WebGpu | Self::Plugin => Vec::new(),
            Self::Cuda => vec![cuda()],
            // Nodes that TensorRT does not take run on CUDA.
            Self::TensorRt => vec![
                ep::TensorRT::default()
                    .with_device_id(device)
                    .build()
                    .error_on_failure(),
                cuda(),
            ],
            Self::OpenVino => {
                let openvino = ep::OpenVINO::default()
                    .with_device_type("CPU")
                    .with_precision("FP32");
                let openvino = if threads > 0 {
                    openvino.with_num_threads(threads)
                } else {
                    openvino
                };
                vec![openvino.build().error_on_failure()]
            }
        }
    }
}
