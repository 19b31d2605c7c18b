// SPDX-License-Identifier: MPL-2.0
//! Frames into a stream.

use std::collections::HashMap;
use std::io::{BufWriter, Error, Result, Write};

use gst_video::prelude::*;

use super::{Header, rows};

/// A stream that is written.
pub struct Writer {
    output: BufWriter<Box<dyn Write + Send>>,
    /// The header of the stream that is read, where it is one.
    header: Option<Header>,
    begun: bool,
    line: Vec<u8>,
}

/// Lines before frames that say more than `FRAME`, by the frames' times.
pub type Lines = HashMap<gst::ClockTime, String>;

impl Writer {
    pub fn new(output: Box<dyn Write + Send>, header: Option<Header>) -> Self {
        Self {
            output: BufWriter::with_capacity(1 << 20, output),
            header,
            begun: false,
            line: Vec::new(),
        }
    }

    /// Frames a second, once the header is known.
    pub fn rate(&self) -> Option<gst::Fraction> {
        self.header.as_ref().map(Header::rate)
    }

    /// Writes a frame, with the line before it, and before the first frame the header.
    pub fn write(
        &mut self,
        info: &gst_video::VideoInfo,
        buffer: &gst::BufferRef,
        line: &str,
    ) -> Result<()> {
        if self.header.is_none() {
            self.header = Some(Header::of(info).map_err(Error::other)?);
        }
        let Some(header) = self.header.as_ref() else {
            return Ok(());
        };
        if header.info().format() != info.format() {
            let (told, found) = (header.info().format(), info.format());
            return Err(Error::other(format!(
                "it holds {found} and its stream {told}"
            )));
        }
        if !self.begun {
            let line = header.line(info.width(), info.height());
            self.output.write_all(line.as_bytes())?;
            self.begun = true;
        }
        self.output.write_all(line.as_bytes())?;
        self.output.write_all(b"\n")?;
        let shift = header.shift();
        let frame = gst_video::VideoFrameRef::from_buffer_ref_readable(buffer, info)
            .map_err(|_| Error::other("a frame is smaller than its format"))?;
        for component in 0..info.n_components() {
            let (bytes, count) = rows(info, component as u8);
            let stride = frame.plane_stride()[component as usize] as usize;
            let plane = frame.plane_data(component).map_err(Error::other)?;
            for row in plane.chunks(stride).take(count) {
                let row = shifted(&row[..bytes], shift, &mut self.line);
                self.output.write_all(row)?;
            }
        }
        // A reader in a pipe waits for whole frames.
        self.output.flush()
    }
}

/// Samples of sixteen bits with `shift` bits less, rounded.
fn shifted<'a>(row: &'a [u8], shift: u32, line: &'a mut Vec<u8>) -> &'a [u8] {
    if shift == 0 {
        return row;
    }
    line.clear();
    let half = (1u32 << shift) >> 1;
    let most = u32::from(u16::MAX) >> shift;
    for sample in row.chunks_exact(2) {
        let value = u32::from(u16::from_le_bytes([sample[0], sample[1]]));
        let value = ((value + half) >> shift).min(most) as u16;
        line.extend(value.to_le_bytes());
    }
    line
}
