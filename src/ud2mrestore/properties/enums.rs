// SPDX-License-Identifier: MPL-2.0
//! Enumerations that properties can be set to.

use gst::glib;

use super::table::Choice;

/// Which degradation is undone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, glib::Enum)]
#[enum_type(name = "GstUd2mRestoreTask")]
#[repr(i32)]
pub enum Task {
    #[enum_value(name = "The frame was convolved with a kernel", nick = "deblur")]
    Deblur,
    #[enum_value(name = "Pixels outside the mask are missing", nick = "inpaint")]
    Inpaint,
    #[enum_value(name = "The frame was scaled down bicubically", nick = "super-resolve")]
    SuperResolve,
    #[enum_value(name = "The frame was compressed by JPEG", nick = "jpeg")]
    Jpeg,
    #[enum_value(name = "Gaussian noise was added", nick = "denoise")]
    Denoise,
}

impl Choice for Task {}

/// Shape of the blur kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, glib::Enum)]
#[enum_type(name = "GstUd2mRestoreKernel")]
#[repr(i32)]
pub enum KernelShape {
    #[enum_value(
        name = "A Gaussian of standard deviation kernel-sigma",
        nick = "gaussian"
    )]
    Gaussian,
    #[enum_value(name = "A square of kernel-size pixels", nick = "uniform")]
    Uniform,
    #[enum_value(
        name = "A line of kernel-length pixels at kernel-angle",
        nick = "motion"
    )]
    Motion,
    #[enum_value(name = "The image or array in kernel-file", nick = "file")]
    File,
}

impl Choice for KernelShape {}

/// Chroma subsampling of a JPEG.
#[derive(Clone, Copy, Debug, PartialEq, Eq, glib::Enum)]
#[enum_type(name = "GstUd2mRestoreJpegSubsampling")]
#[repr(i32)]
pub enum JpegSubsampling {
    #[enum_value(
        name = "That of the frame's format; 4:2:0 for RGB, gray and formats that no JPEG has",
        nick = "auto"
    )]
    Auto,
    #[enum_value(name = "4:2:0, a sample for two by two pixels", nick = "420")]
    C420,
    #[enum_value(name = "4:2:2, a sample for two pixels of a row", nick = "422")]
    C422,
    #[enum_value(name = "4:4:4, a sample for each pixel", nick = "444")]
    C444,
}

impl Choice for JpegSubsampling {}

/// How the sampling noise changes from frame to frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, glib::Enum)]
#[enum_type(name = "GstUd2mRestoreNoiseMode")]
#[repr(i32)]
pub enum NoiseMode {
    #[enum_value(
        name = "All frames share one noise, which flickers least",
        nick = "fixed"
    )]
    Fixed,
    #[enum_value(name = "Each frame has its own noise", nick = "per-frame")]
    PerFrame,
}

impl Choice for NoiseMode {}

/// What of the samples becomes the frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, glib::Enum)]
#[enum_type(name = "GstUd2mRestoreOutput")]
#[repr(i32)]
pub enum Output {
    #[enum_value(name = "The first sample", nick = "sample")]
    Sample,
    #[enum_value(name = "Mean of the samples", nick = "mean")]
    Mean,
    #[enum_value(
        name = "Standard deviation of the samples as gray, white from 16 of 255 on",
        nick = "stddev"
    )]
    Stddev,
}

impl Choice for Output {}

/// Whether a frame starts from the one before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, glib::Enum)]
#[enum_type(name = "GstUd2mRestoreTemporal")]
#[repr(i32)]
pub enum Temporal {
    #[enum_value(name = "Each frame by itself", nick = "off")]
    Off,
    #[enum_value(
        name = "One step from the frame before, and all steps after a cut",
        nick = "warm-start"
    )]
    WarmStart,
}

impl Choice for Temporal {}

/// Where the network runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, glib::Enum)]
#[enum_type(name = "GstUd2mRestoreExecutionProvider")]
#[repr(i32)]
pub enum ExecutionProvider {
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

impl Choice for ExecutionProvider {}

/// What becomes of a frame that is late.
#[derive(Clone, Copy, Debug, PartialEq, Eq, glib::Enum)]
#[enum_type(name = "GstUd2mRestoreOverloadPolicy")]
#[repr(i32)]
pub enum OverloadPolicy {
    #[enum_value(
        name = "It is restored all the same, and later frames wait",
        nick = "block"
    )]
    Block,
    #[enum_value(
        name = "It leaves as it came, upscaled where the task upscales",
        nick = "passthrough"
    )]
    Passthrough,
    #[enum_value(
        name = "Frames are restored with fewer steps, down to one",
        nick = "fewer-steps"
    )]
    FewerSteps,
    #[enum_value(name = "It is dropped", nick = "drop")]
    Drop,
}

impl Choice for OverloadPolicy {}
