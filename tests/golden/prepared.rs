// SPDX-License-Identifier: MPL-2.0
//! What depends on no image is computed where it changes, and not in each step.

use gstud2m::graph::{Facts, Tensor};
use gstud2m::image::Image;
use gstud2m::model::{Engine, OrtStep, Stop};
use gstud2m::sampler::{Level, Patch};

use crate::files::{Golden, package, spec};

/// What a step begins with.
fn start(golden: &Golden) -> Patch {
    let xt = golden.xt();
    Patch {
        window: xt.bounds(),
        noise: golden.noise(),
        xt,
        z0: golden.image("z0"),
    }
}

/// The answer at level `t` with the noise as it is told.
fn answer(step: &mut OrtStep, (patch, tensors): (Patch, &[Tensor]), t: u32, told: &Facts) -> Image {
    let level = Level {
        t,
        alpha: 0.0,
        sigma: 0.0,
    };
    let mut patch = [patch];
    let answer = step.run(&mut patch, level, told, |_| tensors);
    answer.unwrap_or_else(|e| panic!("{e}"));
    let [patch] = patch;
    patch.z0
}

/// How often it was computed after a step at each level, with the noise as it is told.
fn computed(golden: &mut Golden, asked: &[(u32, Facts)]) -> Vec<u64> {
    let tensors = golden.tensors();
    let count = |(t, told): &(u32, Facts)| {
        let patch = start(golden);
        answer(&mut golden.step, (patch, &tensors), *t, told);
        golden.step.preparations().expect("a graph that prepares")
    };
    asked.iter().map(count).collect()
}

#[test]
fn it_is_computed_once_for_each_level_while_nothing_else_changes() {
    for name in ["denoise", "blur"] {
        let mut golden = Golden::open(&package(), spec(name));
        let told = golden.told();
        let steps = [999, 444, 999, 444, 444, 111].map(|t| (t, told));
        assert_eq!(computed(&mut golden, &steps), [1, 2, 2, 2, 2, 3], "{name}");
    }
}

#[test]
fn it_is_computed_again_where_the_noise_changes() {
    let mut golden = Golden::open(&package(), spec("denoise"));
    let told = golden.told();
    let mut louder = told;
    louder.noise.sigma_y *= 2.0;
    let mut coloured = told;
    coloured.noise.std[0] *= 0.5;
    let steps = [told, louder, told, coloured, coloured].map(|told| (444, told));
    assert_eq!(computed(&mut golden, &steps), [1, 2, 2, 3, 3]);
}

#[test]
fn it_is_computed_again_where_the_operator_changes() {
    let mut golden = Golden::open(&package(), spec("jpeg"));
    let told = golden.told();
    assert_eq!(computed(&mut golden, &[(444, told)]), [1]);
    let table = golden.arrays.get_mut("quant_luma").expect("a table");
    table.data[0] += 1.0;
    assert_eq!(computed(&mut golden, &[(444, told); 2]), [2, 2]);
}

#[test]
fn lanes_share_it_and_each_has_what_its_own_noise_asks_for() {
    let golden = Golden::open(&package(), spec("denoise"));
    let engine = Engine {
        threads: 2,
        ..Engine::default()
    };
    let mut warn = |text: String| panic!("{text}");
    let step = OrtStep::load(
        &package(),
        &golden.spec,
        &engine,
        &mut warn,
        &Stop::default(),
    );
    let step = step.unwrap_or_else(|e| panic!("{e}"));
    let told = golden.told();
    let mut louder = told;
    louder.noise.sigma_y *= 2.0;
    let mut lanes = step.split(2);
    let tensors = golden.tensors();
    let mut once = |told| answer(&mut lanes[0], (start(&golden), &tensors), 444, told);
    let wanted = [&told, &louder].map(&mut once);
    assert_ne!(wanted[0], wanted[1]);
    assert_eq!(step.preparations(), Some(2));
    std::thread::scope(|scope| {
        let pairs = lanes
            .iter_mut()
            .zip([[&told, &louder], [&louder, &told]])
            .zip([[0, 1], [1, 0]]);
        for ((lane, turns), places) in pairs {
            let (golden, tensors, wanted) = (&golden, &tensors, &wanted);
            scope.spawn(move || {
                for (told, place) in turns.into_iter().zip(places).cycle().take(6) {
                    let found = answer(lane, (start(golden), tensors), 444, told);
                    assert!(found == wanted[place], "{place}");
                }
            });
        }
    });
    assert_eq!(step.preparations(), Some(2), "both were kept");
}
