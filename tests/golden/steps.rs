// SPDX-License-Identifier: MPL-2.0
//! A step and a run of each graph, as PyTorch computes them.

use gstud2m::error::RestoreError;
use gstud2m::graph::Tensor;
use gstud2m::image::Image;
use gstud2m::sampler::{self, Aggregation, Chain, Initial, Level, Patch, StepModel};

use crate::files::{Golden, graphs, largest_difference, package, spec};

/// Largest difference of a step and of a run, for images in [-1, 1].
const STEP_TOLERANCE: f32 = 1e-4;
const RUN_TOLERANCE: f32 = 1e-3;

/// The graph as a step, with the operator's tensors for a whole run.
struct Run {
    golden: Golden,
    tensors: Vec<Tensor>,
    /// Outer steps so far.
    place: u32,
}

impl StepModel for Run {
    type Error = RestoreError;

    fn iterations(&self) -> usize {
        self.golden.step.manifest().iterations
    }

    fn aggregation(&self) -> Aggregation {
        self.golden.step.manifest().aggregation
    }

    fn estimate(&mut self, patches: &mut [Patch], level: Level) -> Result<(), RestoreError> {
        let told = self.golden.told();
        let noise = self.golden.sample_noise("run_seed", self.place);
        let tensors = [self.tensors.clone(), noise].concat();
        self.place += 1;
        self.golden.step.run(patches, level, &told, |_| &tensors)
    }
}

#[test]
fn a_step_of_each_graph_agrees_with_pytorch() {
    for (package, spec) in graphs() {
        let name = package.join(&spec.name);
        let mut golden = Golden::open(&package, spec);
        let xt = golden.xt();
        let mut patch = [Patch {
            window: xt.bounds(),
            noise: golden.noise(),
            xt,
            z0: golden.image("z0"),
        }];
        let level = Level {
            t: golden.array("t").data[0] as u32,
            alpha: 0.0,
            sigma: 0.0,
        };
        let noise = golden.sample_noise("seed", 0);
        let (told, tensors) = (golden.told(), [golden.tensors(), noise].concat());
        let result = golden.step.run(&mut patch, level, &told, |_| &tensors);
        result.unwrap_or_else(|e| panic!("{name:?}: {e}"));
        let miss = largest_difference(&patch[0].z0.data, &golden.array("x0").data);
        assert!(miss <= STEP_TOLERANCE, "{name:?}: a step differs by {miss}");
    }
}

#[test]
fn patches_of_a_batch_give_the_same_output_as_alone() {
    let mut golden = Golden::open(&package(), spec("denoise"));
    let patch = |golden: &Golden, sign: f32| {
        let turned = |mut image: Image| {
            image.data.iter_mut().for_each(|v| *v *= sign);
            image
        };
        let xt = turned(golden.xt());
        Patch {
            window: xt.bounds(),
            noise: golden.noise(),
            xt,
            z0: turned(golden.image("z0")),
        }
    };
    let patches = [patch(&golden, 1.0), patch(&golden, -0.5)];
    let mut together = patches.clone();
    let level = sampler::levels(3)[1];
    let (told, tensors) = (golden.told(), golden.tensors());
    let mut run = |patches: &mut [Patch]| {
        let result = golden.step.run(patches, level, &told, |_| &tensors);
        result.unwrap();
    };
    run(&mut together);
    for (i, patch) in patches.into_iter().enumerate() {
        let mut alone = [patch];
        run(&mut alone);
        let miss = largest_difference(&alone[0].z0.data, &together[i].z0.data);
        assert!(miss <= 1e-5, "patch {i} differs by {miss}");
    }
}

#[test]
fn a_run_of_each_graph_agrees_with_pytorch() {
    for (package, spec) in graphs() {
        let name = package.join(&spec.name);
        let golden = Golden::open(&package, spec);
        let inner = golden.step.manifest().iterations as u32;
        let (start, wanted) = (golden.image("z0"), golden.image("run_x0"));
        let (height, width) = (start.height, start.width);
        let (seed, steps) = (golden.numbers["run_seed"], golden.numbers["run_steps"]);
        let tensors = golden.tensors();
        let chain = match golden.step.manifest().takes_realism() {
            true => Chain::Sample,
            false => Chain::Mean { zeta: 0.0 },
        };
        let mut model = Run {
            golden,
            tensors,
            place: 0,
        };
        // Stream 0 is the initial state; step i takes 1 + i (K + 1) + k.
        let draw = |stream: u32| {
            let k = stream.checked_sub(1).map(|at| at % (inner + 1));
            let fresh = chain == Chain::Sample;
            assert!(
                k != Some(inner) || fresh,
                "no re-noising is drawn when zeta is 0"
            );
            sampler::normal_image(seed, stream, 3, height, width)
        };
        let levels = sampler::levels(steps as usize);
        let result = sampler::reverse(&mut model, &levels, Initial::Cold(start), chain, draw);
        let output = result.unwrap_or_else(|e| panic!("{name:?}: {e}"));
        let miss = largest_difference(&output.data, &wanted.data);
        assert!(miss <= RUN_TOLERANCE, "{name:?}: a run differs by {miss}");
    }
}
