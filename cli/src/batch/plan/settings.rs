// SPDX-License-Identifier: MPL-2.0
//! What a plan notes of the settings, and whether frames depend on those before them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use gst::prelude::*;
use gstud2m::ud2mrestore::{Task, Temporal};

use super::origin;
use crate::batch::digest;
use crate::batch::manifest::Settings;
use crate::failure::{Failure, Result};
use crate::media::make;
use crate::restore::properties::Properties;
use crate::restore::target::Target;

/// Properties whose values are files.
const FILES: [&str; 3] = ["kernel-file", "mask-file", "provider-library"];

/// The settings, and whether a frame depends on those before it. An error where they cannot be used
/// here, or where a file that they name is not there.
pub fn of(properties: &Properties, kind: &str, crf: Option<u32>) -> Result<(Settings, bool)> {
    // An encoder that is missing is told here, and not by each chunk.
    Target::of(Path::new(&format!("frames.{kind}")), crf)?;
    let element = make("ud2mrestore")?;
    properties.apply(&element);
    let model = PathBuf::from(element.property::<String>("model"));
    let folder = gstud2m::model::locate(&model).map_err(|e| Failure::failed(e.to_string()))?;
    let mut given = Vec::new();
    let mut files = BTreeMap::new();
    for (name, text) in properties.given() {
        let text = text.to_str().ok_or_else(|| {
            let shown = text.to_string_lossy();
            Failure::usage(format!(
                "--{name} {shown} is not UTF-8, which a plan is written in: rename the file."
            ))
        })?;
        if FILES.contains(&name.as_str()) && !text.is_empty() {
            files.insert(name.clone(), origin(Path::new(text))?);
        }
        given.push((name.clone(), text.to_owned()));
    }
    let settings = Settings {
        properties: given,
        seed: element.property("seed"),
        model_sha256: digest::of_model(&folder)?,
        model,
        files,
        kind: kind.to_owned(),
        crf,
    };
    Ok((settings, is_carried(&element)))
}

/// Whether the element takes something from one frame to the next: a warm start, the noise, or what
/// it knows of the compression.
fn is_carried(element: &gst::Element) -> bool {
    let of_jpeg = element.property::<Task>("task") == Task::Jpeg;
    element.property::<Temporal>("temporal") != Temporal::Off
        || element.property::<f64>("noise-sigma") < 0.0
        || (of_jpeg && element.property::<u32>("jpeg-quality") == 0)
}
