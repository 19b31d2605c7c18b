// SPDX-License-Identifier: MPL-2.0
//! The blur of pictures that were blurred here, and of what has none.

pub mod made;

use std::path::{Path, PathBuf};

use image::{GrayImage, ImageBuffer, Luma, RgbImage};
use serde_json::Value;

use crate::progress::lines;
use crate::{call, folder};
use made::{Kernel, SIDE, array, blurred, similarity};

/// Estimates a kernel; the exit code, the lines of JSON, and what went wrong.
fn estimated(input: &Path, output: &Path, options: &[&str]) -> (i32, Vec<Value>, String) {
    let fixed = [
        "kernel".as_ref(),
        input.as_os_str(),
        "-o".as_ref(),
        output.as_os_str(),
    ];
    let options = options.iter().chain(&["--json"]).map(|text| text.as_ref());
    let done = call(&fixed.into_iter().chain(options).collect::<Vec<_>>());
    let wrong = String::from_utf8_lossy(&done.stderr).into_owned();
    (
        done.status.code().expect("no signal"),
        lines(&done.stdout),
        wrong,
    )
}

/// What is found of a picture: its last line, and the kernel that was written.
fn found(picture: &GrayImage, folder: &Path, options: &[&str]) -> (Value, Vec<f64>) {
    let (input, output) = (folder.join("in.png"), folder.join("kernel.npy"));
    picture.save(&input).expect("a file");
    let (code, said, wrong) = estimated(&input, &output, options);
    assert_eq!(code, 0, "{wrong}");
    let last = said.last().expect("a line").clone();
    assert_eq!(last["event"], "kernel", "{last}");
    (last, array(&output))
}

#[test]
fn a_free_kernel_is_found_the_right_way_round() {
    let folder = folder();
    let path: Vec<_> = (0..60)
        .map(|i| {
            let t = f64::from(i) / 59.0;
            if t < 0.6 {
                (-4.0 + 12.0 * t, -4.0 + 3.0 * t)
            } else {
                (3.2, -2.2 + 16.0 * (t - 0.6))
            }
        })
        .collect();
    let kernel = Kernel::path(15, &path);
    let picture = blurred(&kernel, 1);
    let (said, data) = found(&picture, folder.path(), &["--size", "15", "--kind", "free"]);
    assert_eq!(said["kind"], "free");
    let side = said["width"].as_u64().expect("a side");
    assert_eq!((said["height"].as_u64(), side % 2), (Some(side), 1));
    assert_eq!(data.len() as u64, side * side);
    assert!((data.iter().sum::<f64>() - 1.0).abs() < 1e-4, "its sum");
    assert!(data.iter().all(|v| *v >= 0.0), "negative");
    let alike = similarity(&data, &kernel.data);
    assert!(alike >= 0.8, "{alike}");
    let turned: Vec<f64> = data.iter().rev().copied().collect();
    assert!(similarity(&turned, &kernel.data) < alike, "turned around");
    let restore = said["restore"].as_str().expect("a command");
    assert!(
        restore.contains("--task deblur --kernel-file "),
        "{restore}"
    );
    assert!(
        said["confidence"].as_f64().expect("a number") > 0.5,
        "{said}"
    );
}

#[test]
fn disks_gaussians_and_lines_are_named_with_their_numbers() {
    let folder = folder();
    let disk = Kernel::of(9, |x, y| f64::from(u8::from(x * x + y * y < 3.5 * 3.5)));
    let (said, _) = found(&blurred(&disk, 3), folder.path(), &["--size", "15"]);
    assert_eq!(said["kind"], "disk", "{said}");
    let radius = said["radius"].as_f64().expect("a radius");
    assert!((radius - 3.5).abs() <= 0.3, "{radius}");

    let gaussian = Kernel::of(13, |x, y| (-(x * x + y * y) / 8.0).exp());
    let options = ["--size", "15", "--overwrite"];
    let (said, _) = found(&blurred(&gaussian, 5), folder.path(), &options);
    assert_eq!(said["kind"], "gaussian", "{said}");
    let sigma = said["sigma"].as_f64().expect("a sigma");
    assert!((sigma - 2.0).abs() <= 0.2, "{sigma}");

    // Counter-clockwise from the right, as the element counts; rows grow downwards.
    let (sin, cos) = 35f64.to_radians().sin_cos();
    let line = Kernel::of(15, |x, y| {
        let (along, across) = (x * cos - y * sin, x * sin + y * cos);
        f64::from(u8::from(along.abs() < 5.5 && across.abs() < 0.5))
    });
    let (said, _) = found(&blurred(&line, 7), folder.path(), &options);
    assert_eq!(said["kind"], "line", "{said}");
    let number = |name: &str| said[name].as_f64().expect("a number");
    assert!((number("length") - 11.0).abs() <= 1.5, "{said}");
    assert!((number("angle") - 35.0).abs() <= 5.0, "{said}");
}

#[test]
fn deep_pictures_are_read_and_kernels_are_pictures_too() {
    let folder = folder();
    let kernel = Kernel::of(5, |x, y| (-(x * x + y * y) / 2.0).exp());
    let codes = blurred(&kernel, 9).into_raw();
    let deep = codes.into_iter().map(|v| u16::from(v) * 257).collect();
    let side = SIDE as u32;
    let deep = ImageBuffer::<Luma<u16>, Vec<u16>>::from_vec(side, side, deep);
    let input = folder.path().join("deep.png");
    deep.expect("a picture").save(&input).expect("a file");
    let output = folder.path().join("kernel.png");
    let options = ["--size", "9", "--kind", "free", "--region", "20,10,120,100"];
    let (code, _, wrong) = estimated(&input, &output, &options);
    assert_eq!(code, 0, "{wrong}");
    let picture = image::open(&output).expect("a picture").to_luma16();
    let (width, height) = picture.dimensions();
    assert!(
        width == height && width % 2 == 1 && width <= 9,
        "{width}x{height}"
    );
    assert_eq!(picture.pixels().map(|p| p.0[0]).max(), Some(u16::MAX));
}

#[test]
fn what_shows_no_blur_is_told_in_a_sentence() {
    let folder = folder();
    let at = |name: &str| folder.path().join(name);
    GrayImage::from_pixel(80, 80, Luma([90]))
        .save(at("flat.png"))
        .expect("a file");
    RgbImage::from_fn(40, 90, |x, y| image::Rgb([x as u8 * 6, y as u8, 7]))
        .save(at("tiny.png"))
        .expect("a file");
    GrayImage::from_pixel(1, 1, Luma([9]))
        .save(at("dot.png"))
        .expect("a file");
    blurred(&Kernel::of(3, |_, _| 1.0), 4)
        .save(at("in.png"))
        .expect("a file");
    std::fs::write(at("there.npy"), "precious").expect("a file");
    std::fs::write(at("text.png"), "no picture").expect("a file");
    for (name, output, options, code, word) in [
        ("flat.png", "k.npy", &[][..], 1, "hardly an edge"),
        ("tiny.png", "k.npy", &[], 1, "40x90 pixels, too few"),
        ("dot.png", "k.npy", &[], 1, "too few"),
        ("text.png", "k.npy", &[], 1, "text.png"),
        ("none.png", "k.npy", &[], 1, "cannot be read"),
        ("in.png", "k.txt", &[], 2, ".npy or .png"),
        ("in.png", "none/k.npy", &[], 1, "is no folder"),
        ("in.png", "there.npy", &[], 1, "is there already"),
        (
            "in.png",
            "k.npy",
            &["--region", "0,0,20,200"],
            2,
            "reaches beyond",
        ),
        (
            "in.png",
            "k.npy",
            &["--region", "0,0,20,20"],
            1,
            "20x20 pixels, too few",
        ),
        ("in.png", "k.npy", &["--region", "0,0,20"], 2, "X,Y,W,H"),
        (
            "in.png",
            "k.npy",
            &["--size", "14"],
            2,
            "an odd number from 3 to 127",
        ),
        ("in.png", "k.npy", &["--frames", "1"], 2, "has 1 frames"),
        ("-", "k.npy", &[], 2, "from a file"),
    ] {
        let input = if name == "-" {
            PathBuf::from(name)
        } else {
            at(name)
        };
        let (found, _, said) = estimated(&input, &at(output), options);
        assert_eq!(found, code, "{name}: {said}");
        assert!(said.contains(word), "{word}: {said}");
        assert!(!at("k.npy").exists(), "{name} made a kernel");
    }
    assert_eq!(std::fs::read(at("there.npy")).expect("a file"), b"precious");
}
