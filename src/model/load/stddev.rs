// SPDX-License-Identifier: MPL-2.0
//! Loads the graph that tells the standard deviation of restored frames.

use std::path::Path;

use ort::session::Session;
use ort::session::builder::{GraphOptimizationLevel, SessionBuilder};

use super::super::files::GraphFile;
use super::super::manifest::StddevManifest;
use super::super::ort_errors::{is_out_of_memory, no_memory, one_line};
use super::super::provider::{Engine, Provider};
use super::super::session::{OrtStddev, Threads};
use super::super::stop::Stop;
use super::open::Source;
use super::{is_of, runtime, specs, text_of};
use crate::error::RestoreError;

/// The file in a package.
const FILE: &str = "stddev.onnx";

/// The graph in the directory `package`, where it has one that was trained on the answers of the
/// step graph `family`. `stop` gives it up.
pub fn stddev(
    package: &Path,
    family: &str,
    engine: &Engine,
    stop: &Stop,
) -> Result<Option<OrtStddev>, RestoreError> {
    let path = package.join(FILE);
    // What cannot be looked at is told of where it is read.
    if matches!(path.try_exists(), Ok(false)) {
        return Ok(None);
    }
    let broken = |reason: String| RestoreError::Model {
        path: path.display().to_string(),
        reason,
    };
    let file = GraphFile::read(&path, stop).map_err(|e| e.about(&path))?;
    let manifest = manifest(&file).map_err(broken)?;
    if !manifest.serves(family) {
        return Ok(None);
    }
    let source = Source {
        weights: Vec::new(),
        file,
        stop,
    };
    let runtime = runtime::environment()?;
    let threads = Threads::of(engine, Provider::Cpu).all;
    let session = Session::builder(&runtime.environment)
        .and_then(|b| configured(b, threads))
        .and_then(|b| source.commit(b, &source.file.bytes));
    let session = session.map_err(|e| {
        if stop.is_raised() {
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
    manifest.check_graph(&inputs, &outputs).map_err(broken)?;
    let multiple = manifest.size_multiple;
    Ok(Some(OrtStddev::new(session, inputs, multiple)))
}

/// The manifest of a file, where the file is the one it was written for; the error is a reason.
fn manifest(file: &GraphFile) -> Result<StddevManifest, String> {
    let manifest = StddevManifest::parse(text_of(file)?)?;
    manifest.check()?;
    is_of(file, &manifest.graph_sha256)?;
    Ok(manifest)
}

/// A session on so many threads, which rest between frames.
fn configured(builder: SessionBuilder, threads: usize) -> ort::Result<SessionBuilder> {
    Ok(builder
        .with_optimization_level(GraphOptimizationLevel::All)?
        .with_intra_op_spinning(false)?
        .with_inter_op_spinning(false)?
        .with_intra_threads(threads)?)
}
