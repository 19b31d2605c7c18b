// SPDX-License-Identifier: MPL-2.0
//! One loaded step graph: patches in, clean estimates out.
//!
//! A value that is not a number never leaves this room.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use ort::session::builder::{GraphOptimizationLevel, SessionBuilder};
use ort::session::{RunOptions, Session};
use ort::value::Outlet;

use super::inputs::Inputs;
use super::manifest::{KEY, Manifest};
use super::provider::Provider;
use super::runtime::{self, Runtime};
use crate::error::RestoreError;
use crate::graph::{GraphSpec, Tensor, TensorSpec};
use crate::image::Window;
use crate::sampler::{Level, Patch};

/// Where and how a graph runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Engine {
    pub provider: Provider,
    /// Index of the GPU.
    pub device: i32,
    /// Threads within an operator; 0 leaves the number to ONNX Runtime.
    pub threads: usize,
}

/// Ends a run from another thread.
#[derive(Clone)]
pub struct Interrupt {
    options: Arc<RunOptions>,
    raised: Arc<AtomicBool>,
}

impl Interrupt {
    /// Ends the run in progress after its present node, and every later one until [`Interrupt::clear`].
    pub fn raise(&self) {
        self.raised.store(true, Ordering::SeqCst);
        let _ = self.options.terminate();
    }

    pub fn clear(&self) {
        self.raised.store(false, Ordering::SeqCst);
        let _ = self.options.unterminate();
    }

    pub fn is_raised(&self) -> bool {
        self.raised.load(Ordering::SeqCst)
    }
}

/// A loaded step graph.
pub struct OrtStep {
    session: Session,
    manifest: Manifest,
    provider: &'static str,
    inputs: Vec<TensorSpec>,
    interrupt: Interrupt,
    evaluations: u64,
    spent: Duration,
}

impl OrtStep {
    /// Loads the graph `needed` from the folder `package` on the engine. `warn`
    /// gets a sentence about a fallback of [`Provider::Auto`].
    pub fn load(
        package: &Path,
        needed: &GraphSpec,
        engine: Engine,
        warn: &mut dyn FnMut(String),
    ) -> Result<Self, RestoreError> {
        let path = package.join(format!("{}.onnx", needed.name));
        let broken = |reason: String| RestoreError::Model {
            path: path.display().to_string(),
            reason,
        };
        if !path.is_file() {
            return Err(broken(needed.missing.clone()));
        }
        let runtime = runtime::environment()?;
        let attempts = engine.provider.attempts(&runtime.library)?;
        let mut failure = None;
        for provider in attempts {
            match open(&runtime, &path, provider, engine) {
                Ok(session) => {
                    if let Some(failure) = failure {
                        warn(format!(
                            "The frames are restored on the CPU, because the GPU cannot be used ({failure}): mend the installation, or set execution-provider=cpu to silence this."
                        ));
                    }
                    return Self::checked(session, needed, provider.name(), &broken);
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

    fn checked(
        session: Session,
        needed: &GraphSpec,
        provider: &'static str,
        broken: &dyn Fn(String) -> RestoreError,
    ) -> Result<Self, RestoreError> {
        let text = session
            .metadata()
            .ok()
            .and_then(|m| m.custom(KEY))
            .ok_or_else(|| {
                broken(format!(
                    "has no manifest (`{KEY}`): use a model made for this plugin."
                ))
            })?;
        let inputs = shapes(session.inputs());
        let manifest = Manifest::parse(&text)
            .and_then(|m| {
                m.check(needed, &inputs, &shapes(session.outputs()))
                    .map(|()| m)
            })
            .map_err(broken)?;
        let options = RunOptions::new().map_err(failed)?;
        Ok(Self {
            session,
            manifest,
            provider,
            inputs,
            interrupt: Interrupt {
                options: Arc::new(options),
                raised: Arc::default(),
            },
            evaluations: 0,
            spent: Duration::ZERO,
        })
    }

    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// ONNX Runtime's name of the provider that runs the graph.
    pub fn provider(&self) -> &'static str {
        self.provider
    }

    pub fn interrupt(&self) -> Interrupt {
        self.interrupt.clone()
    }

    /// Network evaluations since the graph was loaded: K for each patch of each run.
    pub fn evaluations(&self) -> u64 {
        self.evaluations
    }

    /// Time spent inside ONNX Runtime since the graph was loaded.
    pub fn spent(&self) -> Duration {
        self.spent
    }

    /// Turns the starts of patches of one size into clean estimates at `level`; `sigma_y` is the noise of the
    /// observation on the scale of [-1, 1]. `tensors` gives the graph's own inputs for a window, in each alike in names
    /// and shapes.
    pub fn run<'t>(
        &mut self,
        patches: &mut [Patch],
        level: Level,
        sigma_y: f32,
        tensors: impl Fn(Window) -> &'t [Tensor],
    ) -> Result<(), RestoreError> {
        let Some(first) = patches.first() else {
            return Ok(());
        };
        let (batch, height, width) = (patches.len(), first.xt.height, first.xt.width);
        let count = self.manifest.iterations;
        let outputs = {
            let numbers = (level.t as f32, sigma_y);
            let inputs = Inputs::of((patches, first), &self.inputs, count, numbers, tensors);
            let bound = inputs.bound(&self.inputs)?;
            let begun = Instant::now();
            let outputs = self
                .session
                .run_with_options(bound.as_slice(), &*self.interrupt.options);
            self.spent += begun.elapsed();
            outputs.map_err(failed)?
        };
        self.evaluations += (count * batch) as u64;
        let image = [batch, 3, height, width];
        let (shape, data) = outputs["x0"].try_extract_tensor::<f32>().map_err(failed)?;
        if !shape.iter().copied().eq(image.iter().map(|&d| d as i64)) {
            return Err(RestoreError::Frame(format!(
                "The model answered with a tensor of {shape:?} where {image:?} was needed: export the model again."
            )));
        }
        // Zero times infinity is not a number either, so one sum finds both.
        if data.iter().map(|v| v * 0.0).sum::<f32>().is_nan() {
            return Err(RestoreError::InvalidOutput(
                "The model answered with values that are not numbers: check noise-sigma and the kernel, or use another model.".to_owned(),
            ));
        }
        for (patch, part) in patches
            .iter_mut()
            .zip(data.chunks_exact(3 * height * width))
        {
            patch.z0.data.clear();
            patch.z0.data.extend_from_slice(part);
        }
        Ok(())
    }
}

/// What failed while a session was made: the provider, or the graph itself.
enum Failure {
    Provider(ort::Error),
    Graph(ort::Error),
}

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

fn shapes(outlets: &[Outlet]) -> Vec<TensorSpec> {
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

/// An error of a run, sorted by who can mend it.
fn failed(error: ort::Error) -> RestoreError {
    let text = one_line(&error);
    let lower = text.to_lowercase();
    if lower.contains("failed to allocate") || lower.contains("out of memory") {
        RestoreError::Memory(format!(
            "Memory ran out while the network ran ({text}): set tile-width and tile-height to smaller values."
        ))
    } else {
        RestoreError::Runtime(format!(
            "ONNX Runtime failed on a frame ({text}): try execution-provider=cpu, and report it if that fails too."
        ))
    }
}

/// The message on one line, without the place in ONNX Runtime's source, the code's number and its name.
fn one_line(error: &ort::Error) -> String {
    let text = error.to_string();
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let said = text
        .split_once("[ONNXRuntimeError] : ")
        .and_then(|(_, rest)| rest.splitn(3, " : ").nth(2));
    said.unwrap_or(&text).trim_end_matches('.').to_owned()
}
