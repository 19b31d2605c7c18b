// SPDX-License-Identifier: MPL-2.0
//! Whether a chunk is restored with what it was planned with.

use crate::batch::digest;
use crate::batch::manifest::VERSION;
use crate::batch::store::Task;
use crate::failure::{Failure, Result};

/// An error where the program, the clip, the model or a file of the settings is another one. Of the
/// clip the length counts here, and each frame when it is decoded: to read all of it takes long.
pub fn check(task: &Task) -> Result<()> {
    let manifest = &task.clip.manifest;
    let made_by = &manifest.versions.ud2m;
    if made_by != VERSION {
        return Err(Failure::failed(format!(
            "The plan was made by ud2m {made_by}, and this is {VERSION}: use one for all chunks."
        )));
    }
    let source = &manifest.source;
    let shown = source.path.display();
    let bytes = source.path.metadata().map_err(|e| {
        Failure::failed(format!(
            "{shown} cannot be read ({e}): let it lie where all machines reach it under this name."
        ))
    })?;
    if bytes.len() != source.bytes {
        return Err(Failure::failed(format!(
            "{shown} has changed since it was planned: plan again."
        )));
    }
    let model = gstud2m::model::locate(manifest.model());
    let model = model.map_err(|e| Failure::failed(e.to_string()))?;
    if digest::of_model(&model)? != manifest.settings.model_sha256 {
        let model = model.display();
        return Err(Failure::failed(format!(
            "{model} is another model than the plan was made with: install the same on all \
             machines, or plan again."
        )));
    }
    for (property, file) in &manifest.settings.files {
        if digest::of_file(&file.path)? != file.sha256 {
            let path = file.path.display();
            return Err(Failure::failed(format!(
                "{path} ({property}) has changed since the plan was made: plan again."
            )));
        }
    }
    Ok(())
}
