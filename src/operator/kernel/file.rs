// SPDX-License-Identifier: MPL-2.0
//! Blur kernels read from files: gray images and plain arrays.

use super::super::input_file::npy::{self, Array};
use super::super::input_file::{Encoded, InputFile};
use super::psf::{Psf, SIDE, normalised};
use crate::error::RestoreError;

/// Largest file, in bytes. The largest kernel takes 300,000 as text; the rest is for profiles and
/// comments.
const BYTES: u64 = 4 << 20;

/// Reads a kernel from a PNG or PGM image or an .npy array of two dimensions, and normalises it. An
/// error names the file, what is wrong and what to do.
pub fn read(file: &InputFile) -> Result<Psf, RestoreError> {
    if file.is_empty() {
        return Err(RestoreError::Settings(
            "kernel=file needs a kernel: set kernel-file to a gray PNG, a PGM or a .npy file."
                .to_owned(),
        ));
    }
    let bytes = file.read(BYTES).map_err(unreadable);
    bytes
        .and_then(|bytes| kernel(&bytes))
        .map(|mut psf| {
            let about =
                |remark: &mut String| *remark = format!("{}: {remark}", file.path().display());
            psf.remarks.iter_mut().for_each(about);
            psf
        })
        .map_err(|reason| RestoreError::file(file.path(), reason))
}

/// The kernel that the bytes of a file hold. The error says what is wrong and what to do.
fn kernel(bytes: &[u8]) -> Result<Psf, String> {
    let (width, height, data) = if bytes.starts_with(npy::MAGIC) {
        array(bytes)
    } else {
        picture(bytes)
    }?;
    normalised(width, height, &data)
}

fn unreadable(error: impl std::fmt::Display) -> String {
    format!(
        "The kernel cannot be read ({error}): set kernel-file to a gray PNG, a PGM or a .npy file."
    )
}

fn picture(bytes: &[u8]) -> Result<(usize, usize, Vec<f64>), String> {
    let encoded = Encoded::open(bytes).map_err(unreadable)?;
    let (width, height) = encoded.size();
    if width > SIDE || height > SIDE {
        // The caller refuses the size; there is no need to decode a large image for that.
        return Ok((width, height, Vec::new()));
    }
    let values = encoded.decode().map_err(unreadable)?.values;
    Ok((width, height, values.into_iter().map(f64::from).collect()))
}

fn array(bytes: &[u8]) -> Result<(usize, usize, Vec<f64>), String> {
    let array = Array::open(bytes).map_err(unreadable)?;
    let sides: Vec<usize> = array.shape.iter().copied().filter(|n| *n != 1).collect();
    let (height, width) = match (array.shape.as_slice(), sides.as_slice()) {
        (&[height, width], _) | (_, &[height, width]) => (height, width),
        (shape, _) => {
            return Err(format!(
                "The array has the shape {shape:?}: give one of two dimensions, rows and columns."
            ));
        }
    };
    if width > SIDE || height > SIDE {
        return Ok((width, height, Vec::new()));
    }
    let values = array.values(width * height).map_err(unreadable)?;
    if !array.first_fastest {
        return Ok((width, height, values));
    }
    let row_by_row = (0..width * height).map(|i| i % width * height + i / width);
    let values = row_by_row.filter_map(|i| values.get(i).copied()).collect();
    Ok((width, height, values))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn written(name: &str, bytes: &[u8]) -> (tempfile::TempDir, std::path::PathBuf) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).expect("a file");
        (folder, path)
    }

    fn npy(kind: &str, fortran: bool, shape: &str, data: &[u8]) -> Vec<u8> {
        let order = if fortran { "True" } else { "False" };
        let mut header =
            format!("{{'descr': '{kind}', 'fortran_order': {order}, 'shape': {shape}, }}");
        while (header.len() + 11) % 64 != 0 {
            header.push(' ');
        }
        header.push('\n');
        let mut out = b"\x93NUMPY\x01\x00".to_vec();
        out.extend((header.len() as u16).to_le_bytes());
        out.extend(header.as_bytes());
        out.write_all(data).expect("memory");
        out
    }

    fn floats(values: &[f32]) -> Vec<u8> {
        values.iter().flat_map(|v| v.to_le_bytes()).collect()
    }

    #[test]
    fn a_gray_image_is_read_and_even_sides_grow_by_one_at_the_end() {
        let (_folder, path) = written("k.pgm", b"P5 2 3 255\n\x01\x02\x03\x04\x00\x06");
        let psf = read(&path.into()).expect("a kernel");
        assert_eq!((psf.width, psf.height), (3, 3));
        let want = [1.0, 2.0, 0.0, 3.0, 4.0, 0.0, 0.0, 6.0, 0.0].map(|v: f32| v / 16.0);
        assert!(
            psf.data.iter().zip(want).all(|(a, b)| (a - b).abs() < 1e-6),
            "{:?}",
            psf.data
        );
    }

    #[test]
    fn a_16_bit_image_keeps_its_precision() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("k.png");
        let image =
            image::ImageBuffer::<image::Luma<u16>, _>::from_raw(3, 1, vec![1u16, 65535, 256]);
        image.expect("an image").save(&path).expect("a file");
        let psf = read(&path.into()).expect("a kernel");
        assert!((f64::from(psf.data[0]) - 1.0 / 65792.0).abs() < 1e-9);
    }

    #[test]
    fn arrays_of_either_order_and_many_types_give_the_same_kernel() {
        let rows = [
            1.0f32, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 0.0, 1.0, 2.0, 3.0, 4.0, 5.0,
        ];
        let columns: Vec<f32> = (0..15).map(|i| rows[i % 3 * 5 + i / 3]).collect();
        let bytes: Vec<u8> = rows.iter().map(|v| *v as u8).collect();
        let doubles: Vec<u8> = rows
            .iter()
            .flat_map(|v| f64::from(*v).to_le_bytes())
            .collect();
        let mut kernels = Vec::new();
        for file in [
            npy("<f4", false, "(3, 5)", &floats(&rows)),
            npy("<f4", true, "(3, 5)", &floats(&columns)),
            npy("<f4", false, "(1, 3, 5)", &floats(&rows)),
            npy("|u1", false, "(3, 5)", &bytes),
            npy("<f8", false, "(3, 5)", &doubles),
        ] {
            let (_folder, path) = written("k.npy", &file);
            kernels.push(read(&path.into()).expect("a kernel"));
        }
        assert_eq!((kernels[0].width, kernels[0].height), (5, 3));
        assert!((kernels[0].data[4] - 5.0 / 60.0).abs() < 1e-7);
        assert!(kernels.iter().all(|psf| *psf == kernels[0]));
    }

    #[test]
    fn files_that_hold_no_kernel_are_refused_by_name() {
        for (name, bytes, word) in [
            (
                "black.pgm",
                b"P5 2 2 255\n\0\0\0\0".to_vec(),
                "sums to zero",
            ),
            ("junk.png", b"not an image".to_vec(), "cannot be read"),
            ("junk.npy", b"not an array".to_vec(), "cannot be read"),
            (
                "large.pgm",
                [b"P5 200 1 255\n".to_vec(), vec![1; 200]].concat(),
                "200x1",
            ),
            (
                "nan.npy",
                npy("<f4", false, "(1, 2)", &floats(&[1.0, f32::NAN])),
                "not finite",
            ),
            (
                "negative.npy",
                npy("<f4", false, "(1, 2)", &floats(&[3.0, -1.0])),
                "negative",
            ),
            (
                "short.npy",
                npy("<f4", false, "(3, 3)", &floats(&[1.0])),
                "cannot be read",
            ),
            (
                "flat.npy",
                npy("<f4", false, "(3,)", &floats(&[1.0; 3])),
                "two dimensions",
            ),
            ("empty.npy", npy("<f4", false, "(0, 3)", &[]), "3x0"),
            ("text.npy", npy("<c8", false, "(1, 1)", &[0; 8]), "float32"),
        ] {
            let (_folder, path) = written(name, &bytes);
            let error = read(&path.into()).expect_err(name).to_string();
            assert!(error.contains(name) && error.contains(word), "{error}");
        }
        let error = read(&std::path::PathBuf::from("/nonexistent/k.png").into())
            .expect_err("missing")
            .to_string();
        assert!(error.starts_with("/nonexistent/k.png: "), "{error}");
    }
}
