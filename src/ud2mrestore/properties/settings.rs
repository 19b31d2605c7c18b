// SPDX-License-Identifier: MPL-2.0
//! The values of the properties: `Fixed` ones are read when the element starts, `Live` ones at every frame.

use std::path::Path;
use std::sync::Arc;

use gst::glib;
use gst::prelude::*;

use super::enums::{
    ExecutionProvider, JpegSubsampling, KernelShape, NoiseMode, Output, OverloadPolicy, Task,
    Temporal,
};

/// What can be changed while the element is stopped.
#[derive(Clone, Debug, PartialEq)]
pub struct Fixed {
    pub task: Task,
    pub scale: u32,
    pub jpeg_subsampling: JpegSubsampling,
    pub model: String,
    pub provider: ExecutionProvider,
    pub device: i32,
    pub threads: u32,
    pub tile_width: u32,
    pub tile_height: u32,
    pub tile_overlap: u32,
    pub batch_size: u32,
}

/// What can be changed at any time.
#[derive(Clone, Debug, PartialEq)]
pub struct Live {
    pub kernel: KernelShape,
    pub kernel_size: u32,
    pub kernel_sigma: f64,
    pub kernel_length: f64,
    pub kernel_angle: f64,
    /// Shared, so that settings are copied for each frame without asking for memory.
    pub kernel_file: Arc<Path>,
    pub noise_sigma: f64,
    pub mask_file: Arc<Path>,
    pub jpeg_quality: u32,
    pub steps: u32,
    pub seed: u64,
    pub noise_mode: NoiseMode,
    pub stochasticity: f64,
    pub samples: u32,
    pub output: Output,
    pub temporal: Temporal,
    pub strength: f64,
    pub compare: f64,
    pub overload_policy: OverloadPolicy,
    /// Milliseconds between two messages; 0 posts none.
    pub stats_interval: u32,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Settings {
    pub fixed: Fixed,
    pub live: Live,
}

impl Default for Fixed {
    fn default() -> Self {
        Self {
            task: Task::default(),
            scale: 4,
            jpeg_subsampling: JpegSubsampling::default(),
            model: "lite".to_owned(),
            provider: ExecutionProvider::default(),
            device: 0,
            threads: 0,
            tile_width: 0,
            tile_height: 0,
            tile_overlap: 0,
            batch_size: 0,
        }
    }
}

impl Default for Live {
    fn default() -> Self {
        Self {
            kernel: KernelShape::default(),
            kernel_size: 0,
            kernel_sigma: 1.732_050_8,
            kernel_length: 15.0,
            kernel_angle: 0.0,
            kernel_file: Path::new("").into(),
            noise_sigma: 0.01,
            mask_file: Path::new("").into(),
            jpeg_quality: 0,
            steps: 3,
            seed: 0,
            noise_mode: NoiseMode::default(),
            stochasticity: 0.0,
            samples: 1,
            output: Output::default(),
            temporal: Temporal::default(),
            strength: 1.0,
            compare: 0.0,
            overload_policy: OverloadPolicy::default(),
            stats_interval: 0,
        }
    }
}

/// The value of a property whose type GObject has checked.
fn checked<'a, T: glib::value::FromValue<'a>>(value: &'a glib::Value) -> T {
    // GObject converts a value to the property's type, or refuses it, before this is called.
    value
        .get()
        .unwrap_or_else(|_| unreachable!("a value of another type"))
}

impl Settings {
    pub fn set(&mut self, name: &str, value: &glib::Value) {
        let Self { fixed, live } = self;
        let string = || checked::<Option<String>>(value).unwrap_or_default();
        match name {
            "task" => fixed.task = checked(value),
            "kernel" => live.kernel = checked(value),
            "kernel-size" => live.kernel_size = checked(value),
            "kernel-sigma" => live.kernel_sigma = checked(value),
            "kernel-length" => live.kernel_length = checked(value),
            "kernel-angle" => live.kernel_angle = checked(value),
            "kernel-file" => live.kernel_file = Path::new(&string()).into(),
            "noise-sigma" => live.noise_sigma = checked(value),
            "mask-file" => live.mask_file = Path::new(&string()).into(),
            "scale" => fixed.scale = checked(value),
            "jpeg-subsampling" => fixed.jpeg_subsampling = checked(value),
            "jpeg-quality" => live.jpeg_quality = checked(value),
            "steps" => live.steps = checked(value),
            "seed" => live.seed = checked(value),
            "noise-mode" => live.noise_mode = checked(value),
            "stochasticity" => live.stochasticity = checked(value),
            "samples" => live.samples = checked(value),
            "output" => live.output = checked(value),
            "temporal" => live.temporal = checked(value),
            "strength" => live.strength = checked(value),
            "compare" => live.compare = checked(value),
            "overload-policy" => live.overload_policy = checked(value),
            "stats-interval" => live.stats_interval = checked(value),
            "model" => fixed.model = string(),
            "execution-provider" => fixed.provider = checked(value),
            "device" => fixed.device = checked(value),
            "tile-width" => fixed.tile_width = checked(value),
            "tile-height" => fixed.tile_height = checked(value),
            "tile-overlap" => fixed.tile_overlap = checked(value),
            "batch-size" => fixed.batch_size = checked(value),
            "threads" => fixed.threads = checked(value),
            _ => unimplemented!("property {name}"),
        }
    }

    pub fn get(&self, name: &str) -> glib::Value {
        let Self { fixed, live } = self;
        let path = |path: &Path| path.to_str().filter(|t| !t.is_empty()).to_value();
        match name {
            "task" => fixed.task.to_value(),
            "kernel" => live.kernel.to_value(),
            "kernel-size" => live.kernel_size.to_value(),
            "kernel-sigma" => live.kernel_sigma.to_value(),
            "kernel-length" => live.kernel_length.to_value(),
            "kernel-angle" => live.kernel_angle.to_value(),
            "kernel-file" => path(&live.kernel_file),
            "noise-sigma" => live.noise_sigma.to_value(),
            "mask-file" => path(&live.mask_file),
            "scale" => fixed.scale.to_value(),
            "jpeg-subsampling" => fixed.jpeg_subsampling.to_value(),
            "jpeg-quality" => live.jpeg_quality.to_value(),
            "steps" => live.steps.to_value(),
            "seed" => live.seed.to_value(),
            "noise-mode" => live.noise_mode.to_value(),
            "stochasticity" => live.stochasticity.to_value(),
            "samples" => live.samples.to_value(),
            "output" => live.output.to_value(),
            "temporal" => live.temporal.to_value(),
            "strength" => live.strength.to_value(),
            "compare" => live.compare.to_value(),
            "overload-policy" => live.overload_policy.to_value(),
            "stats-interval" => live.stats_interval.to_value(),
            "model" => fixed.model.to_value(),
            "execution-provider" => fixed.provider.to_value(),
            "device" => fixed.device.to_value(),
            "tile-width" => fixed.tile_width.to_value(),
            "tile-height" => fixed.tile_height.to_value(),
            "tile-overlap" => fixed.tile_overlap.to_value(),
            "batch-size" => fixed.batch_size.to_value(),
            "threads" => fixed.threads.to_value(),
            _ => unimplemented!("property {name}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::specs::SPECS;
    use super::*;

    /// Names of the properties that the settings hold.
    fn held() -> impl Iterator<Item = &'static glib::ParamSpec> {
        SPECS
            .iter()
            .filter(|s| s.flags().contains(glib::ParamFlags::WRITABLE))
    }

    #[test]
    fn settings_round_trip_every_property() {
        gst::init().expect("GStreamer starts");
        let mut settings = Settings::default();
        for spec in held() {
            let value = settings.get(spec.name());
            assert_eq!(value.type_(), spec.value_type(), "{}", spec.name());
            settings.set(spec.name(), &value);
        }
        assert_eq!(settings, Settings::default());
    }

    #[test]
    fn every_default_is_the_one_that_is_announced() {
        gst::init().expect("GStreamer starts");
        for spec in held() {
            let held = Settings::default().get(spec.name());
            let (announced, held) = (format!("{:?}", spec.default_value()), format!("{held:?}"));
            assert_eq!(announced, held, "{}", spec.name());
        }
    }
}
