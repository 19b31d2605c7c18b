// SPDX-License-Identifier: MPL-2.0
//! Enumerations that properties can be set to: one row a value, as users write and read it.

use std::ops::RangeFull;

use gst::glib;

use super::row::{PropertyValue, Row, property_type};

/// Makes enumerations of rows `Variant: "nick", "what it means";`.
macro_rules! choices {
    ($(
        $(#[$doc:meta])*
        $name:ident, $type_name:tt {$( $variant:ident: $nick:tt, $meaning:tt; )*}
    )*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, glib::Enum)]
        #[enum_type(name = $type_name)]
        #[repr(i32)]
        pub enum $name {
            $(
                #[doc = $meaning]
                #[enum_value(name = $meaning, nick = $nick)]
                $variant,
            )*
        }

        property_type!($name, RangeFull, |row| {
            glib::ParamSpecEnum::builder_with_default(row.name, row.default)
        });
    )*};
}

choices! {
    /// Which degradation is undone.
    Task, "GstUd2mRestoreTask" {
        Deblur: "deblur", "The frame was convolved with a kernel";
        Inpaint: "inpaint", "Pixels outside the mask are missing";
        SuperResolve: "super-resolve", "The frame was scaled down bicubically";
        Jpeg: "jpeg", "The frame was compressed by JPEG";
        Denoise: "denoise", "Gaussian noise was added";
    }

    /// Shape of the blur kernel.
    KernelShape, "GstUd2mRestoreKernel" {
        Gaussian: "gaussian", "A Gaussian of standard deviation kernel-sigma";
        Uniform: "uniform", "A square of kernel-size pixels";
        Motion: "motion", "A line of kernel-length pixels at kernel-angle";
        File: "file", "The image or array in kernel-file";
        Disk: "disk", "A disk of radius kernel-radius, which a lens out of focus makes of a point";
    }

    /// Chroma subsampling of a JPEG.
    JpegSubsampling, "GstUd2mRestoreJpegSubsampling" {
        Auto: "auto",
            "That of the frame's format; 4:2:0 for RGB, gray and formats that no JPEG has";
        C420: "420", "4:2:0, a sample for two by two pixels";
        C422: "422", "4:2:2, a sample for two pixels of a row";
        C444: "444", "4:4:4, a sample for each pixel";
    }

    /// Where it is said which pixels are missing.
    MaskSource, "GstUd2mRestoreMaskSource" {
        File: "file", "The image in mask-file, for all frames";
        Alpha: "alpha",
            "The alpha channel of each frame, beside mask-file: what is not nearly opaque is \
             missing; all is opaque in what leaves";
        Pad: "pad",
            "The frames on the pad mask_sink, beside mask-file: what is not nearly white, or \
             nearly opaque where they have alpha, is missing; requesting the pad sets this";
    }

    /// How the sampling noise changes from frame to frame.
    NoiseMode, "GstUd2mRestoreNoiseMode" {
        Fixed: "fixed", "All frames share one noise, which flickers least";
        PerFrame: "per-frame", "Each frame has its own noise";
    }

    /// What of the samples becomes the frame.
    Output, "GstUd2mRestoreOutput" {
        Sample: "sample", "The first sample";
        Mean: "mean", "Mean of the samples";
        Stddev: "stddev",
            "Standard deviation of the samples as gray, white from 16 of 255 on; with samples=1, \
             the error that a network expects of the mean";
    }

    /// Whether a frame starts from the one before it.
    Temporal, "GstUd2mRestoreTemporal" {
        Off: "off", "Each frame by itself";
        WarmStart: "warm-start", "One step from the frame before, and all steps after a cut";
    }

    /// Where the network runs.
    ExecutionProvider, "GstUd2mRestoreExecutionProvider" {
        Auto: "auto",
            "The provider in provider-library where one is set, else CUDA, where it works; else \
             CPU with a warning";
        Cpu: "cpu", "CPU";
        Cuda: "cuda", "NVIDIA CUDA, or an error";
        TensorRt: "tensorrt", "NVIDIA TensorRT, or an error";
        OpenVino: "openvino", "Intel OpenVINO on the CPU, or an error";
        WebGpu: "webgpu",
            "WebGPU on a GPU of any maker, by provider-library or the library that lies beside the \
             plugin, or an error";
        Plugin: "plugin", "Whatever provider-library offers, or an error";
    }

    /// What becomes of a frame that is late.
    OverloadPolicy, "GstUd2mRestoreOverloadPolicy" {
        Block: "block", "It is restored all the same, and later frames wait";
        Passthrough: "passthrough", "It leaves as it came, upscaled where the task upscales";
        FewerSteps: "fewer-steps", "Frames are restored with fewer steps, down to one";
        Drop: "drop", "It is dropped";
    }
}
