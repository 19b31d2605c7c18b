// SPDX-License-Identifier: MPL-2.0
//! Loads the graph that prepares a step.

use std::path::Path;

use ort::session::Session;

use super::super::files;
use super::super::manifest::Manifest;
use super::super::ort_errors::{is_out_of_memory, no_memory, one_line};
use super::super::session::Prepare;
use super::open::Source;
use super::{Runtime, specs};
use crate::error::RestoreError;
use crate::graph::{GraphSpec, TensorSpec};

/// The graph `prepare-<name>.onnx` beside a step with the inputs `step` and the weights of
/// `source`; `None` where its manifest names none.
///
/// It runs on one thread of the CPU, wherever the step does: all of it is numbers.
pub fn prepare(
    package: &Path,
    (manifest, needed, step): (&Manifest, &GraphSpec, &[TensorSpec]),
    runtime: &Runtime,
    source: &Source,
) -> Result<Option<Prepare>, RestoreError> {
    let Some(about) = &manifest.prepare else {
        return Ok(None);
    };
    let path = package.join(format!("prepare-{}.onnx", needed.name));
    let broken = |reason: String| RestoreError::Model {
        path: path.display().to_string(),
        reason,
    };
    let read = files::preparation(&path, &about.file(), source.stop);
    let bytes = read.map_err(|e| e.about(&path))?;
    let session = Session::builder(&runtime.environment)
        .and_then(|b| Ok(b.with_intra_threads(1)?.with_intra_op_spinning(false)?))
        .and_then(|b| source.commit(b, &bytes));
    let session = session.map_err(|e| {
        if source.stop.is_raised() {
            return RestoreError::Stopped;
        }
        if is_out_of_memory(&e) {
            return no_memory(&e);
        }
        broken(format!(
            "cannot be loaded ({}): fetch or export the model again.",
            one_line(&e)
        ))
    })?;
    let inputs = specs("input", session.inputs()).map_err(broken)?;
    let outputs = specs("output", session.outputs()).map_err(broken)?;
    let checked = manifest.check_prepare(needed, step, &inputs, &outputs);
    checked.map_err(broken)?;
    Ok(Some(Prepare::new(session, inputs, outputs)))
}
