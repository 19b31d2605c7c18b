// SPDX-License-Identifier: MPL-2.0
//! The shipped models: against PyTorch, and on a made image.

#[path = "../common/mod.rs"]
mod common;
mod files;
mod noise;
mod restoration;
mod side_by_side;
mod steps;
mod temporal;
mod tensors;

use gstud2m::restore::{
    Degradation, Engine, InputFile, Output, Restorer, Settings, Stop, Temporal, Tiling,
};

/// The package `lite`, loaded for a degradation.
fn lite(degradation: &Degradation) -> Restorer {
    lite_on(Engine::default(), degradation)
}

fn lite_on(engine: Engine, degradation: &Degradation) -> Restorer {
    common::init();
    let mut warn = |text| panic!("{text}");
    Restorer::load("lite", degradation, engine, &mut warn, &Stop::default()).unwrap()
}

/// Three outer steps of one sample, in frames that stand alone. `sigma` is of full scale.
fn settings(degradation: Degradation, sigma: f32) -> Settings {
    Settings {
        degradation,
        mask: InputFile::default(),
        noise_sigma: sigma,
        noise_is_luma: false,
        steps: 3,
        seed: 7,
        detect_unobserved: true,
        noise_per_frame: false,
        stochasticity: 0.0,
        samples: 1,
        output: Output::Sample,
        temporal: Temporal::Off,
        strength: 1.0,
        compare: 0.0,
        tiling: Tiling::default(),
    }
}
