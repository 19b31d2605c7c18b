// SPDX-License-Identifier: MPL-2.0
//! SHA-256 of files and of what is like them, in 64 lower-case hexadecimal digits.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::failure::{Failure, Result};
use crate::interrupt;

/// Bytes that are read at once.
const PIECE: usize = 1 << 20;
/// Endings of the files that make up a model package.
const OF_MODELS: [&str; 2] = ["onnx", "safetensors"];

/// That of some bytes.
pub fn of_bytes(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// That of a file.
pub fn of_file(path: &Path) -> Result<String> {
    let unreadable = |e: io::Error| {
        let path = path.display();
        Failure::failed(format!(
            "{path} cannot be read ({e}): put it back, or make it readable."
        ))
    };
    let mut file = File::open(path).map_err(unreadable)?;
    let (mut digest, mut piece) = (Sha256::new(), vec![0; PIECE]);
    loop {
        if interrupt::asked() {
            return Err(Failure::interrupted(format!(
                "Interrupted while {} was read.",
                path.display()
            )));
        }
        match file.read(&mut piece).map_err(unreadable)? {
            0 => return Ok(hex(&digest.finalize())),
            read => digest.update(&piece[..read]),
        }
    }
}

/// That of a model package: of the names and the digests of its graphs and weights.
pub fn of_model(folder: &Path) -> Result<String> {
    let entries = fs::read_dir(folder).and_then(Iterator::collect::<io::Result<Vec<_>>>);
    let entries = entries.map_err(|e| {
        let folder = folder.display();
        Failure::failed(format!("The model {folder} cannot be read: {e}."))
    })?;
    let mut files: Vec<PathBuf> = entries.into_iter().map(|entry| entry.path()).collect();
    files.retain(|path| {
        let ending = path.extension().unwrap_or_default();
        OF_MODELS.iter().any(|known| ending == *known)
    });
    files.sort();
    let mut all = Sha256::new();
    for path in files {
        let name = path.file_name().unwrap_or_default();
        all.update(name.as_encoded_bytes());
        all.update(of_file(&path)?);
    }
    Ok(hex(&all.finalize()))
}

fn hex(digest: &[u8]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_of_a_model_is_that_of_its_graphs_and_weights() {
        let folder = tempfile::tempdir().expect("a folder");
        let write = |name: &str, text: &str| {
            std::fs::write(folder.path().join(name), text).expect("a file");
            of_model(folder.path()).expect("a digest")
        };
        let first = write("blur.onnx", "abc");
        assert_eq!(write("README.md", "words"), first);
        assert_ne!(write("step.safetensors", "more"), first);
        assert_ne!(write("blur.onnx", "abd"), first);
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(of_bytes(b"abc"), abc);
    }
}
