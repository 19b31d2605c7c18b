// SPDX-License-Identifier: MPL-2.0
//! Point spread functions.
//!
//! Each has odd sides of at most [`SIDE`], is finite and not negative, and sums to one.

/// Longest side of a kernel, in pixels.
pub const SIDE: usize = 129;

/// Farthest that a kernel's mass may lie from its middle, in pixels. Kernels with even sides, which
/// grow by one at the end, are half a pixel off.
const OFF_CENTRE: f64 = 1.0;

/// A point spread function, row by row. Its centre is at (height / 2, width / 2).
#[derive(Clone, Debug, PartialEq)]
pub struct Psf {
    pub width: usize,
    pub height: usize,
    pub data: Vec<f32>,
    /// What was assumed of it that may be meant otherwise, a sentence each.
    pub remarks: Vec<String>,
}

impl Psf {
    /// How far the kernel reaches from its centre, in pixels.
    pub fn radius(&self) -> usize {
        self.width.max(self.height) / 2
    }
}

/// Pads `data` to odd sides, below and on the right, and divides it by its sum. The error says what
/// is wrong and what to do.
pub fn normalised(width: usize, height: usize, data: &[f64]) -> Result<Psf, String> {
    if width == 0 || height == 0 || width > SIDE || height > SIDE {
        return Err(format!(
            "The kernel has {width}x{height} pixels: give one of at least 1x1 and at most \
             {SIDE}x{SIDE}."
        ));
    }
    let sum: f64 = data.iter().sum();
    if !sum.is_finite() {
        return Err("The kernel holds values that are not finite: give finite numbers.".to_owned());
    }
    let largest = data.iter().fold(0.0, |m: f64, v| m.max(v.abs()));
    if largest == 0.0 || sum.abs() < 1e-9 * largest {
        return Err(
            "The kernel sums to zero, so it has no brightness: give one with positive values."
                .to_owned(),
        );
    }
    // Rounding in whatever wrote the file may leave values just below zero.
    if data.iter().any(|v| v / sum < -1e-6 * largest / sum.abs()) {
        return Err(
            "The kernel holds negative values, which light cannot have: give values of at least 0."
                .to_owned(),
        );
    }
    let (wide, high) = (width | 1, height | 1);
    let mut out = vec![0.0; wide * high];
    for (to, from) in out.chunks_exact_mut(wide).zip(data.chunks_exact(width)) {
        to.iter_mut()
            .zip(from)
            .for_each(|(to, v)| *to = (v / sum).max(0.0) as f32);
    }
    let mut remarks = Vec::new();
    if sum < 0.0 {
        remarks
            .push("The kernel's sum is negative: the sign of all its values is turned.".to_owned());
    }
    remarks.extend(off_centre(&out, wide));
    remarks.extend(inverted(&out, wide));
    Ok(Psf {
        width: wide,
        height: high,
        data: out,
        remarks,
    })
}

/// How far the middle of a kernel's mass lies from the middle of its rows of `width`, if that is
/// much.
fn off_centre(data: &[f32], width: usize) -> Option<String> {
    let (mut x, mut y) = (0.0, 0.0);
    for (i, v) in data.iter().enumerate() {
        x += f64::from(*v) * ((i % width) as f64 - (width / 2) as f64);
        y += f64::from(*v) * ((i / width) as f64 - (data.len() / width / 2) as f64);
    }
    (x.abs().max(y.abs()) > OFF_CENTRE).then(|| {
        format!(
            "The kernel's mass lies {x:+.1} pixels across and {y:+.1} down from its middle, so \
             that the restored picture moves by as much: centre the kernel, if the picture is to \
             stay."
        )
    })
}

/// Says so where a kernel is bright all along its edge and darker inside.
fn inverted(data: &[f32], width: usize) -> Option<String> {
    let height = data.len() / width;
    let edge =
        |i: usize| [0, width - 1].contains(&(i % width)) || [0, height - 1].contains(&(i / width));
    let half = data.iter().fold(0.0f32, |m, v| m.max(*v)) / 2.0;
    let mut values = data.iter().enumerate();
    let bright = values.clone().all(|(i, v)| !edge(i) || *v >= half);
    (bright && values.any(|(_, v)| *v < half)).then(|| {
        "The kernel is bright along its edge and dark inside: invert it, if it is drawn in black \
         on white."
            .to_owned()
    })
}
