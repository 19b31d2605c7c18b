// SPDX-License-Identifier: MPL-2.0
//! Loading a step graph: its file, its sessions on a provider, its manifest.

mod open;
mod prepare;
mod stddev;

pub use stddev::stddev;

use std::io::ErrorKind;
use std::path::Path;

use ort::value::{Outlet, TensorElementType};

use super::files::{self, Expected, GraphFile};
use super::manifest::{KEY, Manifest};
use super::ort_errors::{is_out_of_memory, no_memory, one_line};
use super::provider::{Engine, Unusable};
use super::runtime::{self, Runtime};
use super::session::{OnDevice, Prepare, Sessions};
use super::stop::Stop;
use crate::error::RestoreError;
use crate::graph::{GraphSpec, TensorSpec};
use open::{Failure, NamedBytes, Source, open};
use prepare::prepare;

/// A graph that fits its specification, ready to run.
pub struct Loaded {
    pub sessions: Sessions,
    pub manifest: Manifest,
    /// ONNX Runtime's name of the provider, with the device where it is a plugin's.
    pub provider: &'static str,
    /// The graph's inputs in its own order.
    pub inputs: Vec<TensorSpec>,
    /// What prepares the step, where its manifest names such a graph.
    pub prepare: Option<Prepare>,
}

/// Loads `<name>.onnx` from the directory `package`, on the first of the engine's providers that
/// works, and checks that it is the graph `needed`, with the weights it was exported with. `warn`
/// gets a sentence about a fallback; `stop` gives it up. Beside it, where images lie between steps
/// if not in the processor's memory.
pub fn graph(
    package: &Path,
    needed: &GraphSpec,
    engine: &Engine,
    warn: &mut dyn FnMut(String),
    stop: &Stop,
) -> Result<(Loaded, Option<OnDevice>), RestoreError> {
    let path = package.join(format!("{}.onnx", needed.name));
    let broken = |reason: String| RestoreError::Model {
        path: path.display().to_string(),
        reason,
    };
    match path.metadata() {
        Ok(found) if found.is_file() => {}
        Err(e) if e.kind() != ErrorKind::NotFound => {
            return Err(broken(format!(
                "cannot be read ({e}): give this process the right to read the model."
            )));
        }
        _ => return Err(broken(needed.missing.clone())),
    }
    let file = GraphFile::read(&path, stop).map_err(|e| e.about(&path))?;
    let manifest = manifest(&file, needed).map_err(broken)?;
    let source = Source {
        weights: weights(package, &manifest, stop)?,
        file,
        stop,
    };
    let runtime = runtime::environment()?;
    let mut failure = None;
    for provider in engine.attempts(&runtime.library)? {
        match open(&runtime, &source, provider, engine) {
            Ok(opened) => {
                if let Some(Unusable { reason, .. }) = failure {
                    warn(format!(
                        "The frames are restored on the CPU, because the GPU cannot be used \
                         ({reason}): mend the installation, or set execution-provider=cpu to \
                         silence this."
                    ));
                }
                let checked = checked(opened.sessions?, manifest, needed, opened.provider);
                let mut loaded = checked.map_err(broken)?;
                let about = (&loaded.manifest, needed, &*loaded.inputs);
                loaded.prepare = prepare(package, about, &runtime, &source)?;
                return Ok((loaded, opened.on_device));
            }
            Err(_) if stop.is_raised() => return Err(RestoreError::Stopped),
            Err(Failure::Provider(unusable)) => failure = Some(unusable),
            Err(Failure::Graph(e)) if is_out_of_memory(&e) => return Err(no_memory(&e)),
            Err(Failure::Graph(e)) => {
                return Err(broken(format!(
                    "cannot be loaded ({}): fetch or export the model again.",
                    one_line(&e)
                )));
            }
        }
    }
    let (reason, remedy) = failure.map(|f| (f.reason, f.remedy)).unwrap_or_default();
    Err(RestoreError::Runtime(format!(
        "execution-provider={} cannot be used ({reason}): {remedy}.",
        engine.provider.nick(),
    )))
}

/// The manifest of a file, where it fits `needed` and the file is the one it was written for; the
/// error is a reason.
fn manifest(file: &GraphFile, needed: &GraphSpec) -> Result<Manifest, String> {
    let manifest = Manifest::parse(text_of(file)?)?;
    manifest.check(needed)?;
    is_of(file, &manifest.graph_sha256)?;
    Ok(manifest)
}

/// The text of a file's manifest; the error is a reason.
fn text_of(file: &GraphFile) -> Result<&str, String> {
    let text = file.metadata(KEY);
    text.ok_or_else(|| format!("has no manifest (`{KEY}`): use a model made for this plugin."))
}

/// Whether a file is the one whose digest its manifest holds; the error is a reason.
fn is_of(file: &GraphFile, sha256: &str) -> Result<(), String> {
    if file.sha256 == sha256 {
        return Ok(());
    }
    Err(
        "the graph is not the one that its manifest was written for (their SHA-256 differ): fetch \
         or export the model again."
            .to_owned(),
    )
}

/// The files of weights that a manifest names, with their names.
fn weights(
    package: &Path,
    manifest: &Manifest,
    stop: &Stop,
) -> Result<Vec<NamedBytes>, RestoreError> {
    let read = |(name, expected): (&String, &Expected)| {
        let path = package.join(name);
        let bytes = files::weights(&path, expected, stop).map_err(|e| e.about(&path))?;
        Ok((name.clone(), bytes))
    };
    manifest.weights.iter().map(read).collect()
}

/// The sessions with their manifest, where they fit both that and `needed`; the error is a reason.
fn checked(
    sessions: Sessions,
    manifest: Manifest,
    needed: &GraphSpec,
    provider: &'static str,
) -> Result<Loaded, String> {
    let inputs = specs("input", sessions.alone().inputs())?;
    let outputs = specs("output", sessions.alone().outputs())?;
    manifest.check_graph(needed, &inputs, &outputs)?;
    Ok(Loaded {
        sessions,
        manifest,
        provider,
        inputs,
        prepare: None,
    })
}

/// Names and dimensions of inputs or outputs, which all hold single precision; the error is a
/// reason.
fn specs(what: &str, outlets: &[Outlet]) -> Result<Vec<TensorSpec>, String> {
    let spec = |outlet: &Outlet| {
        let (name, dtype) = (outlet.name(), outlet.dtype());
        if dtype.tensor_type() != Some(TensorElementType::Float32) {
            return Err(format!(
                "the graph's {what} `{name}` is {dtype} where numbers of single precision are \
                 needed: export the model again."
            ));
        }
        let dims = dtype.tensor_shape();
        let dims = dims.map(|s| s.iter().map(|&d| usize::try_from(d).ok()).collect());
        Ok(TensorSpec {
            name: name.to_owned(),
            dims: dims.unwrap_or_default(),
        })
    };
    outlets.iter().map(spec).collect()
}
