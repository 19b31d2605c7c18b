// SPDX-License-Identifier: MPL-2.0
//! What the export wrote beside each graph: inputs of a step and of a run, and PyTorch's outputs.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use gstud2m::graph::{Data, GraphSpec, Tensor};
use gstud2m::image::Image;
use gstud2m::model::{Engine, OrtStep};
use gstud2m::operator::{Degradation, Kernel, Subsampling};

use crate::common;

/// What ships; the first also serves where one package is enough.
pub const PACKAGES: [&str; 3] = ["lite", "lite-perceptual", "base"];

/// The graphs of a package.
pub fn specs() -> [GraphSpec; 9] {
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

impl Golden {
    pub fn open(package: &Path, spec: GraphSpec) -> Self {
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

    pub fn array(&self, name: &str) -> &Array {
        let known = self.arrays.keys();
        self.arrays
            .get(name)
            .unwrap_or_else(|| panic!("no array {name} among {known:?}"))
    }

    pub fn image(&self, name: &str) -> Image {
        self.array(name).images().remove(0)
    }

    /// The inner noises of a step whose state is `xt`.
    pub fn noise(&self, xt: &Image) -> Image {
        let mut noise = Image::new(0, xt.height, xt.width);
        noise.data.clone_from(&self.array("noise").data);
        noise.channels = noise.data.len() / xt.plane(0).len();
        noise
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

    pub fn sigma_y(&self) -> f32 {
        self.array("sigma_y").data[0]
    }
}

pub fn largest_difference(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    let differences = a.iter().zip(b).map(|(a, b)| (a - b).abs());
    differences.fold(0.0, f32::max)
}
