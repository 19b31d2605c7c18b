// SPDX-License-Identifier: MPL-2.0
//! What operators make for their graphs, and the settings and files that they refuse.

use super::*;
use crate::operator::Compression;

/// A window of the canvas of a frame of 40 x 30.
const WINDOW: Window = Window {
    x: 0,
    y: 24,
    width: 48,
    height: 24,
};

#[test]
fn tensors_are_those_that_the_step_graphs_name() {
    let (_folder, operators) = all(40, 30);
    for (name, mut op) in operators {
        let canvas = op.canvas(24);
        let observed = op.observe(&noise(3, 30, 40), &canvas);
        let made = op.tensors(&observed, &canvas, WINDOW);
        let found: Vec<(&str, &[usize])> =
            made.iter().map(|t| (t.name, t.shape.as_slice())).collect();
        let want: &[(&str, &[usize])] = match op.graph().name.as_str() {
            "blur" => &[
                ("y", &[3, 24, 48]),
                ("otf", &[2, 24, 48]),
                ("mask", &[1, 24, 48]),
            ],
            "mask" => &[("y", &[3, 24, 48]), ("mask", &[1, 24, 48])],
            "downscale2" => &[
                ("y", &[3, 12, 24]),
                ("kernel", &[8, 8]),
                ("gram", &[12, 24]),
            ],
            "downscale3" => &[
                ("y", &[3, 8, 16]),
                ("kernel", &[11, 11]),
                ("gram", &[8, 16]),
            ],
            "downscale4" => &[
                ("y", &[3, 6, 12]),
                ("kernel", &[16, 16]),
                ("gram", &[6, 12]),
            ],
            "jpeg" | "jpeg422" | "jpeg444" => &[
                ("y", &[3, 24, 48]),
                ("quant_luma", &[8, 8]),
                ("quant_chroma", &[8, 8]),
            ],
            "denoise" => &[("y", &[3, 24, 48])],
            other => panic!("{other} is not in this list"),
        };
        assert_eq!(found, want, "{name}");
    }
}

#[test]
fn tensors_fit_the_graphs_specification() {
    let (_folder, operators) = all(40, 30);
    for (name, mut op) in operators {
        let canvas = op.canvas(24);
        let observed = op.observe(&noise(3, 30, 40), &canvas);
        let made = op.tensors(&observed, &canvas, WINDOW);
        let inputs = &op.graph().inputs;
        assert_eq!(made.len(), inputs.len(), "{name}");
        for (tensor, input) in made.iter().zip(inputs) {
            let dims = &input.dims[usize::from(input.dims.len() == 4)..];
            let mut sizes = dims.iter().zip(&tensor.shape);
            let fits = sizes.all(|(dim, size)| dim.is_none_or(|d| d == *size));
            let named = tensor.name == input.name && tensor.shape.len() == dims.len();
            assert!(fits && named, "{name}: {:?} for {input:?}", tensor.shape);
        }
    }
}

#[test]
fn what_does_not_change_is_made_once() {
    let kernel = Kernel::Uniform { size: 3 };
    let mut op = Operator::new(&Degradation::Blur(kernel), 40, 30).expect("blur");
    let canvas = op.canvas(8);
    let observed = op.observe(&noise(3, 30, 40), &canvas);
    let window = Window {
        x: 0,
        y: 8,
        width: 32,
        height: 24,
    };
    let first = op.tensors(&observed, &canvas, window);
    let moved = Window { x: 16, ..window };
    let second = op.tensors(&observed, &canvas, moved);
    assert_eq!(first[1].data.as_ptr(), second[1].data.as_ptr());
}

#[test]
fn missing_pixels_are_zero_and_the_initial_estimate_fills_them() {
    let (_folder, operators) = operators(40, 30);
    for (_, mut op) in operators
        .into_iter()
        .filter(|(_, op)| op.graph().name == "mask")
    {
        let canvas = op.canvas(8);
        let y = Image::filled(3, 30, 40, 0.5);
        let observed = op.observe(&y, &canvas);
        let made = op.tensors(&observed, &canvas, observed.bounds());
        for (i, m) in made[1].data.iter().enumerate() {
            assert_eq!(made[0].data[i], 0.5 * m);
        }
        assert!(made[1].data.contains(&0.0) && made[1].data.contains(&1.0));
        let initial = op.initial(&observed, &canvas);
        assert!(initial.data.iter().all(|v| (v - 0.5).abs() < 1e-6));
    }
}

#[test]
fn masks_that_do_not_fit_are_refused_by_file_and_size() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    image::GrayImage::from_pixel(8, 9, image::Luma([255]))
        .save(at("small.png"))
        .expect("a file");
    image::GrayImage::new(40, 30)
        .save(at("black.png"))
        .expect("a file");
    std::fs::write(at("junk.png"), b"not an image").expect("a file");
    for (name, words) in [
        ("small.png", ["8x9", "40x30"]),
        ("black.png", ["black.png", "nothing is observed"]),
        ("junk.png", ["junk.png", "cannot be read"]),
        ("missing.png", ["missing.png", "cannot be read"]),
    ] {
        let error = Operator::new(&Degradation::Mask(at(name).into()), 40, 30)
            .err()
            .expect(name)
            .to_string();
        assert!(words.iter().all(|w| error.contains(w)), "{error}");
    }
}

#[test]
fn masks_of_frames_count_beside_those_of_files_until_they_are_said_anew() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("mask.png");
    let half = image::GrayImage::from_fn(6, 4, |x, _| image::Luma([if x < 3 { 0 } else { 255 }]));
    half.save(&path).expect("a file");
    let holes = Image::from_fn(1, 4, 6, |_, y, _| f32::from(u8::from(y > 0)));
    let file = InputFile::from(path);
    let inpaint = |file: InputFile| Operator::new(&Degradation::Mask(file), 6, 4);
    let denoise = Operator::new(&Degradation::Denoise, 6, 4).and_then(|op| op.with_mask(&file));
    for (with_file, operator) in [
        (false, inpaint(InputFile::default())),
        (true, inpaint(file.clone())),
        (true, denoise),
    ] {
        let mut operator = operator.expect("an operator");
        for with_holes in [false, true, false] {
            operator.set_holes(with_holes.then_some(&holes));
            let missing = operator.missing().expect("a mask");
            let wanted = Image::from_fn(1, 4, 6, |_, y, x| {
                let hidden = (with_file && x < 3) || (with_holes && y == 0);
                f32::from(u8::from(!hidden))
            });
            assert_eq!(*missing, wanted, "{with_file}, {with_holes}");
        }
    }
}

#[test]
fn graphs_are_named_as_their_files_are_and_know_their_scale() {
    let (_folder, operators) = all(40, 30);
    let mut found: Vec<(&str, usize)> = operators
        .iter()
        .map(|(_, op)| (op.graph().name.as_str(), op.scale()))
        .collect();
    found.dedup();
    assert_eq!(
        found,
        [
            ("blur", 1),
            ("mask", 1),
            ("downscale2", 2),
            ("downscale3", 3),
            ("downscale4", 4),
            ("denoise", 1),
            ("jpeg", 1),
            ("jpeg422", 1),
            ("jpeg444", 1),
        ]
    );
}

#[test]
fn the_steps_of_a_jpeg_are_told_or_found_and_others_have_none() {
    let frame = rounded(&textured(48, 64));
    let jpeg = |quality| {
        let degradation = Degradation::Jpeg {
            quality,
            subsampling: Subsampling::C420,
        };
        Operator::new(&degradation, 64, 48).expect("an operator")
    };
    let luma = |op: &mut Operator| {
        let canvas = op.canvas(8);
        let observed = op.observe(&frame, &canvas);
        op.tensors(&observed, &canvas, observed.bounds())[1].data[0]
    };
    let mut told = jpeg(50);
    let inspected = told.inspect(&frame, None).expect("it was told");
    assert_eq!(
        (inspected.quality, luma(&mut told)),
        (50, quantisation(50).0[0])
    );
    assert!(
        told.doubt(&frame).is_some(),
        "the frame was never compressed"
    );
    let mut found = jpeg(0);
    let before = Compression::of_quality(20);
    let inspected = found.inspect(&Image::filled(3, 48, 64, 0.0), Some(before));
    assert_eq!(inspected, Some(before), "a flat frame tells nothing");
    assert_eq!(luma(&mut found), quantisation(20).0[0]);
    let inspected = found
        .inspect(&told.apply(&frame), None)
        .expect("it is left open");
    assert_eq!((inspected.quality, found.doubt(&frame)), (50, None));
    let mut other = Operator::new(&Degradation::Denoise, 64, 48).expect("an operator");
    assert_eq!(
        (other.inspect(&frame, Some(before)), other.doubt(&frame)),
        (None, None)
    );
}
