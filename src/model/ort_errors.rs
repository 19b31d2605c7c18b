// SPDX-License-Identifier: MPL-2.0
//! Turns errors of ONNX Runtime into the crate's own.

use crate::error::RestoreError;

/// An error of a run, by who can mend it.
pub fn failed(error: ort::Error) -> RestoreError {
    let text = one_line(&error);
    let lower = text.to_lowercase();
    if lower.contains("failed to allocate") || lower.contains("out of memory") {
        RestoreError::Memory(format!(
            "Memory ran out while the network ran ({text}): set tile-width and tile-height to \
             smaller values."
        ))
    } else {
        RestoreError::Runtime(format!(
            "ONNX Runtime failed on a frame ({text}): try execution-provider=cpu, and report it if \
             that fails too."
        ))
    }
}

/// The message on one line, without the place in ONNX Runtime's source, the code's number and its
/// name.
pub fn one_line(error: &ort::Error) -> String {
    let text = error.to_string();
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let message = text
        .split_once("[ONNXRuntimeError] : ")
        .and_then(|(_, rest)| rest.splitn(3, " : ").nth(2));
    message.unwrap_or(&text).trim_end_matches('.').to_owned()
}
