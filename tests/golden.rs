// SPDX-License-Identifier: MPL-2.0
//! The shipped model against PyTorch: what the export wrote beside each graph must come out here too.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

mod common;

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use gstud2m::error::RestoreError;
use gstud2m::image::{Data, Image, Tensor, Window};
use gstud2m::model::{Engine, OrtStep};
use gstud2m::operator::{Degradation, Kernel, Operator, quantisation};
use gstud2m::sampler::{self, Aggregation, Initial, Level, Patch, StepModel};

/// What ships; the first also serves where one package is enough.
const PACKAGES: [&str; 3] = ["lite", "lite-perceptual", "base"];
/// Graphs of a package, with their scales.
const FAMILIES: [(&str, usize); 9] = [
    ("blur", 1),
    ("mask", 1),
    ("denoise", 1),
    ("jpeg", 1),
    ("jpeg422", 1),
    ("jpeg444", 1),
    ("downscale2", 2),
    ("downscale3", 3),
    ("downscale4", 4),
];
/// Inputs that each family adds to the common ones.
const OWN_INPUTS: [&str; 7] = [
    "y",
    "otf",
    "mask",
    "kernel",
    "gram",
    "quant_luma",
    "quant_chroma",
];
/// Largest difference of a step and of a run, for pictures in [-1, 1].
const STEP_TOLERANCE: f32 = 1e-4;
const RUN_TOLERANCE: f32 = 1e-3;

struct Array {
    shape: Vec<usize>,
    data: Vec<f32>,
}

impl Array {
    /// The last three dimensions as pictures, one for each index of the dimensions before.
    fn pictures(&self) -> Vec<Image> {
        let [.., channels, height, width] = self.shape[..] else {
            panic!("{:?} holds no pictures", self.shape);
        };
        let parts = self.data.chunks_exact(channels * height * width);
        parts
            .map(|part| Image {
                channels,
                height,
                width,
                data: part.to_vec(),
            })
            .collect()
    }
}

/// One golden file and the graph beside it.
struct Golden {
    arrays: HashMap<String, Array>,
    step: OrtStep,
}

fn package() -> PathBuf {
    packages().swap_remove(0)
}

fn packages() -> Vec<PathBuf> {
    let packages = PACKAGES.map(|name| PathBuf::from(common::path("models/zoo")).join(name));
    for package in &packages {
        assert!(
            package.is_dir(),
            "{package:?} is missing: run models/export.py"
        );
    }
    packages.into()
}

/// Every graph of every package: folder, family, scale.
fn graphs() -> impl Iterator<Item = (PathBuf, &'static str, usize)> {
    packages()
        .into_iter()
        .flat_map(|package| FAMILIES.map(|(family, scale)| (package.clone(), family, scale)))
}

impl Golden {
    fn open(package: &Path, family: &str, scale: usize) -> Self {
        common::init();
        let path = package.join(format!("{family}.golden.npz"));
        let mut archive = npyz::npz::NpzArchive::open(&path)
            .unwrap_or_else(|e| panic!("{path:?} ({e}): run models/export.py"));
        let names: Vec<String> = archive.array_names().map(str::to_owned).collect();
        let arrays = names
            .into_iter()
            .map(|name| {
                let array = archive.by_name(&name).unwrap().unwrap();
                let shape = array.shape().iter().map(|&d| d as usize).collect();
                let data = array
                    .into_vec::<f32>()
                    .unwrap_or_else(|e| panic!("{name}: {e}"));
                (name, Array { shape, data })
            })
            .collect();
        let mut warn = |text: String| panic!("{text}");
        let step = OrtStep::load(package, family, scale, Engine::default(), &mut warn)
            .unwrap_or_else(|e| panic!("{e}"));
        Self { arrays, step }
    }

    fn array(&self, name: &str) -> &Array {
        let known = self.arrays.keys();
        self.arrays
            .get(name)
            .unwrap_or_else(|| panic!("no array {name} among {known:?}"))
    }

    fn picture(&self, name: &str) -> Image {
        self.array(name).pictures().remove(0)
    }

    /// The inner noises of a step whose state is `xt`.
    fn noise(&self, xt: &Image) -> Image {
        let mut noise = Image::new(0, xt.height, xt.width);
        noise.data.clone_from(&self.array("noise").data);
        noise.channels = noise.data.len() / xt.plane(0).len();
        noise
    }

    /// The graph's own inputs, without the batch dimension that pictures have.
    fn tensors(&self) -> Vec<Tensor> {
        OWN_INPUTS
            .into_iter()
            .filter_map(|name| {
                let array = self.arrays.get(name)?;
                let batched = array.shape.len() == 4;
                Some(Tensor {
                    name,
                    shape: array.shape[usize::from(batched)..].into(),
                    data: Data::Shared(array.data.as_slice().into()),
                })
            })
            .collect()
    }

    fn sigma_y(&self) -> f32 {
        self.array("sigma_y").data[0]
    }
}

/// The graph as a step, with the stored inputs of a whole run.
struct Run {
    golden: Golden,
    tensors: Vec<Tensor>,
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
        let sigma = self.golden.sigma_y();
        let step = &mut self.golden.step;
        step.run(patches, level, sigma, |_| &self.tensors)
    }
}

fn largest_difference(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    let differences = a.iter().zip(b).map(|(a, b)| (a - b).abs());
    differences.fold(0.0, f32::max)
}

#[test]
fn a_step_of_each_graph_agrees_with_pytorch() {
    for (package, family, scale) in graphs() {
        let mut golden = Golden::open(&package, family, scale);
        let xt = golden.picture("xt");
        let mut patch = [Patch {
            window: xt.bounds(),
            noise: golden.noise(&xt),
            xt,
            z0: golden.picture("z0"),
        }];
        let level = Level {
            t: golden.array("t").data[0] as u32,
            alpha: 0.0,
            sigma: 0.0,
        };
        let (sigma, tensors) = (golden.sigma_y(), golden.tensors());
        let answer = golden.step.run(&mut patch, level, sigma, |_| &tensors);
        let name = package.join(family);
        answer.unwrap_or_else(|e| panic!("{name:?}: {e}"));
        let miss = largest_difference(&patch[0].z0.data, &golden.array("x0").data);
        assert!(miss <= STEP_TOLERANCE, "{name:?}: a step differs by {miss}");
    }
}

#[test]
fn patches_of_a_batch_are_answered_as_if_alone() {
    let mut golden = Golden::open(&package(), "denoise", 1);
    let patch = |golden: &Golden, sign: f32| {
        let turned = |mut image: Image| {
            image.data.iter_mut().for_each(|v| *v *= sign);
            image
        };
        let xt = turned(golden.picture("xt"));
        Patch {
            window: xt.bounds(),
            noise: golden.noise(&xt),
            xt,
            z0: turned(golden.picture("z0")),
        }
    };
    let patches = [patch(&golden, 1.0), patch(&golden, -0.5)];
    let mut together = patches.clone();
    let level = sampler::levels(3)[1];
    let (sigma, tensors) = (golden.sigma_y(), golden.tensors());
    let mut run = |patches: &mut [Patch]| {
        let answer = golden.step.run(patches, level, sigma, |_| &tensors);
        answer.unwrap();
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
    for (package, family, scale) in graphs() {
        let golden = Golden::open(&package, family, scale);
        let inner = golden.step.manifest().iterations as u32;
        let initial = golden.picture("run_noise_xT");
        let noise = golden.array("run_noise").pictures();
        let (start, wanted) = (golden.picture("run_z0"), golden.picture("run_x0"));
        let steps = golden.array("run_noise").shape[0];
        let tensors = golden.tensors();
        let mut model = Run { golden, tensors };
        // Stream 0 is the initial state; step i takes 1 + i (K + 1) + k.
        let draw = |stream: u32| match stream.checked_sub(1) {
            None => initial.clone(),
            Some(at) => {
                let (step, k) = (at / (inner + 1), at % (inner + 1));
                assert!(k < inner, "no re-noising is drawn when zeta is 0");
                noise[(step * inner + k) as usize].clone()
            }
        };
        let levels = sampler::levels(steps);
        let answer = sampler::reverse(&mut model, &levels, Initial::Cold(start), 0.0, draw);
        let name = package.join(family);
        let answer = answer.unwrap_or_else(|e| panic!("{name:?}: {e}"));
        let miss = largest_difference(&answer.data, &wanted.data);
        assert!(miss <= RUN_TOLERANCE, "{name:?}: a run differs by {miss}");
    }
}

#[test]
fn the_spectrum_of_the_stored_kernel_is_the_stored_one() {
    let golden = Golden::open(&package(), "blur", 1);
    let (psf, otf) = (golden.array("psf"), golden.array("otf"));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("kernel.npy");
    let writer = std::fs::File::create(&file).unwrap();
    let shape: Vec<u64> = psf.shape.iter().map(|&d| d as u64).collect();
    let mut writer = {
        use npyz::WriterBuilder;
        let options = npyz::WriteOptions::new().default_dtype().shape(&shape);
        options.writer(writer).begin_nd().unwrap()
    };
    writer.extend(psf.data.iter().copied()).unwrap();
    writer.finish().unwrap();

    let [_, height, width] = otf.shape[..] else {
        panic!("{:?} is no spectrum", otf.shape);
    };
    let damage = Degradation::Blur(Kernel::File { path: file.into() });
    let mut operator = Operator::new(&damage, width, height).unwrap();
    let canvas = operator.canvas(8);
    let frame = Image::new(3, height, width);
    let observed = operator.observe(&frame, &canvas);
    let window = Window {
        x: 0,
        y: 0,
        width,
        height,
    };
    let tensors = operator.tensors(&observed, &canvas, window, 0).unwrap();
    let made = tensors.iter().find(|t| t.name == "otf").expect("an otf");
    assert_eq!(made.shape.as_slice(), otf.shape);
    let miss = largest_difference(&made.data, &otf.data);
    assert!(miss <= 1e-5, "the spectrum differs by {miss}");
}

#[test]
fn the_tensors_of_a_reduction_are_the_stored_ones() {
    for (family, scale) in FAMILIES.into_iter().filter(|(_, scale)| *scale > 1) {
        let golden = Golden::open(&package(), family, scale);
        let (xt, observed) = (golden.picture("xt"), golden.picture("y"));
        let damage = Degradation::Downscale(scale);
        let mut operator = Operator::new(&damage, observed.width, observed.height).unwrap();
        let canvas = operator.canvas(golden.step.manifest().size_multiple);
        for tensor in operator
            .tensors(&observed, &canvas, xt.bounds(), 0)
            .unwrap()
        {
            // The stored observation already has its band blended across the wrap.
            if tensor.name != "y" {
                let stored = golden.array(tensor.name);
                assert_eq!(
                    tensor.shape.as_slice(),
                    stored.shape,
                    "{family}: {}",
                    tensor.name
                );
                let miss = largest_difference(&tensor.data, &stored.data);
                assert!(miss <= 1e-5, "{family}: {} differs by {miss}", tensor.name);
            }
        }
    }
}

#[test]
fn the_stored_quantisation_tables_are_those_of_a_quality() {
    let golden = Golden::open(&package(), "jpeg", 1);
    let [luma, chroma] = ["quant_luma", "quant_chroma"].map(|name| &golden.array(name).data);
    let known = (1..=100).any(|quality| {
        let (l, c) = quantisation(quality);
        largest_difference(&l, luma) == 0.0 && largest_difference(&c, chroma) == 0.0
    });
    assert!(known, "no quality has the tables {luma:?} and {chroma:?}");
}
