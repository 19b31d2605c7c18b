// SPDX-License-Identifier: MPL-2.0
//! The tensors that operators give to the graphs, as the export stored them.

use gstud2m::image::{Image, Window};
use gstud2m::operator::{Degradation, Kernel, Operator, quantisation};

use crate::files::{Golden, largest_difference, package, spec};

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
    let degradation = Degradation::Blur(Kernel::File(file.into()));
    let mut operator = Operator::new(&degradation, width, height).unwrap();
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
        let degradation = Degradation::Downscale(scale);
        let golden = Golden::open(&package(), degradation.graph());
        let (z0, observed) = (golden.image("z0"), golden.image("y"));
        let mut operator = Operator::new(&degradation, observed.width, observed.height).unwrap();
        let canvas = operator.canvas(golden.step.manifest().size_multiple);
        for tensor in operator.tensors(&observed, &canvas, z0.bounds()) {
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
