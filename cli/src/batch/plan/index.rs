// SPDX-License-Identifier: MPL-2.0
//! Decodes a clip once, and notes all that chunks need to know of it.

use std::time::Instant;

use super::scenes::Scenes;
use crate::batch::frames::{self, Frame};
use crate::batch::manifest::{Index, Video};
use crate::failure::{Failure, Result};
use crate::media::source::Source;
use crate::report::{Progress, Report};

/// A clip that was decoded.
pub struct Indexed {
    pub video: Video,
    pub frames: Index,
    /// With which frames a scene begins.
    pub begins: Vec<bool>,
}

/// Decodes a clip. An error where its frames cannot be told apart by their times, or where not all
/// of them can be decoded.
pub fn index(source: &Source, report: &mut Report) -> Result<Indexed> {
    let mut decoded = frames::open(source)?;
    let (mut index, mut begins) = (Index::default(), Vec::new());
    let (mut scenes, mut video) = (Scenes::default(), None::<Video>);
    let start = Instant::now();
    while let Some(frame) = frames::next(&mut decoded)? {
        let seen = look(source, &frame)?;
        if let Some(first) = &video {
            let apart = (first.running_offset, first.stream_offset);
            if apart != (seen.running_offset, seen.stream_offset) {
                return Err(refused(source, "is played in several pieces"));
            }
        }
        if index.pts.last().is_some_and(|last| *last >= frame.pts) {
            return Err(refused(source, "has frames whose times do not rise"));
        }
        video = video.or(Some(seen));
        index.pts.push(frame.pts);
        index.crc32.push(frame.crc32);
        begins.push(scenes.begins(&frame.sample)?);
        let count = begins.len();
        report.progress(Progress {
            frames: count as u64,
            of: source.frames.map(|frames| frames as u64),
            seconds_per_frame: start.elapsed().as_secs_f64() / count as f64,
        });
    }
    let video = video.ok_or_else(|| {
        let name = source.shown();
        Failure::failed(format!(
            "{name} holds no frame that can be decoded: choose another file."
        ))
    })?;
    let count = begins.len();
    if let Some(held) = source.frames.filter(|held| *held != count) {
        let what = format!("holds {held} frames, of which {count} could be decoded");
        return Err(refused(source, &what));
    }
    Ok(Indexed {
        video,
        frames: index,
        begins,
    })
}

/// What a frame says of the video.
fn look(source: &Source, frame: &Frame) -> Result<Video> {
    let lost = || refused(source, "has a frame outside of the part that is played");
    let (running, stream) = frames::times(&frame.sample).ok_or_else(lost)?;
    let pts = i64::try_from(frame.pts).map_err(|_| lost())?;
    // Where Matroska begins is known only of the whole file.
    let running_offset = source.stored.begin.unwrap_or(pts - running);
    if pts < running_offset {
        return Err(lost());
    }
    let caps = frame.sample.caps().map(|caps| caps.to_string());
    Ok(Video {
        caps: caps.unwrap_or_default(),
        rate: (source.fps.numer(), source.fps.denom()),
        orientation: source.stored.orientation.clone(),
        begin: source.stored.begin,
        running_offset,
        stream_offset: pts - stream,
    })
}

fn refused(source: &Source, what: &str) -> Failure {
    let name = source.shown();
    Failure::failed(format!(
        "{name} {what}, so it cannot be cut: restore it in one piece with `ud2m restore`."
    ))
}
