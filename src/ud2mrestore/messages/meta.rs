// SPDX-License-Identifier: MPL-2.0
//! Metas of buffers: the one that says how a frame was made, and those that go on with a frame.

use std::time::Duration;

use gst::meta::CustomMeta;
use gst_video::{VideoCropMeta, VideoRegionOfInterestMeta};

use super::fields::fields;
use super::stats::Stages;
use crate::restore::FrameReport;

/// Name of the meta, and of the structure in it.
pub const NAME: &str = "GstUd2mRestoreMeta";

/// How one frame was restored.
#[derive(Clone, Debug, Default)]
pub struct FrameRecord {
    pub report: FrameReport,
    pub stages: Stages,
    /// Spent in the element.
    pub time: Duration,
}

/// Makes the meta known, once a process.
pub fn register() {
    if !CustomMeta::is_registered(NAME) {
        // Without tags: it stays true of a frame whose size or colours change later.
        CustomMeta::register(NAME, &[]);
    }
}

fields! {
    FIELDS,
    /// Of a frame that was not restored the record is empty.
    set_fields(record: &FrameRecord, provider: &str, passthrough: bool, late: bool);
    "residual": f64, "", "RMS of y − A x over the noise's; near 1 is right"
        = record.report.residual_rms.into();
    "cold-share": f64, "0 to 1", "share of the frame without a warm start"
        = record.report.cold_share.into();
    "steps": u32, "steps", "outer steps of each sample" = record.report.steps as u32;
    "evaluations": u64, "", "passes of the network" = record.report.evaluations;
    "provider": &str, "", "ONNX Runtime's name of what runs the network" = provider;
    "unobserved-share": f64, "0 to 1", "share without data: bars, cut-off codes, holes"
        = record.report.unobserved_share.into();
    "noise-sigma": f64, "of full scale", "noise that was assumed; for gray and YUV of luma"
        = record.report.noise.stated.into();
    "jpeg-quality": u32, "1 to 100", "nearest to the steps assumed; 0 for other tasks"
        = record.report.jpeg_quality;
    "jpeg-fit": f64, "0 to 1", "share of the blocks that these steps explain"
        = record.report.jpeg_fit.into();
    "jpeg-last-quality": u32, "1 to 100", "of a finer compression after it; 0 where none shows"
        = record.report.jpeg_last_quality;
    "milliseconds": f64, "ms", "spent on it" = record.time.as_secs_f64() * 1e3;
    "passthrough": bool, "", "left unrestored, for whatever reason" = passthrough;
    "late": bool, "", "was late" = late;
}

/// Attaches the meta to `buffer`, over one that another restorer left. There is no record of a
/// frame that was not restored.
pub fn attach(
    buffer: &mut gst::BufferRef,
    record: Option<&FrameRecord>,
    provider: &str,
    late: bool,
) {
    if CustomMeta::from_buffer(buffer, NAME).is_err() && CustomMeta::add(buffer, NAME).is_err() {
        return;
    }
    let Ok(mut meta) = CustomMeta::from_mut_buffer(buffer, NAME) else {
        return;
    };
    let unrestored = FrameRecord::default();
    let passthrough = record.is_none_or(|r| r.report.failed.is_some());
    let record = record.unwrap_or(&unrestored);
    set_fields(meta.mut_structure(), record, provider, passthrough, late);
}

/// Whether a meta of the input holds for the output as it is, which is `scale` times larger. A
/// region of interest and a crop that do not are added to the output in their larger form.
pub fn holds_for_output(
    meta: &gst::MetaRef<'_, gst::Meta>,
    output: &mut gst::BufferRef,
    scale: u32,
) -> bool {
    let tags = meta.tags();
    // What describes the input's memory, or something that is not video, does not hold.
    let known = ["video", "size", "orientation", "colorspace"];
    if !tags.iter().all(|t| known.contains(&t.as_str())) {
        return false;
    }
    let in_pixels = tags.iter().any(|t| t.as_str() == "size");
    if !in_pixels || scale == 1 {
        return true;
    }
    if let Some(region) = meta.downcast_ref::<VideoRegionOfInterestMeta>() {
        add_upscaled(region, output, scale);
    } else if let Some(crop) = meta.downcast_ref::<VideoCropMeta>() {
        VideoCropMeta::add(output, upscaled(crop.rect(), scale));
    }
    false
}

/// Left, top, width and height in a frame that is `scale` times larger. What lies beyond all frames
/// stays beyond them.
fn upscaled(rect: (u32, u32, u32, u32), scale: u32) -> (u32, u32, u32, u32) {
    let times = |v: u32| v.saturating_mul(scale);
    (times(rect.0), times(rect.1), times(rect.2), times(rect.3))
}

/// Adds a region of interest to a frame that is `scale` times larger than the region's own.
fn add_upscaled(
    region: &gst::MetaRef<VideoRegionOfInterestMeta>,
    output: &mut gst::BufferRef,
    scale: u32,
) {
    let larger = upscaled(region.rect(), scale);
    let mut added = VideoRegionOfInterestMeta::add(output, region.roi_type(), larger);
    added.set_id(region.id());
    added.set_parent_id(region.parent_id());
    for param in region.params() {
        added.add_param(param.to_owned());
    }
}
