// SPDX-License-Identifier: MPL-2.0
//! What depends on no image is computed where it changes, and not in each step.

use gstud2m::graph::NoiseTensors;
use gstud2m::sampler::{Level, Patch};

use crate::files::{Golden, package, spec};

/// How often it was computed after a step at each level, with the noise as it is told.
fn computed(golden: &mut Golden, asked: &[(u32, NoiseTensors)]) -> Vec<u64> {
    let tensors = golden.tensors();
    let count = |(t, told): &(u32, NoiseTensors)| {
        let xt = golden.xt();
        let mut patch = [Patch {
            window: xt.bounds(),
            noise: golden.noise(),
            xt,
            z0: golden.image("z0"),
        }];
        let level = Level {
            t: *t,
            alpha: 0.0,
            sigma: 0.0,
        };
        let answer = golden.step.run(&mut patch, level, told, |_| &tensors);
        answer.unwrap_or_else(|e| panic!("{e}"));
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
    let louder = NoiseTensors {
        sigma_y: 2.0 * told.sigma_y,
        ..told
    };
    let mut coloured = told;
    coloured.std[0] *= 0.5;
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
