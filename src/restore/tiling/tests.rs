// SPDX-License-Identifier: MPL-2.0
//! Tiles of canvases of many sizes, for one lane and for several.

use super::*;

fn canvas(width: usize, height: usize) -> Canvas {
    Canvas {
        width,
        height,
        x: 0,
        y: 0,
        frame_width: width,
        frame_height: height,
    }
}

const DEMANDS: Demands = Demands {
    multiple: 8,
    halo: 16,
    lanes: 1,
};

fn made(tiling: Tiling, width: usize, height: usize) -> Plan {
    plan(&tiling, &canvas(width, height), DEMANDS).expect("a plan")
}

/// Width, height and number of the tiles that so many lanes get.
fn shared(lanes: usize, width: usize, height: usize) -> (usize, usize, usize) {
    let demands = Demands { lanes, ..DEMANDS };
    let plan = plan(&Tiling::default(), &canvas(width, height), demands).expect("a plan");
    assert_eq!(plan.batch, lanes);
    let count = count(&plan, &canvas(width, height));
    (plan.tile_width, plan.tile_height, count)
}

#[test]
fn a_small_canvas_is_cut_for_two_lanes_where_that_is_quicker() {
    assert_eq!(shared(1, 320, 240), (320, 240, 1));
    assert_eq!(shared(2, 320, 240), (184, 240, 2));
    assert_eq!(shared(2, 360, 640), (360, 344, 2));
    // What two tiles share would be most of them.
    assert_eq!(shared(2, 96, 72), (96, 72, 1));
    assert_eq!(shared(8, 8, 8), (8, 8, 1));
}

#[test]
fn the_tiles_of_a_large_canvas_leave_no_lane_idle_for_long() {
    let (.., alone) = shared(1, 1920, 1088);
    assert_eq!(alone % 2, 1);
    for lanes in [2, 3, 4, 8] {
        for (width, height) in [(1920, 1088), (1280, 720), (3840, 2160), (776, 600)] {
            let (tile_width, tile_height, count) = shared(lanes, width, height);
            assert!(tile_width <= 512 && tile_height <= 512);
            let rounds = count.div_ceil(lanes);
            let idle = rounds * lanes - count;
            assert!(
                4 * idle <= rounds * lanes,
                "{lanes} {width}x{height}: {idle}"
            );
        }
    }
}

#[test]
fn a_small_canvas_is_not_cut() {
    for (width, height) in [(8, 8), (320, 240), (640, 640), (768, 520)] {
        let plan = made(Tiling::default(), width, height);
        assert_eq!((plan.tile_width, plan.tile_height), (width, height));
        assert_eq!(count(&plan, &canvas(width, height)), 1);
    }
}

#[test]
fn a_large_canvas_is_cut_into_tiles_of_at_most_512() {
    for (width, height) in [(1280, 720), (1920, 1080), (3840, 2160), (776, 8)] {
        let plan = made(Tiling::default(), width, height);
        assert!(
            plan.tile_width <= 512 && plan.tile_height <= 512,
            "{plan:?}"
        );
        assert!(plan.overlap > 2 * plan.halo, "{plan:?}");
        assert_eq!((plan.tile_width % 8, plan.overlap), (0, 48), "{plan:?}");
    }
    let plan = made(Tiling::default(), 1280, 720);
    assert_eq!(count(&plan, &canvas(1280, 720)), 6);
}

#[test]
fn explicit_tiles_are_rounded_up_and_their_overlap_shrinks_to_fit() {
    let tiling = Tiling {
        width: 61,
        height: 1,
        ..Tiling::default()
    };
    let plan = made(tiling, 320, 240);
    assert_eq!((plan.tile_width, plan.tile_height), (64, 16));
    assert!(
        plan.overlap <= 8 && plan.overlap > 2 * plan.halo,
        "{plan:?}"
    );
}

#[test]
fn an_explicit_overlap_as_large_as_the_tile_is_refused() {
    let tiling = Tiling {
        width: 64,
        overlap: 64,
        ..Tiling::default()
    };
    let error = plan(&tiling, &canvas(320, 240), DEMANDS).expect_err("no step is left");
    assert!(error.to_string().contains("tile-overlap is 64"), "{error}");
}
