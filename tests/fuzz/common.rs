// SPDX-License-Identifier: MPL-2.0
//! What the targets share: the readers of the mutation test, and the files that they read from.

#![allow(dead_code)] // Each target uses a part.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

#[path = "../mutations/mutate.rs"]
mod mutate;
#[path = "../mutations/readers.rs"]
pub mod readers;

/// A file of this process.
static FILE: LazyLock<PathBuf> =
    LazyLock::new(|| std::env::temp_dir().join(format!("ud2m-fuzz-{}", std::process::id())));

type Reader = fn(&Path, &[u8]) -> bool;

pub fn bytes(read: Reader, bytes: &[u8]) {
    read(&FILE, bytes);
}

/// The checksums of a PNG file are made right, so that what was changed reaches the decoder.
pub fn image(read: Reader, bytes: &[u8]) {
    let mut file = bytes.to_vec();
    mutate::mend_checksums(&mut file);
    read(&FILE, &file);
}
