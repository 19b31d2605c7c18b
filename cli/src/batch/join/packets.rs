// SPDX-License-Identifier: MPL-2.0
//! The encoded frames of chunks, one after the other.

use std::path::{Path, PathBuf};

use crate::batch::store::{Clip, Task};
use crate::failure::{Failure, Result};
use crate::media::decoded::Decoded;
use crate::media::source::Source;
use crate::media::stored::Stored;

/// The encoded frames of all chunks, at the times of the plan.
pub struct Packets {
    /// Files that are left, the last one first.
    left: Vec<PathBuf>,
    file: Decoded,
    /// The first frame of the file, until it is taken.
    first: Option<gst::Sample>,
    /// Caps of the first chunk, which all others have.
    caps: Option<gst::Caps>,
    /// Times of the frames that are left, the last one first.
    times: Vec<i64>,
}

impl Packets {
    /// Opens the first chunk of a clip.
    pub fn of(clip: &Clip, tasks: &[&Task]) -> Result<Self> {
        let mut left: Vec<_> = tasks.iter().rev().map(|task| task.frames()).collect();
        let first = left.pop().unwrap_or_default();
        let chunks = clip.manifest.chunks.iter();
        let times = chunks.flat_map(|chunk| clip.manifest.running_times(chunk));
        let mut times: Vec<i64> = times.collect();
        times.reverse();
        let (file, first) = open(&first)?;
        let caps = first.as_ref().and_then(|sample| sample.caps_owned());
        Ok(Self {
            left,
            file,
            first,
            caps,
            times,
        })
    }

    /// Caps of all encoded frames.
    pub fn caps(&self) -> Result<&gst::Caps> {
        let lacking = || Failure::failed("The first chunk has no frame: run the batch again.");
        self.caps.as_ref().ok_or_else(lacking)
    }

    /// The next encoded frame; nothing at the end.
    pub fn next(&mut self) -> Result<Option<gst::Buffer>> {
        loop {
            let sample = match self.first.take() {
                Some(sample) => Some(sample),
                None => self.file.next()?,
            };
            if let Some(sample) = sample {
                return self.at_its_time(&sample).map(Some);
            }
            let Some(path) = self.left.pop() else {
                return Ok(None);
            };
            let (file, first) = open(&path)?;
            let caps = first.as_ref().and_then(|sample| sample.caps_owned());
            if caps != self.caps {
                let path = path.display();
                return Err(Failure::failed(format!(
                    "{path} was encoded otherwise than the chunks before it: use one GStreamer for \
                     all chunks, remove its folder, and run the batch again."
                )));
            }
            (self.file, self.first) = (file, first);
        }
    }

    fn at_its_time(&mut self, sample: &gst::Sample) -> Result<gst::Buffer> {
        let odd = || Failure::failed("The chunks have more frames than the plan: join again.");
        let mut packet = sample.buffer_owned().ok_or_else(odd)?;
        let time = self.times.pop().ok_or_else(odd)?;
        let clock = |time: i64| gst::ClockTime::from_nseconds(time.max(0).unsigned_abs());
        let next = self.times.last().map(|next| clock(next - time));
        let target = packet.make_mut();
        target.set_pts(clock(time));
        target.set_dts(target.dts().map(|_| clock(time)));
        target.set_duration(next.or(target.duration()));
        target.unset_flags(gst::BufferFlags::DISCONT);
        Ok(packet)
    }
}

/// Opens the file of a chunk, and reads its first frame.
fn open(path: &Path) -> Result<(Decoded, Option<gst::Sample>)> {
    let source = Source::known(path, gst::Fraction::new(25, 1), Stored::default());
    let mut file = Decoded::as_stored(&source)?;
    let first = file.next()?;
    Ok((file, first))
}
