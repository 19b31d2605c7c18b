// SPDX-License-Identifier: MPL-2.0
//! The shipped model on a made image: it restores, and tiles do not show.

use crate::{lite, settings};
use gstud2m::image::{Border, Image, Window};
use gstud2m::operator::Operator;
use gstud2m::restore::{Degradation, InputFile, Kernel, Settings, Subsampling, Tiling};
use gstud2m::sampler;

const WIDTH: usize = 203;
const HEIGHT: usize = 178;
const BORDER: usize = 16;
/// Mirrored pixels around the scene; a multiple of JPEG's blocks.
const BEYOND: usize = 32;

/// Discs, bars and a gradient: edges of every direction, smooth parts, colours.
fn scene() -> Image {
    Image::from_fn(3, HEIGHT, WIDTH, |c, y, x| {
        let (fx, fy) = (x as f32, y as f32);
        let disc = |cx: f32, cy: f32, r: f32| (fx - cx).hypot(fy - cy) < r;
        let hue = c as f32 * 0.3;
        if disc(60.0, 60.0, 35.0) {
            0.7 - hue
        } else if disc(150.0, 120.0, 25.0) {
            hue - 0.5
        } else if (x + 2 * y) / 11 % 5 == 0 {
            0.5
        } else {
            -0.6 + fx / WIDTH as f32 * 0.8
        }
    })
}

/// Degraded as by a camera: what lies beyond the border, here its mirror image, is blurred into
/// the frame.
fn degraded(clean: &Image, degradation: &Degradation, sigma: f32) -> Image {
    let (width, height) = (WIDTH + 2 * BEYOND, HEIGHT + 2 * BEYOND);
    let wide = clean.pad(BEYOND, BEYOND, height, width, Border::Mirror);
    let operator = Operator::new(degradation, width, height).unwrap();
    let mut y = operator.apply(&wide).crop(Window {
        x: BEYOND,
        y: BEYOND,
        width: WIDTH,
        height: HEIGHT,
    });
    let noise = sampler::normal_image(99, 7, 3, y.height, y.width);
    for (value, n) in y.data.iter_mut().zip(&noise.data) {
        *value = (*value + 2.0 * sigma * n).clamp(-1.0, 1.0);
    }
    y
}

fn restored(y: &Image, degradation: Degradation, sigma: f32, tiling: Tiling) -> Image {
    let mut restorer = lite(&degradation);
    let settings = Settings {
        tiling,
        ..settings(degradation, sigma)
    };
    restorer.restore(y, 0, &settings).unwrap().image
}

/// PSNR in dB for images in [-1, 1], `border` pixels left out on each side.
fn psnr(a: &Image, b: &Image, border: usize) -> f64 {
    let window = Window {
        x: border,
        y: border,
        width: a.width - 2 * border,
        height: a.height - 2 * border,
    };
    let (a, b) = (a.crop(window), b.crop(window));
    let error: f64 = a
        .data
        .iter()
        .zip(&b.data)
        .map(|(p, q)| f64::from(p.clamp(-1.0, 1.0) - q).powi(2) / 4.0)
        .sum();
    -10.0 * (error / a.data.len() as f64).log10()
}

fn gains(degradation: Degradation, sigma: f32, at_least: f64) {
    let clean = scene();
    let y = degraded(&clean, &degradation, sigma);
    let x = restored(&y, degradation, sigma, Tiling::default());
    let (before, after) = (psnr(&y, &clean, BORDER), psnr(&x, &clean, BORDER));
    assert!(
        after > before + at_least,
        "{before:.2} dB became {after:.2} dB, at least {at_least} dB more was expected"
    );
}

fn gaussian() -> Degradation {
    Degradation::Blur(Kernel::Gaussian {
        size: 5,
        sigma: 1.732,
    })
}

#[test]
fn a_blurred_image_gains_two_decibels() {
    gains(gaussian(), 0.01, 2.0);
}

#[test]
fn a_noisy_image_gains_ten_decibels() {
    gains(Degradation::Denoise, 0.1, 10.0);
}

#[test]
fn a_jpeg_of_quality_ten_gains_half_a_decibel_whatever_its_chroma() {
    for subsampling in [Subsampling::C420, Subsampling::C422, Subsampling::C444] {
        let compressed = Degradation::Jpeg {
            quality: 10,
            subsampling,
        };
        gains(compressed, 0.0, 0.5);
    }
}

/// Strokes of three pixels, as text and scratches have them.
fn is_stroke(x: usize, y: usize) -> bool {
    (x + y) % 36 < 4 && x % 50 > 9
}

#[test]
fn strokes_over_a_picture_cost_little_where_a_mask_tells_them() {
    let folder = tempfile::tempdir().unwrap();
    let mask = folder.path().join("mask.png");
    image::GrayImage::from_fn(WIDTH as u32, HEIGHT as u32, |x, y| {
        image::Luma([if is_stroke(x as usize, y as usize) {
            0
        } else {
            255
        }])
    })
    .save(&mask)
    .unwrap();
    let mask = InputFile::from(mask);
    for (degradation, sigma) in [(Degradation::Denoise, 0.05), (gaussian(), 0.01)] {
        let clean = scene();
        let y = degraded(&clean, &degradation, sigma);
        let mut struck = y.clone();
        for c in 0..3 {
            for row in 0..HEIGHT {
                let line = struck.row_mut(c, row).iter_mut().enumerate();
                line.filter(|(x, _)| is_stroke(*x, row))
                    .for_each(|(_, v)| *v = 1.0);
            }
        }
        let mut restorer = lite(&degradation);
        let told = Settings {
            mask: mask.clone(),
            ..settings(degradation.clone(), sigma)
        };
        let x = restorer.restore(&struck, 0, &told).unwrap().image;
        let whole = restored(&y, degradation, sigma, Tiling::default());
        let (whole, holed) = (psnr(&whole, &clean, BORDER), psnr(&x, &clean, BORDER));
        assert!(holed > whole - 2.5, "{whole:.2} dB became {holed:.2} dB");
    }
}

#[test]
fn tiles_agree_with_the_whole_frame() {
    let y = degraded(&scene(), &gaussian(), 0.01);
    let whole = restored(&y, gaussian(), 0.01, Tiling::default());
    let tiles = Tiling {
        width: 128,
        height: 128,
        ..Tiling::default()
    };
    let tiled = restored(&y, gaussian(), 0.01, tiles);
    let agreement = psnr(&tiled, &whole, 0);
    assert!(agreement > 50.0, "tiles agree to {agreement:.1} dB only");
}
