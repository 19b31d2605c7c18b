// SPDX-License-Identifier: MPL-2.0
//! The table of the properties that can be set: one row each, and nothing else lists them.

use std::path::Path;
use std::sync::Arc;

use gst::glib;

use super::enums::{
    ExecutionProvider, JpegSubsampling, KernelShape, MaskSource, NoiseMode, Output, OverloadPolicy,
    Task, Temporal,
};
use super::row::{CONTROLLED, PLAYING, PropertyValue, READY, Row, properties};
use crate::restore::InputFile;

properties! {
/// What may change while the element is stopped, and is read when it starts.
fixed: Fixed {
    task: Task = Task::Deblur, "task", .., READY, "Task",
        "The degradation that is undone";
    scale: u32 = 4, "scale", 1..=16, READY, "Scale",
        "How many times larger the super-resolved frame is: 2, 3 or 4";
    jpeg_subsampling: JpegSubsampling = JpegSubsampling::Auto, "jpeg-subsampling", .., READY,
        "JPEG subsampling",
        "Chroma subsampling of the JPEG, where the frame's own format does not say it";
    mask_source: MaskSource = MaskSource::File, "mask-source", .., READY, "Mask source",
        "Where it is said which pixels are missing and filled in, for every task";
    model: Arc<Path> = Path::new("lite").into(), "model", .., READY, "Model",
        "Name of a bundled model, or path of a model directory";
    provider: ExecutionProvider = ExecutionProvider::Auto, "execution-provider", .., READY,
        "Execution provider",
        "Where the network runs; one that is asked for and not available is an error";
    provider_library: InputFile = InputFile::default(), "provider-library", .., READY,
        "Provider library",
        "Shared library of an ONNX Runtime plugin execution provider, for \
         execution-provider=plugin, webgpu or auto";
    device: i32 = 0, "device", 0..=255, READY, "Device",
        "Index of the GPU, or of the device in the order in which provider-library lists them";
    tile_width: u32 = 0, "tile-width", 0..=16384, READY, "Tile width",
        "Width of the tiles in pixels of the output; 0 chooses it";
    tile_height: u32 = 0, "tile-height", 0..=16384, READY, "Tile height",
        "Height of the tiles in pixels of the output; 0 chooses it";
    tile_overlap: u32 = 0, "tile-overlap", 0..=8192, READY, "Tile overlap",
        "How far neighbouring tiles overlap, in pixels of the output; 0 chooses it";
    batch_size: u32 = 0, "batch-size", 0..=64, READY, "Batch size",
        "How many tiles run at once; 0 chooses it";
    threads: u32 = 0, "threads", 0..=256, READY, "Threads",
        "Threads of the CPU that run the network, tiles side by side; 0 takes all that it may use";
    frames_in_flight: u32 = 0, "frames-in-flight", 0..=8, READY, "Frames in flight",
        "How many frames the CPU restores side by side, where none starts from another, up to one \
         a thread; each but the first is a frame of latency; 0 is one a thread for small frames \
         with a frame rate from sources that can seek and are not live, else 1";
}

/// What may change at any time, and is read at every frame.
live: Live {
    kernel: KernelShape = KernelShape::Gaussian, "kernel", .., CONTROLLED, "Kernel",
        "Shape of the blur kernel";
    kernel_size: u32 = 0, "kernel-size", 0..=129, CONTROLLED, "Kernel size",
        "Width and height of the kernel in pixels, odd; 0 chooses them from the other parameters \
         (9 for uniform)";
    kernel_sigma: f64 = 1.732_050_8, "kernel-sigma", 0.01..=20.0, CONTROLLED, "Kernel sigma",
        "Standard deviation of the Gaussian kernel in pixels";
    kernel_radius: f64 = 3.0, "kernel-radius", 0.5..=64.0, CONTROLLED, "Kernel radius",
        "Radius of the disk in pixels and parts of them";
    kernel_length: f64 = 15.0, "kernel-length", 1.0..=127.0, CONTROLLED, "Kernel length",
        "Length of the motion kernel in pixels";
    kernel_angle: f64 = 0.0, "kernel-angle", -360.0..=360.0, CONTROLLED, "Kernel angle",
        "Direction of the motion kernel in degrees, counter-clockwise from the right";
    kernel_file: InputFile = InputFile::default(), "kernel-file", .., PLAYING, "Kernel file",
        "Gray PNG, PGM or .npy file with the blur kernel, which is normalised to sum 1; an alpha \
         channel is the kernel where all pixels have one colour; setting it sets kernel=file";
    noise_sigma: f64 = 0.01, "noise-sigma", -1.0..=1.0, CONTROLLED, "Noise sigma",
        "Standard deviation of the noise, as a share of full scale: of luma for gray and YUV \
         frames, else of each channel; -1 estimates it from the frames; limited to what the model \
         was trained for";
    mask_file: InputFile = InputFile::default(), "mask-file", .., PLAYING, "Mask file",
        "Gray PNG or PGM of the frame's size, for every task: what is nearly white (250 of 255) is \
         observed, all else is missing and filled in; where all has one colour, what is \
         transparent is missing";
    detect_unobserved: bool = true, "detect-unobserved", .., PLAYING, "Detect unobserved pixels",
        "Whether bars around the picture and, for task=deblur, dead pixels and codes that were \
         cut off at black or white are found and left out of the reckoning";
    jpeg_quality: u32 = 0, "jpeg-quality", 0..=100, CONTROLLED, "JPEG quality",
        "Quality (1 to 100, as libjpeg counts it) at which the frame was compressed; 0 estimates \
         it from the frames";
    steps: u32 = 1, "steps", 1..=100, CONTROLLED, "Steps",
        "Steps of the sampler for each frame, each of several network evaluations; three take \
         three times as long and bring 0.1 to 0.5 dB";
    seed: u64 = 0, "seed", 0..=u64::MAX, CONTROLLED, "Seed",
        "Chooses the sampling noise; the same seed gives the same frames";
    noise_mode: NoiseMode = NoiseMode::Fixed, "noise-mode", .., CONTROLLED, "Noise mode",
        "Whether all frames share one sampling noise";
    stochasticity: f64 = 0.0, "stochasticity", 0.0..=1.0, CONTROLLED, "Stochasticity",
        "Share of fresh noise in each step: 0 follows one path, 1 draws anew";
    samples: u32 = 1, "samples", 1..=64, CONTROLLED, "Samples",
        "Samples of the posterior that output=mean and output=stddev are made of; the time grows \
         with them; with 1, output=stddev is told by a network of its own, where the model has \
         one";
    realism: f64 = 0.0, "realism", 0.0..=1.0, CONTROLLED, "Realism",
        "From 0, the posterior mean, which has the least error, to 1, a posterior sample, which \
         looks real; between them a mix of both at twice the cost. For models that were trained \
         for samples";
    output: Output = Output::Sample, "output", .., CONTROLLED, "Output",
        "What of the samples becomes the frame";
    temporal: Temporal = Temporal::Off, "temporal", .., CONTROLLED, "Temporal",
        "Whether a frame starts from the restored frame before it, where the two agree: steadier, \
         and without work where nothing moved";
    strength: f64 = 1.0, "strength", 0.0..=1.0, CONTROLLED, "Strength",
        "From 0, the frame as it came at no cost, to 1, the restored one";
    compare: f64 = 0.0, "compare", 0.0..=1.0, CONTROLLED, "Compare",
        "Share of the width, from the left, that shows the frame as it came";
    overload_policy: OverloadPolicy = OverloadPolicy::Block, "overload-policy", .., PLAYING,
        "Overload policy",
        "What becomes of a frame that is late by downstream's QoS events or, in a live pipeline \
         without them, by the clock";
    stats_interval: u32 = 0, "stats-interval", 0..=u32::MAX, PLAYING, "Statistics interval",
        "Milliseconds by the wall clock between two element messages with the statistics; 0 posts \
         none";
}
}

#[cfg(test)]
mod tests {
    use super::*;
    use gst::prelude::*;

    #[test]
    fn settings_keep_every_property_that_is_set() {
        gst::init().expect("GStreamer starts");
        let mut settings = Settings::default();
        for spec in Settings::specs() {
            let value = settings.get(spec.name());
            assert_eq!(value.type_(), spec.value_type(), "{}", spec.name());
            settings.set(spec.name(), &value);
        }
        assert_eq!(settings, Settings::default());
    }

    #[test]
    fn every_default_is_the_announced_one() {
        gst::init().expect("GStreamer starts");
        for spec in Settings::specs() {
            let held = Settings::default().get(spec.name());
            let (announced, held) = (format!("{:?}", spec.default_value()), format!("{held:?}"));
            assert_eq!(announced, held, "{}", spec.name());
        }
    }

    #[test]
    fn a_property_changes_when_its_part_of_the_settings_is_read() {
        gst::init().expect("GStreamer starts");
        let Settings { fixed, live } = Settings::default();
        let numbers = Settings::specs().into_iter();
        for spec in numbers.filter_map(|s| s.downcast::<glib::ParamSpecUInt>().ok()) {
            let ends = [spec.minimum(), spec.maximum()];
            let other = ends.into_iter().find(|n| *n != spec.default_value());
            let mut settings = Settings::default();
            settings.set(spec.name(), &other.expect("a range").to_value());
            let playing = spec.flags().contains(gst::PARAM_FLAG_MUTABLE_PLAYING);
            assert_eq!(settings.live != live, playing, "{}", spec.name());
            assert_eq!(settings.fixed != fixed, !playing, "{}", spec.name());
        }
    }
}
