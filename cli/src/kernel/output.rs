// SPDX-License-Identifier: MPL-2.0
//! Kernels as files, and what is said of them.

use std::fs;
use std::path::{Path, PathBuf};

use image::{ImageBuffer, Luma};
use serde_json::{Map, Value, json};

use super::blind::found::Found;
use super::blind::plane::Plane;
use super::blind::shapes::Shape;
use crate::failure::{Failure, Result};

/// Says so where a file cannot be a kernel's, or is there already.
pub fn check(path: &Path, overwrite: bool) -> Result<()> {
    let shown = path.display();
    if ending(path).is_none() {
        return Err(Failure::usage(format!(
            "{shown} is to be a kernel: let its name end with .npy or .png."
        )));
    }
    let folder = path.parent().filter(|folder| *folder != Path::new(""));
    if let Some(folder) = folder.filter(|folder| !folder.is_dir()) {
        let folder = folder.display();
        return Err(Failure::failed(format!(
            "{shown} cannot be written: {folder} is no folder, so make it first."
        )));
    }
    if path.exists() && !overwrite {
        return Err(Failure::failed(format!(
            "{shown} is there already: choose another name, or replace it with --overwrite."
        )));
    }
    Ok(())
}

fn ending(path: &Path) -> Option<&'static str> {
    let found = path.extension()?;
    let kinds = ["npy", "png"].into_iter();
    kinds
        .into_iter()
        .find(|kind| found.eq_ignore_ascii_case(kind))
}

/// Writes a kernel under another name first, so that a broken file has not the right name.
pub fn write(path: &Path, kernel: &Plane) -> Result<()> {
    let wrong = |e: &dyn std::fmt::Display| {
        let path = path.display();
        Failure::failed(format!("{path} cannot be written: {e}."))
    };
    let bytes = if ending(path) == Some("png") {
        png(kernel).map_err(|e| wrong(&e))?
    } else {
        npy(kernel)
    };
    let part = path.with_extension("part");
    let done = fs::write(&part, bytes).and_then(|()| fs::rename(&part, path));
    done.map_err(|e| {
        let _ = fs::remove_file(&part);
        wrong(&e)
    })
}

/// An array of NumPy, version 1.0: float32, rows first.
fn npy(kernel: &Plane) -> Vec<u8> {
    let (height, width) = (kernel.height, kernel.width);
    let mut header =
        format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({height}, {width}), }}");
    // Magic, version, length and the newline take eleven bytes; the whole is a multiple of 64.
    while (header.len() + 11) % 64 != 0 {
        header.push(' ');
    }
    header.push('\n');
    let mut out = b"\x93NUMPY\x01\x00".to_vec();
    out.extend((header.len() as u16).to_le_bytes());
    out.extend(header.as_bytes());
    out.extend(kernel.data.iter().flat_map(|v| v.to_le_bytes()));
    out
}

/// A gray picture of 16 bits, its largest value white.
fn png(kernel: &Plane) -> image::ImageResult<Vec<u8>> {
    let largest = kernel.data.iter().fold(f32::MIN_POSITIVE, |m, v| m.max(*v));
    let codes = kernel
        .data
        .iter()
        .map(|v| (v / largest * 65535.0).round() as u16);
    let (width, height) = (kernel.width as u32, kernel.height as u32);
    let picture = ImageBuffer::<Luma<u16>, Vec<u16>>::from_vec(width, height, codes.collect());
    let mut out = std::io::Cursor::new(Vec::new());
    picture
        .unwrap_or_default()
        .write_to(&mut out, image::ImageFormat::Png)?;
    Ok(out.into_inner())
}

/// What is said of a kernel.
pub struct Said {
    /// In words.
    pub words: String,
    /// The command that restores with it.
    pub restore: String,
    /// For programs.
    pub json: Value,
}

impl Said {
    pub fn of(input: &Path, output: &Path, found: &Found) -> Self {
        let Described {
            kind,
            words,
            options,
            numbers,
        } = Described::of(found.shape, output);
        let kernel = &found.kernel;
        let size = format!("{}x{}", kernel.width, kernel.height);
        let options: Vec<_> = options
            .iter()
            .map(|(name, value)| format!("--{name} {}", quoted(Path::new(value))))
            .collect();
        let restore = format!(
            "ud2m restore {} {} --task deblur {} --noise-sigma -1",
            quoted(input),
            quoted(&restored(input)),
            options.join(" ")
        );
        let confidence = (found.confidence * 100.0).round() / 100.0;
        let mut json = json!({
            "event": "kernel",
            "out": output.to_string_lossy(),
            "kind": kind,
            "width": kernel.width,
            "height": kernel.height,
            "confidence": confidence,
            "residual": found.residual,
            "restore": restore,
        });
        if let Value::Object(json) = &mut json {
            json.extend(numbers);
        }
        let output = output.display();
        Self {
            words: format!("{output}: {words}, {size} pixels, confidence {confidence:.2}"),
            restore,
            json,
        }
    }
}

/// A shape in words and numbers.
pub struct Described {
    /// Its name for programs.
    pub kind: &'static str,
    pub words: String,
    /// The element's properties that choose it.
    pub options: Vec<(&'static str, String)>,
    /// For programs.
    pub numbers: Map<String, Value>,
}

impl Described {
    /// That of a shape, or of a kernel of free form in the file `output`.
    pub fn of(shape: Option<Shape>, output: &Path) -> Self {
        let (kind, words, options) = match shape {
            None => (
                "free",
                "a kernel of free form".to_owned(),
                vec![("kernel-file", output.to_string_lossy().into_owned())],
            ),
            Some(Shape::Disk { radius }) => (
                "disk",
                format!("a disk of radius {radius:.1}"),
                vec![
                    ("kernel", "disk".to_owned()),
                    ("kernel-radius", format!("{radius:.2}")),
                ],
            ),
            Some(Shape::Gaussian { sigma }) => (
                "gaussian",
                format!("a Gaussian of sigma {sigma:.2}"),
                vec![
                    ("kernel", "gaussian".to_owned()),
                    ("kernel-sigma", format!("{sigma:.2}")),
                ],
            ),
            Some(Shape::Line { length, angle }) => (
                "line",
                format!("a line of length {length:.1} at {angle:.0} degrees"),
                vec![
                    ("kernel", "motion".to_owned()),
                    ("kernel-length", format!("{length:.1}")),
                    ("kernel-angle", format!("{angle:.1}")),
                ],
            ),
        };
        let numbers = match shape {
            None => vec![],
            Some(Shape::Disk { radius }) => vec![("radius", radius)],
            Some(Shape::Gaussian { sigma }) => vec![("sigma", sigma)],
            Some(Shape::Line { length, angle }) => vec![("length", length), ("angle", angle)],
        };
        Self {
            kind,
            words,
            options,
            numbers: numbers
                .into_iter()
                .map(|(name, number)| (name.to_owned(), number.into()))
                .collect(),
        }
    }
}

/// A name for what is restored, beside IN.
pub fn restored(input: &Path) -> PathBuf {
    let stem = input.file_stem().unwrap_or_default().to_string_lossy();
    let ending = input.extension().unwrap_or_default().to_string_lossy();
    let ending = match ending.to_lowercase().as_str() {
        "png" | "mkv" | "mp4" | "mov" | "webm" | "jpg" | "y4m" => ending.into_owned(),
        "jpeg" => "jpg".to_owned(),
        _ => "mkv".to_owned(),
    };
    input.with_file_name(format!("restored-{stem}.{ending}"))
}

/// A name as shells take it.
pub fn quoted(path: &Path) -> String {
    let text = path.to_string_lossy();
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+%,:=@".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.into_owned();
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}
