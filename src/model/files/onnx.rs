// SPDX-License-Identifier: MPL-2.0
//! The outermost fields of an ONNX file: its metadata, and the digest of all else.
//!
//! An ONNX file is a protobuf message: a list of fields, each a key (number and type) and a value.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::{Unread, hex, read};
use crate::model::stop::Stop;

/// Number of `ModelProto.metadata_props`, of messages with a `key` (1) and a `value` (2).
const METADATA: u64 = 14;

/// A step graph's file.
pub struct GraphFile {
    pub bytes: Arc<[u8]>,
    /// SHA-256 of all outermost fields but the metadata, in hexadecimal digits.
    pub sha256: String,
    metadata: Vec<Range<usize>>,
}

impl GraphFile {
    /// Reads the file at `path`.
    pub fn read(path: &Path, stop: &Stop) -> Result<Self, Unread> {
        Self::of(read(path, stop, |_| Ok(()), |_| ())?).ok_or_else(|| {
            Unread::Reason(
                "cannot be loaded (it is no ONNX file, or a part of one): fetch or export the \
                 model again."
                    .to_owned(),
            )
        })
    }

    /// `None` where the bytes are no protobuf message.
    fn of(bytes: Arc<[u8]>) -> Option<Self> {
        let mut digest = Sha256::new();
        let mut metadata = Vec::new();
        let mut at = 0;
        while at < bytes.len() {
            let field = Field::at(&bytes, at)?;
            let end = field.value.end;
            if field.number == METADATA {
                metadata.push(field.value);
            } else {
                digest.update(&bytes[at..end]);
            }
            at = end;
        }
        Some(Self {
            sha256: hex(&digest.finalize()),
            metadata,
            bytes,
        })
    }

    /// The text under `key` in the metadata.
    pub fn metadata(&self, key: &str) -> Option<&str> {
        self.metadata.iter().find_map(|entry| {
            let entry = &self.bytes[entry.clone()];
            let (mut at, mut found, mut value) = (0, false, None);
            while at < entry.len() {
                let field = Field::at(entry, at)?;
                at = field.value.end;
                let bytes = &entry[field.value];
                match field.number {
                    1 => found = bytes == key.as_bytes(),
                    2 => value = std::str::from_utf8(bytes).ok(),
                    _ => {}
                }
            }
            value.filter(|_| found)
        })
    }
}

/// A field of a message.
struct Field {
    number: u64,
    /// Where its value lies, without the length in front.
    value: Range<usize>,
}

impl Field {
    /// The field that begins at `at`; `None` where none does, or where its value is cut off.
    fn at(bytes: &[u8], at: usize) -> Option<Self> {
        let (key, start) = varint(bytes, at)?;
        let (start, length) = match key & 7 {
            0 => (start, varint(bytes, start)?.1 - start),
            1 => (start, 8),
            2 => {
                let (length, start) = varint(bytes, start)?;
                (start, usize::try_from(length).ok()?)
            }
            5 => (start, 4),
            _ => return None,
        };
        let end = start.checked_add(length)?;
        (end <= bytes.len() && key >> 3 > 0).then_some(Self {
            number: key >> 3,
            value: start..end,
        })
    }
}

/// A number in groups of seven bits, the lowest first, and where it ends.
fn varint(bytes: &[u8], at: usize) -> Option<(u64, usize)> {
    let mut number = 0;
    for (i, byte) in bytes.get(at..)?.iter().take(10).enumerate() {
        let group = u64::from(byte & 0x7f);
        // The tenth group has room for a single bit.
        if i == 9 && group > 1 {
            return None;
        }
        number |= group << (7 * i);
        if byte & 0x80 == 0 {
            return Some((number, at + i + 1));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A field of bytes.
    fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
        [&[number << 3 | 2, bytes.len() as u8], bytes].concat()
    }

    fn parsed(bytes: &[u8]) -> Option<GraphFile> {
        GraphFile::of(bytes.into())
    }

    fn entry(key: &str, value: &str) -> Vec<u8> {
        field(
            14,
            &[field(1, key.as_bytes()), field(2, value.as_bytes())].concat(),
        )
    }

    #[test]
    fn metadata_is_found_and_is_no_part_of_the_digest() {
        let (version, graph) = (vec![0x08, 0x89, 0x01], field(7, b"nodes"));
        let plain = parsed(&[version.clone(), graph.clone()].concat()).expect("a message");
        assert_eq!(plain.metadata("k"), None);
        let named = [version, entry("j", "no"), graph, entry("k", "yes")].concat();
        let named = parsed(&named).expect("a message");
        assert_eq!(named.metadata("k"), Some("yes"));
        assert_eq!(named.sha256, plain.sha256);
        let other = parsed(&[vec![0x08, 0x09], field(7, b"nodes")].concat()).expect("a message");
        assert_ne!(other.sha256, plain.sha256);
    }

    #[test]
    fn a_part_of_a_file_and_junk_are_refused_and_never_panic() {
        let whole = [field(7, &[1; 100]), entry("key", "value")].concat();
        for end in 1..whole.len() {
            assert!(end == 102 || parsed(&whole[..end]).is_none(), "{end}");
        }
        let long = [&[0x3a][..], &[0xff; 9], &[0x01]].concat();
        let endless = [0xff; 20];
        for junk in [&b"not a graph"[..], &[0], &[0x3b, 0], &long, &endless] {
            assert!(parsed(junk).is_none(), "{junk:?}");
        }
    }

    #[test]
    fn digests_are_those_of_the_standard() {
        let file = parsed(b"").expect("an empty message");
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(file.sha256, empty);
    }
    /// The next number of SplitMix64.
    fn next(state: &mut u64) -> usize {
        *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut v = *state;
        v = (v ^ (v >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        v = (v ^ (v >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (v ^ (v >> 31)) as usize
    }

    #[test]
    fn mutated_graphs_and_manifests_never_panic_and_are_not_taken_for_the_original() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/echo/blur.onnx");
        let whole = std::fs::read(path).expect("a graph");
        let original = parsed(&whole).expect("a message");
        let key = crate::model::manifest::KEY;
        assert!(original.metadata(key).is_some());
        let mut state = 1;
        for _ in 0..120_000 {
            let mut bytes = whole.clone();
            for _ in 0..1 + next(&mut state) % 4 {
                let at = next(&mut state) % bytes.len();
                match next(&mut state) % 4 {
                    0 => bytes[at] = next(&mut state) as u8,
                    1 => bytes[at] ^= 1 << (next(&mut state) % 8),
                    2 => bytes.truncate(at.max(1)),
                    _ => bytes.insert(at, next(&mut state) as u8),
                }
            }
            let Some(file) = parsed(&bytes) else { continue };
            let Some(found) = file.metadata(key) else {
                continue;
            };
            let manifest = crate::model::Manifest::parse(found);
            let named = manifest.is_ok_and(|m| m.graph_sha256 == file.sha256);
            // What is taken has the graph of the original: metadata alone was changed.
            assert!(!named || file.sha256 == original.sha256);
        }
    }
}
