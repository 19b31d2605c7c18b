// SPDX-License-Identifier: MPL-2.0
//! Tiles and frames that run side by side answer as one after the other: to the bit where the tiles
//! are the same.

use gstud2m::image::Image;
use gstud2m::restore::{Degradation, Engine, Restorer, Settings, Tiling};
use gstud2m::sampler::normal_image;

use crate::{lite_on, settings};

fn restored(threads: usize, tiling: Tiling) -> (Image, usize) {
    let engine = Engine {
        threads,
        ..Engine::default()
    };
    let degradation = Degradation::Denoise;
    let mut restorer = lite_on(engine, &degradation);
    // Waves with the noise that is told.
    let noise = normal_image(3, 0, 3, 120, 200);
    let frame = Image::from_fn(3, 120, 200, |c, y, x| {
        let wave = 0.4 * (0.06 * (x + c * y) as f32).sin();
        (wave + 0.2 * noise.row(c, y)[x]).clamp(-1.0, 1.0)
    });
    let settings = Settings {
        tiling,
        steps: 2,
        ..settings(degradation, 0.1)
    };
    let restored = restorer.restore(&frame, 0, &settings).unwrap();
    (restored.image, restored.report.tiles)
}

#[test]
fn the_number_of_threads_changes_no_bit_where_the_tiles_are_the_same() {
    for batch in [0, 2] {
        let tiling = Tiling {
            width: 80,
            height: 80,
            batch,
            ..Tiling::default()
        };
        let (alone, tiles) = restored(1, tiling);
        assert!(tiles > 3, "{tiles}");
        for threads in [2, 3] {
            assert_eq!(
                restored(threads, tiling).0,
                alone,
                "{threads} threads, {batch}"
            );
        }
    }
}

#[test]
fn a_small_frame_is_cut_for_two_threads_and_looks_the_same() {
    let (whole, one) = restored(1, Tiling::default());
    let (cut, two) = restored(2, Tiling::default());
    assert_eq!((one, two), (1, 2));
    let difference = whole.data.iter().zip(&cut.data).map(|(a, b)| (a - b).abs());
    // Of 255 codes: two where the tiles meet.
    let largest = difference.fold(0.0, f32::max);
    assert!(largest < 4.0 / 255.0, "{largest}");
}

/// A frame of a stream that becomes noisier.
fn noisy(number: u64) -> Image {
    let noise = normal_image(number, 0, 3, 96, 120);
    Image::from_fn(3, 96, 120, |c, y, x| {
        let wave = 0.4 * (0.06 * (x + c * y) as f32).sin();
        let sigma = 0.1 + 0.02 * number as f32;
        (wave + sigma * noise.row(c, y)[x]).clamp(-1.0, 1.0)
    })
}

#[test]
fn frames_side_by_side_have_the_bits_of_one_after_the_other() {
    let denoise = Degradation::Denoise;
    let settings = Settings {
        steps: 1,
        ..settings(denoise.clone(), -1.0)
    };
    let on = |threads| {
        let engine = Engine {
            threads,
            ..Engine::default()
        };
        lite_on(engine, &denoise)
    };
    let restored = |restorer: &mut Restorer, number| {
        let frame = noisy(number);
        let restored = restorer.restore_with_fallback(&frame, number, &settings);
        let restored = restored.unwrap();
        (restored.image, restored.report.noise)
    };
    let mut alone = on(1);
    let wanted: Vec<_> = (0..4).map(|number| restored(&mut alone, number)).collect();
    assert!(alone.split(1).is_empty(), "it has no lanes");
    let mut whole = on(2);
    let mut lanes = whole.split(2);
    assert_eq!((whole.lanes(), lanes.len()), (2, 2));
    for first in [0, 2] {
        let places = [whole.place(), whole.place()];
        std::thread::scope(|scope| {
            let each = lanes.iter_mut().zip(places).zip([first, first + 1]);
            // The later frame begins first, and waits for what is estimated in the earlier one.
            let each: Vec<_> = each.collect();
            let threads = each.into_iter().rev().map(|((lane, place), number)| {
                lane.take_place(place);
                let restored = &restored;
                (number, scope.spawn(move || restored(lane, number)))
            });
            for (number, thread) in threads.collect::<Vec<_>>() {
                assert!(
                    thread.join().unwrap() == wanted[number as usize],
                    "{number}"
                );
            }
        });
    }
}
