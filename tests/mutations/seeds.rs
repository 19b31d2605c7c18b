// SPDX-License-Identifier: MPL-2.0
//! Inputs that the readers accept, from which the mutated ones are made.

use gst_video::{VideoFormat, VideoInfo};
use image::{DynamicImage, ImageFormat};

use crate::readers::FORMATS;

/// A picture of a few codes, opaque and not black. Colours are gray.
fn picture(width: u32, height: u32) -> DynamicImage {
    let code = |x, y| if (x + 2 * y) % 5 < 2 { 0 } else { 255 };
    image::GrayImage::from_fn(width, height, |x, y| image::Luma([code(x, y)])).into()
}

/// The picture in every colour type that the formats have.
fn pictures(width: u32, height: u32) -> Vec<DynamicImage> {
    let gray = picture(width, height);
    let layer = image::GrayAlphaImage::from_fn(width, height, |x, y| {
        image::LumaA([255, gray.to_luma8().get_pixel(x, y)[0]])
    });
    vec![
        gray.to_luma16().into(),
        gray.to_rgb8().into(),
        gray.to_rgba16().into(),
        layer.into(),
        gray,
    ]
}

fn encoded(image: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut file = std::io::Cursor::new(Vec::new());
    image.write_to(&mut file, format).unwrap();
    file.into_inner()
}

/// PNG files of every kind, one with a palette among them.
pub fn png(width: u32, height: u32) -> Vec<Vec<u8>> {
    let images = pictures(width, height);
    let mut files: Vec<_> = images
        .iter()
        .map(|i| encoded(i, ImageFormat::Png))
        .collect();
    // The gray file's pixels become indices, of which the picture has the first and the last.
    let gray = files.last().unwrap();
    let mut palette = gray[..33].to_vec();
    palette[25] = 3;
    let colours: Vec<u8> = (0..=255).flat_map(|v| [v; 3]).collect();
    let chunk = [b"PLTE", colours.as_slice()].concat();
    palette.extend((colours.len() as u32).to_be_bytes());
    palette.extend(&chunk);
    palette.extend([0; 4]);
    palette.extend(&gray[33..]);
    crate::mutate::mend_checksums(&mut palette);
    files.push(palette);
    files
}

/// PGM, PPM, PBM and PAM, as bytes and as text.
pub fn pnm(width: u32, height: u32) -> Vec<Vec<u8>> {
    let images = pictures(width, height);
    let mut files: Vec<_> = images
        .iter()
        .map(|i| encoded(i, ImageFormat::Pnm))
        .collect();
    let codes = picture(width, height).to_luma8().into_raw();
    let words = |code: &dyn Fn(u8) -> u8| -> String {
        codes.iter().map(|v| format!("{} ", code(*v))).collect()
    };
    files.push(
        format!(
            "P2\n# text\n{width} {height}\n9\n{}",
            words(&|v| v / 255 * 9)
        )
        .into(),
    );
    files.push(format!("P1\n{width} {height}\n{}", words(&|v| u8::from(v == 0))).into());
    files
}

/// Arrays of every version, order and length of values.
pub fn npy() -> Vec<Vec<u8>> {
    let file = |version: u8, kind: &str, order: &str, value: &[u8]| {
        let header =
            format!("{{'descr': '{kind}', 'fortran_order': {order}, 'shape': (3, 5), }}\n");
        let length = (header.len() as u32).to_le_bytes();
        let width = if version == 1 { 2 } else { 4 };
        let start = [b"\x93NUMPY", &[version, 0][..], &length[..width]].concat();
        [start, header.into(), value.repeat(15)].concat()
    };
    vec![
        file(1, "<f4", "False", &1f32.to_le_bytes()),
        file(1, ">f8", "True", &2f64.to_be_bytes()),
        file(2, "|u1", "False", &[3]),
        file(3, "<i8", "True", &4i64.to_le_bytes()),
    ]
}

/// Manifests of two families, and of what tells the standard deviation.
pub fn manifests() -> Vec<Vec<u8>> {
    let manifest = |family: &str, input: &str| {
        format!(
            r#"{{"schema": 2, "name": "n", "version": "1", "licence": "MPL-2.0",
            "family": "{family}", "scale": 1, "range": [-1, 1], "size_multiple": 8, "halo": 16,
            "iterations": 3, "levels": 1000, "beta": [1e-4, 0.02], "sigma_y": [0.002, 0.5],
            "inputs": {{"xt": ["B", 3, "H", "W"], "t": [1], "{input}": [8, 8]}},
            "output": {{"x0": ["B", 3, "H", "W"]}}, "aggregation": "mean",
            "training": {{"steps": [1, [2, [3]]], "note": "a\u00e9\n"}}, "scores": {{}},
            "graph_sha256": "0a",
            "weights": {{"step.safetensors": {{"bytes": 3, "sha256": "00"}}}}}}"#
        )
    };
    let stddev = r#"{"schema": 2, "name": "n", "version": "1", "licence": "MPL-2.0",
        "graph": "stddev", "families": ["blur", "mask"], "size_multiple": 16,
        "inputs": {"x0": ["B", 3, "H", "W"], "sigma_y": [1]},
        "output": {"stddev": ["B", 1, "H", "W"]}, "graph_sha256": "0a",
        "training": {}, "scores": {"denoise": [1, 2]}}"#;
    vec![
        manifest("jpeg", "quant_luma").into(),
        manifest("blur", "otf").into(),
        stddev.into(),
    ]
}

/// Metas of frames of each format that lie as their caps say, and with longer rows.
pub fn video_metas() -> Vec<Vec<u8>> {
    gst::init().unwrap();
    let meta = |(kind, format): (usize, &VideoFormat), longer: i32| {
        let info = VideoInfo::builder(*format, 16, 8).build().unwrap();
        let planes = 0..info.n_planes() as usize;
        let memory = (1 + longer as usize) * info.size() + 4096;
        let places =
            planes.flat_map(|i| [info.offset()[i] as u32, (info.stride()[i] + longer) as u32]);
        // The reader adds 1 to both sides.
        let head = [kind as u32, 15, 7, memory as u32];
        let numbers = head.into_iter().chain(places);
        numbers.flat_map(u32::to_le_bytes).collect()
    };
    let all = || FORMATS.iter().enumerate();
    all().flat_map(|f| [meta(f, 0), meta(f, 4)]).collect()
}
