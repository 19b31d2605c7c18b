// SPDX-License-Identifier: MPL-2.0
//! Which neighbour shows what dust hides.

use super::*;
use crate::defects::motion::estimate;
use crate::defects::pyramid::Pyramid;

const WIDTH: usize = 96;
const HEIGHT: usize = 72;

fn scene(moved: f32, brighter: f32) -> Pyramid {
    Pyramid::of(Plane::from_fn(WIDTH, HEIGHT, |y, x| {
        let (x, y) = (x as f32 + moved, y as f32);
        let wave = (0.4 * x).sin() * (0.3 * y).cos() + (0.09 * x + 0.07 * y).sin();
        (110.0 + brighter + 30.0 * wave) as u8
    }))
}

/// Dust of 14 by 10 pixels at row 30, column 40.
fn dust() -> Mask {
    let mut mask = Mask::new(WIDTH, HEIGHT);
    (30..40).for_each(|y| mask.marked[y * WIDTH + 40..][..14].fill(true));
    mask
}

/// What replaces dust, with lines in both neighbours.
fn found(sides: [Option<&Pyramid>; 2], lines: &Mask) -> Vec<Patch> {
    let shadow = &Shadow {
        suspected: lines.clone(),
        any: lines.clone(),
    };
    let mut now = scene(0.0, 0.0).finest().clone();
    (30..40).for_each(|y| now.row_mut(y)[40..54].fill(250));
    now.extend();
    let now = Pyramid::of(now);
    let fields = sides.map(|side| side.map(|side| estimate(&now, side)));
    let [before, after] = [0, 1].map(|i| {
        let side = sides[i].map(Pyramid::finest).zip(fields[i].as_ref());
        side.map(|(plane, field)| Side {
            plane,
            field,
            shadow,
        })
    });
    patches(
        now.finest(),
        [before, after],
        &dust(),
        &Mask::new(WIDTH, HEIGHT),
    )
}

fn count(patches: &[Patch]) -> usize {
    let cell = (0..CELL).flat_map(|y| (0..CELL).map(move |x| (y, x)));
    let of = |p: &Patch| cell.clone().filter(|(y, x)| p.replaces(*y, *x)).count();
    patches.iter().map(of).sum()
}

fn lines(columns: &[usize]) -> Mask {
    let mut lines = Mask::new(WIDTH, HEIGHT);
    for x in columns {
        (0..HEIGHT).for_each(|y| lines.marked[y * WIDTH + x..][..2].fill(true));
    }
    lines
}

#[test]
fn dust_is_found_in_both_neighbours_where_the_scene_has_moved_to() {
    let (before, after) = (scene(-2.5, 0.0), scene(3.0, 12.0));
    let found = found([Some(&before), Some(&after)], &lines(&[]));
    assert_eq!(count(&found), 140);
    for patch in found {
        let [before, after] = patch.sides.map(|side| side.expect("both show it").vector);
        assert!(
            (before[0] - 10).abs() <= 1 && before[1].abs() <= 1,
            "{before:?}"
        );
        assert!(
            (after[0] + 12).abs() <= 1 && after[1].abs() <= 1,
            "{after:?}"
        );
    }
}

#[test]
fn a_neighbour_of_another_scene_is_left_out() {
    let after = scene(3.0, 0.0);
    let other = Pyramid::of(Plane::from_fn(WIDTH, HEIGHT, |y, x| (x * y % 251) as u8));
    for before in [None, Some(&other)] {
        let found = found([before, Some(&after)], &lines(&[]));
        assert_eq!(count(&found), 140);
        assert!(
            found
                .iter()
                .all(|p| p.sides[0].is_none() && p.sides[1].is_some())
        );
    }
    assert!(found([Some(&other), None], &lines(&[])).is_empty());
}

#[test]
fn what_lies_below_a_line_of_a_neighbour_is_left_to_the_other_or_as_it_is() {
    // Before, the scene is 2.5 pixels further right; after, 3 further left.
    let (before, after) = (scene(-2.5, 0.0), scene(3.0, 0.0));
    assert_eq!(count(&found([None, Some(&after)], &lines(&[44]))), 120);
    let both = found([Some(&before), Some(&after)], &lines(&[44]));
    assert_eq!(count(&both), 140);
    // Column 44 lies below one of the lines in each.
    let both = found([Some(&before), Some(&after)], &lines(&[41, 46]));
    assert!((110..140).contains(&count(&both)), "{}", count(&both));
}

#[test]
fn neighbours_that_contradict_each_other_within_the_dust_replace_nothing() {
    let before = scene(-2.5, 0.0);
    let mut after = scene(3.0, 0.0).finest().clone();
    (30..40).for_each(|y| after.row_mut(y)[37..51].fill(20));
    after.extend();
    let after = Pyramid::of(after);
    let found = found([Some(&before), Some(&after)], &lines(&[]));
    assert!(count(&found) < 40, "{}", count(&found));
}
