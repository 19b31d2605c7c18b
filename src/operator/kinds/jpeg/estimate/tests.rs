// SPDX-License-Identifier: MPL-2.0
//! Steps of tables of every sort, from pictures and from black text on white.

use super::super::Jpeg;
use super::super::color::CODES;
use super::super::tables::{CHROMA, LUMA, scaled};
use super::*;
use crate::image::Window;
use crate::operator::physics::Physics;
use crate::operator::tests::{noise, rounded, textured};

const C420: Subsampling = Subsampling::C420;

/// `x` after a compression, as a decoder hands out R, G and B.
fn compressed(x: &Image, luma: Table, chroma: Table, subsampling: Subsampling) -> Image {
    let mut jpeg = Jpeg::new(50, subsampling).expect("a quality");
    jpeg.compression = Some(Compression {
        luma,
        chroma,
        ..Compression::of_quality(50)
    });
    rounded(&jpeg.apply(x))
}

/// Black strokes on white in lines, as letters are.
fn text(height: usize, width: usize) -> Image {
    let strokes = noise(2, height, width);
    Image::from_fn(3, height, width, |_, y, x| {
        let (line, letter) = (y / 14 * 14, x / 7 * 7);
        let kind = (strokes.row(0, line)[letter] * 4.0).abs() as usize;
        let stem = x % 7 == kind % 4 || x % 7 == kind % 4 + 1;
        let bar = y % 14 == 3 + kind % 5 && x % 7 < 5;
        let inked = (3..11).contains(&(y % 14)) && kind < 9 && (stem || bar);
        if inked { -1.0 } else { 1.0 }
    })
}

/// A picture whose channels differ, so that chroma has detail.
fn colourful(height: usize, width: usize) -> Image {
    let gray = textured(height, width);
    Image::from_fn(3, height, width, |c, y, x| {
        0.9 * gray.row(0, (y + 37 * c) % height)[(x + 53 * c) % width]
    })
}

/// Steeper than libjpeg's.
fn steep() -> Table {
    std::array::from_fn(|i| {
        let far = ((i / 8).pow(2) + (i % 8).pow(2)) as f32;
        (36.0 + 1.5 * far.powf(1.15)).min(255.0).floor()
    })
}

/// How far apart tables are: mean ratio, 1 where they are the same.
fn ratio(a: &Table, b: &Table) -> f32 {
    let sum: f32 = a.iter().zip(b).map(|(a, b)| (a / b).ln().abs()).sum();
    (sum / a.len() as f32).exp()
}

#[test]
fn qualities_are_found_within_two_in_pictures_and_in_text() {
    let pictures = [colourful(240, 320), text(120, 160)];
    for quality in [5, 10, 20, 30, 45, 60, 75, 90] {
        let (luma, chroma) = quantisation(quality);
        for (i, clean) in pictures.iter().enumerate() {
            let found = compression(&compressed(clean, luma, chroma, C420), C420, None);
            let off = found.quality.abs_diff(quality);
            assert!(off <= 2, "{quality} found as {} in {i}", found.quality);
            assert!(found.fit > 0.5, "{quality}, {i}: {}", found.fit);
            assert_eq!(found.last_quality, 0, "{quality}, {i}");
        }
    }
}

#[test]
fn a_conversion_that_darkens_the_frame_by_a_code_hides_no_steps() {
    // Fast conversions to R, G and B cut fractions off.
    let (luma, chroma) = quantisation(30);
    let mut frame = compressed(&colourful(64, 64), luma, chroma, C420);
    frame.data.iter_mut().for_each(|v| *v -= 1.0 / CODES);
    let found = compression(&frame, C420, None);
    assert_eq!(found.luma, luma);
    assert!(found.fit > 0.5, "{}", found.fit);
}

#[test]
fn tables_that_are_not_those_of_libjpeg_are_found_in_pictures_and_in_text() {
    let pictures = [colourful(240, 320), text(120, 160)];
    let fifteen = quantisation(15).0;
    let tables = [
        ([80.0; 64], [80.0; 64], 1.05),
        (steep(), steep(), 1.5),
        (fifteen, fifteen, 1.01),
        (quantisation(10).0, scaled(&CHROMA, 90), 1.01),
        (scaled(&CHROMA, 40), scaled(&LUMA, 40), 1.05),
    ];
    for (i, (luma, chroma, allowed)) in tables.into_iter().enumerate() {
        for (picture, clean) in pictures.iter().enumerate() {
            let found = compression(&compressed(clean, luma, chroma, C420), C420, None);
            let off = ratio(&found.luma, &luma);
            assert!(off < allowed, "table {i}, picture {picture}: {off}");
            if picture == 0 {
                let off = ratio(&found.chroma, &chroma);
                assert!(off < allowed, "chroma table {i}: {off}");
            }
        }
    }
}

/// Chroma interpolated as libjpeg does it, from chroma that is repeated.
fn interpolated(image: &Image) -> Image {
    let mut out = image.clone();
    let samples = |v: usize, len: usize| {
        let near = v / 2;
        let other = if v.is_multiple_of(2) {
            near.saturating_sub(1)
        } else {
            (near + 1).min(len / 2 - 1)
        };
        (2 * near, 2 * other)
    };
    let luma = |y: usize, x: usize| -> f32 {
        let weights = super::super::color::TO_YCC[0];
        (0..3).map(|c| weights[c] * image.row(c, y)[x]).sum()
    };
    for y in 0..image.height {
        for x in 0..image.width {
            let (y0, y1) = samples(y, image.height);
            let (x0, x1) = samples(x, image.width);
            for c in 0..3 {
                // The difference to luma is chroma alone.
                let at = |y: usize, x: usize| image.row(c, y)[x] - luma(y, x);
                let value =
                    0.5625 * at(y0, x0) + 0.1875 * (at(y0, x1) + at(y1, x0)) + 0.0625 * at(y1, x1);
                out.row_mut(c, y)[x] = luma(y, x) + value;
            }
        }
    }
    out
}

#[test]
fn chroma_steps_are_found_where_chroma_was_interpolated() {
    let clean = colourful(240, 320);
    for quality in [10, 30, 60] {
        let (luma, chroma) = (quantisation(quality).0, [40.0; 64]);
        let mut jpeg = Jpeg::new(50, C420).expect("a quality");
        jpeg.compression = Some(Compression {
            luma,
            chroma,
            ..Compression::of_quality(50)
        });
        let frame = rounded(&interpolated(&jpeg.apply(&clean)));
        let found = compression(&frame, C420, None);
        assert!(ratio(&found.luma, &luma) < 1.01, "{quality}");
        assert!(
            ratio(&found.chroma, &chroma) < 1.05,
            "{quality}: {:?}",
            found.chroma
        );
    }
}

#[test]
fn frames_that_were_never_compressed_and_shifted_ones_have_quality_100_and_no_fit() {
    let mut clean = colourful(240, 320);
    let noise = noise(3, 240, 320);
    let pairs = clean.data.iter_mut().zip(&noise.data);
    pairs.for_each(|(v, n)| *v += 0.04 * n);
    let (luma, chroma) = quantisation(20);
    let frame = compressed(&clean, luma, chroma, C420);
    let shifted = Window {
        x: 3,
        y: 5,
        width: 300,
        height: 220,
    };
    for frame in [
        rounded(&clean),
        frame.crop(shifted),
        rounded(&text(120, 160)),
    ] {
        let found = compression(&frame, C420, None);
        assert_eq!((found.quality, found.luma), (100, [1.0; 64]));
    }
    let found = compression(&frame.crop(shifted), C420, None);
    assert_eq!(found.fit, 0.0);
    let narrow = Window {
        width: 7,
        ..shifted
    };
    assert_eq!(
        compression(&frame.crop(narrow), C420, None),
        Compression::of_quality(100)
    );
}

#[test]
fn steps_are_kept_while_they_explain_the_frames_and_followed_where_they_change() {
    let clean = colourful(240, 320);
    let at = |quality| {
        let (luma, chroma) = quantisation(quality);
        compressed(&clean, luma, chroma, C420)
    };
    let first = compression(&at(50), C420, None);
    let again = compression(
        &at(50).crop(Window {
            x: 0,
            y: 0,
            width: 200,
            height: 160,
        }),
        C420,
        Some(&first),
    );
    assert_eq!(again, first);
    assert_eq!(
        compression(&Image::filled(3, 64, 64, 0.2), C420, Some(&first)),
        first
    );
    // The steps of quality 25 are twice those of 50, and explain nothing of 48.
    for quality in [25, 48, 80] {
        let found = compression(&at(quality), C420, Some(&first));
        assert_eq!(found.quality, quality);
    }
}

#[test]
fn of_two_compressions_the_coarser_one_is_found_and_the_finer_one_shows() {
    let mut clean = colourful(240, 320);
    let noise = noise(3, 240, 320);
    let pairs = clean.data.iter_mut().zip(&noise.data);
    pairs.for_each(|(v, n)| *v += 0.05 * n);
    let twice = |first, last| {
        let (luma, chroma) = quantisation(first);
        let once = compressed(&clean, luma, chroma, C420);
        let (luma, chroma) = quantisation(last);
        let found = compression(&compressed(&once, luma, chroma, C420), C420, None);
        (found.quality, found.last_quality)
    };
    for (first, last) in [(50, 90), (75, 95)] {
        let (found, then) = twice(first, last);
        assert!(found.abs_diff(first) <= 3, "{first} found as {found}");
        assert!(then.abs_diff(last) <= 5, "{last} found as {then}");
    }
    assert_eq!(twice(90, 60), (60, 0));
}
