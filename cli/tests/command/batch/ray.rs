// SPDX-License-Identifier: MPL-2.0
//! `--engine ray`, with a module `ray` that is made here: it runs tasks one after the other, and
//! tries those again that fail, as Ray does.

use std::path::Path;
use std::process::Output;

use super::{ALONE, chunks, clip, events, fails, plan, run, text};
use crate::progress::lines;
use crate::{command, folder};

const RAY: &str = r#"
class RayTaskError(Exception):
    def __init__(self, cause):
        super().__init__(f"a traceback\n{cause}")
        self.cause = cause

def init(**options):
    assert set(options) == {"logging_level", "log_to_driver"}, options

def shutdown():
    pass

class Reference:
    """What became of a task: (whether it failed, what it returned or raised)."""

    def __init__(self, outcome):
        self.outcome = outcome

class Task:
    def __init__(self, function, tries):
        self.function, self.tries = function, tries

    def remote(self, *arguments):
        for _ in range(self.tries):
            try:
                return Reference((False, self.function(*arguments)))
            except Exception as error:
                failure = error
        return Reference((True, failure))

def remote(**options):
    assert options["retry_exceptions"] is True
    assert (options["num_cpus"], options["num_gpus"]) == (2, 0.5), options
    return lambda function: Task(function, 1 + options["max_retries"])

def wait(references, num_returns):
    return references[-num_returns:], references[:-num_returns]

def get(reference):
    failed, result = reference.outcome
    if failed:
        raise RayTaskError(result)
    return result
"#;

/// Restores a plan with a module `ray` of this text.
fn by_ray(plan: &Path, module: &str, options: &[&str]) -> Output {
    let folder = folder();
    std::fs::write(folder.path().join("ray.py"), module).expect("a module");
    let fixed = ["batch", "run", text(plan), "--engine", "ray", "--json"];
    let mut command = command(&[&fixed, options].concat());
    command.env("PYTHONPATH", folder.path());
    command.output().expect("the command starts")
}

#[test]
fn ray_writes_the_same_bytes_as_local_processes() {
    let folder = folder();
    let input = clip(folder.path(), "in.mkv");
    let [local, ray] = ["local", "ray"].map(|name| folder.path().join(name));
    for folder in [&local, &ray] {
        plan(&[&input], folder, &ALONE);
    }
    run(&local, &["--jobs", "2"]);
    let done = by_ray(&ray, RAY, &["--cpus", "2", "--gpus", "0.5"]);
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{said}");
    let told = lines(&done.stdout);
    assert_eq!(events(&told, "chunk").len(), 4, "{told:?}");
    assert!(chunks(&local, "in") == chunks(&ray, "in"), "other bytes");
}

#[test]
fn a_task_that_fails_is_tried_again_and_then_told() {
    let folder = folder();
    let input = clip(folder.path(), "in.mkv");
    let plan = plan(&[&input], &folder.path().join("plan"), &ALONE);
    let manifest = plan.join("in/manifest.json");
    let text = std::fs::read_to_string(&manifest).expect("a manifest");
    let version = format!("\"ud2m\":\"{}\"", env!("CARGO_PKG_VERSION"));
    let other = text.replace(&version, "\"ud2m\":\"0.0.1\"");
    assert_ne!(text, other);
    std::fs::write(&manifest, other).expect("a manifest");
    let done = by_ray(
        &plan,
        RAY,
        &["--cpus", "2", "--gpus", "0.5", "--retries", "1"],
    );
    assert_eq!(done.status.code(), Some(1));
    let told = lines(&done.stdout);
    let failed = events(&told, "chunk-failed");
    assert_eq!(failed.len(), 4, "{told:?}");
    for line in failed {
        let why = line["text"].as_str().expect("a reason");
        assert!(why.contains("was made by ud2m 0.0.1"), "{why}");
    }
    let end = events(&told, "error")[0];
    assert!(
        end["text"]
            .as_str()
            .expect("a text")
            .contains("4 of 4 chunks"),
        "{told:?}"
    );
}

#[test]
fn what_ray_lacks_is_told() {
    let folder = folder();
    let input = clip(folder.path(), "in.mkv");
    let plan = plan(&[&input], &folder.path().join("plan"), &ALONE);
    let done = by_ray(&plan, "raise ImportError('none')", &[]);
    assert_eq!(done.status.code(), Some(1));
    let told = lines(&done.stdout);
    let why = events(&told, "error")[0]["text"].as_str();
    assert!(why.expect("a text").contains("pip install ray"), "{told:?}");
    let done = by_ray(
        &plan,
        "def init(**options): raise OSError('no cluster')",
        &[],
    );
    assert_eq!(done.status.code(), Some(1));
    let told = lines(&done.stdout);
    let why = events(&told, "error")[0]["text"].as_str();
    assert!(
        why.expect("a text").contains("OSError: no cluster"),
        "{told:?}"
    );
    for options in [
        ["--engine", "ray", "--jobs", "2"],
        ["--engine", "local", "--gpus", "1"],
    ] {
        let (code, said) = fails(&[&["batch", "run", text(&plan)], &options[..]].concat());
        assert_eq!(code, 2, "{said}");
        assert!(said.contains("leave it out"), "{said}");
    }
}
