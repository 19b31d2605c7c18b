// SPDX-License-Identifier: MPL-2.0
//! The element `ud2mrestore`: the only room that knows GStreamer.

use gst::glib;
use gst::prelude::*;

mod caps;
mod chroma;
mod colour;
mod convert;
mod damage;
#[doc(hidden)] // For the benchmarks.
pub mod frame;
mod imp;
mod report;
mod settings;
mod state;

/// Which damage is undone.
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
    Halved,
    #[enum_value(name = "4:2:2: a sample for two pixels of a row", nick = "422")]
    Across,
    #[enum_value(name = "4:4:4: a sample for each pixel", nick = "444")]
    Full,
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

glib::wrapper! {
    pub struct Ud2mRestore(ObjectSubclass<imp::Ud2mRestore>) @extends gst_base::BaseTransform, gst::Element, gst::Object;
}

pub fn register(plugin: &gst::Plugin) -> Result<(), glib::BoolError> {
    for kind in [
        Task::static_type(),
        KernelShape::static_type(),
        JpegSubsampling::static_type(),
        NoiseMode::static_type(),
        Output::static_type(),
        ExecutionProvider::static_type(),
    ] {
        kind.mark_as_plugin_api(gst::PluginAPIFlags::empty());
    }
    report::bridge_logs();
    gst::Element::register(
        Some(plugin),
        "ud2mrestore",
        gst::Rank::NONE,
        Ud2mRestore::static_type(),
    )
}
