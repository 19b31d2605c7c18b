// SPDX-License-Identifier: MPL-2.0
//! Whether chunks are what was planned, and how far apart two of them are where they meet.

use crate::batch::chunk::seam::{LEAD_IN, TAIL, mean_square};
use crate::batch::digest;
use crate::batch::sidecar::Sidecar;
use crate::batch::store::{Clip, Plan, Task};
use crate::failure::{Failure, Result};
use crate::media::stored;
use crate::media::times;
use crate::report::{Report, Seam};

/// An error where a chunk is not there.
pub fn all_there(plan: &Plan, tasks: &[Task]) -> Result<()> {
    let lacking = tasks
        .iter()
        .filter(|task| Sidecar::of_whole(task).is_none());
    let (count, all) = (lacking.count(), tasks.len());
    if count == 0 {
        return Ok(());
    }
    let folder = plan.folder().display();
    Err(Failure::failed(format!(
        "{count} of {all} chunks are not whole yet: run `ud2m batch run {folder}` first."
    )))
}

/// An error where a clip is not the one that was planned: its sound would not fit.
pub fn source(clip: &Clip) -> Result<()> {
    let source = &clip.manifest.source;
    if digest::of_file(&source.path)? == source.sha256 {
        return Ok(());
    }
    let path = source.path.display();
    Err(Failure::failed(format!(
        "{path} has changed since it was planned: put the old file back, or plan again."
    )))
}

/// An error where a chunk has not the frames and times of the plan, or was changed on the disk.
pub fn chunk(task: &Task) -> Result<()> {
    let (path, folder) = (task.frames(), task.folder());
    let (shown, folder) = (path.display(), folder.display());
    let again = format!("remove the folder {folder}, and run the batch again");
    let (stored, frames) = (stored::read(&path)?, task.chunk.frames);
    if stored.count != frames {
        let count = stored.count;
        return Err(Failure::failed(format!(
            "{shown} holds {count} frames, and the plan says {frames}: {again}."
        )));
    }
    let running = task.clip.manifest.running_times(task.chunk);
    times::compare(&running, &stored).map_err(|what| {
        Failure::failed(format!("{shown} differs from the plan ({what}): {again}."))
    })?;
    let sidecar = Sidecar::of_whole(task);
    let sidecar =
        sidecar.ok_or_else(|| Failure::failed(format!("{shown} has no sidecar: {again}.")))?;
    let (tail, lead_in) = (task.folder().join(TAIL), task.folder().join(LEAD_IN));
    let files = [
        (&path, Some(sidecar.sha256)),
        (&tail, Some(sidecar.tail_sha256)),
        (&lead_in, sidecar.lead_in_sha256),
    ];
    for (path, sha256) in files {
        if sha256.is_some_and(|sha256| digest::of_file(path).ok() != Some(sha256)) {
            let path = path.display();
            return Err(Failure::failed(format!(
                "{path} has changed since it was written: {again}."
            )));
        }
    }
    Ok(())
}

/// How far the last frame of each chunk of a clip is from the same frame in the lead-in of the
/// next. Chunks without a lead-in have no seam that is measured.
pub fn seams(tasks: &[&Task], report: &Report) -> Result<Vec<Seam>> {
    let mut seams = Vec::new();
    for two in tasks.windows(2) {
        let (before, after) = (two[0], two[1]);
        if after.chunk.lead_in == 0 {
            continue;
        }
        let (tail, lead_in) = (before.folder().join(TAIL), after.folder().join(LEAD_IN));
        let seam = Seam {
            frame: after.chunk.first,
            scene: after.chunk.scene,
            mean_square: mean_square(&tail, &lead_in)?,
        };
        report.seam(&after.shown(), &seam);
        seams.push(seam);
    }
    Ok(seams)
}
