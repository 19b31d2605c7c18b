// SPDX-License-Identifier: MPL-2.0
//! What properties of few values can be set to.

use gst::glib;

/// Which degradation is undone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, glib::Enum)]
#[enum_type(name = "GstUd2mRestoreTask")]
#[repr(i32)]
pub enum Task {
    #[default]
    #[enum_value(
        name = "Deblur: the frame was convolved with a kernel",
        nick = "deblur"
    )]
    Deblur,
    #[enum_value(
        name = "Inpaint: pixels outside the mask are missing",
        nick = "inpaint"
    )]
    Inpaint,
    #[enum_value(
        name = "Super-resolve: the frame was scaled down bicubically",
        nick = "super-resolve"
    )]
    SuperResolve,
    #[enum_value(name = "JPEG: the frame was compressed by JPEG", nick = "jpeg")]
    Jpeg,
    #[enum_value(name = "Denoise: Gaussian noise was added", nick = "denoise")]
    Denoise,
}

/// Shape of the blur kernel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, glib::Enum)]
#[enum_type(name = "GstUd2mRestoreKernel")]
#[repr(i32)]
pub enum KernelShape {
    #[default]
    #[enum_value(name = "Gaussian: see kernel-sigma", nick = "gaussian")]
    Gaussian,
    #[enum_value(name = "Uniform: a square of kernel-size pixels", nick = "uniform")]
    Uniform,
    #[enum_value(
        name = "Motion: a line, see kernel-length and kernel-angle",
        nick = "motion"
    )]
    Motion,
    #[enum_value(name = "File: see kernel-file", nick = "file")]
    File,
}

/// How coarse the chroma of a JPEG is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, glib::Enum)]
#[enum_type(name = "GstUd2mRestoreJpegSubsampling")]
#[repr(i32)]
pub enum JpegSubsampling {
    #[default]
    #[enum_value(
        name = "Auto: that of the frame's format; 4:2:0 for RGB, gray and what JPEG has not",
        nick = "auto"
    )]
    Auto,
    #[enum_value(name = "4:2:0: a sample for two by two pixels", nick = "420")]
    C420,
    #[enum_value(name = "4:2:2: a sample for two pixels of a row", nick = "422")]
    C422,
    #[enum_value(name = "4:4:4: a sample for each pixel", nick = "444")]
    C444,
}

/// How the sampling noise changes from frame to frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, glib::Enum)]
#[enum_type(name = "GstUd2mRestoreNoiseMode")]
#[repr(i32)]
pub enum NoiseMode {
    #[default]
    #[enum_value(
        name = "Fixed: all frames share one noise, least flicker",
        nick = "fixed"
    )]
    Fixed,
    #[enum_value(name = "Per frame: each frame has its own noise", nick = "per-frame")]
    PerFrame,
}

/// What of the samples becomes the frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, glib::Enum)]
#[enum_type(name = "GstUd2mRestoreOutput")]
#[repr(i32)]
pub enum Output {
    #[default]
    #[enum_value(name = "Sample: the first one", nick = "sample")]
    Sample,
    #[enum_value(name = "Mean of the samples", nick = "mean")]
    Mean,
    #[enum_value(
        name = "Standard deviation of the samples as gray, white from 16 of 255 on",
        nick = "stddev"
    )]
    Stddev,
}

/// Whether a frame leans on the one before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, glib::Enum)]
#[enum_type(name = "GstUd2mRestoreTemporal")]
#[repr(i32)]
pub enum Temporal {
    #[default]
    #[enum_value(name = "Off: each frame by itself", nick = "off")]
    Off,
    #[enum_value(
        name = "Warm start: one step from the frame before, all steps after a cut",
        nick = "warm-start"
    )]
    WarmStart,
}

/// Where the network runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, glib::Enum)]
#[enum_type(name = "GstUd2mRestoreExecutionProvider")]
#[repr(i32)]
pub enum ExecutionProvider {
    #[default]
    #[enum_value(name = "CUDA where it works, else CPU with a warning", nick = "auto")]
    Auto,
    #[enum_value(name = "CPU", nick = "cpu")]
    Cpu,
    #[enum_value(name = "NVIDIA CUDA, or an error", nick = "cuda")]
    Cuda,
    #[enum_value(name = "NVIDIA TensorRT, or an error", nick = "tensorrt")]
    TensorRt,
    #[enum_value(name = "Intel OpenVINO on the CPU, or an error", nick = "openvino")]
    OpenVino,
}

/// What becomes of a frame that is late.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, glib::Enum)]
#[enum_type(name = "GstUd2mRestoreOverloadPolicy")]
#[repr(i32)]
pub enum OverloadPolicy {
    #[default]
    #[enum_value(
        name = "Block: it is restored all the same, and later frames wait",
        nick = "block"
    )]
    Block,
    #[enum_value(
        name = "Passthrough: it leaves as it came, upscaled where the task upscales",
        nick = "passthrough"
    )]
    Passthrough,
    #[enum_value(
        name = "Fewer steps: frames are restored with fewer steps, down to one",
        nick = "fewer-steps"
    )]
    FewerSteps,
    #[enum_value(name = "Drop: it is dropped", nick = "drop")]
    Drop,
}
