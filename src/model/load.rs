// SPDX-License-Identifier: MPL-2.0
//! Loading a step graph: its file, its session on a provider, its manifest.

use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;

use ort::session::Session;
use ort::session::builder::{GraphOptimizationLevel, SessionBuilder};
use ort::value::{Outlet, TensorElementType};

use super::files::{self, Expected, GraphFile};
use super::manifest::{KEY, Manifest};
use super::ort_errors::{is_out_of_memory, no_memory, one_line};
use super::provider::{Engine, Provider};
use super::runtime::{self, Runtime};
use super::stop::Stop;
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
/// works, and checks that it is the graph `needed`, with the weights it was exported with. `warn`
/// gets a sentence about a fallback; `stop` gives it up.
pub fn graph(
    package: &Path,
    needed: &GraphSpec,
    engine: Engine,
    warn: &mut dyn FnMut(String),
    stop: &Stop,
) -> Result<Loaded, RestoreError> {
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
    for provider in engine.provider.attempts(&runtime.library)? {
        match open(&runtime, &source, provider, engine) {
            Ok(session) => {
                if let Some(failure) = failure {
                    warn(format!(
                        "The frames are restored on the CPU, because the GPU cannot be used \
                         ({failure}): mend the installation, or set execution-provider=cpu to \
                         silence this."
                    ));
                }
                return checked(session, manifest, needed, provider.name()).map_err(broken);
            }
            Err(_) if stop.is_raised() => return Err(RestoreError::Stopped),
            Err(Failure::Provider(e)) => failure = Some(one_line(&e)),
            Err(Failure::Graph(e)) if is_out_of_memory(&e) => return Err(no_memory(&e)),
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

/// The manifest of a file, where it fits `needed` and the file is the one it was written for; the
/// error is a reason.
fn manifest(file: &GraphFile, needed: &GraphSpec) -> Result<Manifest, String> {
    let text = file
        .metadata(KEY)
        .ok_or_else(|| format!("has no manifest (`{KEY}`): use a model made for this plugin."))?;
    let manifest = Manifest::parse(text)?;
    manifest.check(needed)?;
    if manifest.graph_sha256 != file.sha256 {
        return Err(
            "the graph is not the one that its manifest was written for (their SHA-256 differ): \
             fetch or export the model again."
                .to_owned(),
        );
    }
    Ok(manifest)
}

/// The name of a file, and what it holds.
type NamedBytes = (String, Arc<[u8]>);

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

/// The session with its manifest, where it fits both that and `needed`; the error is a reason.
fn checked(
    session: Session,
    manifest: Manifest,
    needed: &GraphSpec,
    provider: &'static str,
) -> Result<Loaded, String> {
    let inputs = specs("input", session.inputs())?;
    let outputs = specs("output", session.outputs())?;
    manifest.check_graph(needed, &inputs, &outputs)?;
    Ok(Loaded {
        session,
        manifest,
        provider,
        inputs,
    })
}

/// What a session is made of.
struct Source<'a> {
    file: GraphFile,
    weights: Vec<(String, Arc<[u8]>)>,
    /// Gives up the making of a session.
    stop: &'a Stop,
}

impl Source<'_> {
    /// The session that `builder` makes.
    fn commit(&self, mut builder: SessionBuilder) -> ort::Result<Session> {
        for (name, bytes) in &self.weights {
            builder = builder.with_external_initializer_file_in_memory(name, bytes.clone())?;
        }
        self.stop.ends(builder.canceler());
        builder.commit_from_memory(&self.file.bytes)
    }
}

/// What failed where no session could be made: the provider, or the graph itself.
enum Failure {
    Provider(ort::Error),
    Graph(ort::Error),
}

/// A session for the graph on one provider.
fn open(
    runtime: &Runtime,
    source: &Source,
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
    let builder = set_up().map_err(Failure::Provider)?;
    source.commit(builder).map_err(|e| {
        // A graph that the CPU cannot load is broken; on a device, the device may be.
        if provider == Provider::Cpu || plain(runtime, source).is_err() {
            Failure::Graph(e)
        } else {
            Failure::Provider(e)
        }
    })
}

/// Loads the graph on the CPU, unoptimised, to learn whether it is whole.
fn plain(runtime: &Runtime, source: &Source) -> ort::Result<Session> {
    let builder = Session::builder(&runtime.environment)?
        .with_optimization_level(GraphOptimizationLevel::Disable)?;
    source.commit(builder)
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
