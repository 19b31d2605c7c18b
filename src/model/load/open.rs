// SPDX-License-Identifier: MPL-2.0
//! Makes the sessions of a graph that was read and checked.

use std::panic::resume_unwind;
use std::sync::Arc;
use std::thread;

use ort::session::Session;
use ort::session::builder::{GraphOptimizationLevel, SessionBuilder};

use super::super::files::GraphFile;
use super::super::ort_errors::one_line;
use super::super::provider::plugin::Device;
use super::super::provider::{Engine, Provider, Unusable};
use super::super::runtime::Runtime;
use super::super::session::{COMBINE, Copies, OnDevice, Sessions, Threads};
use super::super::stop::Stop;
use crate::error::RestoreError;

/// The name of a file, and what it holds.
pub type NamedBytes = (String, Arc<[u8]>);

/// What a session is made of.
pub struct Source<'a> {
    pub file: GraphFile,
    pub weights: Vec<NamedBytes>,
    /// Gives up the making of a session.
    pub stop: &'a Stop,
}

impl Source<'_> {
    /// The session that `builder` makes of a `graph` with these weights.
    pub fn commit(&self, mut builder: SessionBuilder, graph: &[u8]) -> ort::Result<Session> {
        for (name, bytes) in &self.weights {
            builder = builder.with_external_initializer_file_in_memory(name, bytes.clone())?;
        }
        self.stop.ends(builder.canceler());
        builder.commit_from_memory(graph)
    }
}

/// What failed where no session could be made: the provider, or the graph itself.
pub enum Failure {
    Provider(Unusable),
    Graph(ort::Error),
}

/// The sessions of a graph.
pub struct Opened {
    /// An error is about threads.
    pub sessions: Result<Sessions, RestoreError>,
    /// Where images can lie between steps, if not in the processor's memory.
    pub on_device: Option<OnDevice>,
    /// Name of the provider, and of the device where it is a plugin's.
    pub provider: &'static str,
}

/// Where a session runs.
#[derive(Clone, Copy)]
struct Place<'a> {
    runtime: &'a Runtime,
    engine: &'a Engine,
    provider: Provider,
    /// That of a plugin.
    device: Option<Device>,
}

/// The sessions for the graph on one provider.
pub fn open(
    runtime: &Runtime,
    source: &Source,
    provider: Provider,
    engine: &Engine,
) -> Result<Opened, Failure> {
    let device = provider
        .is_plugin()
        .then(|| Device::find(runtime, provider, engine));
    let place = Place {
        runtime,
        engine,
        provider,
        device: device.transpose().map_err(Failure::Provider)?,
    };
    let threads = Threads::of(engine, provider);
    let make = |count| place.session(source, count);
    let (alone, beside) = thread::scope(|scope| {
        let beside = (0..threads.lanes).map(|_| scope.spawn(|| make(threads.each)));
        let beside: Vec<_> = beside.collect();
        let alone = make(threads.all);
        let joined = beside.into_iter().map(|made| made.join());
        (alone, joined.collect::<Vec<_>>())
    });
    let joined = |made: thread::Result<_>| made.unwrap_or_else(|panic| resume_unwind(panic));
    let beside = beside.into_iter().map(joined).collect::<Result<_, _>>()?;
    Ok(Opened {
        sessions: Sessions::new(alone?, beside),
        on_device: place.on_device(threads.all)?,
        provider: place.device.map_or(provider.name(), |d| d.name),
    })
}

impl Place<'_> {
    /// A session for the graph, on so many threads.
    fn session(self, source: &Source, threads: usize) -> Result<Session, Failure> {
        let builder = self.builder(threads).map_err(|e| self.unusable(&e))?;
        let session = source.commit(builder, &source.file.bytes).map_err(|e| {
            // A graph that the CPU cannot load is broken; on a device, the device may be.
            if self.provider == Provider::Cpu || plain(self.runtime, source).is_err() {
                Failure::Graph(e)
            } else {
                self.unusable(&e)
            }
        })?;
        match self.device {
            Some(device) if !device.runs(&session) => Err(Failure::Provider(Unusable {
                reason: format!("{} takes no part of the model", device.name),
                remedy: self.provider.remedy().to_owned(),
            })),
            _ => Ok(session),
        }
    }

    /// What moves images in the memory of the plugin's device, where it has such.
    fn on_device(self, threads: usize) -> Result<Option<OnDevice>, Failure> {
        let environment = &self.runtime.environment;
        let Some(device) = self.device.filter(|d| d.has_memory(environment)) else {
            return Ok(None);
        };
        let builder = self.builder(threads);
        let combine = builder.and_then(|mut b| b.commit_from_memory(COMBINE));
        Ok(Some(OnDevice {
            combine: combine.map_err(|e| self.unusable(&e))?,
            environment: environment.clone(),
            device,
            copies: Copies::default(),
        }))
    }

    fn builder(self, threads: usize) -> ort::Result<SessionBuilder> {
        let environment = &self.runtime.environment;
        let mut builder = Session::builder(environment)?
            .with_optimization_level(GraphOptimizationLevel::All)?
            // Spinning threads burn a core between the frames of a paced stream.
            .with_intra_op_spinning(false)?
            .with_inter_op_spinning(false)?;
        if threads > 0 {
            builder = builder.with_intra_threads(threads)?;
        }
        if self.provider == Provider::OpenVino {
            // It leaves a graph it cannot compile to the CPU without a word.
            builder = builder.with_disable_cpu_fallback()?;
        }
        if let Some(device) = self.device {
            return device.serves(environment, builder);
        }
        let engine = self.engine;
        let registered = self.provider.registered(engine.device, engine.threads);
        Ok(builder.with_execution_providers(registered)?)
    }

    fn unusable(self, error: &ort::Error) -> Failure {
        Failure::Provider(Unusable {
            reason: one_line(error),
            remedy: self.provider.remedy().to_owned(),
        })
    }
}

/// Loads the graph on the CPU, unoptimised, to learn whether it is whole.
fn plain(runtime: &Runtime, source: &Source) -> ort::Result<Session> {
    let builder = Session::builder(&runtime.environment)?
        .with_optimization_level(GraphOptimizationLevel::Disable)?;
    source.commit(builder, &source.file.bytes)
}
