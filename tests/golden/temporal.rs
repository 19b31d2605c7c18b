// SPDX-License-Identifier: MPL-2.0
//! The shipped model with temporal=warm-start: as near to the original, and steadier.

use gstud2m::image::Image;
use gstud2m::restore::{Degradation, Settings, Temporal};
use gstud2m::sampler;

use crate::{lite, settings};

/// One scene under noise that changes from frame to frame, restored, with the share of each
/// frame that started cold.
fn restored(frames: &[Image], temporal: Temporal) -> Vec<(Image, f32)> {
    let mut restorer = lite(&Degradation::Denoise);
    let settings = Settings {
        temporal,
        ..settings(Degradation::Denoise, 0.1)
    };
    let each = frames.iter().enumerate().map(|(i, frame)| {
        let restored = restorer.restore(frame, i as u64, &settings).unwrap();
        (restored.image, restored.report.cold_share)
    });
    each.collect()
}

fn distance(a: &Image, b: &Image) -> f64 {
    let pairs = a.data.iter().zip(&b.data);
    let sum: f64 = pairs.map(|(a, b)| f64::from((a - b) * (a - b))).sum();
    (sum / a.data.len() as f64).sqrt()
}

#[test]
fn the_shipped_model_is_as_near_and_steadier_in_one_step() {
    let clean = Image::from_fn(3, 64, 80, |c, y, x| {
        let disc = (y as f32 - 30.0).hypot(x as f32 - 44.0) < 18.0;
        if disc {
            0.6 - 0.3 * c as f32
        } else {
            -0.5 + x as f32 / 160.0
        }
    });
    let frames: Vec<Image> = (0..5)
        .map(|i| {
            let noise = sampler::normal_image(50 + i, 9, 3, 64, 80);
            let mut y = clean.clone();
            let pairs = y.data.iter_mut().zip(&noise.data);
            pairs.for_each(|(v, n)| *v += 0.2 * n);
            y
        })
        .collect();
    let (alone, warm) = (
        restored(&frames, Temporal::Off),
        restored(&frames, Temporal::WarmStart),
    );
    assert_eq!(alone[0].0, warm[0].0);
    assert_eq!((alone[4].1, warm[0].1), (1.0, 1.0));
    assert!(
        warm[1..].iter().all(|w| w.1 == 0.0),
        "the scene does not change"
    );
    let error = |run: &[(Image, f32)]| {
        let all = run[1..].iter().map(|r| distance(&r.0, &clean));
        all.sum::<f64>() / 4.0
    };
    let flicker = |run: &[(Image, f32)]| {
        let pairs = run.windows(2).map(|p| distance(&p[0].0, &p[1].0));
        pairs.sum::<f64>() / 4.0
    };
    assert!(
        error(&warm) < 1.02 * error(&alone),
        "{} {}",
        error(&warm),
        error(&alone)
    );
    assert!(
        flicker(&warm) < flicker(&alone),
        "{} {}",
        flicker(&warm),
        flicker(&alone)
    );
}

/// Frames of a scene of smooth waves under noise of 0.1: `moved` pixels to the left and `brighter`
/// each frame, beside the clean ones.
fn stream(moved: f32, brighter: f32) -> (Vec<Image>, Vec<Image>) {
    let clean = |i: usize| {
        Image::from_fn(3, 64, 80, |c, y, x| {
            let (x, y) = (x as f32 + moved * i as f32, y as f32);
            let waves = (0.7 * x + c as f32).sin() * (0.5 * y).cos() + (0.3 * (x - y)).sin();
            0.2 * waves - 0.3 + brighter * i as f32
        })
    };
    let noisy = |i: usize| {
        let noise = sampler::normal_image(70 + i as u64, 9, 3, 64, 80);
        let mut y = clean(i);
        let pairs = y.data.iter_mut().zip(&noise.data);
        pairs.for_each(|(v, n)| *v = (*v + 0.2 * n).clamp(-1.0, 1.0));
        y
    };
    ((0..6).map(clean).collect(), (0..6).map(noisy).collect())
}

#[test]
fn fades_and_slow_pans_below_the_noise_are_followed() {
    for (moved, brighter) in [(0.0, 0.05), (0.7, 0.0)] {
        let (clean, noisy) = stream(moved, brighter);
        let (alone, warm) = (
            restored(&noisy, Temporal::Off),
            restored(&noisy, Temporal::WarmStart),
        );
        for i in 1..6 {
            let (alone, warm) = (&alone[i].0, &warm[i].0);
            let worse = distance(warm, &clean[i]) / distance(alone, &clean[i]);
            assert!(worse < 1.023, "{moved} {brighter}: {worse} in frame {i}");
            let pairs = warm.data.iter().zip(&clean[i].data);
            let mean = pairs.map(|(a, b)| a - b).sum::<f32>() / warm.data.len() as f32;
            assert!(
                mean.abs() < 0.004,
                "{moved} {brighter}: {mean} in frame {i}"
            );
        }
    }
}
