// SPDX-License-Identifier: MPL-2.0
//! A folder into a folder: each file by itself and under its name.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use super::target::Target;
use super::{Arguments, file, kinds};
use crate::failure::{Failure, Result};
use crate::interrupt;
use crate::report::{Files, Report};

/// Endings of pictures; those that cannot be written become PNG.
const PICTURES: [&str; 12] = [
    "bmp", "jp2", "jpeg", "jpg", "pbm", "pgm", "png", "pnm", "ppm", "tif", "tiff", "webp",
];
/// Endings of videos; those that cannot be written become Matroska.
const VIDEOS: [&str; 20] = [
    "3gp", "asf", "avi", "dv", "flv", "m2ts", "m4v", "mkv", "mov", "mp4", "mpeg", "mpg", "mts",
    "mxf", "ogv", "ts", "vob", "webm", "wmv", "y4m",
];

/// Where a file is written in `folder`: under its name, as `kind` where one is wanted. Nothing
/// where its ending is that of no picture and no video.
pub fn place(input: &Path, folder: &Path, kind: Option<&str>) -> Option<PathBuf> {
    let name = Path::new(input.file_name()?);
    let ending = name.extension()?.to_str()?.to_lowercase();
    let other = match ending.as_str() {
        ending if PICTURES.contains(&ending) => "png",
        ending if VIDEOS.contains(&ending) => "mkv",
        _ => return None,
    };
    let path = folder.join(name);
    Some(match kind {
        Some(kind) => path.with_extension(kind),
        None if kinds::writes(&ending) => path,
        None => path.with_extension(other),
    })
}

/// Restores the files of a folder, one after the other.
pub fn restore(arguments: &Arguments, report: &mut Report) -> Result<()> {
    let (from, to) = (&arguments.input, &arguments.output);
    if to == Path::new("-") {
        return Err(Failure::usage(
            "Standard output takes one stream of frames, and IN is a folder: name a folder.",
        ));
    }
    let plan = plan(arguments, report)?;
    fs::create_dir_all(to).map_err(|e| {
        let to = to.display();
        Failure::failed(format!(
            "{to} cannot be made a folder ({e}): name a folder, as IN is one."
        ))
    })?;
    if from.canonicalize().ok() == to.canonicalize().ok() {
        let shown = to.display();
        return Err(Failure::usage(format!(
            "{shown} is read and written at once: choose another OUT."
        )));
    }
    let mut files = Files {
        all: plan.len(),
        ..Files::default()
    };
    for (number, (output, input)) in (1..).zip(&plan) {
        if interrupt::asked() {
            return Err(Failure::interrupted(format!(
                "Interrupted: {} of {} files are restored.",
                files.restored, files.all
            )));
        }
        report.file(number, files.all);
        if output.exists() && !arguments.overwrite {
            files.there += 1;
            continue;
        }
        let crf = arguments.crf.filter(|_| kinds::has_crf(output));
        let target = Target::of(output, crf).map(|target| target.named_as(input));
        match target.and_then(|target| file::restore(input, &target, arguments, report)) {
            Ok(()) => files.restored += 1,
            Err(failure) if failure.is_interrupted() => return Err(failure),
            Err(failure) => {
                report.failed(input, &failure, true);
                let count = if failure.is_written() {
                    &mut files.differ
                } else {
                    &mut files.failed
                };
                *count += 1;
            }
        }
    }
    report.files(&files);
    verdict(&files)
}

/// What is to be done: inputs by their outputs, in the order of the names.
fn plan(arguments: &Arguments, report: &Report) -> Result<BTreeMap<PathBuf, PathBuf>> {
    let (from, to) = (&arguments.input, &arguments.output);
    let shown = from.display();
    let entries = fs::read_dir(from)
        .and_then(|entries| entries.collect::<std::io::Result<Vec<_>>>())
        .map_err(|e| Failure::failed(format!("{shown} cannot be read: {e}.")))?;
    let mut paths: Vec<_> = entries.into_iter().map(|entry| entry.path()).collect();
    paths.sort();
    let (mut plan, mut other) = (BTreeMap::new(), Vec::new());
    for path in paths.into_iter().filter(|path| !is_hidden(path)) {
        let output = place(&path, to, arguments.kind.as_deref()).filter(|_| path.is_file());
        match output {
            Some(output) => {
                if let Some(first) = plan.insert(output.clone(), path.clone()) {
                    let (a, b, output) = (first.display(), path.display(), output.display());
                    return Err(Failure::failed(format!(
                        "{a} and {b} would both become {output}: rename one of them."
                    )));
                }
            }
            None if path.canonicalize().ok() == to.canonicalize().ok() => {}
            None => other.extend(
                path.file_name()
                    .map(|name| name.to_string_lossy().into_owned()),
            ),
        }
    }
    if !other.is_empty() {
        let other = other.join(", ");
        report.warn(&format!(
            "Left out, for they do not end as pictures and videos do: {other}."
        ));
    }
    if plan.is_empty() {
        return Err(Failure::failed(format!(
            "{shown} holds no picture and no video: choose another folder."
        )));
    }
    if let Some(crf) = arguments
        .crf
        .filter(|_| !plan.keys().any(|path| kinds::has_crf(path)))
    {
        return Err(Failure::usage(format!(
            "--crf {crf} has no effect, for no mp4, mov or webm is written: leave it out."
        )));
    }
    Ok(plan)
}

fn is_hidden(path: &Path) -> bool {
    let name = path.file_name().map(OsStr::as_encoded_bytes);
    name.is_none_or(|name| name.starts_with(b"."))
}

/// How a folder ended.
fn verdict(files: &Files) -> Result<()> {
    let all = files.all;
    match (files.failed, files.differ) {
        (0, 0) => Ok(()),
        (0, differ) => Err(Failure::differs(format!(
            "{differ} of {all} files differ from those in IN: see above."
        ))),
        (failed, _) => Err(Failure::failed(format!(
            "{failed} of {all} files could not be restored: see above."
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_and_endings_become_those_that_can_be_written() {
        gst::init().expect("GStreamer starts");
        let out = |name: &str, kind| place(Path::new(name), Path::new("to"), kind);
        for (name, kind, becomes) in [
            ("from/a.jpg", None, "to/a.jpg"),
            ("from/IMG 1.JPG", None, "to/IMG 1.JPG"),
            ("from/a.b.tiff", None, "to/a.b.png"),
            ("from/a.AVI", None, "to/a.mkv"),
            ("from/%05d.bmp", None, "to/%05d.png"),
            ("from/a.jpg", Some("png"), "to/a.png"),
        ] {
            assert_eq!(out(name, kind), Some(PathBuf::from(becomes)), "{name}");
        }
        for name in ["from/a.txt", "from/a", "from/.jpg"] {
            assert_eq!(out(name, None), None, "{name}");
        }
    }
}
