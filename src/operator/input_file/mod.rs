// SPDX-License-Identifier: MPL-2.0
//! Files that the user hands in, masks and kernels: their bytes and their pictures, within limits.

mod mask;
pub mod npy;
mod picture;

use std::fs::{Metadata, OpenOptions};
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

pub use mask::{check_mask, is_observed, read_mask};
pub use picture::{Encoded, Picture};

/// A file that the user set.
///
/// Two of the same path are equal only where one is a copy of the other: a file that was rewritten
/// is read again when it is set again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InputFile {
    /// `None` where no file is set.
    path: Option<Arc<Path>>,
    /// Counts what was set in this process; 0 where nothing is.
    number: u64,
}

impl From<PathBuf> for InputFile {
    fn from(path: PathBuf) -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        if path.as_os_str().is_empty() {
            return Self::default();
        }
        Self {
            path: Some(path.into()),
            number: COUNT.fetch_add(1, Ordering::Relaxed) + 1,
        }
    }
}

impl InputFile {
    /// Where it lies; empty where no file is set.
    pub fn path(&self) -> &Path {
        self.path.as_deref().unwrap_or(Path::new(""))
    }

    /// Whether no file is set.
    pub fn is_empty(&self) -> bool {
        self.path.is_none()
    }

    /// Finds out whether it is a file that can be read, without reading it. The error says in a few
    /// words why it is not.
    pub fn check(&self) -> Result<(), String> {
        let metadata = std::fs::metadata(self.path()).map_err(|e| e.to_string())?;
        check(&metadata, u64::MAX)
    }

    /// The bytes of the file, of which there are at most `limit`. The error says in a few words why
    /// they cannot be read.
    pub fn read(&self, limit: u64) -> Result<Vec<u8>, String> {
        let failed = |e: std::io::Error| e.to_string();
        // Devices are not even opened: that alone may do something.
        check(&std::fs::metadata(self.path()).map_err(failed)?, limit)?;
        // A pipe that took the file's place since then does not block either.
        let mut options = OpenOptions::new();
        let options = options.read(true).custom_flags(libc::O_NONBLOCK);
        let file = options.open(self.path()).map_err(failed)?;
        check(&file.metadata().map_err(failed)?, limit)?;
        let mut bytes = Vec::new();
        // A file may grow while it is read.
        let mut within = file.take(limit.saturating_add(1));
        within.read_to_end(&mut bytes).map_err(failed)?;
        if bytes.len() as u64 > limit {
            return Err(too_large(limit));
        }
        Ok(bytes)
    }
}

/// Whether it is a plain file of at most `limit` bytes.
fn check(metadata: &Metadata, limit: u64) -> Result<(), String> {
    if metadata.is_dir() {
        Err("it is a folder".to_owned())
    } else if !metadata.is_file() {
        Err("it is a pipe or a device, not a plain file".to_owned())
    } else if metadata.len() > limit {
        Err(too_large(limit))
    } else {
        Ok(())
    }
}

fn too_large(limit: u64) -> String {
    format!("it has more than the {limit} bytes that it can need")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_set_again_is_another() {
        let file = || InputFile::from(PathBuf::from("/a/mask.png"));
        let (first, second) = (file(), file());
        assert_eq!(first, first.clone());
        assert_ne!(first, second);
        assert_eq!(first.path(), second.path());
        assert_eq!(InputFile::from(PathBuf::new()), InputFile::default());
    }

    #[test]
    fn only_plain_files_within_the_limit_are_read() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("file");
        std::fs::write(&path, [7; 100]).expect("a file");
        let file = InputFile::from(path);
        assert_eq!(file.read(100).expect("it fits"), [7; 100]);
        assert!(file.read(99).expect_err("too large").contains("99 bytes"));
        let pipe = folder.path().join("pipe");
        let name = std::ffi::CString::new(pipe.to_str().expect("text")).expect("no NUL");
        // SAFETY: the name is a string that ends with NUL.
        assert_eq!(unsafe { libc::mkfifo(name.as_ptr(), 0o600) }, 0);
        let folder = folder.path().to_owned();
        for (path, word) in [
            (pipe, "pipe"),
            ("/dev/zero".into(), "device"),
            (folder, "folder"),
            ("/nonexistent".into(), "No such file"),
        ] {
            let file = InputFile::from(path);
            for found in [file.check(), file.read(1000).map(drop)] {
                let reason = found.expect_err(word);
                assert!(reason.contains(word), "{reason}");
            }
        }
    }
}
