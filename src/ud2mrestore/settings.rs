// SPDX-License-Identifier: MPL-2.0
//! The properties: names, ranges, defaults, and what they mean to the restorer. Nothing else lists them.
//!
//! `Fixed` properties are read when the element starts, `Live` ones at every frame.

use std::path::Path;
use std::sync::{Arc, LazyLock};

use gst::glib;
use gst::prelude::*;

use super::{ExecutionProvider, KernelShape, NoiseMode, Output, Task, Temporal};

/// What can be changed while the element is stopped.
#[derive(Clone, Debug, PartialEq)]
pub struct Fixed {
    pub task: Task,
    pub scale: u32,
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
        }
    }
}

/// All properties. `active-provider` and `stats` are read from the element, not from the settings.
pub static SPECS: LazyLock<Vec<glib::ParamSpec>> = LazyLock::new(|| {
    let Settings { fixed, live } = Settings::default();
    let uint = |name, nick, blurb, low, high, default| {
        glib::ParamSpecUInt::builder(name)
            .nick(nick)
            .blurb(blurb)
            .minimum(low)
            .maximum(high)
            .default_value(default)
    };
    let double = |name, nick, blurb, low, high, default| {
        glib::ParamSpecDouble::builder(name)
            .nick(nick)
            .blurb(blurb)
            .minimum(low)
            .maximum(high)
            .default_value(default)
            .controllable()
            .mutable_playing()
            .build()
    };
    let text = |name, nick, blurb| glib::ParamSpecString::builder(name).nick(nick).blurb(blurb);
    vec![
        glib::ParamSpecEnum::builder_with_default("task", fixed.task)
            .nick("Task")
            .blurb("The damage that is undone")
            .mutable_ready()
            .build(),
        glib::ParamSpecEnum::builder_with_default("kernel", live.kernel)
            .nick("Kernel")
            .blurb("Shape of the blur kernel")
            .controllable()
            .mutable_playing()
            .build(),
        uint("kernel-size", "Kernel size", "Width and height of the kernel in pixels, odd; 0 chooses them from the other parameters (9 for uniform)", 0, 129, live.kernel_size)
            .controllable().mutable_playing().build(),
        double("kernel-sigma", "Kernel sigma", "Standard deviation of the Gaussian kernel in pixels", 0.01, 20.0, live.kernel_sigma),
        double("kernel-length", "Kernel length", "Length of the motion kernel in pixels", 1.0, 127.0, live.kernel_length),
        double("kernel-angle", "Kernel angle", "Direction of the motion kernel in degrees, counter-clockwise from the right", -360.0, 360.0, live.kernel_angle),
        text("kernel-file", "Kernel file", "Gray PNG, PGM or .npy file with the blur kernel, which is normalised to sum 1")
            .mutable_playing().build(),
        double("noise-sigma", "Noise sigma", "Standard deviation of the noise in the frame, as a share of full scale; -1 estimates it from the frames; limited to what the model was trained for", -1.0, 1.0, live.noise_sigma),
        text("mask-file", "Mask file", "Gray PNG or PGM of the frame's size, white where pixels are observed and black where they are missing")
            .mutable_playing().build(),
        uint("scale", "Scale", "How many times larger the super-resolved frame is", 2, 4, fixed.scale)
            .mutable_ready().build(),
        uint("jpeg-quality", "JPEG quality", "Quality (1 to 100, as libjpeg counts it) at which the frame was compressed; 0 estimates it from the frames", 0, 100, live.jpeg_quality)
            .controllable().mutable_playing().build(),
        uint("steps", "Steps", "Steps of the sampler for each frame; each takes several network evaluations", 1, 100, live.steps)
            .controllable().mutable_playing().build(),
        glib::ParamSpecUInt64::builder("seed")
            .nick("Seed")
            .blurb("Chooses the sampling noise; the same seed gives the same frames")
            .default_value(live.seed)
            .controllable()
            .mutable_playing()
            .build(),
        glib::ParamSpecEnum::builder_with_default("noise-mode", live.noise_mode)
            .nick("Noise mode")
            .blurb("Whether all frames share one sampling noise")
            .controllable()
            .mutable_playing()
            .build(),
        double("stochasticity", "Stochasticity", "Share of fresh noise in each step: 0 follows one path, 1 draws anew", 0.0, 1.0, live.stochasticity),
        uint("samples", "Samples", "Samples of the posterior that output=mean and output=stddev are made of; the time grows with them", 1, 64, live.samples)
            .controllable().mutable_playing().build(),
        glib::ParamSpecEnum::builder_with_default("output", live.output)
            .nick("Output")
            .blurb("What of the samples becomes the frame")
            .controllable()
            .mutable_playing()
            .build(),
        glib::ParamSpecEnum::builder_with_default("temporal", live.temporal)
            .nick("Temporal")
            .blurb("Whether a frame starts from the restored frame before, where that explains what is seen: steadier, and a third of the work")
            .controllable()
            .mutable_playing()
            .build(),
        double("strength", "Strength", "From 0, the frame as it came at no cost, to 1, the restored one", 0.0, 1.0, live.strength),
        double("compare", "Compare", "Share of the width, from the left, that shows the frame as it came", 0.0, 1.0, live.compare),
        text("model", "Model", "Name of a bundled model, or path of a model directory")
            .default_value(Some(fixed.model.as_str()))
            .mutable_ready()
            .build(),
        glib::ParamSpecEnum::builder_with_default("execution-provider", fixed.provider)
            .nick("Execution provider")
            .blurb("Where the network runs; one that is asked for and not available is an error")
            .mutable_ready()
            .build(),
        glib::ParamSpecInt::builder("device")
            .nick("Device")
            .blurb("Index of the GPU")
            .minimum(0)
            .maximum(255)
            .default_value(fixed.device)
            .mutable_ready()
            .build(),
        uint("tile-width", "Tile width", "Width of the tiles in pixels of the output; 0 chooses it", 0, 16384, fixed.tile_width)
            .mutable_ready().build(),
        uint("tile-height", "Tile height", "Height of the tiles in pixels of the output; 0 chooses it", 0, 16384, fixed.tile_height)
            .mutable_ready().build(),
        uint("tile-overlap", "Tile overlap", "How far neighbouring tiles overlap, in pixels of the output; 0 chooses it", 0, 8192, fixed.tile_overlap)
            .mutable_ready().build(),
        uint("batch-size", "Batch size", "How many tiles run at once; 0 chooses it", 0, 64, fixed.batch_size)
            .mutable_ready().build(),
        uint("threads", "Threads", "Threads of the CPU that run the network; 0 leaves the number to ONNX Runtime", 0, 256, fixed.threads)
            .mutable_ready().build(),
        text("active-provider", "Active provider", "ONNX Runtime's name of the execution provider that runs the network; empty while stopped")
            .read_only()
            .build(),
        glib::ParamSpecBoxed::builder::<gst::Structure>("stats")
            .nick("Statistics")
            .blurb("Frames, network evaluations, milliseconds per frame, residual and what else the last frames showed")
            .read_only()
            .build(),
    ]
});

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
