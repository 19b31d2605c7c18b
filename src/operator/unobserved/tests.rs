// SPDX-License-Identifier: MPL-2.0
//! What is found in made frames, and what becomes of it.

use super::*;
use crate::operator::kernel::Kernel;
use crate::operator::tests::{noise, rounded, textured};
use crate::operator::{Degradation, Operator};

fn gaussian() -> Kernel {
    Kernel::Gaussian {
        size: 0,
        sigma: 1.7,
    }
}

/// Blurred with mirrored edges, cut off and rounded.
fn blurred(x: &Image, kernel: Kernel) -> Image {
    const BEYOND: usize = 24;
    let (height, width) = (x.height + 2 * BEYOND, x.width + 2 * BEYOND);
    let wide = x.pad(BEYOND, BEYOND, height, width, Border::Mirror);
    let operator = Operator::new(&Degradation::Blur(kernel), width, height).expect("an operator");
    let inside = Window {
        x: BEYOND,
        y: BEYOND,
        ..x.bounds()
    };
    rounded(&operator.apply(&wide).crop(inside))
}

fn find(frame: &Image, kernel: Kernel) -> Option<Unobserved> {
    let psf = kernel.psf().expect("a kernel");
    let (slopes, peak) = (Slopes::of(&psf), Peak::of(&psf));
    let search = Search::All(&slopes, peak);
    Unobserved::find(frame, search, None, Border::Mirror, 0.01)
}

/// A disc of a value in a textured scene.
fn disc(value: f32) -> Image {
    let mut x = textured(64, 80);
    for c in 0..3 {
        for row in 0..64 {
            let reach = (row as f32 - 30.0).powi(2);
            let out = x.row_mut(c, row).iter_mut().enumerate();
            out.filter(|(i, _)| (*i as f32 - 40.0).powi(2) + reach < 64.0)
                .for_each(|(_, v)| *v = value);
        }
    }
    x
}

#[test]
fn bars_and_clipped_areas_cannot_be_used_and_noise_at_the_end_can() {
    let mut frame = textured(60, 80);
    let noise = noise(3, 60, 80);
    for c in 0..3 {
        frame.row_mut(c, 0).fill(-1.0);
        frame.row_mut(c, 1).fill(-1.0);
        for y in 30..40 {
            frame.row_mut(c, y)[20..30].fill(1.0);
        }
        for y in 50..60 {
            let noise = &noise.row(c, y)[60..];
            let out = frame.row_mut(c, y)[60..].iter_mut();
            out.zip(noise)
                .for_each(|(v, n)| *v = (0.9 + 0.1 * n).min(1.0));
        }
    }
    let usable = usable_pixels(&frame, None);
    assert!(usable.row(0, 1).iter().all(|m| *m == 0.0));
    assert!(usable.row(0, 2).iter().all(|m| *m == 1.0));
    assert_eq!(usable.row(0, 35)[17..20], [1.0, 1.0, 0.0]);
    assert_eq!(usable.row(0, 35)[30..32], [0.0, 1.0]);
    let noisy = (50..60).map(|y| usable.row(0, y)[60..].iter().sum::<f32>());
    assert!(noisy.sum::<f32>() > 190.0);
}

#[test]
fn a_light_that_was_cut_off_is_unobserved_and_white_paper_is_not() {
    let found = find(&blurred(&disc(8.0), gaussian()), gaussian());
    let found = found.expect("a light");
    assert_eq!(found.mask.row(0, 30)[40], 0.0);
    assert_eq!(found.mask.row(0, 10)[40], 1.0);
    let share = found.share();
    assert!(share > 0.05 && share < 0.2, "{share}");
    for value in [1.0, -1.0, 0.98] {
        assert!(find(&blurred(&disc(value), gaussian()), gaussian()).is_none());
    }
    let uniform = Kernel::Uniform { size: 9 };
    assert!(find(&blurred(&disc(1.0), uniform.clone()), uniform.clone()).is_none());
    assert!(find(&blurred(&disc(8.0), uniform.clone()), uniform).is_some());
}

#[test]
fn noise_that_is_told_too_low_makes_no_lights() {
    let mut frame = blurred(&disc(1.0), gaussian());
    let noise = noise(3, frame.height, frame.width);
    let values = frame.data.iter_mut().zip(&noise.data);
    values.for_each(|(v, n)| *v += 0.1 * n);
    assert!(find(&rounded(&frame), gaussian()).is_none());
}

#[test]
fn shadows_that_were_cut_off_are_unobserved_too() {
    let found = find(&blurred(&disc(-6.0), gaussian()), gaussian());
    assert_eq!(found.expect("a shadow").mask.row(0, 30)[40], 0.0);
}

#[test]
fn bars_stand_as_they_came_and_a_light_stays_a_light() {
    let mut frame = blurred(&disc(8.0), gaussian());
    for c in 0..3 {
        (0..9).for_each(|y| frame.row_mut(c, y).fill(-1.0));
    }
    let found = find(&frame, gaussian()).expect("a bar and a light");
    assert!(found.mask.row(0, 8).iter().all(|m| *m == 0.0));
    // The picture goes on where the bar was.
    assert_eq!(found.frame.row(1, 8), frame.row(1, 10));
    let mut restored = Image::filled(3, 64, 80, 0.25);
    found.compose(&mut restored, &frame, 1);
    assert_eq!(restored.row(2, 8), frame.row(2, 8));
    assert_eq!(restored.row(2, 30)[28..52], frame.row(2, 30)[28..52]);
    assert_eq!(restored.row(2, 30)[40], 1.0);
    assert_eq!(restored.row(2, 58)[40], 0.25);
    // The light and its glow are no part of the first guess.
    assert!(found.frame.data.iter().all(|v| *v < 0.8));
}

#[test]
fn bars_of_a_larger_frame_are_larger() {
    let mut frame = textured(40, 48);
    for c in 0..3 {
        (0..6).for_each(|y| frame.row_mut(c, y).fill(-1.0));
    }
    let found = Unobserved::find(&frame, Search::Bars, None, Border::Symmetric, 0.01);
    let found = found.expect("a bar");
    let mut large = Image::filled(3, 80, 96, 0.5);
    found.compose(&mut large, &frame, 2);
    assert!(large.row(0, 11).iter().all(|v| *v == -1.0));
    assert!(large.row(0, 12).iter().all(|v| *v == 0.5));
    found.blacken_bars(&mut large, 2);
    assert_eq!(large.row(1, 0)[0], -1.0);
}

#[test]
fn missing_pixels_are_filled_and_bars_do_not_bleed_into_them() {
    let mut frame = Image::from_fn(3, 40, 48, |_, y, x| 0.3 + 0.002 * ((x * y) % 7) as f32);
    let mut missing = Image::filled(1, 40, 48, 1.0);
    for c in 0..3 {
        (0..6).for_each(|y| frame.row_mut(c, y).fill(-1.0));
        (6..9).for_each(|y| frame.row_mut(c, y)[10..20].fill(1.0));
    }
    (6..9).for_each(|y| missing.row_mut(0, y)[10..20].fill(0.0));
    let found = Unobserved::find(&frame, Search::Bars, Some(&missing), Border::Mirror, 0.01);
    let found = found.expect("a bar");
    assert!(found.frame.data.iter().all(|v| (0.29..0.33).contains(v)));
    assert_eq!(found.mask.row(0, 7)[10..20], [0.0; 10]);
    let only_missing = Unobserved::find(
        &frame,
        Search::Nothing,
        Some(&missing),
        Border::Mirror,
        0.01,
    );
    assert_eq!(only_missing.expect("a hole").mask, missing);
}
