// SPDX-License-Identifier: MPL-2.0
//! What is reported of clips that are restored in chunks.

use std::path::Path;

use serde_json::json;

use super::words::counted;
use super::{Report, say};
use crate::batch::Sidecar;

/// Where two chunks meet.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Seam {
    /// The number of the first frame behind it.
    pub frame: usize,
    /// Whether a scene begins there.
    pub scene: bool,
    /// Mean square of the difference of the frame before it, as the two chunks have it, in squared
    /// codes of eight bits.
    pub mean_square: f64,
}

impl Seam {
    /// PSNR in dB; nothing where nothing differs.
    fn psnr(&self) -> Option<f64> {
        let square = self.mean_square;
        (square > 0.0).then(|| 10.0 * (255.0 * 255.0 / square).log10())
    }
}

impl Report {
    /// A plan was made.
    pub fn planned(&self, plan: &Path, clips: usize, frames: usize, chunks: usize) {
        self.bar.finish_and_clear();
        if self.json {
            let plan = plan.to_string_lossy();
            self.line(&json!({
                "event": "planned",
                "plan": plan,
                "clips": clips,
                "frames": frames,
                "chunks": chunks,
            }));
            return;
        }
        let (plan, clip) = (plan.display(), if clips == 1 { "clip" } else { "clips" });
        let last = chunks.saturating_sub(1);
        self.tell(&format!(
            "{plan}: {clips} {clip} of {frames} frames in the chunks 0 to {last}"
        ));
    }

    /// A chunk is whole, or was `there` before.
    pub fn chunk(&self, number: usize, shown: &str, sidecar: &Sidecar, there: bool) {
        self.bar.finish_and_clear();
        if self.json {
            self.line(&json!({
                "event": "chunk",
                "chunk": number,
                "frames": sidecar.frames,
                "sha256": sidecar.sha256,
                "provider": sidecar.provider,
                "seconds": sidecar.seconds,
                "there": there,
            }));
            return;
        }
        let seconds = sidecar.seconds;
        self.tell(&if there {
            format!("{shown}: is whole already")
        } else {
            format!("{shown}: whole after {seconds:.1} s")
        });
    }

    /// A chunk is not whole.
    pub fn chunk_failed(&self, number: usize, shown: &str, why: &str) {
        if self.json {
            self.line(&json!({"event": "chunk-failed", "chunk": number, "text": why}));
        } else {
            self.bar.suspend(|| say(&format!("{shown}: {why}")));
        }
    }

    /// All chunks of a run are done, or failed.
    pub fn batch(&self, all: usize, restored: usize, there: usize, failed: usize) {
        if self.json {
            self.line(&json!({
                "event": "batch",
                "chunks": all,
                "restored": restored,
                "there": there,
                "failed": failed,
            }));
            return;
        }
        let there = if there > 0 {
            format!(", {there} were whole already")
        } else {
            String::new()
        };
        self.tell(&format!("{restored} of {all} chunks restored{there}"));
    }

    /// A seam was measured, before the chunk that is `shown`.
    pub fn seam(&self, shown: &str, seam: &Seam) {
        if self.json {
            self.line(&json!({
                "event": "seam",
                "frame": seam.frame,
                "scene": seam.scene,
                "psnr": seam.psnr(),
            }));
        } else if let Some(psnr) = seam.psnr() {
            self.tell(&format!("seam before {shown}: PSNR {psnr:.2} dB"));
        }
    }

    /// The chunks of a clip were joined.
    pub fn joined(&self, out: &str, frames: usize, chunks: usize, seams: &[Seam]) {
        self.bar.finish_and_clear();
        let worst = seams.iter().filter_map(Seam::psnr).reduce(f64::min);
        if self.json {
            self.line(&json!({
                "event": "joined",
                "out": out,
                "frames": frames,
                "chunks": chunks,
                "seams": seams.len(),
                "lowest-psnr": worst,
            }));
            return;
        }
        let between = chunks.saturating_sub(1);
        let measured = match (counted(seams.len(), "seam"), worst) {
            _ if between == 0 && seams.is_empty() => String::new(),
            _ if seams.is_empty() => ", no seam was measured".to_owned(),
            (seams, None) => format!(", {seams} without a difference"),
            (seams, Some(psnr)) => format!(", {seams}, the lowest PSNR is {psnr:.2} dB"),
        };
        let (frames, chunks) = (counted(frames, "frame"), counted(chunks, "chunk"));
        self.tell(&format!(
            "{out}: {frames} of {chunks}, each at its time{measured}"
        ));
    }
}
