// SPDX-License-Identifier: MPL-2.0
//! Turns errors of ONNX Runtime into the crate's own.

use crate::error::RestoreError;

/// An error of a run, by who can mend it.
pub fn failed(error: ort::Error) -> RestoreError {
    let text = one_line(&error);
    if is_out_of_memory(&error) {
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

/// Whether memory ran out, on the device or beside it.
pub fn is_out_of_memory(error: &ort::Error) -> bool {
    let text = error.to_string().to_lowercase();
    ["failed to allocate", "out of memory", "bad_alloc"]
        .iter()
        .any(|sign| text.contains(sign))
}

/// Memory that ran out while a graph was loaded.
pub fn no_memory(error: &ort::Error) -> RestoreError {
    RestoreError::Memory(format!(
        "Memory ran out while the model was loaded ({}): free memory, or use a smaller model.",
        one_line(error)
    ))
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
