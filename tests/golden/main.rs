// SPDX-License-Identifier: MPL-2.0
//! The shipped models: against PyTorch, and on a made image.

#[path = "../common/mod.rs"]
mod common;
mod device;
mod files;
mod noise;
mod prepared;
mod restoration;
mod side_by_side;
mod steps;
mod temporal;
mod tensors;

use common::settings;
use gstud2m::restore::{Degradation, Engine, Restorer, Stop};

/// The package `lite`, loaded for a degradation.
fn lite(degradation: &Degradation) -> Restorer {
    lite_on(Engine::default(), degradation)
}

fn lite_on(engine: Engine, degradation: &Degradation) -> Restorer {
    common::init();
    let mut warn = |text| panic!("{text}");
    Restorer::load("lite", degradation, engine, &mut warn, &Stop::default()).unwrap()
}
