// SPDX-License-Identifier: MPL-2.0
//! A chunk that was restored becomes one that is whole.

use std::time::Instant;

use super::{capital, seam};
use crate::batch::digest;
use crate::batch::manifest::{FORMAT, Versions};
use crate::batch::sidecar::Sidecar;
use crate::batch::store::Task;
use crate::failure::{Failure, Result};
use crate::interrupt;
use crate::media::stored;
use crate::media::times;
use crate::restore::part::Part;
use crate::restore::target::Target;

/// Statistics of the element that must be zero: frames that did not leave as they should.
const ZERO: [&str; 3] = ["failed", "late", "dropped"];

/// Checks what was restored, gives the file its name, and writes what lies beside it.
pub fn finish(task: &Task, target: &Target, part: &Part, begun: Instant) -> Result<Sidecar> {
    let (shown, chunk) = (capital(&task.shown()), task.chunk);
    if interrupt::asked() {
        return Err(Failure::interrupted(format!(
            "Interrupted: {shown} is not whole, and is done anew next time."
        )));
    }
    let wrong = |what: String| {
        Failure::failed(format!(
            "{shown} {what}: run the batch again, it is done anew."
        ))
    };
    for name in ZERO {
        let count = part.stats.get::<u64>(name).unwrap_or(0);
        if count > 0 {
            return Err(wrong(format!(
                "has frames that are {name} (there are {count})"
            )));
        }
    }
    let came = part.times.count();
    if came != chunk.frames {
        let frames = chunk.frames;
        return Err(wrong(format!(
            "has {came} frames, and the plan says {frames}"
        )));
    }
    let written = stored::read(&target.part())?;
    let running = task.clip.manifest.running_times(chunk);
    times::compare(&running, &written)
        .map_err(|what| wrong(format!("was not written as it was planned ({what})")))?;
    let folder = task.folder();
    let save = |frame: &Option<gst::Sample>, name: &str| {
        let Some(frame) = frame else {
            return Ok(None);
        };
        seam::save(frame, &folder.join(name))?;
        digest::of_file(&folder.join(name)).map(Some)
    };
    let tail = save(&part.ends.tail, seam::TAIL)?;
    let lead_in = save(&part.ends.lead_in, seam::LEAD_IN)?;
    let bytes = target.part().metadata().map_or(0, |file| file.len());
    let sha256 = digest::of_file(&target.part())?;
    target.finish()?;
    let sidecar = Sidecar {
        format: FORMAT,
        manifest_sha256: task.clip.digest.clone(),
        chunk: task.index,
        versions: Versions::own(),
        provider: part.stats.get("provider").unwrap_or_default(),
        frames: came,
        bytes,
        sha256,
        tail_sha256: tail.ok_or_else(|| wrong("lost its last frame".to_owned()))?,
        lead_in_sha256: lead_in,
        seconds: begun.elapsed().as_secs_f64(),
    };
    sidecar.write(&folder)?;
    Ok(sidecar)
}
