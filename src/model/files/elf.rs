// SPDX-License-Identifier: MPL-2.0
//! Whether a shared library is whole.
//!
//! The system's loader maps a library and trusts what its header says: of one that is cut off, as
//! by an interrupted download, the missing part is touched and ends the process by SIGBUS.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

/// Length of the header, of a program header and of a section header of 64 bits.
const HEADER: usize = 64;
const PROGRAM: u64 = 56;
const SECTION: u64 = 64;

/// [`whole`] of an ONNX Runtime library and of the providers beside it, which it opens by itself.
/// The error is a reason that names the file. A bare name is for the system's loader.
pub fn all_whole(library: &Path) -> Result<(), String> {
    let folder = library.parent().filter(|_| library.is_absolute());
    let beside = folder.and_then(|f| f.read_dir().ok()).into_iter().flatten();
    let providers = beside.flatten().map(|entry| entry.path()).filter(|path| {
        let name = path.file_name().unwrap_or_default().as_encoded_bytes();
        name.starts_with(b"libonnxruntime_providers_")
    });
    for path in [library.to_owned()].into_iter().chain(providers) {
        whole(&path).map_err(|reason| format!("{}: {reason}", path.display()))?;
    }
    Ok(())
}

/// An error where the file at `path` is a shared library of 64 bits whose end is missing. Whatever
/// else is wrong with it the loader finds by itself.
pub fn whole(path: &Path) -> Result<(), String> {
    // The loader has its own sentence for a file that cannot be read.
    let Ok(mut file) = File::open(path) else {
        return Ok(());
    };
    let Ok(length) = file.metadata().map(|m| m.len()) else {
        return Ok(());
    };
    let mut header = [0; HEADER];
    if file.read_exact(&mut header).is_err() || !is_elf(&header) {
        return Ok(());
    }
    let needed = end(&mut file, &header).unwrap_or(u64::MAX);
    if needed <= length {
        return Ok(());
    }
    Err(format!("it is cut off after {length} bytes"))
}

/// Whether this is the header of a file of 64 bits in this machine's byte order.
fn is_elf(header: &[u8; HEADER]) -> bool {
    let order = if cfg!(target_endian = "little") { 1 } else { 2 };
    header.starts_with(b"\x7fELF") && header[4..6] == [2, order]
}

/// Where the last part ends that the headers name; `None` where that cannot be read.
fn end(file: &mut File, header: &[u8; HEADER]) -> Option<u64> {
    let programs = table(
        wide(header, 32)?,
        short(header, 54)?,
        short(header, 56)?,
        PROGRAM,
    )?;
    let sections = table(
        wide(header, 40)?,
        short(header, 58)?,
        short(header, 60)?,
        SECTION,
    )?;
    let mut last = programs.1.max(sections.1);
    let mut entry = [0; PROGRAM as usize];
    for at in (programs.0..programs.1).step_by(PROGRAM as usize) {
        file.seek(SeekFrom::Start(at)).ok()?;
        file.read_exact(&mut entry).ok()?;
        let (offset, size) = (wide(&entry, 8)?, wide(&entry, 32)?);
        last = last.max(offset.checked_add(size)?);
    }
    Some(last)
}

/// Begin and end of a table of `count` entries, whose size is `wanted` where there are any.
fn table(at: u64, size: u16, count: u16, wanted: u64) -> Option<(u64, u64)> {
    if count == 0 {
        return Some((0, 0));
    }
    let size = Some(u64::from(size)).filter(|size| *size == wanted)?;
    Some((at, at.checked_add(size * u64::from(count))?))
}

fn wide(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_ne_bytes(bytes.get(at..at + 8)?.try_into().ok()?))
}

fn short(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_ne_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_program_is_whole_and_no_part_of_it_is() {
        let program = std::env::current_exe().expect("a test has a program");
        assert_eq!(whole(&program), Ok(()));
        let mut bytes = Vec::new();
        File::open(&program)
            .and_then(|f| f.take(1 << 20).read_to_end(&mut bytes))
            .expect("readable");
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("cut");
        for length in [64, 65, 1000, 4096, 1 << 20] {
            std::fs::write(&path, &bytes[..length]).expect("a file");
            let error = whole(&path).expect_err("it is cut off");
            assert!(error.contains(&length.to_string()), "{error}");
        }
    }

    #[test]
    fn what_is_no_library_is_left_to_the_loader() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("text");
        assert_eq!(whole(&path), Ok(()));
        for text in [&b""[..], b"\x7fELF", &[b'a'; 100]] {
            std::fs::write(&path, text).expect("a file");
            assert_eq!(whole(&path), Ok(()));
        }
    }
}
