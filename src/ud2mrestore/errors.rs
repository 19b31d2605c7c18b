// SPDX-License-Identifier: MPL-2.0
//! Errors and log messages of the crate and of ONNX Runtime, in GStreamer's terms.

use std::sync::LazyLock;

use crate::error::RestoreError;
use crate::restore::{self, LogLevel};

pub static CAT: LazyLock<gst::DebugCategory> = LazyLock::new(|| {
    gst::DebugCategory::new(
        "ud2mrestore",
        gst::DebugColorFlags::empty(),
        Some("Restores frames by posterior sampling"),
    )
});

static RUNTIME_CAT: LazyLock<gst::DebugCategory> = LazyLock::new(|| {
    gst::DebugCategory::new(
        "onnxruntime",
        gst::DebugColorFlags::empty(),
        Some("Messages of ONNX Runtime"),
    )
});

/// The one place where the crate's errors become GStreamer's.
impl From<RestoreError> for gst::ErrorMessage {
    fn from(error: RestoreError) -> Self {
        match error {
            RestoreError::Settings(_) => {
                gst::error_msg!(gst::ResourceError::Settings, ("{error}"))
            }
            RestoreError::File { .. } | RestoreError::Model { .. } => {
                gst::error_msg!(gst::ResourceError::OpenRead, ("{error}"))
            }
            RestoreError::Runtime(_) => gst::error_msg!(gst::LibraryError::Init, ("{error}")),
            RestoreError::Frame(_) | RestoreError::InvalidOutput(_) => {
                gst::error_msg!(gst::StreamError::Format, ("{error}"))
            }
            RestoreError::Memory(_) => {
                gst::error_msg!(gst::ResourceError::NoSpaceLeft, ("{error}"))
            }
            RestoreError::Stopped => gst::error_msg!(gst::CoreError::StateChange, ("{error}")),
        }
    }
}

/// Sends ONNX Runtime's messages to the debug category `onnxruntime`.
pub fn bridge_logs() {
    restore::log_to(|level, text| match level {
        LogLevel::Debug => gst::debug!(RUNTIME_CAT, "{text}"),
        LogLevel::Info => gst::info!(RUNTIME_CAT, "{text}"),
        LogLevel::Warning => gst::warning!(RUNTIME_CAT, "{text}"),
        LogLevel::Error => gst::error!(RUNTIME_CAT, "{text}"),
    });
}
