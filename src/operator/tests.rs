// SPDX-License-Identifier: MPL-2.0
//! Laws that hold for every operator: a new kind of degradation joins the list and is tested.

use super::*;
use crate::image::{Image, Window};

/// Independent, standard normal enough (sums of uniforms); a function of the size.
pub fn noise(channels: usize, height: usize, width: usize) -> Image {
    let mut state = 0x2545_f491_4f6c_dd1du64 ^ (channels * 7919 + height * 104_729 + width) as u64;
    let mut uniform = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / (1u64 << 24) as f32
    };
    Image::from_fn(channels, height, width, |_, _, _| {
        (0..12).map(|_| uniform()).sum::<f32>() - 6.0
    })
}

/// A made image with smooth shading, edges of several directions, and fine texture in one part.
pub fn textured(height: usize, width: usize) -> Image {
    Image::from_fn(3, height, width, |c, y, x| {
        let (v, u) = (y as f32 / height as f32, x as f32 / width as f32);
        let shade = 0.5 * (u - v) + 0.1 * c as f32 - 0.1;
        let disc = if (u - 0.6).hypot(v - 0.4) < 0.2 {
            0.35
        } else {
            0.0
        };
        let stripe = if (u + 0.7 * v).fract() < 0.25 {
            -0.25
        } else {
            0.0
        };
        let weave = if u < 0.45 && v > 0.5 {
            0.15 * (0.9 * x as f32).sin() * (0.7 * y as f32 + 0.3 * x as f32).cos()
        } else {
            0.0
        };
        shade + disc + stripe + weave + 0.05 * (0.11 * x as f32).sin() * (0.07 * y as f32).cos()
    })
}

/// As a frame arrives: clipped to the range and rounded to 8 bits.
pub fn rounded(image: &Image) -> Image {
    let mut out = image.clone();
    for v in &mut out.data {
        *v = ((*v + 1.0) * 127.5).round().clamp(0.0, 255.0) / 127.5 - 1.0;
    }
    out
}

/// Every linear operator for frames of a size, with a name. The folder holds the mask's file.
fn operators(width: usize, height: usize) -> (tempfile::TempDir, Vec<(String, Operator)>) {
    let folder = tempfile::tempdir().expect("a folder");
    let mask = folder.path().join("mask.png");
    let image = image::GrayImage::from_fn(width as u32, height as u32, |x, y| {
        image::Luma([if (3 * x + 5 * y) % 7 < 3 { 255 } else { 0 }])
    });
    image.save(&mask).expect("a file");
    let motion = Kernel::Motion {
        length: 6.5,
        angle: 25.0,
        size: 0,
    };
    let degradations = [
        Degradation::Blur(Kernel::Gaussian {
            size: 0,
            sigma: 1.3,
        }),
        Degradation::Blur(Kernel::Uniform { size: 0 }),
        Degradation::Blur(motion),
        Degradation::Mask(mask.into()),
        Degradation::Downscale(2),
        Degradation::Downscale(3),
        Degradation::Downscale(4),
        Degradation::Denoise,
    ];
    let build = |degradation: Degradation| {
        let operator = Operator::new(&degradation, width, height).expect("an operator");
        (format!("{degradation:?} at {width}x{height}"), operator)
    };
    (folder, degradations.into_iter().map(build).collect())
}

/// JPEG of a quality that comes with the frame, at every subsampling, which is not linear.
fn compressed(width: usize, height: usize) -> impl Iterator<Item = (String, Operator)> {
    let all = [Subsampling::C420, Subsampling::C422, Subsampling::C444];
    all.into_iter().map(move |subsampling| {
        let degradation = Degradation::Jpeg {
            quality: 0,
            subsampling,
        };
        let operator = Operator::new(&degradation, width, height).expect("an operator");
        (format!("{degradation:?} at {width}x{height}"), operator)
    })
}

fn dot(a: &Image, b: &Image) -> f64 {
    a.data
        .iter()
        .zip(&b.data)
        .map(|(a, b)| f64::from(*a) * f64::from(*b))
        .sum()
}

#[test]
fn every_operator_has_its_transpose() {
    for (width, height) in [(16, 8), (17, 11), (37, 31), (1, 5), (3, 2)] {
        let (_folder, operators) = operators(width, height);
        for (name, op) in operators {
            let x = noise(2, height * op.scale(), width * op.scale());
            let y = noise(2, height, width);
            let (ax, back) = (op.apply(&x), op.adjoint(&y));
            assert_eq!((ax.height, ax.width), (height, width), "{name}");
            assert_eq!((back.height, back.width), (x.height, x.width), "{name}");
            let (left, right) = (dot(&ax, &y), dot(&x, &back));
            let scale = (dot(&ax, &ax) * dot(&y, &y)).sqrt();
            assert!(
                (left - right).abs() <= 1e-5 * scale,
                "{name}: <Ax,y> = {left}, <x,A'y> = {right}"
            );
        }
    }
}

#[test]
fn a_canvas_holds_the_frame_on_the_grid() {
    for (width, height) in [(1, 1), (17, 11), (64, 40)] {
        let (_folder, mut operators) = operators(width, height);
        operators.extend(compressed(width, height));
        for (name, mut op) in operators {
            let canvas = op.canvas(8);
            let s = op.scale();
            assert!(
                canvas.width.is_multiple_of(8) && canvas.height.is_multiple_of(8),
                "{name}"
            );
            assert!(
                canvas.width.is_multiple_of(s) && canvas.x.is_multiple_of(s),
                "{name}"
            );
            assert_eq!(
                (canvas.frame_width, canvas.frame_height),
                (width * s, height * s),
                "{name}"
            );
            assert_eq!((canvas.x, canvas.y), (op.margin(), op.margin()), "{name}");
            let y = noise(3, height, width);
            let observed = op.observe(&y, &canvas);
            assert_eq!(
                (observed.width * s, observed.height * s),
                (canvas.width, canvas.height),
                "{name}"
            );
            let start = op.initial(&observed, &canvas);
            assert_eq!(
                (start.width, start.height),
                (canvas.width, canvas.height),
                "{name}"
            );
            assert!(start.data.iter().all(|v| v.is_finite()), "{name}");
            for tensor in op
                .tensors(&observed, &canvas, start.bounds(), 10)
                .expect("tensors")
            {
                assert_eq!(
                    tensor.data.len(),
                    tensor.shape.iter().product::<usize>(),
                    "{name}"
                );
                assert!(
                    tensor.data.iter().all(|v| v.is_finite()),
                    "{name} {}",
                    tensor.name
                );
            }
        }
    }
}

#[test]
fn tensors_are_those_that_the_step_graphs_name() {
    let window = Window {
        x: 0,
        y: 24,
        width: 48,
        height: 24,
    };
    let (_folder, mut operators) = operators(40, 30);
    operators.extend(compressed(40, 30));
    for (name, mut op) in operators {
        let canvas = op.canvas(24);
        let observed = op.observe(&noise(3, 30, 40), &canvas);
        let made = op.tensors(&observed, &canvas, window, 20).expect("tensors");
        let found: Vec<(&str, &[usize])> =
            made.iter().map(|t| (t.name, t.shape.as_slice())).collect();
        let want: &[(&str, &[usize])] = match op.family() {
            Family::Blur => &[
                ("y", &[3, 24, 48]),
                ("otf", &[2, 24, 48]),
                ("mask", &[1, 24, 48]),
            ],
            Family::Mask => &[("y", &[3, 24, 48]), ("mask", &[1, 24, 48])],
            Family::Downscale(2) => &[
                ("y", &[3, 12, 24]),
                ("kernel", &[8, 8]),
                ("gram", &[12, 24]),
            ],
            Family::Downscale(3) => &[
                ("y", &[3, 8, 16]),
                ("kernel", &[11, 11]),
                ("gram", &[8, 16]),
            ],
            Family::Downscale(_) => &[
                ("y", &[3, 6, 12]),
                ("kernel", &[16, 16]),
                ("gram", &[6, 12]),
            ],
            Family::Jpeg(_) => &[
                ("y", &[3, 24, 48]),
                ("quant_luma", &[8, 8]),
                ("quant_chroma", &[8, 8]),
            ],
            Family::Denoise => &[("y", &[3, 24, 48])],
        };
        assert_eq!(found, want, "{name}");
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
    let first = op.tensors(&observed, &canvas, window, 0).expect("tensors");
    let moved = Window { x: 16, ..window };
    let second = op.tensors(&observed, &canvas, moved, 0).expect("tensors");
    assert_eq!(first[1].data.as_ptr(), second[1].data.as_ptr());
}

#[test]
fn missing_pixels_are_zero_and_the_start_fills_them() {
    let (_folder, operators) = operators(40, 30);
    for (_, mut op) in operators
        .into_iter()
        .filter(|(_, op)| op.family() == Family::Mask)
    {
        let canvas = op.canvas(8);
        let y = Image::filled(3, 30, 40, 0.5);
        let observed = op.observe(&y, &canvas);
        let made = op
            .tensors(&observed, &canvas, observed.bounds(), 0)
            .expect("tensors");
        for (i, m) in made[1].data.iter().enumerate() {
            assert_eq!(made[0].data[i], 0.5 * m);
        }
        assert!(made[1].data.contains(&0.0) && made[1].data.contains(&1.0));
        let start = op.initial(&observed, &canvas);
        assert!(start.data.iter().all(|v| (v - 0.5).abs() < 1e-6));
    }
}

#[test]
fn the_residual_of_the_truth_is_one_and_that_of_another_image_is_not() {
    let (width, height, sigma) = (96, 72, 0.02);
    let (_folder, operators) = operators(width, height);
    for (name, op) in operators {
        let x = textured(height * op.scale(), width * op.scale());
        let mut y = op.apply(&x);
        let n = noise(3, height, width);
        y.data
            .iter_mut()
            .zip(&n.data)
            .for_each(|(v, n)| *v += 2.0 * sigma * n);
        let truth = op.residual_rms(&x, &y, sigma);
        assert!((truth - 1.0).abs() < 0.1, "{name}: {truth}");
        let mut wrong = x.clone();
        wrong.data.iter_mut().for_each(|v| *v += 0.2);
        assert!(op.residual_rms(&wrong, &y, sigma) > 3.0, "{name}");
    }
}

#[test]
fn a_residual_is_finite_for_frames_smaller_than_the_kernel_and_without_noise() {
    for (width, height) in [(1, 1), (3, 2), (5, 40)] {
        let (_folder, operators) = operators(width, height);
        for (name, op) in operators {
            let x = noise(3, height * op.scale(), width * op.scale());
            let found = op.residual_rms(&x, &noise(3, height, width), 0.0);
            assert!(found.is_finite(), "{name}: {found}");
        }
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
    let none = Operator::new(&Degradation::Mask(Path::new("").into()), 4, 4)
        .err()
        .expect("refused");
    assert!(none.to_string().contains("mask-file"));
}

#[test]
fn families_are_named_as_their_files_are() {
    let names: Vec<String> = [
        Family::Blur,
        Family::Mask,
        Family::Downscale(3),
        Family::Jpeg(Subsampling::C420),
        Family::Jpeg(Subsampling::C422),
        Family::Jpeg(Subsampling::C444),
        Family::Denoise,
    ]
    .iter()
    .map(Family::to_string)
    .collect();
    assert_eq!(
        names,
        [
            "blur",
            "mask",
            "downscale3",
            "jpeg",
            "jpeg422",
            "jpeg444",
            "denoise"
        ]
    );
}
