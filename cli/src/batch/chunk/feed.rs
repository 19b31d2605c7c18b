// SPDX-License-Identifier: MPL-2.0
//! The decoded frames of a chunk and of its lead-in, each of which is the one that was planned.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::batch::frames::{self, Frame};
use crate::batch::manifest::{Chunk, Manifest};
use crate::failure::{Failure, Result};
use crate::media::decoded::Decoded;
use crate::media::source::Source;

/// Frames up to which a file is decoded from its beginning and not sought in.
const NEAR: usize = 48;
/// Frames before the first one that are sought: a decoder may move the one at the very place.
const MARGIN: usize = 2;

/// The frames of a chunk, in their order.
pub struct Frames {
    decoded: Decoded,
    /// The number of the next frame in the clip.
    number: usize,
    /// Times and checks of those that are left, the last one first.
    left: Vec<(u64, u32)>,
    first: Option<Frame>,
    /// Whether a frame was another than planned.
    other: Arc<AtomicBool>,
}

impl Frames {
    /// Decodes up to the lead-in of a chunk: after a seek where that pays and `may_seek`.
    pub fn of(source: &Source, manifest: &Manifest, chunk: &Chunk, may_seek: bool) -> Result<Self> {
        let begin = chunk.first - chunk.lead_in;
        let end = chunk.first + chunk.frames;
        let index = &manifest.frames;
        let planned = index.pts[begin..end].iter().zip(&index.crc32[begin..end]);
        let mut left: Vec<_> = planned.map(|(pts, crc32)| (*pts, *crc32)).collect();
        left.reverse();
        let mut frames = Self {
            decoded: frames::open(source)?,
            number: begin,
            left,
            first: None,
            other: Arc::default(),
        };
        if may_seek && begin > NEAR {
            let time = index.pts[begin - MARGIN] as i64 - manifest.video.stream_offset;
            frames.seek(time.max(0).unsigned_abs(), index.pts[begin])?;
        } else {
            for _ in 0..begin {
                frames.decoded.next()?;
            }
        }
        Ok(frames)
    }

    /// Goes on at the frame of the time `pts`, by a seek to `time`.
    fn seek(&mut self, time: u64, pts: u64) -> Result<()> {
        frames::next(&mut self.decoded)?;
        if !self.decoded.seek(gst::ClockTime::from_nseconds(time)) {
            return Err(self.another());
        }
        while let Some(frame) = frames::next(&mut self.decoded)? {
            if frame.pts >= pts {
                self.first = Some(frame);
                return Ok(());
            }
        }
        Err(self.another())
    }

    /// Tells whether a frame was another than planned, also once the frames are gone.
    pub fn other(&self) -> Arc<AtomicBool> {
        self.other.clone()
    }

    /// The next frame; nothing at the end of the chunk.
    pub fn next(&mut self) -> Result<Option<gst::Sample>> {
        let Some(planned) = self.left.pop() else {
            return Ok(None);
        };
        let frame = match self.first.take() {
            Some(frame) => Some(frame),
            None => frames::next(&mut self.decoded)?,
        };
        let frame = frame.filter(|frame| (frame.pts, frame.crc32) == planned);
        let frame = frame.ok_or_else(|| self.another())?;
        self.number += 1;
        Ok(Some(frame.sample))
    }

    fn another(&self) -> Failure {
        self.other.store(true, Ordering::Relaxed);
        let (number, name) = (self.number, self.decoded.name());
        Failure::failed(format!(
            "Frame {number} of {name} is decoded otherwise than when it was planned: use the same \
             GStreamer and decoders on all machines, or plan again."
        ))
    }
}
