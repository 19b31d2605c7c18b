// SPDX-License-Identifier: MPL-2.0
//! What every output buffer carries: how its frame was restored.

use std::time::Duration;

use gst::meta::CustomMeta;

use crate::restore::FrameReport;

/// Name of the meta, and of the structure in it.
pub const NAME: &str = "GstUd2mRestoreMeta";

/// How one frame was restored.
#[derive(Clone, Debug, Default)]
pub struct FrameMeta {
    pub report: FrameReport,
    /// Spent in the element.
    pub time: Duration,
}

/// Makes the meta known, once a process.
pub fn register() {
    if !CustomMeta::is_registered(NAME) {
        // Without tags: it stays true of the frame whatever is done to its size or colours later.
        CustomMeta::register(NAME, &[]);
    }
}

/// Writes a note on `buffer`, over one that another restorer left; `None` for a frame that passed untouched.
pub fn attach(buffer: &mut gst::BufferRef, note: Option<&FrameMeta>, provider: &str, late: bool) {
    let untouched = FrameMeta::default();
    let passthrough = note.is_none_or(|n| n.report.failed.is_some());
    let note = note.unwrap_or(&untouched);
    if CustomMeta::from_buffer(buffer, NAME).is_err() && CustomMeta::add(buffer, NAME).is_err() {
        return;
    }
    let Ok(mut meta) = CustomMeta::from_mut_buffer(buffer, NAME) else {
        return;
    };
    let fields = meta.mut_structure();
    fields.set("residual", f64::from(note.report.residual_rms));
    fields.set("cold-share", f64::from(note.report.cold_share));
    fields.set("steps", note.report.steps as u32);
    fields.set("evaluations", note.report.evaluations);
    fields.set("provider", provider);
    fields.set("noise-sigma", f64::from(note.report.noise_sigma));
    fields.set("jpeg-quality", note.report.jpeg_quality);
    fields.set("milliseconds", note.time.as_secs_f64() * 1e3);
    fields.set("passthrough", passthrough);
    fields.set("late", late);
}
