// SPDX-License-Identifier: MPL-2.0
//! The properties as GObject knows them: names, ranges, defaults, when they may change. Nothing else lists them but
//! the values in `settings`.

use std::sync::LazyLock;

use gst::glib;
use gst::prelude::*;

use super::settings::Settings;

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
            .blurb("The degradation that is undone")
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
        glib::ParamSpecEnum::builder_with_default("jpeg-subsampling", fixed.jpeg_subsampling)
            .nick("JPEG subsampling")
            .blurb("How coarse the chroma of the JPEG was, where the frame's own format does not say it")
            .mutable_ready()
            .build(),
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
        glib::ParamSpecEnum::builder_with_default("overload-policy", live.overload_policy)
            .nick("Overload policy")
            .blurb("What becomes of a frame that is late, as downstream tells by QoS events or, in a live pipeline without them, the clock")
            .mutable_playing()
            .build(),
        uint("stats-interval", "Statistics interval", "Milliseconds by the wall clock between two element messages with the statistics; 0 posts none", 0, u32::MAX, live.stats_interval)
            .mutable_playing().build(),
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
            .blurb("Frames, late ones among them, network evaluations, milliseconds per frame and stage, residual and what else the last frames showed")
            .read_only()
            .build(),
    ]
});
