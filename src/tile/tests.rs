// SPDX-License-Identifier: MPL-2.0
//! Laws of tiling, with models whose answers are known.

use std::convert::Infallible;

use super::*;
use crate::sampler::{Chain, Initial, levels, normal_image, reverse};

/// Answers with a linear, pixel-wise function of what it is given.
struct Pointwise {
    calls: Vec<(usize, Window)>,
}

impl StepModel for Pointwise {
    type Error = Infallible;

    fn iterations(&self) -> usize {
        2
    }

    fn estimate(&mut self, patches: &mut [Patch], _: Level) -> Result<(), Infallible> {
        let count = patches.len();
        for patch in patches {
            self.calls.push((count, patch.window));
            let second = &patch.noise.data[patch.xt.data.len()..];
            let values = patch.xt.data.iter().zip(second);
            for (z, (x, n)) in patch.z0.data.iter_mut().zip(values) {
                *z = 0.5 * x + 0.25 * *z + 0.1 * n;
            }
        }
        Ok(())
    }
}

fn model() -> Pointwise {
    Pointwise { calls: Vec::new() }
}

fn plan(width: usize, height: usize, batch: usize) -> Plan {
    Plan {
        tile_width: width,
        tile_height: height,
        overlap: 24,
        multiple: 8,
        halo: 6,
        batch,
    }
}

fn sample(model: &mut impl StepModel<Error = Infallible>, height: usize, width: usize) -> Image {
    let z0 = normal_image(5, 99, 3, height, width);
    let Ok(x0) = reverse(
        model,
        &levels(3),
        Initial::Cold(z0),
        Chain::Mean { zeta: 0.4 },
        |stream| normal_image(6, stream, 3, height, width),
    );
    x0
}

#[test]
fn tiles_of_any_size_and_batch_agree_with_the_whole_image() {
    for (height, width) in [(72, 120), (40, 200), (136, 64), (64, 72)] {
        let whole = sample(&mut model(), height, width);
        for (tile_width, tile_height, batch) in
            [(64, 64, 1), (64, 64, 4), (48, 32, 3), (32, 400, 7)]
        {
            let mut tiles = Tiles::new(plan(tile_width, tile_height, batch));
            let mut tiled = Tiled::new(model(), &mut tiles);
            let found = sample(&mut tiled, height, width);
            for (a, b) in whole.data.iter().zip(&found.data) {
                assert!((a - b).abs() < 1e-5, "{height}x{width}: {a} and {b}");
            }
        }
    }
}

#[test]
fn an_image_that_fits_one_tile_passes_straight_through() {
    let mut tiles = Tiles::new(plan(128, 64, 4));
    let mut tiled = Tiled::new(model(), &mut tiles);
    assert_eq!(sample(&mut tiled, 64, 120), sample(&mut model(), 64, 120));
    let whole = Window {
        x: 0,
        y: 0,
        width: 120,
        height: 64,
    };
    assert_eq!(tiled.inner.calls, [(1, whole); 3]);
}

#[test]
fn the_model_is_given_full_tiles_inside_the_image_in_batches() {
    let mut tiles = Tiles::new(plan(64, 32, 4));
    let mut tiled = Tiled::new(model(), &mut tiles);
    sample(&mut tiled, 72, 120);
    let tiles = 3 * offsets(120, 64, 24, 8).count() * offsets(72, 32, 24, 8).count();
    assert_eq!(tiled.inner.calls.len(), tiles);
    for (batch, window) in tiled.inner.calls {
        assert!(batch <= 4);
        assert_eq!((window.width, window.height), (64, 32));
        assert!(window.x + 64 <= 120 && window.y + 32 <= 72);
        assert_eq!((window.x % 8, window.y % 8), (0, 0));
    }
}

#[test]
fn kept_tiles_stay_as_they_start_and_no_model_sees_them() {
    let (height, width) = (72, 120);
    let z0 = normal_image(5, 99, 3, height, width);
    let run = |kept: &[bool]| {
        let mut tiles = Tiles::new(plan(64, 48, 2));
        let windows: Vec<Window> = tiles.windows(width, height).collect();
        let mut tiled = Tiled::new(model(), &mut tiles).keeping(kept);
        let patch = |seed| normal_image(seed, 1, 3, height, width);
        let mut patches = [Patch {
            window: z0.bounds(),
            xt: patch(1),
            z0: z0.clone(),
            noise: normal_image(3, 1, 6, height, width),
        }];
        let Ok(()) = tiled.estimate(&mut patches, levels(1)[0]);
        let [patch] = patches;
        (patch.z0, tiled.inner.calls, windows)
    };
    let (all, calls, windows) = run(&[]);
    assert_eq!(calls.len(), windows.len());
    for first in 0..windows.len() {
        let mut kept = vec![false; windows.len()];
        kept[first] = true;
        let (some, calls, _) = run(&kept);
        assert!(calls.iter().all(|(_, window)| *window != windows[first]));
        assert_eq!(calls.len(), windows.len() - 1);
        // What one tile alone covers is what it answers.
        let alone = |i: usize, y: usize, x: usize| {
            let covers = |w: &Window| {
                (w.x..w.x + w.width).contains(&x) && (w.y..w.y + w.height).contains(&y)
            };
            windows
                .iter()
                .enumerate()
                .all(|(j, w)| covers(w) == (i == j))
        };
        for y in 0..height {
            for x in 0..width {
                if alone(first, y, x) {
                    assert!((some.row(1, y)[x] - z0.row(1, y)[x]).abs() < 1e-5);
                } else if (0..windows.len()).any(|i| i != first && alone(i, y, x)) {
                    assert_eq!(some.row(1, y)[x], all.row(1, y)[x]);
                }
            }
        }
    }
    let (still, calls, _) = run(&vec![true; windows.len()]);
    let far = still.data.iter().zip(&z0.data).map(|(a, b)| (a - b).abs());
    assert!(calls.is_empty() && far.fold(0.0, f32::max) < 1e-5);
}
