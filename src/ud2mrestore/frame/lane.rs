// SPDX-License-Identifier: MPL-2.0
//! [`Lane`]: a thread that restores frames, beside those of other lanes.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

use super::super::format::Formats;
use super::super::messages::meta::FrameRecord;
use super::super::messages::stats::Stages;
use crate::error::RestoreError;
use crate::image::Image;
use crate::restore::{self, Place, Prepared, RestoredFrame, Restorer, guarded};

/// How a frame is to be restored, which is said in the order of the stream.
pub struct Wanted {
    pub settings: restore::Settings,
    /// Of the frame in its stream.
    pub number: u64,
    /// Whether the frame as it came shows where it is transparent.
    pub alpha: bool,
    /// What says which of its pixels are missing, beside a file.
    pub mask: FrameMask,
    /// What it took to find that out.
    pub spent: Duration,
}

/// What says which pixels of a frame are missing, beside a file.
pub enum FrameMask {
    None,
    /// The frame's alpha.
    Alpha,
    /// This, where it is 0; without it none are.
    Told(Option<Image>),
}

/// A frame for a lane.
pub struct Job {
    pub input: gst::Buffer,
    /// To be filled; nobody else holds it.
    pub output: gst::Buffer,
    pub wanted: Wanted,
    pub place: Place,
    /// What was prepared anew since the lane's last frame.
    pub prepared: Option<Prepared>,
}

/// A frame that a lane has done.
pub type Done = Result<(gst::Buffer, FrameRecord), gst::ErrorMessage>;

type Parcel = (Job, Sender<Done>);

/// A thread that restores frames one after the other.
pub struct Lane {
    parcels: Option<Sender<Parcel>>,
    thread: Option<JoinHandle<()>>,
    /// Counts what was prepared, up to its last frame.
    pub preparations: u64,
}

impl Lane {
    /// A lane for frames of these formats. An error where there are no threads.
    pub fn new(mut restorer: Restorer, mut formats: Formats) -> Result<Self, RestoreError> {
        let (parcels, incoming) = channel::<Parcel>();
        let work = move || {
            for (job, done) in incoming {
                // Nobody waits for it where the stream was flushed.
                let _ = done.send(job.done(&mut restorer, &mut formats));
            }
        };
        let thread = Builder::new().name("ud2m-frame".to_owned()).spawn(work);
        let thread = thread.map_err(|error| {
            RestoreError::Runtime(format!(
                "The threads that restore frames side by side cannot be started ({error}): allow \
                 the process more threads, or set frames-in-flight=1."
            ))
        })?;
        Ok(Self {
            parcels: Some(parcels),
            thread: Some(thread),
            preparations: 0,
        })
    }

    /// Restores a frame after those before it. What comes is the frame, or nothing where the thread
    /// has ended.
    pub fn restore(&self, job: Job) -> Receiver<Done> {
        let (done, arrival) = channel();
        if let Some(parcels) = &self.parcels {
            let _ = parcels.send((job, done));
        }
        arrival
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        drop(self.parcels.take());
        if let Some(thread) = self.thread.take() {
            // A panic in it was told as the error of its frame.
            let _ = thread.join();
        }
    }
}

impl Job {
    fn done(self, restorer: &mut Restorer, formats: &mut Formats) -> Done {
        let Self {
            input,
            mut output,
            mut wanted,
            place,
            prepared,
        } = self;
        if let Some(prepared) = prepared {
            restorer.take_prepared(prepared);
        }
        restorer.take_place(place);
        let record =
            guarded(|| restored(restorer, formats, &mut wanted, (&input, output.make_mut())));
        // The next frame may begin, also where this one failed before it was looked at.
        restorer.leave_place();
        Ok((output, record?))
    }
}

/// Restores the frame of one buffer into another. It ends where memory is refused.
pub fn restored(
    restorer: &mut Restorer,
    formats: &mut Formats,
    wanted: &mut Wanted,
    (input, output): (&gst::BufferRef, &mut gst::BufferRef),
) -> Result<FrameRecord, gst::ErrorMessage> {
    let begun = Instant::now();
    let mut frames = formats.map(input, output)?;
    // Images that are dropped here leave their memory to the next frame.
    let pool = restorer.pool();
    let _entered = pool.enter();
    match &mut wanted.mask {
        FrameMask::None => {}
        FrameMask::Alpha => restorer.set_holes(frames.holes()?),
        FrameMask::Told(holes) => restorer.set_holes(holes.take()),
    }
    let degraded = frames.unpack(restorer.missing())?;
    restorer.hide(frames.visible());
    let unpacked = Instant::now();
    let RestoredFrame { image, report } =
        restorer.restore_with_fallback(&degraded, wanted.number, &wanted.settings)?;
    let sampled = Instant::now();
    frames.pack(image, wanted.alpha)?;
    Ok(FrameRecord {
        report,
        stages: Stages {
            unpack: wanted.spent + (unpacked - begun),
            restore: sampled - unpacked,
            pack: sampled.elapsed(),
        },
        time: wanted.spent + begun.elapsed(),
    })
}
