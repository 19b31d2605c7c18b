// SPDX-License-Identifier: MPL-2.0
//! Frames out of a stream.

use std::io::{BufRead, BufReader, ErrorKind, Read};

use gst_video::prelude::*;

use super::{Header, rows};

/// Bytes that a line may have.
const LINE: u64 = 4096;

/// A stream that is read.
pub struct Reader {
    input: BufReader<Box<dyn Read + Send>>,
    header: Header,
    /// Bytes of the header with its end.
    length: usize,
    /// Frames until now.
    count: u64,
}

/// A frame, and the line before it.
pub struct Frame {
    pub line: String,
    pub buffer: gst::Buffer,
}

impl Reader {
    /// Reads the header. An error is a part of a sentence: what is wrong, what to do.
    pub fn new(input: Box<dyn Read + Send>) -> Result<Self, String> {
        let mut input = BufReader::with_capacity(1 << 20, input);
        let line = line(&mut input)?.unwrap_or_default();
        Ok(Self {
            input,
            header: Header::parse(&line)?,
            length: line.len() + 1,
            count: 0,
        })
    }

    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Frames in a stream of so many bytes, where none has more than its data.
    pub fn frames_in(&self, bytes: u64) -> Option<usize> {
        let info = self.header.info();
        let components = 0..info.n_components() as u8;
        let frame = components
            .map(|c| rows(info, c))
            .map(|(bytes, rows)| bytes * rows);
        let frame = ("FRAME\n".len() + frame.sum::<usize>()) as u64;
        let bytes = bytes.checked_sub(self.length as u64)?;
        (bytes % frame == 0).then_some((bytes / frame) as usize)
    }

    /// The next frame with its time; nothing at the end.
    pub fn read(&mut self) -> Result<Option<Frame>, String> {
        let number = self.count + 1;
        let Some(line) = line(&mut self.input)? else {
            return Ok(None);
        };
        if line != "FRAME" && !line.starts_with("FRAME ") {
            return Err(format!("has no FRAME before frame {number}"));
        }
        let mut buffer = gst::Buffer::with_size(self.header.info().size())
            .map_err(|_| "has larger frames than memory".to_owned())?;
        let rate = self.header.rate();
        let time = |count: u64| {
            let (n, d) = (rate.numer() as u64, rate.denom() as u64);
            count.mul_div_round(d * gst::ClockTime::SECOND.nseconds(), n)
        };
        let times = time(self.count).zip(time(number));
        let (start, end) = times.ok_or("has frames at times out of reach")?;
        if let Some(buffer) = buffer.get_mut() {
            buffer.set_pts(gst::ClockTime::from_nseconds(start));
            buffer.set_duration(gst::ClockTime::from_nseconds(end - start));
        }
        let buffer = self.fill(buffer).map_err(|e| match e.kind() {
            ErrorKind::UnexpectedEof => format!("ends within frame {number}"),
            _ => format!("cannot be read at frame {number} ({e})"),
        })?;
        self.count = number;
        Ok(Some(Frame { line, buffer }))
    }

    /// Reads the samples of a frame.
    fn fill(&mut self, buffer: gst::Buffer) -> std::io::Result<gst::Buffer> {
        let info = self.header.info();
        let frame = gst_video::VideoFrame::from_buffer_writable(buffer, info);
        let mut frame = frame.map_err(|_| std::io::Error::other("its buffer is too small"))?;
        for component in 0..info.n_components() {
            let (bytes, count) = rows(info, component as u8);
            let stride = info.stride()[component as usize] as usize;
            let plane = frame.plane_data_mut(component);
            let plane = plane.map_err(|_| std::io::Error::other("its format is unknown"))?;
            for row in plane.chunks_mut(stride).take(count) {
                self.input.read_exact(&mut row[..bytes])?;
                shift_up(&mut row[..bytes], self.header.shift());
            }
        }
        Ok(frame.into_buffer())
    }
}

/// Fills sixteen bits with samples that have fewer.
fn shift_up(row: &mut [u8], shift: u32) {
    if shift > 0 {
        for sample in row.chunks_exact_mut(2) {
            let value = u16::from_le_bytes([sample[0], sample[1]]);
            sample.copy_from_slice(&(value << shift).to_le_bytes());
        }
    }
}

/// A line without its end; nothing at the end of the stream.
fn line(input: &mut impl BufRead) -> Result<Option<String>, String> {
    let mut bytes = Vec::new();
    let length = input.take(LINE).read_until(b'\n', &mut bytes);
    match length.map_err(|e| format!("cannot be read ({e})"))? {
        0 => return Ok(None),
        _ if bytes.pop() != Some(b'\n') => {
            return Err("is no YUV4MPEG2: its first line has no end".to_owned());
        }
        _ => {}
    }
    String::from_utf8(bytes)
        .map(Some)
        .map_err(|_| "is no YUV4MPEG2: its first line is no text".to_owned())
}
