// SPDX-License-Identifier: MPL-2.0
//! Every operator: a new kind of degradation joins a list here and is tested.

mod images;
mod inputs;
mod laws;

pub use images::{noise, rounded, textured};

use super::*;
use crate::image::{Image, Window};

/// Every linear operator for frames of a size, with a name. The folder holds the mask's file.
fn operators(width: usize, height: usize) -> (tempfile::TempDir, Vec<(String, Operator)>) {
    let folder = tempfile::tempdir().expect("a folder");
    let mask = folder.path().join("mask.png");
    let image = image::GrayImage::from_fn(width as u32, height as u32, |x, y| {
        image::Luma([if (3 * x + 5 * y) % 7 < 3 { 255 } else { 0 }])
    });
    image.save(&mask).expect("a file");
    let motion = Kernel::Motion {
        length: 6.5,
        angle: 25.0,
        size: 0,
    };
    let degradations = [
        Degradation::Blur(Kernel::Gaussian {
            size: 0,
            sigma: 1.3,
        }),
        Degradation::Blur(Kernel::Uniform { size: 0 }),
        Degradation::Blur(motion),
        Degradation::Mask(mask.into()),
        Degradation::Downscale(2),
        Degradation::Downscale(3),
        Degradation::Downscale(4),
        Degradation::Denoise,
    ];
    let build = |degradation: Degradation| {
        let operator = Operator::new(&degradation, width, height).expect("an operator");
        (format!("{degradation:?} at {width}x{height}"), operator)
    };
    (folder, degradations.into_iter().map(build).collect())
}

/// JPEG of a quality that comes with the frame, at every subsampling, which is not linear.
fn compressed(width: usize, height: usize) -> impl Iterator<Item = (String, Operator)> {
    let all = [Subsampling::C420, Subsampling::C422, Subsampling::C444];
    all.into_iter().map(move |subsampling| {
        let degradation = Degradation::Jpeg {
            quality: 0,
            subsampling,
        };
        let operator = Operator::new(&degradation, width, height).expect("an operator");
        (format!("{degradation:?} at {width}x{height}"), operator)
    })
}

/// Every operator, linear or not.
fn all(width: usize, height: usize) -> (tempfile::TempDir, Vec<(String, Operator)>) {
    let (folder, mut operators) = operators(width, height);
    operators.extend(compressed(width, height));
    (folder, operators)
}

fn dot(a: &Image, b: &Image) -> f64 {
    a.data
        .iter()
        .zip(&b.data)
        .map(|(a, b)| f64::from(*a) * f64::from(*b))
        .sum()
}
