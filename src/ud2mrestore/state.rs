// SPDX-License-Identifier: MPL-2.0
//! What lives from start to stop: the loaded model, the negotiated formats, and the way of one buffer through them.

use std::time::Instant;

use gst_video::{VideoFrameRef, VideoInfo, VideoInterlaceMode};

use super::Task;
use super::format::caps::DIRECT;
use super::format::convert::Converter;

use super::errors;
use super::format::direct;
use super::properties::settings::{Fixed, Live, Settings};
use super::stats::Stages;
use crate::error::RestoreError;
use crate::restore::{FrameReport, RestoredFrame, Restorer, Subsampling};

pub struct State {
    pub restorer: Restorer,
    pub fixed: Fixed,
    formats: Option<Formats>,
    /// Caps that were refused, whose reason has been told.
    pub refused: Option<gst::Caps>,
    frames: u64,
}

/// What was negotiated; the converter is there where the formats are not read as they are.
struct Formats {
    input: VideoInfo,
    output: VideoInfo,
    converter: Option<Converter>,
}

impl State {
    /// Loads what the settings ask for; finds what is wrong with them before the first frame where it can be known.
    pub fn open(settings: &Settings, mut warn: impl FnMut(String)) -> Result<Self, RestoreError> {
        let fixed = settings.fixed.clone();
        let degradation = settings.live.degradation(&fixed)?;
        degradation.check()?;
        let restorer = Restorer::load(&fixed.model, &degradation, fixed.engine(), &mut warn)?;
        Ok(Self {
            restorer,
            fixed,
            formats: None,
            refused: None,
            frames: 0,
        })
    }

    /// Whether frames of these caps need another step graph than the loaded one, which [`State::reopen`] loads.
    pub fn needs_other_graph(&mut self, live: &Live, incaps: &gst::Caps) -> bool {
        if let Ok(input) = VideoInfo::from_caps(incaps) {
            self.fixed.seen = subsampling(&input);
        }
        let degradation = live.degradation(&self.fixed);
        let needs_other = degradation.is_ok_and(|d| !self.restorer.fits(&d));
        if needs_other {
            // Should the other graph be missing, nothing is restored by this one.
            self.formats = None;
        }
        needs_other
    }

    /// Loads the step graph that the last caps need; without it the one before stays.
    pub fn reopen(
        &mut self,
        live: &Live,
        mut warn: impl FnMut(String),
    ) -> Result<(), RestoreError> {
        let degradation = live.degradation(&self.fixed)?;
        let (model, engine) = (&self.fixed.model, self.fixed.engine());
        let next = Restorer::load(model, &degradation, engine, &mut warn)?;
        let before = std::mem::replace(&mut self.restorer, next);
        if before.interrupt().is_raised() {
            self.restorer.interrupt().raise();
        }
        Ok(())
    }

    /// Makes ready for frames of these caps. When the caps are refused there are no formats.
    pub fn negotiate(
        &mut self,
        live: &Live,
        incaps: &gst::Caps,
        outcaps: &gst::Caps,
    ) -> Result<(), gst::ErrorMessage> {
        self.formats = None;
        self.restorer.forget();
        let unreadable = |_| {
            gst::error_msg!(
                gst::CoreError::Negotiation,
                ("The caps {incaps} and {outcaps} do not describe raw video: put videoconvert before ud2mrestore.")
            )
        };
        let input = VideoInfo::from_caps(incaps).map_err(unreadable)?;
        let output = VideoInfo::from_caps(outcaps).map_err(unreadable)?;
        if input.interlace_mode() != VideoInterlaceMode::Progressive {
            return Err(gst::error_msg!(
                gst::StreamError::Format,
                ("Interlaced frames cannot be restored: put deinterlace before ud2mrestore.")
            ));
        }
        let (width, height) = (input.width() as usize, input.height() as usize);
        live.degradation(&self.fixed)
            .and_then(|degradation| self.restorer.prepare(&degradation, width, height))
            .map_err(|e| errors::message(&e))?;
        let converter = if DIRECT.contains(&input.format()) && DIRECT.contains(&output.format()) {
            None
        } else {
            let planes = self.fixed.task == Task::Jpeg;
            let converter = Converter::new(&input, &output, planes).ok_or_else(|| {
                gst::error_msg!(
                    gst::StreamError::Format,
                    ("Frames of {incaps} cannot be converted: put videoconvert before ud2mrestore.")
                )
            })?;
            Some(converter)
        };
        self.formats = Some(Formats {
            input,
            output,
            converter,
        });
        Ok(())
    }

    /// Restores the frame of `inbuf` into `outbuf`.
    pub fn restore(
        &mut self,
        live: &Live,
        inbuf: &gst::BufferRef,
        outbuf: &mut gst::BufferRef,
    ) -> Result<(FrameReport, Stages), gst::ErrorMessage> {
        let Some(Formats {
            input,
            output,
            converter,
        }) = self.formats.as_mut()
        else {
            return Err(gst::error_msg!(
                gst::CoreError::Negotiation,
                ("A frame came before its caps: link the element to a source of raw video.")
            ));
        };
        let unmapped = |what: &str| {
            gst::error_msg!(
                gst::ResourceError::Failed,
                ("The {what} frame's memory cannot be reached: use buffers in system memory that are as large as their caps say.")
            )
        };
        let from = VideoFrameRef::from_buffer_ref_readable(inbuf, input);
        let from = from.map_err(|_| unmapped("input"))?;
        let to = VideoFrameRef::from_buffer_ref_writable(outbuf, output);
        let mut to = to.map_err(|_| unmapped("output"))?;
        // What is unpacked and what comes back are dropped here: their memory serves the next frame.
        let pool = self.restorer.pool();
        let _entered = pool.enter();
        let settings = live.for_frame(&self.fixed);
        let settings = settings.map_err(|e| errors::message(&e))?;
        let begun = Instant::now();
        let degraded = match converter {
            Some(converter) => converter.unpack(&from),
            None => direct::unpack(&from),
        };
        let degraded = degraded.ok_or_else(|| unmapped("input"))?;
        let unpacked = Instant::now();
        // After a seek, a flush or a loss the stream may show something else.
        if inbuf.flags().contains(gst::BufferFlags::DISCONT) {
            self.restorer.forget();
        }
        let number = number(inbuf, input).unwrap_or(self.frames);
        let answer = self
            .restorer
            .restore_with_fallback(&degraded, number, &settings);
        let RestoredFrame { image, report } = answer.map_err(|e| errors::message(&e))?;
        let sampled = Instant::now();
        let scale = self.fixed.output_scale() as usize;
        let packed = match converter {
            Some(converter) => converter.pack(&image, &mut to, scale),
            None => direct::pack(&image, &mut to)
                .and_then(|()| direct::copy_alpha(&from, &mut to, scale)),
        };
        packed.ok_or_else(|| unmapped("output"))?;
        self.frames += 1;
        let stages = Stages {
            unpack: unpacked - begun,
            restore: sampled - unpacked,
            pack: sampled.elapsed(),
        };
        Ok((report, stages))
    }
}

/// How coarse the chroma of frames is; 4:2:0, as most JPEGs are, where there is none or no JPEG has it so.
fn subsampling(info: &VideoInfo) -> Subsampling {
    let format = info.format_info();
    let of = |shifts: &[u32]| shifts.get(1).copied().unwrap_or_default();
    match (of(format.w_sub()), of(format.h_sub())) {
        (1, 0) if info.is_yuv() => Subsampling::C422,
        (0, 0) if info.is_yuv() => Subsampling::C444,
        _ => Subsampling::C420,
    }
}

/// Number of a frame in its stream, the same after a seek; `None` without timestamp or constant frame rate.
fn number(buffer: &gst::BufferRef, info: &VideoInfo) -> Option<u64> {
    use gst::prelude::*;
    let numer = u64::try_from(info.fps().numer()).ok().filter(|n| *n > 0)?;
    let denom = u64::try_from(info.fps().denom()).ok()?;
    let nanoseconds = denom.checked_mul(gst::ClockTime::SECOND.nseconds())?;
    buffer.pts()?.nseconds().mul_div_round(numer, nanoseconds)
}
