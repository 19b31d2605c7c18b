// SPDX-License-Identifier: MPL-2.0
//! [`Sessions`]: the sessions of one graph. One of them runs a call on all threads; on the CPU the
//! others run several calls side by side.
//!
//! Calls that run side by side on a thread each take less time than one after the other on all
//! threads: nodes that work pixel by pixel stay on one thread, and convolutions share badly
//! (docs/decisions/033-side-by-side.md).

use std::thread::available_parallelism;

use std::ops::Range;

use ort::session::{RunOptions, Session};
use ort::value::DynValue;
use parking_lot::{Mutex, MutexGuard};
use rayon_core::{ThreadPool, ThreadPoolBuilder};

use super::super::inputs::Values;
use super::super::provider::{Engine, Provider};
use crate::error::RestoreError;

/// Most calls that run side by side: each has a session with weights of its own.
const MOST: usize = 8;

/// How threads of the CPU are shared out among the sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Threads {
    /// Of the session that runs alone; 0 leaves the number to ONNX Runtime.
    pub all: usize,
    /// Of each session that runs beside others.
    pub each: usize,
    /// Sessions that run side by side; 0 where there are none.
    pub lanes: usize,
}

impl Threads {
    /// Those of an engine on one of its providers. Where the engine leaves the number open, they
    /// are as many as the process may use by its affinity and its control group.
    pub fn of(engine: &Engine, provider: Provider) -> Self {
        let all = match (engine.threads, provider) {
            (0, Provider::Cpu) => available_parallelism().map_or(1, usize::from),
            (threads, _) => threads,
        };
        let lanes = match provider {
            Provider::Cpu if all > 1 => all.min(MOST),
            _ => 0,
        };
        Self {
            all,
            each: all / lanes.max(1),
            lanes,
        }
    }
}

/// The sessions of one graph. Each runs one call at a time, of whichever step asks first.
pub struct Sessions {
    alone: Mutex<Session>,
    beside: Vec<Mutex<Session>>,
    /// A thread for each session of `beside`.
    pool: Option<ThreadPool>,
}

/// A call of the graph: its inputs, and then its answer.
pub struct Call<'a> {
    pub inputs: Values<'a>,
    pub answer: Option<ort::Result<DynValue>>,
}

impl Call<'_> {
    fn run(&mut self, session: &Mutex<Session>, options: &RunOptions) {
        let mut session = session.lock();
        let outputs = session.run_with_options(self.inputs.as_slice(), options);
        self.answer = outputs.map(|mut all| all.remove("x0")).transpose();
    }
}

impl Sessions {
    /// `alone` runs single calls, and those of `beside` several at once, where there are any.
    ///
    /// An error where no threads can be started.
    pub fn new(alone: Session, beside: Vec<Session>) -> Result<Self, RestoreError> {
        let threads = ThreadPoolBuilder::new()
            .num_threads(beside.len())
            .thread_name(|i| format!("ud2m-{i}"));
        let pool = match beside.len() {
            0 => None,
            _ => Some(threads.build().map_err(no_threads)?),
        };
        Ok(Self {
            alone: Mutex::new(alone),
            beside: beside.into_iter().map(Mutex::new).collect(),
            pool,
        })
    }

    /// The session that runs single calls.
    pub fn alone(&self) -> MutexGuard<'_, Session> {
        self.alone.lock()
    }

    /// How many sessions run side by side; 0 where none do.
    pub fn beside(&self) -> usize {
        self.beside.len()
    }

    /// Answers the calls, all at once on the sessions `lanes` of those side by side, at least as
    /// many. A call that is alone has the session on all threads, where it may have all lanes.
    pub fn run(&self, calls: &mut [Call], lanes: Range<usize>, options: &RunOptions) {
        let sessions = self.beside.get(lanes).unwrap_or_default();
        match (&self.pool, sessions) {
            (Some(pool), [_, _, ..]) if calls.len() > 1 => {
                pool.install(|| side_by_side(sessions, calls, options));
            }
            (_, sessions) => {
                let part = sessions.len() < self.beside.len();
                let session = sessions.first().filter(|_| part).unwrap_or(&self.alone);
                calls.iter_mut().for_each(|call| call.run(session, options));
            }
        }
    }
}

/// Runs each call on a session of its own, all at once.
fn side_by_side(sessions: &[Mutex<Session>], calls: &mut [Call], options: &RunOptions) {
    match (calls, sessions) {
        ([call], [session, ..]) => call.run(session, options),
        ([], _) | (_, []) => {}
        (calls, sessions) => {
            let half = calls.len() / 2;
            let (calls, more_calls) = calls.split_at_mut(half);
            let (sessions, more_sessions) = sessions.split_at(half.min(sessions.len()));
            rayon_core::join(
                || side_by_side(sessions, calls, options),
                || side_by_side(more_sessions, more_calls, options),
            );
        }
    }
}

fn no_threads(error: rayon_core::ThreadPoolBuildError) -> RestoreError {
    RestoreError::Runtime(format!(
        "The threads that run the network cannot be started ({error}): allow the process more \
         threads, or set threads=1."
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_of_the_cpu_run_side_by_side_and_are_no_more_than_asked_for() {
        for (asked, provider, wanted) in [
            (1, Provider::Cpu, (1, 1, 0)),
            (2, Provider::Cpu, (2, 1, 2)),
            (8, Provider::Cpu, (8, 1, 8)),
            (16, Provider::Cpu, (16, 2, 8)),
            (20, Provider::Cpu, (20, 2, 8)),
            (0, Provider::Cuda, (0, 0, 0)),
            (4, Provider::OpenVino, (4, 4, 0)),
            (0, Provider::WebGpu, (0, 0, 0)),
        ] {
            let engine = Engine {
                threads: asked,
                ..Engine::default()
            };
            let Threads { all, each, lanes } = Threads::of(&engine, provider);
            assert_eq!((all, each, lanes), wanted, "{asked} on {provider:?}");
            assert!(each * lanes <= all);
        }
    }

    #[test]
    fn where_nothing_is_asked_for_the_process_has_a_say() {
        let all = Threads::of(&Engine::default(), Provider::Cpu).all;
        assert_eq!(all, available_parallelism().map_or(1, usize::from));
    }
}
