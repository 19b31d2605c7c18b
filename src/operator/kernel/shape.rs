// SPDX-License-Identifier: MPL-2.0
//! Kernels that a few numbers describe. An error names the property.

use super::psf::{Psf, SIDE, normalised};
use crate::error::RestoreError;

/// Width of the uniform kernel when none is given, in pixels.
const UNIFORM: usize = 9;
/// Strips of a pixel in which the edge of a disk is level.
const STRIPS: u32 = 64;
/// Samples for each pixel of a motion's path.
const DENSITY: f64 = 64.0;

/// A square of equal weights.
pub fn uniform(size: usize) -> Result<Psf, RestoreError> {
    let size = checked_side(if size == 0 { UNIFORM } else { size })?;
    normalised(size, size, &vec![1.0; size * size]).map_err(RestoreError::Settings)
}

/// A disk whose pixels weigh by the area that it covers of them, cut to `size` if that is not 0.
pub fn disk(size: usize, radius: f64) -> Result<Psf, RestoreError> {
    let needed = 2 * (radius - 0.5).ceil().clamp(0.0, 1e6) as usize + 1;
    if !(radius.is_finite() && radius > 0.0) || needed > SIDE {
        return Err(RestoreError::Settings(format!(
            "kernel-radius is {radius}: set it to a positive number of pixels, at most {}.",
            SIDE / 2
        )));
    }
    let size = checked_side(if size == 0 { needed } else { size })?;
    let at = |i: usize| i as f64 - (size / 2) as f64;
    let data: Vec<f64> = (0..size * size)
        .map(|i| covered(at(i % size), at(i / size), radius))
        .collect();
    normalised(size, size, &data).map_err(RestoreError::Settings)
}

/// Area of the pixel at (x, y) that a disk about (0, 0) covers, 0 to 1.
fn covered(x: f64, y: f64, radius: f64) -> f64 {
    let columns = (0..STRIPS).map(|i| x - 0.5 + (f64::from(i) + 0.5) / f64::from(STRIPS));
    let heights = columns.map(|column| {
        let half = (radius * radius - column * column).max(0.0).sqrt();
        ((y + 0.5).min(half) - (y - 0.5).max(-half)).max(0.0)
    });
    heights.sum::<f64>() / f64::from(STRIPS)
}

/// A Gaussian, cut to `size` or at three sigmas.
pub fn gaussian(size: usize, sigma: f64) -> Result<Psf, RestoreError> {
    if !(sigma.is_finite() && sigma > 0.0) {
        return Err(RestoreError::Settings(format!(
            "kernel-sigma is {sigma}: set it to a positive number of pixels."
        )));
    }
    let size = match size {
        0 => 2 * (3.0 * sigma).ceil().min(1e6) as usize + 1,
        size => size,
    };
    if size > SIDE {
        return Err(RestoreError::Settings(format!(
            "kernel-sigma is {sigma}, which needs a kernel of {size} pixels: make it smaller, or \
             set kernel-size to at most {SIDE}."
        )));
    }
    let size = checked_side(size)?;
    let centre = (size / 2) as f64;
    let line: Vec<f64> = (0..size)
        .map(|i| (-(i as f64 - centre).powi(2) / (2.0 * sigma * sigma)).exp())
        .collect();
    let data: Vec<f64> = line
        .iter()
        .flat_map(|a| line.iter().map(move |b| a * b))
        .collect();
    normalised(size, size, &data).map_err(RestoreError::Settings)
}

/// A straight line through the centre, sampled densely and shared among its nearest pixels.
pub fn motion(length: f64, angle: f64, size: usize) -> Result<Psf, RestoreError> {
    if !(length.is_finite() && length >= 0.0 && angle.is_finite()) {
        return Err(RestoreError::Settings(format!(
            "kernel-length is {length} and kernel-angle {angle}: set a length of at least 0 pixels \
             and an angle in degrees."
        )));
    }
    let needed = 2 * (length / 2.0).ceil().min(1e6) as usize + 1;
    if needed > SIDE {
        return Err(RestoreError::Settings(format!(
            "kernel-length is {length}: set it to at most {} pixels.",
            SIDE - 2
        )));
    }
    // A smaller size cuts the path's ends off.
    let size = checked_side(if size == 0 { needed } else { size })?;
    let centre = (size / 2) as f64;
    // Rows grow downwards, so that a positive angle rises on the screen.
    let (dy, dx) = (-angle.to_radians().sin(), angle.to_radians().cos());
    let samples = (length * DENSITY).ceil().max(1.0);
    let mut data = vec![0.0; size * size];
    for i in 0..samples as usize {
        let along = ((i as f64 + 0.5) / samples - 0.5) * length;
        let (y, x) = (centre + along * dy, centre + along * dx);
        let (top, left) = (y.floor(), x.floor());
        for (row, down) in [(top, 1.0 - (y - top)), (top + 1.0, y - top)] {
            for (column, across) in [(left, 1.0 - (x - left)), (left + 1.0, x - left)] {
                let inside = 0.0..size as f64;
                if inside.contains(&row) && inside.contains(&column) {
                    data[row as usize * size + column as usize] += down * across;
                }
            }
        }
    }
    normalised(size, size, &data).map_err(RestoreError::Settings)
}

fn checked_side(size: usize) -> Result<usize, RestoreError> {
    if size.is_multiple_of(2) || size > SIDE {
        return Err(RestoreError::Settings(format!(
            "kernel-size is {size}: set it to an odd number of pixels up to {SIDE}, or to 0 to \
             choose it from the other parameters."
        )));
    }
    Ok(size)
}
