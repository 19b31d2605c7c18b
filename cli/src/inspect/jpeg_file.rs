// SPDX-License-Identifier: MPL-2.0
//! What the header of a JPEG file says: its tables and its chroma subsampling (ITU-T T.81, B.2).

use std::fs::File;
use std::io::Read;
use std::path::Path;

use gstud2m::operator::{Compression, Subsampling};

/// Bytes of a file that are looked at: a header with a thumbnail and a profile of colours fits.
const LOOKED_AT: u64 = 1 << 20;
/// Where the coefficients of a zigzag lie, row by row.
const ZIGZAG: [usize; 64] = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20,
    13, 6, 7, 14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59,
    52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
];

/// The header of a JPEG.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Header {
    /// The nearest of libjpeg's qualities to the tables of luma and chroma.
    pub luma: u32,
    pub chroma: u32,
    /// Nothing where it is none that the element knows.
    pub subsampling: Option<Subsampling>,
    /// Whether it holds luma alone.
    pub gray: bool,
}

/// The header of the file at `path`; nothing where that is no JPEG with one.
pub fn read(path: &Path) -> Option<Header> {
    let mut bytes = Vec::new();
    let file = File::open(path).ok()?;
    file.take(LOOKED_AT).read_to_end(&mut bytes).ok()?;
    header(&bytes)
}

/// The header in the bytes of a file.
fn header(bytes: &[u8]) -> Option<Header> {
    let mut rest = bytes.strip_prefix(&[0xff, 0xd8])?;
    let mut tables = [None; 4];
    loop {
        // Markers may have filling before them.
        let at = rest.iter().position(|byte| *byte != 0xff)?;
        if at == 0 {
            return None;
        }
        let (marker, after) = (rest[at], &rest[at + 1..]);
        let length = usize::from(u16::from_be_bytes([*after.first()?, *after.get(1)?]));
        let segment = after.get(2..length)?;
        match marker {
            0xdb => read_tables(segment, &mut tables)?,
            // Baseline, extended and progressive frames.
            0xc0..=0xc2 => return of_frame(segment, &tables),
            // A scan before a frame.
            0xda => return None,
            _ => {}
        }
        rest = &after[length..];
    }
}

type Tables = [Option<[f32; 64]>; 4];

/// Reads the tables of a segment.
fn read_tables(mut segment: &[u8], tables: &mut Tables) -> Option<()> {
    while let Some((kind, rest)) = segment.split_first() {
        let bytes = if kind >> 4 > 0 { 2 } else { 1 };
        let steps = rest.get(..64 * bytes)?;
        let mut table = [0.0; 64];
        for (step, place) in steps.chunks_exact(bytes).zip(ZIGZAG) {
            table[place] = step
                .iter()
                .fold(0.0, |sum, byte| 256.0 * sum + f32::from(*byte));
        }
        *tables.get_mut(usize::from(kind & 15))? = Some(table);
        segment = &rest[64 * bytes..];
    }
    Some(())
}

/// What a frame's segment says, whose tables came before.
fn of_frame(segment: &[u8], tables: &Tables) -> Option<Header> {
    let components: Vec<_> = segment.get(6..)?.chunks_exact(3).collect();
    // Red, green and blue by themselves have neither luma nor chroma.
    if components.iter().map(|component| component[0]).eq(*b"RGB") {
        return None;
    }
    let table = |component: &&[u8]| *tables.get(usize::from(component[2]))?;
    let luma = components.first().and_then(table)?;
    let chroma = components.get(1).and_then(table);
    let compression = Compression {
        luma,
        chroma: chroma.unwrap_or(luma),
        ..Compression::of_quality(100)
    };
    let factors = |at: usize| components.get(at).map(|component| component[1]);
    let subsampling = match (factors(0), factors(1)) {
        (Some(0x22), Some(0x11)) => Some(Subsampling::C420),
        (Some(0x21), Some(0x11)) => Some(Subsampling::C422),
        (Some(0x11), Some(0x11)) => Some(Subsampling::C444),
        _ => None,
    };
    Some(Header {
        luma: compression.luma_quality(),
        chroma: compression.chroma_quality(),
        subsampling,
        gray: components.len() == 1,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use gstud2m::operator::quantisation;

    /// The segments of a JPEG of a quality whose luma has these factors.
    fn made(quality: u32, factors: u8) -> Vec<u8> {
        let (luma, chroma) = quantisation(quality);
        // A comment, with filling before the marker after it.
        let mut out = vec![0xff, 0xd8, 0xff, 0xfe, 0, 4, b'h', b'i', 0xff, 0xff];
        out.extend([0xdb, 0, 132]);
        for (number, table) in [luma, chroma].iter().enumerate() {
            out.push(number as u8);
            out.extend(ZIGZAG.map(|place| table[place] as u8));
        }
        out.extend([0xff, 0xc0, 0, 17, 8, 0, 16, 0, 16, 3]);
        out.extend([1, factors, 0, 2, 0x11, 1, 3, 0x11, 1]);
        out
    }

    #[test]
    fn tables_and_subsampling_are_read() {
        let ways = [
            (0x22, Some(Subsampling::C420)),
            (0x21, Some(Subsampling::C422)),
            (0x11, Some(Subsampling::C444)),
            (0x12, None),
        ];
        for quality in [20, 75, 92] {
            for (factors, subsampling) in ways {
                let found = header(&made(quality, factors)).expect("a header");
                assert_eq!((found.luma, found.chroma), (quality, quality));
                assert_eq!((found.subsampling, found.gray), (subsampling, false));
            }
        }
    }

    #[test]
    fn what_is_cut_off_or_something_else_has_no_header() {
        let whole = made(50, 0x22);
        for length in 0..whole.len() - 1 {
            let _ = header(&whole[..length]);
        }
        assert_eq!(header(&whole[..100]), None);
        assert_eq!(header(b"\x89PNG\r\n\x1a\n"), None);
        assert_eq!(header(&[0xff, 0xd8, 0xff, 0xdb, 0, 1, 0, 0]), None);
        assert_eq!(header(&[0xff, 0xd8, 0xff, 0xff]), None);
        let mut of_rgb = whole;
        let at = of_rgb.len() - 9;
        for (i, name) in b"RGB".iter().enumerate() {
            of_rgb[at + 3 * i] = *name;
        }
        assert_eq!(header(&of_rgb), None);
    }
}
