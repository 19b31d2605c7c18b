// SPDX-License-Identifier: MPL-2.0
//! Step graphs and ONNX Runtime: the only module that names `ort`.
//!
//! A package is a directory of step graphs, one for each kind of degradation. The runtime is opened
//! when the first graph is loaded, never earlier, so that the plugin registers without it.

mod files;
mod inputs;
mod load;
mod manifest;
mod ort_errors;
mod package;
mod provider;
mod runtime;
mod session;
mod stop;

pub use manifest::{Dim, Manifest, StddevManifest, TEXTURE_NOISE, Y_NOISE};
pub use package::locate;
pub use provider::{Engine, Provider};
pub use runtime::{LogLevel, LogSink, disable_telemetry, log_to};
pub use session::{Copies, DeviceWalk, Interrupt, OrtStddev, OrtStep, StddevInputs};
pub use stop::Stop;
