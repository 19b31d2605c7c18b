// SPDX-License-Identifier: MPL-2.0
//! Which parts of a frame start from the one before.

use super::*;
use crate::image::Window;
use crate::operator::Degradation;

const SIGMA: f32 = 0.02;

fn denoising() -> (Operator, Canvas) {
    let operator = Operator::new(&Degradation::Denoise, 40, 32).expect("an operator");
    let canvas = operator.canvas(16);
    (operator, canvas)
}

fn textured(seed: u64) -> Image {
    let noise = crate::sampler::normal_image(seed, 0, 3, 32, 40);
    Image::from_fn(3, 32, 40, |c, y, x| 0.2 * noise.row(c, y)[x])
}

fn noisy(x: &Image, seed: u64) -> Image {
    let noise = crate::sampler::normal_image(seed, 1, 3, x.height, x.width);
    let mut y = x.clone();
    let pairs = y.data.iter_mut().zip(&noise.data);
    pairs.for_each(|(v, n)| *v += SIGMA * n);
    y
}

fn kept(before: &Image, plain: &Image) -> Image {
    let mut mixed = before.clone();
    let pairs = mixed.data.iter_mut().zip(&plain.data);
    pairs.for_each(|(m, p)| *m = KEPT * *m + (1.0 - KEPT) * p);
    mixed
}

fn assert_near(a: &Image, b: &Image) {
    assert_eq!((a.width, a.height), (b.width, b.height));
    let far = a.data.iter().zip(&b.data).map(|(a, b)| (a - b).abs());
    let far = far.fold(0.0, f32::max);
    // The brightness is fitted to the noisy frame.
    assert!(far < 0.03, "{far}");
}

#[test]
fn a_still_scene_starts_from_the_frame_before() {
    let ((operator, canvas), x) = (denoising(), textured(1));
    let previous = || PreviousFrame::of(x.clone(), &noisy(&x, 2), &operator, SIGMA);
    let frame = noisy(&x, 3);
    let plain = operator.initial(&operator.observe(&frame, &canvas), &canvas);
    let warm = previous().warm_start(&frame, &plain, &operator, &canvas);
    let warm = warm.expect("no cut");
    assert_eq!(warm.cold_share, 0.0);
    assert_near(&warm.initial, &kept(&operator.observe(&x, &canvas), &plain));
}

#[test]
fn a_pan_starts_from_the_frame_before_where_it_was_in_the_picture() {
    let (operator, canvas) = denoising();
    let scene = |shift: f32| {
        Image::from_fn(3, 32, 40, |c, y, x| {
            let x = x as f32 + shift;
            0.4 * (0.5 * x + c as f32).sin() * (0.6 * y as f32).cos() + 0.3 * (0.1 * x).sin()
        })
    };
    let before = scene(0.0);
    let previous = PreviousFrame::of(before.clone(), &noisy(&before, 2), &operator, SIGMA);
    let (now, frame) = (scene(1.5), noisy(&scene(1.5), 3));
    let plain = operator.initial(&operator.observe(&frame, &canvas), &canvas);
    let warm = previous.warm_start(&frame, &plain, &operator, &canvas);
    let warm = warm.expect("no cut");
    // Two columns on each side and a row may show what was not there.
    assert!(
        warm.cold_share > 0.05 && warm.cold_share < 0.3,
        "{}",
        warm.cold_share
    );
    let window = Window {
        x: 6,
        y: 4,
        width: 28,
        height: 24,
    };
    let wanted = kept(&operator.observe(&now, &canvas), &plain);
    assert_near(&warm.initial.crop(window), &wanted.crop(window));
}

#[test]
fn what_changed_starts_cold_and_after_a_cut_all_does() {
    let ((operator, canvas), x) = (denoising(), textured(1));
    let previous = || PreviousFrame::of(x.clone(), &noisy(&x, 2), &operator, SIGMA);
    let mut moved = x.clone();
    for c in 0..3 {
        for y in 8..20 {
            moved.row_mut(c, y)[..12].copy_from_slice(&textured(9).row(c, y)[..12]);
        }
    }
    let frame = noisy(&moved, 3);
    let plain = operator.initial(&operator.observe(&frame, &canvas), &canvas);
    let warm = previous().warm_start(&frame, &plain, &operator, &canvas);
    let warm = warm.expect("no cut");
    let share = warm.cold_share;
    assert!(share > 0.1 && share < 0.4, "{share}");
    assert_eq!(warm.initial.row(1, 14)[..8], plain.row(1, 14)[..8]);
    let bounds = x.bounds();
    let kept = kept(&x, &plain.crop(bounds));
    let corner = Window {
        x: 20,
        y: 26,
        width: 20,
        height: 6,
    };
    assert_near(&warm.initial.crop(corner), &kept.crop(corner));
    let cut = noisy(&textured(5), 3);
    let broken = Image::filled(3, 32, 40, f32::NAN);
    for frame in [cut, broken] {
        let warm = previous().warm_start(&frame, &plain, &operator, &canvas);
        assert!(warm.is_none());
    }
}

#[test]
fn a_change_of_colour_alone_starts_cold() {
    let ((operator, canvas), x) = (denoising(), textured(1));
    for channel in 0..3 {
        let mut other = x.clone();
        for y in 0..20 {
            other.row_mut(channel, y).iter_mut().for_each(|v| *v += 0.4);
        }
        let frame = noisy(&other, 3);
        let plain = operator.initial(&operator.observe(&frame, &canvas), &canvas);
        let previous = PreviousFrame::of(x.clone(), &noisy(&x, 2), &operator, SIGMA);
        let warm = previous.warm_start(&frame, &plain, &operator, &canvas);
        assert!(warm.is_none_or(|w| w.cold_share > 0.3), "channel {channel}");
    }
}

#[test]
fn a_frame_is_compared_at_the_resolution_of_the_observation() {
    let operator = Operator::new(&Degradation::Downscale(2), 20, 16).expect("an operator");
    let (canvas, x) = (operator.canvas(16), textured(1));
    let frame = operator.apply(&x);
    let previous = || PreviousFrame::of(x.clone(), &frame, &operator, SIGMA);
    let plain = Image::new(3, canvas.height, canvas.width);
    let warm = previous().warm_start(&frame, &plain, &operator, &canvas);
    let warm = warm.expect("no cut");
    assert_eq!(warm.cold_share, 0.0);
    let inside = Window {
        x: canvas.x,
        y: canvas.y,
        ..x.bounds()
    };
    assert_near(&warm.initial.crop(inside), &kept(&x, &plain.crop(inside)));
    let larger = Image::new(3, 16, 24);
    let warm = previous().warm_start(&larger, &plain, &operator, &canvas);
    assert!(warm.is_none());
}
