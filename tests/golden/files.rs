// SPDX-License-Identifier: MPL-2.0
//! What the export wrote beside each graph: a degraded image, seeds, and PyTorch's outputs of a
//! step and of a run. Random inputs are drawn from the seeds, here as there.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use gstud2m::graph::{Data, Facts, GraphSpec, NoiseTensors, Tensor};
use gstud2m::image::Image;
use gstud2m::model::{Engine, OrtStep, Stop, TEXTURE_NOISE, Y_NOISE};
use gstud2m::operator::{Degradation, InputFile, Kernel, Subsampling};
use gstud2m::sampler;

use crate::common;

/// What ships; the first also serves where one package is enough.
pub const PACKAGES: [&str; 4] = ["lite", "lite-perceptual", "base", "tiny"];

/// Arrays that hold one integer.
const NUMBERS: [&str; 3] = ["seed", "run_seed", "run_steps"];

/// The graphs of a package.
pub fn specs() -> [GraphSpec; 9] {
    let jpeg = |subsampling| Degradation::Jpeg {
        quality: 0,
        subsampling,
    };
    [
        Degradation::Blur(Kernel::Uniform { size: 0 }),
        Degradation::Mask(InputFile::default()),
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
pub fn spec(name: &str) -> GraphSpec {
    let found = specs().into_iter().find(|spec| spec.name == name);
    found.unwrap_or_else(|| panic!("no graph {name}"))
}

pub struct Array {
    pub shape: Vec<usize>,
    pub data: Vec<f32>,
}

impl Array {
    /// The last three dimensions as images, one for each index of the dimensions before.
    pub fn images(&self) -> Vec<Image> {
        let [.., channels, height, width] = self.shape[..] else {
            panic!("{:?} holds no images", self.shape);
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
pub struct Golden {
    pub spec: GraphSpec,
    pub arrays: HashMap<String, Array>,
    /// Seeds, and the number of steps.
    pub numbers: HashMap<String, u64>,
    pub step: OrtStep,
}

pub fn package() -> PathBuf {
    packages().swap_remove(0)
}

pub fn packages() -> Vec<PathBuf> {
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
pub fn graphs() -> impl Iterator<Item = (PathBuf, GraphSpec)> {
    packages()
        .into_iter()
        .flat_map(|package| specs().map(|spec| (package.clone(), spec)))
}

/// The arrays of a file: those of images and tensors, and those that hold one number.
pub fn npz(path: &Path) -> (HashMap<String, Array>, HashMap<String, u64>) {
    let mut archive = npyz::npz::NpzArchive::open(path)
        .unwrap_or_else(|e| panic!("{path:?} ({e}): run models/export.py"));
    let names: Vec<String> = archive.array_names().map(str::to_owned).collect();
    let (mut arrays, mut numbers) = (HashMap::new(), HashMap::new());
    for name in names {
        let array = archive.by_name(&name).unwrap().unwrap();
        if NUMBERS.contains(&&*name) {
            let data = array.into_vec::<i64>();
            let data = data.unwrap_or_else(|e| panic!("{name}: {e}"));
            numbers.insert(name, u64::try_from(data[0]).unwrap());
            continue;
        }
        let shape = array.shape().iter().map(|&d| d as usize).collect();
        let data = array.into_vec::<f32>();
        let data = data.unwrap_or_else(|e| panic!("{name}: {e}"));
        arrays.insert(name, Array { shape, data });
    }
    (arrays, numbers)
}

impl Golden {
    pub fn open(package: &Path, spec: GraphSpec) -> Self {
        common::init();
        let path = package.join(format!("{}.golden.npz", spec.name));
        let (arrays, numbers) = npz(&path);
        let mut warn = |text: String| panic!("{text}");
        let step = OrtStep::load(
            package,
            &spec,
            &Engine::default(),
            &mut warn,
            &Stop::default(),
        )
        .unwrap_or_else(|e| panic!("{e}"));
        Self {
            spec,
            arrays,
            numbers,
            step,
        }
    }

    pub fn array(&self, name: &str) -> &Array {
        let known = self.arrays.keys();
        self.arrays
            .get(name)
            .unwrap_or_else(|| panic!("no array {name} among {known:?}"))
    }

    pub fn image(&self, name: &str) -> Image {
        self.array(name).images().remove(0)
    }

    /// The state that the step begins from: stream 0 of its seed.
    pub fn xt(&self) -> Image {
        self.drawn("seed", 0)
    }

    /// The inner noises of the step, one after the other: the streams from 1 on.
    pub fn noise(&self) -> Image {
        let inner = self.step.manifest().iterations as u32;
        let mut noise = self.drawn("seed", 1);
        for stream in 2..=inner {
            let more = self.drawn("seed", stream);
            noise.channels += more.channels;
            noise.data.extend_from_slice(&more.data);
        }
        noise
    }

    /// Noise of the size of the result, from the seed that is stored under this name.
    pub fn drawn(&self, seed: &str, stream: u32) -> Image {
        let z0 = self.image("z0");
        sampler::normal_image(self.numbers[seed], stream, 3, z0.height, z0.width)
    }

    /// The graph's own inputs, without the batch dimension that images have.
    pub fn tensors(&self) -> Vec<Tensor> {
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

    /// The noise of a sample in an outer step, with the seed that is stored under this name; none
    /// where the graph answers with the mean alone.
    pub fn sample_noise(&self, seed: &str, step: u32) -> Vec<Tensor> {
        let manifest = self.step.manifest();
        let (seed, z0, y) = (self.numbers[seed], self.image("z0"), self.image("y"));
        let texture = || sampler::texture_image(seed, step, z0.height, z0.width);
        let of_y = || sampler::y_noise_image(seed, step, y.height, y.width);
        let mut out = Vec::new();
        if manifest.takes_realism() {
            out.push(Tensor::own(TEXTURE_NOISE, texture()));
        }
        if manifest.inputs.contains_key(Y_NOISE) {
            out.push(Tensor::own(Y_NOISE, of_y()));
        }
        out
    }

    /// What the graph is told: the answers are samples where it can give them.
    pub fn told(&self) -> Facts {
        let realism = match self.step.manifest().takes_realism() {
            true => self.array("realism").data[0],
            false => 0.0,
        };
        let noise = self.noise_told();
        Facts { noise, realism }
    }

    /// What the graph is told of the noise.
    fn noise_told(&self) -> NoiseTensors {
        let white = NoiseTensors::white(self.array("sigma_y").data[0]);
        if !self.step.manifest().takes_noise_model() {
            return white;
        }
        let [basis, std, shape] =
            ["noise_basis", "noise_std", "noise_shape"].map(|name| &self.array(name).data[..]);
        NoiseTensors {
            basis: basis.try_into().unwrap(),
            std: std.try_into().unwrap(),
            shape: shape.try_into().unwrap(),
            ..white
        }
    }
}

pub fn largest_difference(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    let differences = a.iter().zip(b).map(|(a, b)| (a - b).abs());
    differences.fold(0.0, f32::max)
}
