// SPDX-License-Identifier: MPL-2.0
//! Makes the sessions of a graph that was read and checked.

use std::panic::resume_unwind;
use std::sync::Arc;
use std::thread;

use ort::session::Session;
use ort::session::builder::{GraphOptimizationLevel, SessionBuilder};

use super::super::files::GraphFile;
use super::super::provider::{Engine, Provider};
use super::super::runtime::Runtime;
use super::super::session::{Sessions, Threads};
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
pub enum Failure {
    Provider(ort::Error),
    Graph(ort::Error),
}

/// The sessions for the graph on one provider; the inner error is about threads.
pub fn open(
    runtime: &Runtime,
    source: &Source,
    provider: Provider,
    engine: Engine,
) -> Result<Result<Sessions, RestoreError>, Failure> {
    let threads = Threads::of(engine, provider);
    let make = |count| session(runtime, source, provider, (engine, count));
    let (alone, beside) = thread::scope(|scope| {
        let beside = (0..threads.lanes).map(|_| scope.spawn(|| make(threads.each)));
        let beside: Vec<_> = beside.collect();
        let alone = make(threads.all);
        let joined = beside.into_iter().map(|made| made.join());
        (alone, joined.collect::<Vec<_>>())
    });
    let joined = |made: thread::Result<_>| made.unwrap_or_else(|panic| resume_unwind(panic));
    let beside = beside.into_iter().map(joined).collect::<Result<_, _>>()?;
    Ok(Sessions::new(alone?, beside))
}

/// A session for the graph on one provider, on so many threads.
fn session(
    runtime: &Runtime,
    source: &Source,
    provider: Provider,
    (engine, threads): (Engine, usize),
) -> Result<Session, Failure> {
    let set_up = || -> ort::Result<SessionBuilder> {
        let mut builder = Session::builder(&runtime.environment)?
            .with_optimization_level(GraphOptimizationLevel::All)?
            // Spinning threads burn a core between the frames of a paced stream.
            .with_intra_op_spinning(false)?
            .with_inter_op_spinning(false)?;
        if threads > 0 {
            builder = builder.with_intra_threads(threads)?;
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
