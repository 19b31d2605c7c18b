// SPDX-License-Identifier: MPL-2.0
//! A device with memory of its own: WebGPU through a Vulkan driver that needs no GPU.

use gstud2m::image::Image;
use gstud2m::restore::{Degradation, Engine, Provider, Restorer};

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

/// The frame, restored without and with fresh noise in each step.
fn restored(restorer: &mut Restorer) -> [Image; 2] {
    let degradation = Degradation::Denoise;
    let mut settings = settings(degradation.clone(), 0.1);
    let none = Default::default();
    restorer.prepare(&degradation, &none, 64, 48).unwrap();
    [0.0, 0.5].map(|stochasticity| {
        settings.stochasticity = stochasticity;
        restorer.restore(&frame(), 0, &settings).unwrap().image
    })
}

#[test]
fn a_frame_through_webgpu_equals_one_of_the_cpu_and_comes_back_once() {
    let Some(plugin) = webgpu() else { return };
    let mut cpu = lite_on(Engine::default(), &Degradation::Denoise);
    let engine = Engine {
        provider: Provider::WebGpu,
        plugin,
        ..Engine::default()
    };
    let mut device = lite_on(engine, &Degradation::Denoise);
    assert!(device.provider().starts_with(WEBGPU));
    let (wanted, found) = (restored(&mut cpu), restored(&mut device));
    for (wanted, found) in wanted.iter().zip(&found) {
        let misses = wanted.data.iter().zip(&found.data);
        let miss = misses.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(miss < 1e-3, "{miss}");
    }
    // Of each frame nine inputs and the first state go there, then noise, levels, films and mirror
    // of two steps; fresh noise goes twice. One image comes back.
    let copies = device.copies().expect("memory of its own");
    assert_eq!((copies.to_device, copies.to_host), (2 * 18 + 2, 2));
    assert_eq!(cpu.copies(), None);
}
