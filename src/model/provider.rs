// SPDX-License-Identifier: MPL-2.0
//! Execution providers: what can be chosen, what the library offers, and how each is set up.
//!
//! A provider that was chosen by name runs or is an error; only `Auto` may fall back, and says so.

use ort::ep::{self, ExecutionProvider, ExecutionProviderDispatch};

use crate::error::RestoreError;

/// Where the network runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Provider {
    /// CUDA where the library offers it and a device works, else the CPU.
    #[default]
    Auto,
    Cpu,
    Cuda,
    TensorRt,
    OpenVino,
}

/// Where and how a graph runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Engine {
    pub provider: Provider,
    /// Index of the GPU.
    pub device: i32,
    /// Threads of the CPU that run the network, all together; 0 leaves the number open.
    pub threads: usize,
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
        }
    }

    /// ONNX Runtime's name; `Auto` has none of its own.
    pub fn name(self) -> &'static str {
        match self {
            Self::Auto | Self::Cpu => ep::CPU::NAME,
            Self::Cuda => ep::CUDA::NAME,
            Self::TensorRt => ep::TensorRT::NAME,
            Self::OpenVino => ep::OpenVINO::NAME,
        }
    }

    /// Whether the opened library was built with the provider. Whether a device works shows when a
    /// graph is loaded.
    fn offered(self) -> bool {
        let offered = match self {
            Self::Auto | Self::Cpu => Ok(true),
            Self::Cuda => ep::CUDA::is_available(),
            Self::TensorRt => ep::TensorRT::is_available(),
            Self::OpenVino => ep::OpenVINO::is_available(),
        };
        offered.unwrap_or(false)
    }

    /// The providers to try, in order. An error where the library was built without the chosen one.
    pub fn attempts(self, library: &std::path::Path) -> Result<Vec<Self>, RestoreError> {
        match self {
            Self::Auto if Self::Cuda.offered() => Ok(vec![Self::Cuda, Self::Cpu]),
            Self::Auto => Ok(vec![Self::Cpu]),
            _ if self.offered() => Ok(vec![self]),
            _ => Err(RestoreError::Runtime(format!(
                "execution-provider={} is not available: the ONNX Runtime at {} was built without \
                 {}; {}.",
                self.nick(),
                library.display(),
                self.name(),
                self.remedy()
            ))),
        }
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
            Self::Auto | Self::Cpu => "set execution-provider=cpu",
        }
    }

    /// What a session registers, in order. `device` is a GPU's index; `threads` of 0 leaves the
    /// number to ONNX Runtime.
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
