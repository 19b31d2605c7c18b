// SPDX-License-Identifier: MPL-2.0
//! Finds the directory of a model package by its name or path.
//!
//! A bare name is searched for where packages are installed, first in the user's directories. A
//! path is taken as it is.

use std::collections::BTreeSet;
use std::env;
use std::ffi::{CStr, OsStr};
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::error::RestoreError;

/// Directories of packages, separated by colons, that are searched before all others.
const PATH_VARIABLE: &str = "UD2M_MODEL_PATH";

/// The directory of the package `model`, which is a bare name or, when it holds a slash, a path.
pub fn locate(model: &Path) -> Result<PathBuf, RestoreError> {
    let missing = |reason: String| RestoreError::Model {
        path: model.display().to_string(),
        reason,
    };
    if model.as_os_str().is_empty() {
        return Err(RestoreError::Settings(
            "The property model is empty: set it to the name of a bundled model, such as lite, or \
             to a model directory."
                .to_owned(),
        ));
    }
    if model.as_os_str().as_bytes().contains(&b'/') {
        return directory(model).map_err(missing);
    }
    let places = places(model);
    if let Some(found) = places.iter().find(|p| p.is_dir()) {
        return Ok(found.clone());
    }
    let names = installed(&places);
    let names = if names.is_empty() {
        "no model is installed where it was looked for".to_owned()
    } else {
        format!("these models are installed: {}", names.join(", "))
    };
    let looked: Vec<String> = places.iter().map(|p| p.display().to_string()).collect();
    Err(missing(format!(
        "was not found; {names}: set the property model to a name or a path, or add the directory \
         of the packages to {PATH_VARIABLE} (looked for {}).",
        looked.join(", ")
    )))
}

/// A path to a directory as it is. The error says what is wrong and what to do.
fn directory(path: &Path) -> Result<PathBuf, String> {
    match path.metadata() {
        Ok(found) if found.is_dir() => Ok(path.to_owned()),
        Ok(_) => Err(
            "is a file: set the property model to the directory that holds the step graphs."
                .to_owned(),
        ),
        Err(e) if e.kind() == ErrorKind::NotFound => Err(
            "does not exist: set the property model to the name of a bundled model or to a model \
             directory."
                .to_owned(),
        ),
        Err(e) => Err(format!(
            "cannot be read ({e}): give this process the right to read the directory and those \
             above it."
        )),
    }
}

/// Names of the packages that lie beside `places`: of folders that hold a step graph.
fn installed(places: &[PathBuf]) -> Vec<String> {
    let is_graph = |path: &Path| path.extension().is_some_and(|e| e == "onnx");
    let inside = |folder: &Path| std::fs::read_dir(folder).into_iter().flatten().flatten();
    let folders = places.iter().filter_map(|place| place.parent());
    let packages = folders.flat_map(inside).map(|entry| entry.path());
    let packages = packages.filter(|path| inside(path).any(|entry| is_graph(&entry.path())));
    let names = packages.filter_map(|p| Some(p.file_name()?.to_string_lossy().into_owned()));
    names.collect::<BTreeSet<String>>().into_iter().collect()
}

/// The directories in which a package called `name` is searched for, in order.
fn places(name: &Path) -> Vec<PathBuf> {
    let mut out: Vec<PathBuf> = Vec::new();
    let listed = |variable: &str| env::var_os(variable).unwrap_or_default();
    out.extend(
        env::split_paths(&listed(PATH_VARIABLE))
            .filter(|p| !p.as_os_str().is_empty())
            .map(|p| p.join(name)),
    );
    if let Some(here) = own_directory() {
        for relative in [
            "models",
            // A cargo target folder inside the checkout: target/<profile>/ and
            // target/<profile>/deps/.
            "../../models/zoo",
            "../../../models/zoo",
            "../ud2mrestore/models",
            // Of a program in bin/.
            "../share/ud2mrestore/models",
            "../../../share/ud2mrestore/models",
            "../../share/ud2mrestore/models",
        ] {
            out.push(here.join(relative).join(name));
        }
    }
    let home = match listed("XDG_DATA_HOME") {
        set if !set.is_empty() => Some(PathBuf::from(set)),
        _ => env::var_os("HOME").map(|home| Path::new(&home).join(".local/share")),
    };
    let shared = match listed("XDG_DATA_DIRS") {
        set if !set.is_empty() => set,
        _ => "/usr/local/share:/usr/share".into(),
    };
    out.extend(
        home.into_iter()
            .chain(env::split_paths(&shared))
            .map(|base| base.join("ud2mrestore/models").join(name)),
    );
    out
}

/// Where libraries lie beside this code: in its own directory and, for a program in bin/, in the
/// plugins' directory of Debian and of others.
pub fn beside() -> Vec<PathBuf> {
    let here = own_directory().filter(|here| here.is_absolute());
    let debian = format!("../lib/{}-linux-gnu/gstreamer-1.0", env::consts::ARCH);
    let folders = [
        "",
        &debian,
        "../lib64/gstreamer-1.0",
        "../lib/gstreamer-1.0",
    ];
    let joined = |here: PathBuf| folders.map(|folder| here.join(folder));
    here.map(joined).into_iter().flatten().collect()
}

/// The directory of the shared object, or of the program, that holds this code.
pub fn own_directory() -> Option<PathBuf> {
    let mut info = std::mem::MaybeUninit::<libc::Dl_info>::zeroed();
    let address = own_directory as *const () as *const libc::c_void;
    // SAFETY: `dladdr` only reads the address and fills the structure, whose string lives as long
    // as the object.
    let path = unsafe {
        if libc::dladdr(address, info.as_mut_ptr()) == 0 {
            return None;
        }
        let name = info.assume_init().dli_fname;
        if name.is_null() {
            return None;
        }
        PathBuf::from(OsStr::from_bytes(CStr::from_ptr(name).to_bytes()))
    };
    // A program's own name may be relative to where it was started, or bare when it was found in
    // PATH.
    let path = path
        .canonicalize()
        .ok()
        .or_else(|| env::current_exe().ok())?;
    path.parent().map(Path::to_path_buf)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_that_is_missing_or_a_file_is_named() {
        for (model, word) in [
            ("/nonexistent/model", "/nonexistent/model"),
            (
                concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"),
                "is a file",
            ),
        ] {
            let error = locate(Path::new(model))
                .expect_err("not a package")
                .to_string();
            assert!(error.contains(word), "{error}");
        }
    }

    #[test]
    fn a_name_that_is_not_found_lists_the_places() {
        let error = locate(Path::new("no-such-model"))
            .expect_err("not there")
            .to_string();
        assert!(error.contains("models/no-such-model"), "{error}");
        assert!(error.contains("UD2M_MODEL_PATH"), "{error}");
    }

    #[test]
    fn this_code_lies_in_the_folder_of_the_test_program() {
        let program = env::current_exe().expect("a test has a program");
        assert_eq!(own_directory().as_deref(), program.parent());
    }
}
