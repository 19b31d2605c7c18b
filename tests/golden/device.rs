// SPDX-License-Identifier: MPL-2.0
//! A device with memory of its own: WebGPU through a Vulkan driver that needs no GPU.

use gstud2m::image::Image;
use gstud2m::restore::{Degradation, Engine, Provider};

use crate::common::{WEBGPU, settings, webgpu};
use crate::lite_on;

/// A noisy frame of 64×48 pixels: waves of three lengths, other ones in each channel.
fn frame() -> Image {
    let mut image = Image::new(3, 48, 64);
    for c in 0..3 {
        for y in 0..48 {
            for (x, value) in image.row_mut(c, y).iter_mut().enumerate() {
                let (x, y) = (x as f32, y as f32);
                let wave = (0.2 * x + c as f32).sin() + (0.31 * y).cos() + (0.9 * (x + y)).sin();
                *value = 0.3 * wave;
            }
        }
    }
    image
}

/// The frame, restored on an engine; the second value is the provider's name.
fn restored(engine: Engine) -> (Image, &'static str) {
    let degradation = Degradation::Denoise;
    let mut restorer = lite_on(engine, &degradation);
    let settings = settings(degradation.clone(), 0.1);
    let none = Default::default();
    restorer.prepare(&degradation, &none, 64, 48).unwrap();
    let image = restorer.restore(&frame(), 0, &settings).unwrap().image;
    (image, restorer.provider())
}

#[test]
fn a_frame_through_webgpu_equals_one_of_the_cpu() {
    let Some(plugin) = webgpu() else { return };
    let (wanted, _) = restored(Engine {
        provider: Provider::Cpu,
        ..Engine::default()
    });
    let (found, name) = restored(Engine {
        provider: Provider::WebGpu,
        plugin,
        ..Engine::default()
    });
    assert!(name.starts_with(WEBGPU), "{name}");
    let misses = wanted.data.iter().zip(&found.data);
    let miss = misses.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(miss < 1e-3, "{miss}");
}
