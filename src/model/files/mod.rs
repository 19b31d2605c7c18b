// SPDX-License-Identifier: MPL-2.0
//! Files of a package, read whole and held against their digests, so that what runs is what was
//! exported.
//!
//! They are read into memory and not mapped: a file that is rewritten or cut while the element
//! runs changes nothing.

pub mod elf;
mod onnx;

pub use onnx::GraphFile;

use std::fs::File;
use std::io::{self, Read};
use std::iter::repeat_n;
use std::path::Path;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::stop::Stop;
use crate::error::RestoreError;
use crate::image::can_hold;

/// What is read between two looks at whether loading was given up, in bytes.
const PIECE: usize = 1 << 20;
/// Largest file: that of a protobuf message.
const LARGEST: u64 = 1 << 31;

/// Why a file was not read.
#[derive(Debug)]
pub enum Unread {
    /// What is wrong with the file, and what to do.
    Reason(String),
    /// There is no memory for so many bytes.
    Memory(u64),
    /// Loading was given up.
    Stopped,
}

impl Unread {
    /// The error about the file at `path`.
    pub fn about(self, path: &Path) -> RestoreError {
        match self {
            Self::Reason(reason) => RestoreError::Model {
                path: path.display().to_string(),
                reason,
            },
            Self::Memory(bytes) => RestoreError::Memory(format!(
                "There is no memory for the {bytes} bytes of {}: free memory, or use a smaller \
                 model.",
                path.display()
            )),
            Self::Stopped => RestoreError::Stopped,
        }
    }
}

/// Length and SHA-256 of a file.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expected {
    pub bytes: u64,
    /// In 64 lower-case hexadecimal digits.
    pub sha256: String,
}

/// The bytes of a file of weights, where they are the `expected` ones.
pub fn weights(path: &Path, expected: &Expected, stop: &Stop) -> Result<Arc<[u8]>, Unread> {
    let other = "these are not the weights that the graphs beside it were exported with";
    exactly(path, expected, other, stop)
}

/// The bytes of a graph that prepares a step, where they are the `expected` ones.
pub fn preparation(path: &Path, expected: &Expected, stop: &Stop) -> Result<Arc<[u8]>, Unread> {
    let other = "this is not the graph that the step beside it was exported with";
    exactly(path, expected, other, stop)
}

/// The bytes of a file, where they are the `expected` ones; else it is `blamed` so.
fn exactly(
    path: &Path,
    expected: &Expected,
    blamed: &str,
    stop: &Stop,
) -> Result<Arc<[u8]>, Unread> {
    let other = |what: String| {
        Unread::Reason(format!(
            "{what}, so {blamed}: fetch or export the model again."
        ))
    };
    let mut digest = Sha256::new();
    let bytes = read(
        path,
        stop,
        |length| {
            if length == expected.bytes {
                Ok(())
            } else {
                Err(other(format!(
                    "has {length} bytes in the place of {}",
                    expected.bytes
                )))
            }
        },
        |piece| digest.update(piece),
    )?;
    if hex(&digest.finalize()) != expected.sha256 {
        return Err(other(
            "has another SHA-256 than the manifest names".to_owned(),
        ));
    }
    Ok(bytes)
}

/// The bytes of a regular file whose length `fits`; `each` gets them piece by piece.
fn read(
    path: &Path,
    stop: &Stop,
    fits: impl Fn(u64) -> Result<(), Unread>,
    mut each: impl FnMut(&[u8]),
) -> Result<Arc<[u8]>, Unread> {
    let unreadable = |e: io::Error| {
        Unread::Reason(format!(
            "cannot be read ({e}): make the file readable, or fetch or export the model again."
        ))
    };
    // A pipe would wait for someone to write into it.
    if !std::fs::metadata(path).map_err(unreadable)?.is_file() {
        return Err(Unread::Reason(
            "is not a file: fetch or export the model again.".to_owned(),
        ));
    }
    let mut file = File::open(path).map_err(unreadable)?;
    let length = file.metadata().map_err(unreadable)?.len();
    fits(length)?;
    let size = usize::try_from(length).unwrap_or(usize::MAX);
    if length > LARGEST || !can_hold(size) {
        return Err(Unread::Memory(length));
    }
    let mut bytes: Arc<[u8]> = repeat_n(0, size).collect();
    // Nobody else has it yet.
    for piece in Arc::get_mut(&mut bytes)
        .into_iter()
        .flat_map(|b| b.chunks_mut(PIECE))
    {
        if stop.is_raised() {
            return Err(Unread::Stopped);
        }
        file.read_exact(piece).map_err(unreadable)?;
        each(piece);
    }
    Ok(bytes)
}

/// The digits of a digest.
fn hex(digest: &[u8]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
