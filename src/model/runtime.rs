// SPDX-License-Identifier: MPL-2.0
//! Finds and opens the ONNX Runtime library, once in the life of the process.
//!
//! ONNX Runtime allows one environment in the life of a process, so a static holds it. Nothing is
//! opened before the first call of [`environment`]. A failure is not kept, so that a library which
//! is installed later is found.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use ort::LoadDynamicError;
use ort::environment::Environment;
use parking_lot::Mutex;

use super::files::elf;
use super::package::beside;
use crate::error::RestoreError;

/// The variable that names the only library to try.
const PATH_VARIABLE: &str = "ORT_DYLIB_PATH";
/// The variable that silences telemetry.
const TELEMETRY_VARIABLE: &str = "ORT_DISABLE_TELEMETRY";
/// Names that the system's loader looks for.
const SYSTEM_NAMES: [&str; 2] = ["libonnxruntime.so.1", "libonnxruntime.so"];
const WHERE_IT_IS: &str = "put libonnxruntime.so beside the plugin or set ORT_DYLIB_PATH to it (it \
    is in the PyPI wheel onnxruntime 1.28.0)";

/// How serious a message of ONNX Runtime is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogLevel {
    Debug,
    Info,
    Warning,
    Error,
}

/// Takes ONNX Runtime's messages; called from any thread.
pub type LogSink = fn(LogLevel, &str);

static SINK: OnceLock<LogSink> = OnceLock::new();
static ENVIRONMENT: Mutex<Option<Runtime>> = Mutex::new(None);

/// The opened library and its environment.
#[derive(Clone)]
pub struct Runtime {
    pub environment: Environment,
    /// The library's path, or its name when the system's loader found it.
    pub library: PathBuf,
}

/// Sends ONNX Runtime's warnings and errors, and what is found out about devices, to `sink`; the
/// first call counts.
pub fn log_to(sink: LogSink) {
    let _ = SINK.set(sink);
}

/// Keeps ONNX Runtime from sending telemetry.
///
/// Builds from 1.29 on have a client for it that writes to the home directory, unless a variable is
/// set before the library is loaded. To be called while the plugin registers: setting a variable
/// races with other threads that read one in C, and there are fewer of them then than when the
/// element starts.
pub fn disable_telemetry() {
    if std::env::var_os(TELEMETRY_VARIABLE).is_none() {
        // SAFETY: the plugin registers once, while GStreamer loads it, before the element and its
        // threads exist. There is no other switch.
        unsafe { std::env::set_var(TELEMETRY_VARIABLE, "1") };
    }
}

/// The process's ONNX Runtime, opened by the first call that finds it.
pub fn environment() -> Result<Runtime, RestoreError> {
    let mut opened = ENVIRONMENT.lock();
    if let Some(runtime) = opened.as_ref() {
        return Ok(runtime.clone());
    }
    let runtime = open()?;
    *opened = Some(runtime.clone());
    Ok(runtime)
}

fn open() -> Result<Runtime, RestoreError> {
    let mut failure = None;
    for candidate in candidates()? {
        // Opening one that is cut off would end the process.
        if let Err(reason) = elf::all_whole(&candidate) {
            let broken = format!("ONNX Runtime cannot be opened ({reason}): {WHERE_IT_IS}.");
            failure = failure.or(Some(RestoreError::Runtime(broken)));
            continue;
        }
        match ort::init_from(&candidate) {
            Ok(builder) => {
                let environment = builder
                    .with_name("ud2mrestore")
                    .with_telemetry(false)
                    .with_logger(Arc::new(forward))
                    .build()
                    .map_err(|e| {
                        RestoreError::Runtime(format!(
                            "ONNX Runtime at {} does not start ({e}): {WHERE_IT_IS}.",
                            candidate.display()
                        ))
                    })?;
                // A custom logger is otherwise called for every verbose line.
                environment.set_log_level(ort::logging::LogLevel::Warning);
                return Ok(Runtime {
                    environment,
                    library: candidate,
                });
            }
            // A bare name that the system's loader does not know needs no message; a file that
            // exists and does not load does.
            Err(LoadDynamicError::Dlopen { .. }) if !candidate.is_absolute() => {}
            Err(error) => failure = failure.or(Some(unusable(&candidate, &error))),
        }
    }
    Err(failure.unwrap_or_else(|| {
        RestoreError::Runtime(format!("ONNX Runtime was not found: {WHERE_IT_IS}."))
    }))
}

fn unusable(path: &Path, error: &LoadDynamicError) -> RestoreError {
    let path = path.display();
    RestoreError::Runtime(match error {
        LoadDynamicError::Dlopen { error, .. } => {
            format!("ONNX Runtime at {path} cannot be opened ({error}): {WHERE_IT_IS}.")
        }
        LoadDynamicError::BadVersion { version_str, .. } => format!(
            "ONNX Runtime at {path} is version {version_str} where 1.{} or later is needed: \
             {WHERE_IT_IS}.",
            ort::MINOR_VERSION
        ),
        LoadDynamicError::MissingApi { .. } | LoadDynamicError::InvalidVersionString => {
            format!("{path} is not an ONNX Runtime library: {WHERE_IT_IS}.")
        }
    })
}

/// Libraries to try, in order. Absolute paths exist; bare names are for the system's loader.
fn candidates() -> Result<Vec<PathBuf>, RestoreError> {
    if let Some(set) = std::env::var_os(PATH_VARIABLE).filter(|v| !v.is_empty()) {
        // A relative path means the working directory, as for every other program.
        let path = std::path::absolute(&set).unwrap_or_else(|_| PathBuf::from(&set));
        if !path.is_file() {
            return Err(RestoreError::Runtime(format!(
                "ONNX Runtime was not found at {}, where {PATH_VARIABLE} points: {WHERE_IT_IS}.",
                path.display()
            )));
        }
        return Ok(vec![path]);
    }
    Ok(beside()
        .iter()
        .flat_map(|folder| libraries_in(folder))
        .chain(SYSTEM_NAMES.map(PathBuf::from))
        .collect())
}

/// ONNX Runtime libraries in `directory`, the highest version first.
fn libraries_in(directory: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(directory) else {
        return Vec::new();
    };
    let mut found: Vec<(Vec<u32>, PathBuf)> = entries
        .flatten()
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let version = name.strip_prefix("libonnxruntime.so")?;
            let version: Option<Vec<u32>> = match version.strip_prefix('.') {
                Some(numbers) => numbers.split('.').map(|n| n.parse().ok()).collect(),
                None if version.is_empty() => Some(Vec::new()),
                None => None,
            };
            Some((version?, entry.path()))
        })
        .collect();
    found.sort_by(|a, b| b.cmp(a));
    found.into_iter().map(|(_, path)| path).collect()
}

/// Tells the sink.
pub fn log(level: LogLevel, message: &str) {
    if let Some(sink) = SINK.get() {
        sink(level, message);
    }
}

fn forward(level: ort::logging::LogLevel, _category: &str, _id: &str, at: &str, message: &str) {
    use ort::logging::LogLevel as Theirs;
    let level = match level {
        Theirs::Verbose => LogLevel::Debug,
        Theirs::Info => LogLevel::Info,
        Theirs::Warning => LogLevel::Warning,
        Theirs::Error | Theirs::Fatal => LogLevel::Error,
    };
    log(level, &format!("{message} ({at})"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_the_libraries_beside_the_plugin_the_newest_goes_first() {
        let folder = tempfile::tempdir().expect("a folder");
        for name in [
            "libonnxruntime.so",
            "libonnxruntime.so.1",
            "libonnxruntime.so.1.9.0",
            "libonnxruntime.so.1.28.0",
            "libonnxruntime.so.1.27.1",
            "libonnxruntime.so.old",
            "libonnxruntime_providers_cuda.so",
            "libother.so",
        ] {
            std::fs::write(folder.path().join(name), "").expect("a file");
        }
        let names: Vec<String> = libraries_in(folder.path())
            .iter()
            .filter_map(|p| Some(p.file_name()?.to_str()?.to_owned()))
            .collect();
        assert_eq!(
            names,
            [
                "libonnxruntime.so.1.28.0",
                "libonnxruntime.so.1.27.1",
                "libonnxruntime.so.1.9.0",
                "libonnxruntime.so.1",
                "libonnxruntime.so"
            ]
        );
    }

    #[test]
    fn a_file_that_is_no_library_is_named_with_what_to_do() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("libonnxruntime.so");
        std::fs::write(&path, "not a library").expect("a file");
        let Err(error) = ort::init_from(&path) else {
            panic!("a text file was opened as a library");
        };
        let text = unusable(&path, &error).to_string();
        assert!(text.contains("libonnxruntime.so"), "{text}");
        assert!(text.contains("ORT_DYLIB_PATH"), "{text}");
    }
}
