// SPDX-License-Identifier: MPL-2.0
//! Processes on this machine, some at a time.

use std::io::{self, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::outcome::Outcome;
use crate::failure::{Failure, Result};
use crate::interrupt;

/// How often the processes are looked at.
const TICK: Duration = Duration::from_millis(20);

/// Restores chunks by `jobs` processes at a time, which share the cores. `hear` is told how each
/// ended.
pub fn run(
    plan: &Path,
    numbers: &[usize],
    jobs: usize,
    hear: &mut dyn FnMut(usize, &Outcome),
) -> Result<()> {
    let jobs = jobs.min(numbers.len()).max(1);
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let threads = (cores / jobs).max(1);
    let (mut waiting, mut working) = (numbers.iter(), Vec::new());
    loop {
        if interrupt::asked() {
            // Those at work are ended as they are dropped.
            return Err(Failure::interrupted(
                "Interrupted: chunks that are whole stay, and the same command does the others.",
            ));
        }
        while working.len() < jobs
            && let Some(number) = waiting.next()
        {
            working.push(Worker::start(plan, *number, threads)?);
        }
        if working.is_empty() {
            return Ok(());
        }
        thread::sleep(TICK);
        let mut left = Vec::new();
        for mut worker in working {
            match worker.ended()? {
                Some(outcome) => hear(worker.number, &outcome),
                None => left.push(worker),
            }
        }
        working = left;
    }
}

/// A process that restores a chunk. It is ended with its owner.
struct Worker {
    number: usize,
    child: Child,
    /// What reads its outputs, so that it never waits for a reader.
    output: Option<JoinHandle<String>>,
    errors: Option<JoinHandle<String>>,
}

impl Worker {
    fn start(plan: &Path, number: usize, threads: usize) -> Result<Self> {
        let mut child = super::own()
            .map(Command::new)?
            .args(["batch".as_ref(), "chunk".as_ref(), plan.as_os_str()])
            .args([
                &number.to_string(),
                "--threads",
                &threads.to_string(),
                "--json",
            ])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|e| Failure::failed(format!("No process can be started: {e}.")))?;
        Ok(Self {
            number,
            output: child.stdout.take().map(reader),
            errors: child.stderr.take().map(reader),
            child,
        })
    }

    /// How it ended, once it has.
    fn ended(&mut self) -> Result<Option<Outcome>> {
        let status = self.child.try_wait();
        let status =
            status.map_err(|e| Failure::failed(format!("A process cannot be waited for: {e}.")))?;
        let Some(status) = status else {
            return Ok(None);
        };
        let said = |reader: &mut Option<JoinHandle<String>>| {
            let text = reader
                .take()
                .map(|reader| reader.join().unwrap_or_default());
            text.unwrap_or_default()
        };
        let (output, errors) = (said(&mut self.output), said(&mut self.errors));
        Ok(Some(Outcome::of(&output, &errors, status.success())))
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // One that has ended takes no harm.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads all that a process says.
fn reader(mut from: impl Read + Send + 'static) -> JoinHandle<String> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        let _: io::Result<usize> = from.read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    })
}
