// SPDX-License-Identifier: MPL-2.0
//! Changes of bytes, the same for the same number.

/// Bytes and numbers at which readers' arithmetic ends.
const BYTES: [u8; 8] = [0, 1, 9, b'0', 0x7f, 0x80, 0xfe, 0xff];
const NUMBERS: [u32; 6] = [0, 1, 0x7fff_ffff, 0x8000_0000, 0xffff_fff0, 0xffff_ffff];

/// Draws numbers (SplitMix64) and changes bytes by them.
pub struct Mutator(u64);

impl Mutator {
    pub fn new(number: u64) -> Self {
        Self(number.wrapping_mul(0xd1b5_4a32_d192_ed03))
    }

    /// A number below `end`, which is not 0.
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % end as u64) as usize
    }

    /// One of the seeds with one to eight changes. Of most PNG files the checksums are made right
    /// again, so that the change reaches the decoder.
    pub fn mutated(&mut self, seeds: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = seeds[self.below(seeds.len())].clone();
        for _ in 0..1 + self.below(8) {
            let other = &seeds[self.below(seeds.len())];
            self.change(&mut bytes, other);
        }
        if self.below(8) > 0 {
            mend_checksums(&mut bytes);
        }
        bytes
    }

    fn change(&mut self, bytes: &mut Vec<u8>, other: &[u8]) {
        if bytes.is_empty() {
            bytes.extend_from_slice(other);
        }
        // Headers are where most can go wrong.
        let reach = if self.below(2) == 0 {
            bytes.len().min(128)
        } else {
            bytes.len()
        };
        let at = self.below(reach);
        let end = (at + 1 + self.below(16)).min(bytes.len());
        match self.below(8) {
            0 => bytes[at] ^= 1 << self.below(8),
            1 => bytes[at] = BYTES[self.below(BYTES.len())],
            2 => drop(bytes.drain(at..end)),
            3 => {
                let part = bytes[at..end].repeat(1 + self.below(64));
                bytes.splice(at..at, part);
            }
            4 => {
                let number = NUMBERS[self.below(NUMBERS.len())];
                let number = if self.below(2) == 0 {
                    number.to_be_bytes()
                } else {
                    number.to_le_bytes()
                };
                bytes
                    .iter_mut()
                    .skip(at)
                    .zip(number)
                    .for_each(|(to, from)| *to = from);
            }
            5 => bytes.truncate(at),
            6 => {
                let from = self.below(other.len());
                bytes.truncate(at);
                bytes.extend_from_slice(&other[from..]);
            }
            _ => bytes[at] = self.below(256) as u8,
        }
    }
}

/// Writes the right checksum behind each chunk of a PNG file.
pub fn mend_checksums(file: &mut [u8]) {
    let mut at = 8;
    while file.starts_with(b"\x89PNG") && at + 12 <= file.len() {
        let length = file[at..at + 4]
            .iter()
            .fold(0, |n, byte| n << 8 | usize::from(*byte));
        let end = at + 8 + length;
        let Some(chunk) = file.get(at + 4..end) else {
            return;
        };
        let sum = crc(chunk).to_be_bytes();
        if let Some(place) = file.get_mut(end..end + 4) {
            place.copy_from_slice(&sum);
        }
        at = end + 4;
    }
}

/// The checksum of PNG's chunks (CRC-32).
fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| {
            sum >> 1 ^ if sum & 1 == 1 { 0xedb8_8320 } else { 0 }
        })
    })
}

#[test]
fn a_checksum_is_the_known_one() {
    assert_eq!(crc(b"IEND"), 0xae42_6082);
}
