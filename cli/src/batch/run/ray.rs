// SPDX-License-Identifier: MPL-2.0
//! A Ray cluster: a small Python program submits a task for each chunk.

use std::collections::BTreeMap;
use std::env;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use super::outcome::Outcome;
use super::own;
use crate::failure::{Failure, Result};
use crate::interrupt;

const SCRIPT: &str = include_str!("ray.py");
/// The exit code of the script where Python has no module ray.
const NO_RAY: i32 = 69;
const TICK: Duration = Duration::from_millis(100);
/// Beginnings of the variables that chunks are to have on other machines too.
const VARIABLES: [&str; 3] = ["UD2M_", "ORT_", "GST_"];

/// What a task asks for.
pub struct Options {
    pub cpus: u32,
    pub gpus: f64,
    pub retries: u32,
}

/// Restores chunks as tasks of Ray. `hear` is told how each ended.
pub fn run(
    plan: &Path,
    numbers: &[usize],
    options: &Options,
    hear: &mut dyn FnMut(usize, &Outcome),
) -> Result<()> {
    let plan = plan.canonicalize().unwrap_or_else(|_| plan.to_owned());
    let threads = options.cpus.to_string();
    let (own, plan) = (own()?, plan.to_string_lossy());
    let command = [
        &own.to_string_lossy(),
        "batch",
        "chunk",
        "--json",
        "--threads",
        &threads,
        &plan,
    ];
    let job = json!({
        "command": command,
        "chunks": numbers,
        "environment": variables(),
        "cpus": options.cpus,
        "gpus": options.gpus,
        "retries": options.retries,
    });
    let started = Command::new("python3")
        .args(["-c", SCRIPT, &job.to_string()])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = started.map_err(|e| {
        Failure::failed(format!(
            "Python does not start ({e}): install python3 and ray, or use --engine local."
        ))
    })?;
    let (told, lines) = mpsc::channel();
    let output = child.stdout.take();
    thread::spawn(move || {
        let output = output.map(BufReader::new);
        for line in output
            .into_iter()
            .flat_map(BufRead::lines)
            .map_while(|l| l.ok())
        {
            if told.send(line).is_err() {
                return;
            }
        }
    });
    let errors = child.stderr.take();
    let errors = thread::spawn(move || {
        let mut text = String::new();
        errors.map(|mut errors| errors.read_to_string(&mut text));
        text
    });
    let mut left = numbers.len();
    loop {
        if interrupt::asked() {
            let _ = child.kill();
            let _ = child.wait();
            return Err(Failure::interrupted(
                "Interrupted: chunks that are whole stay, and the same command does the others.",
            ));
        }
        match lines.recv_timeout(TICK) {
            Ok(line) => {
                if let Some((number, outcome)) = ended(&line) {
                    left -= usize::from(left > 0);
                    hear(number, &outcome);
                }
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    let status = child.wait();
    let status = status.map_err(|e| Failure::failed(format!("Python has no end: {e}.")))?;
    if status.code() == Some(NO_RAY) {
        return Err(Failure::failed(
            "Python has no module ray: install it with `pip install ray`, or use --engine local.",
        ));
    }
    if left > 0 || !status.success() {
        let errors = errors.join().unwrap_or_default();
        let last = errors.lines().rfind(|line| !line.trim().is_empty());
        let why = last.unwrap_or("nothing was said").trim();
        return Err(Failure::failed(format!(
            "Ray ended before all chunks did ({why}): mend that, and run the batch again."
        )));
    }
    Ok(())
}

/// The chunk of a line of the script, and how it ended.
fn ended(line: &str) -> Option<(usize, Outcome)> {
    let line: Value = serde_json::from_str(line).ok()?;
    let number = usize::try_from(line["chunk"].as_u64()?).ok()?;
    let text = |field: &str| line[field].as_str().unwrap_or_default();
    let success = line["success"].as_bool()?;
    Some((number, Outcome::of(text("output"), text("errors"), success)))
}

/// Variables of the environment that say where models, runtime and plugins lie.
fn variables() -> BTreeMap<String, String> {
    let all = env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    let ours = |name: &str| VARIABLES.iter().any(|start| name.starts_with(start));
    all.filter(|(name, _)| ours(name)).collect()
}
