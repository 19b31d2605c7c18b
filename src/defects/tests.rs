// SPDX-License-Identifier: MPL-2.0
//! The detector on streams: what is marked, when, and that any frames may come.

use super::*;

const WIDTH: usize = 160;
const HEIGHT: usize = 120;

/// A textured scene that moves on.
fn scene(number: usize, kind: f32) -> Plane {
    Plane::from_fn(WIDTH, HEIGHT, |y, x| {
        let (x, y) = (x as f32 + 1.5 * number as f32, y as f32);
        let wave = (0.4 * x * kind).sin() * (0.3 * y).cos() + (0.09 * x + 0.07 * y * kind).sin();
        (110.0 + 10.0 * kind + 30.0 * wave) as u8
    })
}

fn with_spot(mut plane: Plane) -> Plane {
    (50..56).for_each(|y| plane.row_mut(y)[70..77].fill(245));
    plane.extend();
    plane
}

/// A frame with a dark line over all of its height.
fn scratched(mut plane: Plane) -> Plane {
    for y in 0..HEIGHT {
        let row = plane.row_mut(y);
        row[40..42]
            .iter_mut()
            .for_each(|v| *v = v.saturating_sub(45));
    }
    plane.extend();
    plane
}

/// The masks of all frames.
fn masks(frames: impl IntoIterator<Item = Plane>, settings: &Settings) -> Vec<Mask> {
    let mut detector = Detector::default();
    let mut found = Vec::new();
    for frame in frames {
        found.extend(detector.push(frame, settings).map(|f| f.mask));
    }
    found.extend(detector.finish(settings).map(|f| f.mask));
    found
}

#[test]
fn each_frame_has_a_mask_and_a_spot_is_in_that_of_its_own() {
    let frames = (0..5).map(|i| match i {
        2 => with_spot(scene(i, 1.0)),
        _ => scene(i, 1.0),
    });
    let found = masks(frames, &Settings::default());
    assert_eq!(found.len(), 5);
    for (i, mask) in found.iter().enumerate() {
        assert_eq!(mask.row(53)[73], i == 2, "frame {i}");
        // Six by seven pixels, grown by one.
        let count = mask.marked.iter().filter(|m| **m).count();
        assert_eq!(count, if i == 2 { 72 } else { 0 }, "frame {i}");
    }
    let frames = (0..5).map(|i| with_spot(scene(i, 1.0)));
    let off = Settings {
        dust: false,
        ..Settings::default()
    };
    assert!(masks(frames, &off).iter().all(|mask| mask.share() == 0.0));
}

#[test]
fn a_scratch_is_marked_once_the_scene_has_moved_below_it() {
    let found = masks(
        (0..6).map(|i| scratched(scene(i, 0.5))),
        &Settings::default(),
    );
    for mask in &found[1..] {
        let marked = (0..HEIGHT)
            .filter(|y| mask.row(*y)[40] && mask.row(*y)[41])
            .count();
        assert!(marked > 9 * HEIGHT / 10, "{marked} rows");
        assert!(mask.share() < 0.06, "{}", mask.share());
    }
    let off = Settings {
        scratches: false,
        dust: false,
        ..Settings::default()
    };
    let found = masks((0..6).map(|i| scratched(scene(i, 0.5))), &off);
    assert!(found.iter().all(|mask| mask.share() == 0.0));
}

#[test]
fn nothing_is_marked_across_a_cut_but_a_spot_beside_it() {
    let frames = (0..6).map(|i| match i {
        0..3 => scene(i, 1.0),
        3 => with_spot(scene(i, 1.7)),
        _ => scene(i, 1.7),
    });
    for (i, mask) in masks(frames, &Settings::default()).iter().enumerate() {
        assert_eq!(mask.row(53)[73], i == 3, "frame {i}");
        assert!(mask.share() < 0.006, "frame {i}: {}", mask.share());
    }
}

#[test]
fn flicker_is_no_defect() {
    let frames = (0..6).map(|i| {
        let gain = [1.0, 0.85, 1.1, 0.9, 1.0, 1.05][i];
        let plane = scene(i, 1.0);
        Plane::from_fn(WIDTH, HEIGHT, |y, x| {
            (gain * f32::from(plane.row(y)[x])) as u8
        })
    });
    let found = masks(frames, &Settings::default());
    assert!(found.iter().all(|mask| mask.share() == 0.0));
}

#[test]
fn frames_of_all_sizes_and_of_sizes_that_change_have_masks() {
    let eager = Settings {
        sensitivity: 1.0,
        grow: 5,
        ..Settings::default()
    };
    for (width, height) in [(1, 1), (2, 77), (131, 3), (17, 16)] {
        let noise =
            |i: usize| Plane::from_fn(width, height, move |y, x| (x * 31 + y * 57 + i * 91) as u8);
        let found = masks((0..4).map(noise), &eager);
        assert_eq!(found.len(), 4);
        assert_eq!((found[3].width, found[3].height), (width, height));
    }
    let mut detector = Detector::default();
    assert!(detector.push(Plane::new(9, 9), &eager).is_none());
    assert!(detector.push(Plane::new(8, 9), &eager).is_none());
    assert!(detector.finish(&eager).is_some() && detector.finish(&eager).is_none());
}

#[test]
fn a_frame_that_comes_twice_is_compared_with_what_shows_something_else() {
    // As where every frame of a film was doubled.
    let frames = (0..8).map(|i| match i / 2 {
        2 => with_spot(scene(2, 1.0)),
        number => scene(number, 1.0),
    });
    for (i, mask) in masks(frames, &Settings::default()).iter().enumerate() {
        assert_eq!(mask.row(53)[73], i / 2 == 2, "frame {i}");
        assert!(mask.share() < 0.005, "frame {i}: {}", mask.share());
    }
    let still = masks(
        (0..4).map(|_| with_spot(scene(0, 1.0))),
        &Settings::default(),
    );
    assert!(still.iter().all(|mask| mask.share() == 0.0));
}
