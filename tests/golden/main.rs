// SPDX-License-Identifier: MPL-2.0
//! The shipped model against PyTorch: what the export wrote beside each graph must come out here too.

#[path = "../common/mod.rs"]
mod common;
mod restoration;

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use gstud2m::error::RestoreError;
use gstud2m::graph::{Data, GraphSpec, Tensor};
use gstud2m::image::{Image, Window};
use gstud2m::model::{Engine, OrtStep};
use gstud2m::operator::{Degradation, Kernel, Operator, Subsampling, quantisation};
use gstud2m::sampler::{self, Aggregation, Initial, Level, Patch, StepModel};

/// What ships; the first also serves where one package is enough.
const PACKAGES: [&str; 3] = ["lite", "lite-perceptual", "base"];
/// The graphs of a package.
fn specs() -> [GraphSpec; 9] {
    let jpeg = |subsampling| Degradation::Jpeg {
        quality: 0,
        subsampling,
    };
    [
        Degradation::Blur(Kernel::Uniform { size: 0 }),
        Degradation::Mask(Path::new("").into()),
        Degradation::Denoise,
        jpeg(Subsampling::C420),
        jpeg(Subsampling::C422),
        jpeg(Subsampling::C444),
        Degradation::Downscale(2),
        Degradation::Downscale(3),
        Degradation::Downscale(4),
    ]
    .map(|degradation| degradation.graph())
}

/// The graph called `name`.
fn spec(name: &str) -> GraphSpec {
    let found = specs().into_iter().find(|spec| spec.name == name);
    found.unwrap_or_else(|| panic!("no graph {name}"))
}

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
    spec: GraphSpec,
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

/// Every graph of every package.
fn graphs() -> impl Iterator<Item = (PathBuf, GraphSpec)> {
    packages()
        .into_iter()
        .flat_map(|package| specs().map(|spec| (package.clone(), spec)))
}

impl Golden {
    fn open(package: &Path, spec: GraphSpec) -> Self {
        common::init();
        let path = package.join(format!("{}.golden.npz", spec.name));
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
        let step = OrtStep::load(package, &spec, Engine::default(), &mut warn)
            .unwrap_or_else(|e| panic!("{e}"));
        Self { spec, arrays, step }
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
        let names = [
            "y",
            "otf",
            "mask",
            "kernel",
            "gram",
            "quant_luma",
            "quant_chroma",
        ];
        let own = |name: &&str| self.spec.inputs.iter().any(|input| input.name == **name);
        names
            .into_iter()
            .filter(own)
            .map(|name| {
                let array = self.array(name);
                let batched = array.shape.len() == 4;
                Tensor {
                    name,
                    shape: array.shape[usize::from(batched)..].into(),
                    data: Data::Shared(array.data.as_slice().into()),
                }
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
    for (package, spec) in graphs() {
        let name = package.join(&spec.name);
        let mut golden = Golden::open(&package, spec);
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
        answer.unwrap_or_else(|e| panic!("{name:?}: {e}"));
        let miss = largest_difference(&patch[0].z0.data, &golden.array("x0").data);
        assert!(miss <= STEP_TOLERANCE, "{name:?}: a step differs by {miss}");
    }
}

#[test]
fn patches_of_a_batch_are_answered_as_if_alone() {
    let mut golden = Golden::open(&package(), spec("denoise"));
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
    for (package, spec) in graphs() {
        let name = package.join(&spec.name);
        let golden = Golden::open(&package, spec);
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
        let answer = answer.unwrap_or_else(|e| panic!("{name:?}: {e}"));
        let miss = largest_difference(&answer.data, &wanted.data);
        assert!(miss <= RUN_TOLERANCE, "{name:?}: a run differs by {miss}");
    }
}

#[test]
fn the_spectrum_of_the_stored_kernel_is_the_stored_one() {
    let golden = Golden::open(&package(), spec("blur"));
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
    let tensors = operator.tensors(&observed, &canvas, window);
    let made = tensors.iter().find(|t| t.name == "otf").expect("an otf");
    assert_eq!(made.shape.as_slice(), otf.shape);
    let miss = largest_difference(&made.data, &otf.data);
    assert!(miss <= 1e-5, "the spectrum differs by {miss}");
}

#[test]
fn the_tensors_of_a_reduction_are_the_stored_ones() {
    for scale in [2, 3, 4] {
        let damage = Degradation::Downscale(scale);
        let golden = Golden::open(&package(), damage.graph());
        let (xt, observed) = (golden.picture("xt"), golden.picture("y"));
        let mut operator = Operator::new(&damage, observed.width, observed.height).unwrap();
        let canvas = operator.canvas(golden.step.manifest().size_multiple);
        for tensor in operator.tensors(&observed, &canvas, xt.bounds()) {
            // The stored observation already has its band blended across the wrap.
            if tensor.name != "y" {
                let stored = golden.array(tensor.name);
                assert_eq!(
                    tensor.shape.as_slice(),
                    stored.shape,
                    "x{scale}: {}",
                    tensor.name
                );
                let miss = largest_difference(&tensor.data, &stored.data);
                assert!(miss <= 1e-5, "x{scale}: {} differs by {miss}", tensor.name);
            }
        }
    }
}

#[test]
fn the_stored_quantisation_tables_are_those_of_a_quality() {
    let golden = Golden::open(&package(), spec("jpeg"));
    let [luma, chroma] = ["quant_luma", "quant_chroma"].map(|name| &golden.array(name).data);
    let known = (1..=100).any(|quality| {
        let (l, c) = quantisation(quality);
        largest_difference(&l, luma) == 0.0 && largest_difference(&c, chroma) == 0.0
    });
    assert!(known, "no quality has the tables {luma:?} and {chroma:?}");
}
