// SPDX-License-Identifier: MPL-2.0

use super::*;
use crate::operator::tests::{noise, rounded, textured};

/// Standard normal noise that a Gaussian of standard deviation `length` pixels has correlated.
fn correlated(channels: usize, height: usize, width: usize, length: f32) -> Image {
    let taps: Vec<f32> = (-4..=4)
        .map(|d: i32| (-0.5 * (d as f32 / length).powi(2)).exp())
        .collect();
    let square: f32 = taps.iter().map(|t| t * t).sum();
    let white = noise(channels, height + 8, width + 8);
    Image::from_fn(channels, height, width, |c, y, x| {
        let row = |y: usize| -> f32 { (0..9).map(|j| taps[j] * white.row(c, y)[x + j]).sum() };
        (0..9).map(|i| taps[i] * row(y + i)).sum::<f32>() / square
    })
}

/// `image` with `factors` of the channels of `noise` in R, G, B, of full scale 1.
fn with(image: &Image, noise: &Image, factors: impl Fn(usize, usize, f32) -> f32) -> Image {
    let out = Image::from_fn(3, image.height, image.width, |c, y, x| {
        let v = image.row(c, y)[x];
        let sum: f32 = (0..noise.channels)
            .map(|n| factors(c, n, v) * noise.row(n, y)[x])
            .sum();
        v + 2.0 * sum
    });
    rounded(&out)
}

/// The noise that `frame` shows.
fn shown(frame: &Image) -> NoiseEstimate {
    estimate_noise(frame, None, false).shown
}

fn assert_near(found: f32, want: f32, share: f32, what: &str) {
    assert!(
        (found / want - 1.0).abs() < share,
        "{what}: {want} found as {found}"
    );
}

#[test]
fn white_noise_on_a_textured_image_is_found() {
    for (height, width) in [(240, 320), (135, 201)] {
        let clean = textured(height, width);
        for sigma in [0.01, 0.02, 0.05, 0.1, 0.2] {
            let white = |c, n, _| if c == n { sigma } else { 0.0 };
            let found = shown(&with(&clean, &noise(3, height, width), white));
            assert_near(found.sigma(), sigma, 0.1, "white");
            assert!(found.luma_correlation < 0.1 && found.chroma_correlation < 0.1);
            assert_near(found.level, 1.2 * sigma, 0.12, "level");
        }
    }
}

#[test]
fn noise_that_all_channels_share_is_luma_alone() {
    let clean = textured(200, 300);
    for sigma in [0.01, 0.03, 0.1] {
        let found = shown(&with(&clean, &noise(1, 200, 300), |_, _, _| sigma));
        assert_near(found.sigma(), sigma, 0.1, "rms of the channels");
        assert_near(found.luma(), sigma, 0.1, "luma");
        assert!(found.covariance[1][1] < 0.03 * found.covariance[0][0]);
        assert!(found.level > 1.5 * sigma, "a network has to expect more");
    }
}

#[test]
fn noise_of_one_chroma_axis_is_no_luma() {
    let clean = textured(200, 300);
    let blue = |c: usize, _, _| [0.0f32, -0.344, 1.772][c] * 0.03;
    let found = shown(&with(&clean, &noise(1, 200, 300), blue));
    let want = (0.0f32 + 0.344 * 0.344 + 1.772 * 1.772) / 3.0;
    assert_near(
        found.sigma(),
        0.03 * want.sqrt(),
        0.12,
        "rms of the channels",
    );
    assert!(found.luma() < 0.3 * found.sigma());
}

#[test]
fn noise_correlated_over_pixels_is_found_whole() {
    let clean = textured(240, 320);
    for sigma in [0.02, 0.05] {
        let own = |c, n, _| if c == n { sigma } else { 0.0 };
        let found = shown(&with(&clean, &correlated(3, 240, 320, 0.7), own));
        assert_near(found.sigma(), sigma, 0.15, "correlated");
        // exp(-1 / (4 · 0.7²)) of the Gaussian, sampled at whole pixels.
        assert!((found.luma_correlation - 0.6).abs() < 0.12, "{found:?}");
    }
}

#[test]
fn noise_that_grows_with_brightness_is_found_on_average() {
    let clean = Image::from_fn(3, 240, 320, |_, _, x| 1.6 * x as f32 / 320.0 - 0.8);
    let photon = |c: usize, n: usize, v: f32| if c == n { 0.04 * (v + 1.0).sqrt() } else { 0.0 };
    let found = shown(&with(&clean, &noise(3, 240, 320), photon));
    assert_near(found.sigma(), 0.04, 0.12, "mean");
    assert!(found.growth > 0.6, "{found:?}");
}

#[test]
fn flat_and_clipped_parts_do_not_hide_the_noise() {
    let mut clean = textured(160, 240);
    for c in 0..3 {
        for y in 0..160 {
            clean.row_mut(c, y)[..60].fill(-1.2);
            clean.row_mut(c, y)[60..110].fill(1.4);
        }
    }
    for sigma in [0.01, 0.05, 0.1] {
        let own = |c, n, _| if c == n { sigma } else { 0.0 };
        let found = shown(&with(&clean, &noise(3, 160, 240), own));
        assert_near(found.sigma(), sigma, 0.2, "beside clipped parts");
    }
}

#[test]
fn noise_of_a_bright_or_a_dark_image_is_not_sought_in_its_few_textured_parts() {
    for ground in [0.88f32, -0.88] {
        // Most of it lies near white or black and is smooth; a quarter is texture of mid-grays.
        let clean = Image::from_fn(3, 160, 240, |c, y, x| {
            let stripes = ((y * 7 + x * 3) as f32 * 0.7).sin() * ((x * 5 + c) as f32 * 1.1).cos();
            if x < 54 {
                0.5 * stripes
            } else {
                ground + 0.0002 * y as f32
            }
        });
        for sigma in [0.01, 0.03, 0.05, 0.1] {
            let found = shown(&with(&clean, &noise(1, 160, 240), |_, _, _| sigma));
            assert_near(found.sigma(), sigma, 0.2, "near the end of the range");
        }
    }
}

#[test]
fn noise_that_was_smoothed_needs_a_higher_level_where_the_frame_is_known_to_be_noisy() {
    let clean = textured(240, 320);
    let own = |c, n, _| if c == n { 0.02 } else { 0.0 };
    let frame = with(&clean, &correlated(3, 240, 320, 1.2), own);
    let found = estimate_noise(&frame, None, true);
    assert!(found.told.level > 1.3 * 0.02 && found.told.level > 1.5 * found.shown.sigma());
    let frame = with(&clean, &noise(3, 240, 320), own);
    let white = [false, true].map(|noisy| estimate_noise(&frame, None, noisy));
    assert_eq!(white[0], white[1]);
}

#[test]
fn noise_that_was_smoothed_is_found_whole_where_the_frame_is_known_to_be_noisy() {
    let clean = textured(240, 320);
    let own = |c, n, _| if c == n { 0.02 } else { 0.0 };
    let frame = with(&clean, &correlated(3, 240, 320, 1.2), own);
    let found = estimate_noise(&frame, None, true).told;
    assert_near(found.sigma(), 0.02, 0.2, "smoothed");
    // exp(-1 / (4 · 1.2²)) = 0.84 of the Gaussian; blocks of 8 pixels do not see its slow waves.
    assert!((found.luma_correlation - 0.75).abs() < 0.1, "{found:?}");
    assert!((found.chroma_correlation - 0.75).abs() < 0.1, "{found:?}");
}

#[test]
fn a_level_of_luma_keeps_the_colours_that_the_frame_shows() {
    let clean = textured(200, 300);
    let ycc = |c: usize, n: usize, _| match n {
        0 => 0.03,
        1 => [0.0f32, -0.344, 1.772][c] * 0.02,
        _ => [1.402f32, -0.714, 0.0][c] * 0.02,
    };
    let found = estimate_noise(&with(&clean, &noise(3, 200, 300), ycc), None, true).told;
    let told = found.with_luma(0.06);
    assert_near(told.luma(), 0.06, 0.001, "luma as it is told");
    assert_near(told.chroma() / told.luma(), 0.667, 0.15, "chroma over luma");
    assert_near(
        told.level / found.level,
        0.06 / found.luma(),
        0.001,
        "the level",
    );
    assert_eq!(found.with_luma(0.3), NoiseEstimate::of_luma(0.3));
    assert_eq!(
        NoiseEstimate::NONE.with_luma(0.02),
        NoiseEstimate::of_luma(0.02)
    );
}

#[test]
fn pixels_without_data_are_left_out() {
    let clean = textured(160, 240);
    let own = |c, n, _| if c == n { 0.04 } else { 0.0 };
    let mut frame = with(&clean, &noise(3, 160, 240), own);
    let loud = with(&clean, &noise(3, 160, 240), |c, n, v| 8.0 * own(c, n, v));
    for c in 0..3 {
        for y in 0..120 {
            frame.row_mut(c, y).copy_from_slice(loud.row(c, y));
        }
    }
    let usable = Image::from_fn(1, 160, 240, |_, y, _| if y < 120 { 0.0 } else { 1.0 });
    let found = estimate_noise(&frame, Some(&usable), false).shown;
    assert_near(found.sigma(), 0.04, 0.15, "below row 120");
}

#[test]
fn images_without_noise_or_without_size_have_next_to_none() {
    assert!(shown(&rounded(&textured(120, 160))).sigma() < 0.004);
    for (height, width, value) in [(64, 64, 0.2), (64, 64, 1.0), (1, 9, 0.2), (7, 90, 0.2)] {
        let image = Image::filled(3, height, width, value);
        assert_eq!(shown(&image), NoiseEstimate::NONE);
    }
    let gray = Image::filled(1, 40, 40, 0.1);
    assert_eq!(shown(&gray), NoiseEstimate::NONE);
}

/// Discs of 1 to 7 pixels, each over those before, as leaves on the ground: no part is quiet.
fn leaves(height: usize, width: usize) -> Image {
    let mut image = Image::new(3, height, width);
    let draws = noise(5, 1, 12_000);
    // Standard normal numbers as uniform ones, about.
    let uniform = |c: usize, i: usize| 1.0 / (1.0 + (-1.7 * draws.row(c, 0)[i]).exp());
    for i in 0..12_000 {
        let (y0, x0) = (uniform(0, i) * height as f32, uniform(1, i) * width as f32);
        let radius = 1.0 + 6.0 * uniform(2, i).powi(3);
        let (gray, tint) = (uniform(3, i) - 0.5, 0.2 * (uniform(4, i) - 0.5));
        for c in 0..3 {
            for y in (y0 - radius).max(0.0) as usize..((y0 + radius) as usize + 1).min(height) {
                for x in (x0 - radius).max(0.0) as usize..((x0 + radius) as usize + 1).min(width) {
                    if (y as f32 - y0).hypot(x as f32 - x0) <= radius {
                        image.row_mut(c, y)[x] = gray + tint * (c as f32 - 1.0);
                    }
                }
            }
        }
    }
    image
}

#[test]
fn fine_texture_everywhere_is_not_taken_for_noise() {
    let sharp = leaves(200, 200);
    for length in [0.6f32, 1.0] {
        // As a lens shows them: their spectrum falls as that of smoothed noise.
        let taps: Vec<f32> = (-4..=4)
            .map(|d: i32| (-0.5 * (d as f32 / length).powi(2)).exp())
            .collect();
        let square = taps.iter().sum::<f32>().powi(2);
        let clean = Image::from_fn(3, 192, 192, |c, y, x| {
            let row = |y: usize| -> f32 { (0..9).map(|j| taps[j] * sharp.row(c, y)[x + j]).sum() };
            (0..9).map(|i| taps[i] * row(y + i)).sum::<f32>() / square
        });
        let own = |c, n, _| if c == n { 0.01 } else { 0.0 };
        let frame = with(&clean, &noise(3, 192, 192), own);
        // The quiet blocks alone show 0.027 to 0.033.
        assert_near(shown(&frame).sigma(), 0.01, 0.2, "on leaves");
    }
}
