// SPDX-License-Identifier: MPL-2.0
//! The folder of a plan: a manifest for each clip, and a folder for each chunk.
//!
//! ```text
//! PLAN/plan.json                      the clips, in order
//! PLAN/CLIP/manifest.json             what is to be done
//! PLAN/CLIP/00003/frames.mkv          a chunk that is whole
//! PLAN/CLIP/00003/chunk.json          what was written there
//! ```

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::digest;
use super::manifest::{Chunk, FORMAT, Manifest};
use crate::failure::{Failure, Result};

const CLIPS: &str = "plan.json";
const MANIFEST: &str = "manifest.json";

/// A plan on the disk.
pub struct Plan {
    folder: PathBuf,
    pub clips: Vec<Clip>,
}

/// A clip of it.
pub struct Clip {
    /// Name of its folder: that of the file, less the ending.
    pub name: String,
    pub folder: PathBuf,
    pub manifest: Manifest,
    /// SHA-256 of the manifest: chunks of another plan do not fit.
    pub digest: String,
}

/// A chunk of it, by its number among those of all clips.
#[derive(Clone, Copy)]
pub struct Task<'a> {
    pub number: usize,
    pub clip: &'a Clip,
    /// Its number in the clip.
    pub index: usize,
    pub chunk: &'a Chunk,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Clips {
    format: u32,
    clips: Vec<String>,
}

impl Plan {
    /// The plan in a folder.
    pub fn read(folder: &Path) -> Result<Self> {
        let list = folder.join(CLIPS);
        if !list.is_file() {
            let folder = folder.display();
            return Err(Failure::failed(format!(
                "{folder} holds no plan: make one with `ud2m batch plan IN... -o PLAN`."
            )));
        }
        let (clips, _) = read::<Clips>(&list)?;
        has_format(&list, clips.format)?;
        let clip = |name: &String| Clip::read(folder.join(name), name);
        Ok(Self {
            folder: folder.to_owned(),
            clips: clips.clips.iter().map(clip).collect::<Result<_>>()?,
        })
    }

    /// Makes the folder of a new plan.
    pub fn create(folder: &Path) -> Result<()> {
        fs::create_dir(folder).map_err(|e| {
            let shown = folder.display();
            Failure::failed(if folder.exists() {
                format!("{shown} is there already: choose another name, or remove it.")
            } else {
                format!("{shown} cannot be made a folder ({e}): choose another place.")
            })
        })
    }

    /// Makes it a plan of these clips, whose manifests are there.
    pub fn complete(folder: &Path, clips: Vec<String>) -> Result<()> {
        let format = FORMAT;
        write(&folder.join(CLIPS), &Clips { format, clips })
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// All chunks, those of the first clip first.
    pub fn tasks(&self) -> Vec<Task<'_>> {
        let chunks = self.clips.iter().flat_map(|clip| {
            let chunks = clip.manifest.chunks.iter().enumerate();
            chunks.map(move |(index, chunk)| (clip, index, chunk))
        });
        let numbered = chunks.enumerate();
        numbered
            .map(|(number, (clip, index, chunk))| Task {
                number,
                clip,
                index,
                chunk,
            })
            .collect()
    }
}

impl Clip {
    fn read(folder: PathBuf, name: &str) -> Result<Self> {
        let path = folder.join(MANIFEST);
        let (manifest, digest) = read::<Manifest>(&path)?;
        has_format(&path, manifest.format)?;
        manifest.check().map_err(|what| {
            let path = path.display();
            Failure::failed(format!("{path} {what}: plan the clip again."))
        })?;
        Ok(Self {
            name: name.to_owned(),
            folder,
            manifest,
            digest,
        })
    }

    /// Writes the manifest of a clip into its folder in a plan.
    pub fn write(plan: &Path, name: &str, manifest: &Manifest) -> Result<()> {
        let folder = plan.join(name);
        make(&folder)?;
        write(&folder.join(MANIFEST), manifest)
    }
}

impl Task<'_> {
    /// Where it lies.
    pub fn folder(&self) -> PathBuf {
        self.clip.folder.join(format!("{:05}", self.index))
    }

    /// The file of its frames.
    pub fn frames(&self) -> PathBuf {
        let kind = &self.clip.manifest.settings.kind;
        self.folder().join(format!("frames.{kind}"))
    }

    /// Its name in sentences.
    pub fn shown(&self) -> String {
        let (number, name) = (self.number, &self.clip.name);
        let (first, last) = (
            self.chunk.first,
            self.chunk.first + self.chunk.frames.saturating_sub(1),
        );
        format!("chunk {number} ({name}, frames {first} to {last})")
    }
}

/// Makes a folder, where it is not there yet.
pub fn make(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).map_err(|e| {
        let folder = folder.display();
        Failure::failed(format!(
            "{folder} cannot be made a folder ({e}): check the disk and the rights of the plan."
        ))
    })
}

fn has_format(path: &Path, format: u32) -> Result<()> {
    if format == FORMAT {
        return Ok(());
    }
    let path = path.display();
    Err(Failure::failed(format!(
        "{path} has format {format}, and this ud2m reads {FORMAT}: use the ud2m that made the plan."
    )))
}

/// What a file of JSON holds, and its SHA-256.
pub fn read<T: DeserializeOwned>(path: &Path) -> Result<(T, String)> {
    let shown = path.display();
    let bytes =
        fs::read(path).map_err(|e| Failure::failed(format!("{shown} cannot be read: {e}.")))?;
    let value = serde_json::from_slice(&bytes).map_err(|e| {
        Failure::failed(format!("{shown} is not what ud2m wrote ({e}): plan again."))
    })?;
    Ok((value, digest::of_bytes(&bytes)))
}

/// Writes a file of JSON, which has its name once it is whole.
pub fn write(path: &Path, value: &impl Serialize) -> Result<()> {
    let shown = path.display();
    let failed = |e: std::io::Error| Failure::failed(format!("{shown} cannot be written: {e}."));
    let mut text = serde_json::to_vec(value).map_err(|e| failed(e.into()))?;
    text.push(b'\n');
    let part = path.with_extension("part.json");
    let written = fs::File::create(&part).and_then(|mut file| {
        file.write_all(&text)?;
        file.sync_all()
    });
    written
        .and_then(|()| fs::rename(&part, path))
        .map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::super::manifest::tests::manifest;
    use super::*;

    #[test]
    fn a_plan_is_read_as_it_was_written() {
        let folder = tempfile::tempdir().expect("a folder");
        let plan = folder.path().join("plan");
        Plan::create(&plan).expect("a new folder");
        assert!(Plan::read(&plan).is_err(), "no list of clips yet");
        assert!(Plan::create(&plan).is_err(), "it is there");
        for (name, lengths) in [("a", &[4, 6][..]), ("b", &[10])] {
            Clip::write(&plan, name, &manifest(lengths)).expect("a manifest");
        }
        Plan::complete(&plan, vec!["a".to_owned(), "b".to_owned()]).expect("a plan");
        let read = Plan::read(&plan).expect("a plan");
        let tasks = read.tasks();
        let named: Vec<_> = tasks.iter().map(Task::shown).collect();
        assert_eq!(
            named,
            [
                "chunk 0 (a, frames 0 to 3)",
                "chunk 1 (a, frames 4 to 9)",
                "chunk 2 (b, frames 0 to 9)"
            ]
        );
        assert_eq!(tasks[1].frames(), plan.join("a/00001/frames.mkv"));
        std::fs::write(plan.join("a/manifest.json"), "{}").expect("a file");
        let failure = Plan::read(&plan).err().expect("no manifest");
        assert!(failure.sentence.contains("plan again"), "{failure:?}");
    }
}
