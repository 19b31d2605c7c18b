// SPDX-License-Identifier: MPL-2.0
//! Restored frames at the ends of chunks, and how far apart two chunks are where they meet.

use std::path::Path;

use image::RgbImage;

use crate::batch::picture::Pictures;
use crate::failure::{Failure, Result};

/// Names in the folder of a chunk: its last frame, and the last one of its lead-in, which is the
/// last one of the chunk before.
pub const TAIL: &str = "tail.png";
pub const LEAD_IN: &str = "lead-in.png";

/// Writes a restored frame, in RGB of eight bits.
pub fn save(frame: &gst::Sample, path: &Path) -> Result<()> {
    let failed = |what: String| {
        let path = path.display();
        Failure::failed(format!("{path} cannot be written: {what}."))
    };
    let picture = Pictures::rgb().convert(frame);
    let picture = picture.and_then(|p| RgbImage::from_raw(p.width, p.height, p.data));
    let picture = picture.ok_or_else(|| failed("the frame has an odd format".to_owned()))?;
    picture.save(path).map_err(|e| failed(e.to_string()))
}

/// Mean square of the difference of two such pictures, in squared codes.
pub fn mean_square(a: &Path, b: &Path) -> Result<f64> {
    let (first, second) = (read(a)?, read(b)?);
    if first.dimensions() != second.dimensions() {
        let (a, b) = (a.display(), b.display());
        return Err(Failure::failed(format!(
            "{a} and {b} have two sizes: remove the folders of both chunks, and run the batch \
             again."
        )));
    }
    let pairs = first.as_raw().iter().zip(second.as_raw());
    let squares = pairs.map(|(a, b)| u64::from(a.abs_diff(*b)).pow(2));
    Ok(squares.sum::<u64>() as f64 / first.as_raw().len().max(1) as f64)
}

fn read(path: &Path) -> Result<RgbImage> {
    let picture = image::open(path).map_err(|e| {
        let path = path.display();
        Failure::failed(format!(
            "{path} cannot be read ({e}): remove its folder, and run the batch again."
        ))
    })?;
    Ok(picture.into_rgb8())
}
