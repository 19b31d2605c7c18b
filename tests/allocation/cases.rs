// SPDX-License-Identifier: MPL-2.0
//! The degradations and the ways to restore a frame whose allocations are counted.

use crate::common;
use gstud2m::image::Image;
use gstud2m::restore::{Degradation, Kernel, Output, Settings, Subsampling, Temporal, Tiling};
use gstud2m::sampler;

pub const WIDTH: usize = 96;
pub const HEIGHT: usize = 72;

pub fn settings(degradation: Degradation) -> Settings {
    Settings {
        noise_per_frame: true,
        stochasticity: 0.3,
        ..common::settings(degradation, 0.02)
    }
}

/// Every kind of degradation, with a name; the folder holds the mask.
pub fn degradations() -> (tempfile::TempDir, Vec<(&'static str, Degradation)>) {
    let folder = tempfile::tempdir().unwrap();
    let mask = folder.path().join("mask.png");
    let holes = |x: u32, y: u32| image::Luma([if x % 7 < 3 && y % 5 < 4 { 0 } else { 255 }]);
    let holed = image::GrayImage::from_fn(WIDTH as u32, HEIGHT as u32, holes);
    holed.save(&mask).unwrap();
    let blur = Degradation::Blur(Kernel::Gaussian {
        size: 0,
        sigma: 1.5,
    });
    let all = vec![
        ("blur", blur),
        ("mask", Degradation::Mask(mask.into())),
        ("denoise", Degradation::Denoise),
        ("downscale2", Degradation::Downscale(2)),
        ("downscale3", Degradation::Downscale(3)),
        (
            "jpeg",
            Degradation::Jpeg {
                quality: 30,
                subsampling: Subsampling::C420,
            },
        ),
        (
            "jpeg of a quality to be found",
            Degradation::Jpeg {
                quality: 0,
                subsampling: Subsampling::C444,
            },
        ),
    ];
    (folder, all)
}

/// The ways to restore a frame, with a name.
pub fn ways(degradation: &Degradation) -> Vec<(&'static str, Settings)> {
    let plain = settings(degradation.clone());
    let tiling = Tiling {
        width: 64,
        height: 48,
        overlap: 16,
        batch: 3,
    };
    let with = |change: &dyn Fn(&mut Settings)| {
        let mut settings = plain.clone();
        change(&mut settings);
        settings
    };
    vec![
        ("whole", plain.clone()),
        ("tiles in batches", with(&|s| s.tiling = tiling)),
        (
            "one sample after another",
            with(&|s| (s.samples, s.output) = (3, Output::Mean)),
        ),
        (
            "deviation of samples",
            with(&|s| (s.samples, s.output) = (3, Output::Deviation)),
        ),
        ("warm start", with(&|s| s.temporal = Temporal::WarmStart)),
        ("shared noise", with(&|s| s.noise_per_frame = false)),
        ("noise to be found", with(&|s| s.noise_sigma = -1.0)),
        (
            "beside the frame",
            with(&|s| (s.strength, s.compare) = (0.5, 0.25)),
        ),
    ]
}

/// A moving scene with noise, at eight bits.
pub fn frame(number: u64) -> Image {
    let noise = sampler::normal_image(number, 0, 3, HEIGHT, WIDTH);
    let scene = |c: usize, y: usize, x: usize| ((x / 5 + y / 3 + c) % 9) as f32 / 9.0 - 0.5;
    Image::from_fn(3, HEIGHT, WIDTH, |c, y, x| {
        let value = scene(c, y, x) + 0.02 * noise.row(c, y)[x];
        (value * 127.5).round() / 127.5
    })
}
