// SPDX-License-Identifier: MPL-2.0
//! Loading a step graph: its file, its session on a provider, its manifest.

use std::path::Path;

use ort::session::Session;
use ort::session::builder::{GraphOptimizationLevel, SessionBuilder};
use ort::value::Outlet;

use super::manifest::{KEY, Manifest};
use super::ort_errors::one_line;
use super::provider::{Engine, Provider};
use super::runtime::{self, Runtime};
use crate::error::RestoreError;
use crate::graph::{GraphSpec, TensorSpec};

/// A graph that fits its specification, ready to run.
pub struct Loaded {
    pub session: Session,
    pub manifest: Manifest,
    /// ONNX Runtime's name of the provider.
    pub provider: &'static str,
    /// The graph's inputs in its own order.
    pub inputs: Vec<TensorSpec>,
}

/// Loads `<name>.onnx` from the directory `package`, on the first of the engine's providers that
/// works, and checks that it is the graph `needed`. `warn` gets a sentence about a fallback.
pub fn graph(
    package: &Path,
    needed: &GraphSpec,
    engine: Engine,
    warn: &mut dyn FnMut(String),
) -> Result<Loaded, RestoreError> {
    let path = package.join(format!("{}.onnx", needed.name));
    let broken = |reason: String| RestoreError::Model {
        path: path.display().to_string(),
        reason,
    };
    if !path.is_file() {
        return Err(broken(needed.missing.clone()));
    }
    let runtime = runtime::environment()?;
    let mut failure = None;
    for provider in engine.provider.attempts(&runtime.library)? {
        match open(&runtime, &path, provider, engine) {
            Ok(session) => {
                if let Some(failure) = failure {
                    warn(format!(
                        "The frames are restored on the CPU, because the GPU cannot be used \
                         ({failure}): mend the installation, or set execution-provider=cpu to \
                         silence this."
                    ));
                }
                return checked(session, needed, provider.name()).map_err(broken);
            }
            Err(Failure::Provider(e)) => failure = Some(one_line(&e)),
            Err(Failure::Graph(e)) => {
                return Err(broken(format!(
                    "cannot be loaded ({}): fetch or export the model again.",
                    one_line(&e)
                )));
            }
        }
    }
    let reason = failure.unwrap_or_default();
    Err(RestoreError::Runtime(format!(
        "execution-provider={} cannot be used ({reason}): {}.",
        engine.provider.nick(),
        engine.provider.remedy()
    )))
}

/// The session with its manifest, where both fit `needed`; the error is a reason.
fn checked(session: Session, needed: &GraphSpec, provider: &'static str) -> Result<Loaded, String> {
    let metadata = session.metadata().ok();
    let text = metadata
        .and_then(|m| m.custom(KEY))
        .ok_or_else(|| format!("has no manifest (`{KEY}`): use a model made for this plugin."))?;
    let manifest = Manifest::parse(&text)?;
    let inputs = specs(session.inputs());
    manifest.check(needed, &inputs, &specs(session.outputs()))?;
    Ok(Loaded {
        session,
        manifest,
        provider,
        inputs,
    })
}

/// What failed where no session could be made: the provider, or the graph itself.
enum Failure {
    Provider(ort::Error),
    Graph(ort::Error),
}

/// A session for the graph on one provider.
fn open(
    runtime: &Runtime,
    path: &Path,
    provider: Provider,
    engine: Engine,
) -> Result<Session, Failure> {
    let set_up = || -> ort::Result<SessionBuilder> {
        let mut builder = Session::builder(&runtime.environment)?
            .with_optimization_level(GraphOptimizationLevel::All)?
            // Spinning threads burn a core between the frames of a paced stream.
            .with_intra_op_spinning(false)?
            .with_inter_op_spinning(false)?;
        if engine.threads > 0 {
            builder = builder.with_intra_threads(engine.threads)?;
        }
        if provider == Provider::OpenVino {
            // It leaves a graph it cannot compile to the CPU without a word.
            builder = builder.with_disable_cpu_fallback()?;
        }
        Ok(builder.with_execution_providers(provider.registered(engine.device, engine.threads))?)
    };
    let mut builder = set_up().map_err(Failure::Provider)?;
    builder.commit_from_file(path).map_err(|e| {
        // A graph that the CPU cannot load is broken; on a device, the device may be.
        if provider == Provider::Cpu || plain(runtime, path).is_err() {
            Failure::Graph(e)
        } else {
            Failure::Provider(e)
        }
    })
}

/// Loads the graph on the CPU, unoptimised, to learn whether it is whole.
fn plain(runtime: &Runtime, path: &Path) -> ort::Result<Session> {
    Session::builder(&runtime.environment)?
        .with_optimization_level(GraphOptimizationLevel::Disable)?
        .commit_from_file(path)
}

/// Names and dimensions of inputs or outputs.
fn specs(outlets: &[Outlet]) -> Vec<TensorSpec> {
    outlets
        .iter()
        .map(|outlet| {
            let dims = outlet.dtype().tensor_shape();
            let dims = dims.map(|s| s.iter().map(|&d| usize::try_from(d).ok()).collect());
            TensorSpec {
                name: outlet.name().to_owned(),
                dims: dims.unwrap_or_default(),
            }
        })
        .collect()
}
