// SPDX-License-Identifier: MPL-2.0
//! What lies beside the frames of a chunk once it is whole.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::manifest::{FORMAT, Versions};
use super::store::{self, Task};
use crate::failure::Result;

const NAME: &str = "chunk.json";

/// What was written of a chunk. It is written last, so that a chunk without it is not whole.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Sidecar {
    pub format: u32,
    /// SHA-256 of the manifest, and the number of the chunk in it.
    pub manifest_sha256: String,
    pub chunk: usize,
    /// Of the machine that restored it, with ONNX Runtime's name of the provider.
    pub versions: Versions,
    pub provider: String,
    /// The file of the frames.
    pub frames: usize,
    pub bytes: u64,
    pub sha256: String,
    /// SHA-256 of the pictures by which seams are measured; the first chunk has no lead-in.
    pub tail_sha256: String,
    pub lead_in_sha256: Option<String>,
    /// Wall-clock time of its process.
    pub seconds: f64,
}

impl Sidecar {
    /// That of a chunk which is whole by its length and belongs to this plan; else nothing.
    pub fn of_whole(task: &Task) -> Option<Self> {
        let (sidecar, _) = store::read::<Self>(&task.folder().join(NAME)).ok()?;
        let wanted = (FORMAT, &task.clip.digest, task.index);
        let fits = (sidecar.format, &sidecar.manifest_sha256, sidecar.chunk) == wanted;
        let there = task
            .frames()
            .metadata()
            .is_ok_and(|m| m.len() == sidecar.bytes);
        (fits && there).then_some(sidecar)
    }

    /// Writes it into the folder of a chunk.
    pub fn write(&self, folder: &Path) -> Result<()> {
        store::write(&folder.join(NAME), self)
    }
}
