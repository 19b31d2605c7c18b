// SPDX-License-Identifier: MPL-2.0
//! A stream as a source of frames in a pipeline.

use std::thread;

use super::reader::{Frame, Reader};
use crate::interrupt;

/// Frames that wait behind the source.
const WAITING: u64 = 2;

/// The element that gives the frames of a stream, once it is fed.
pub fn source(reader: &Reader) -> Result<gst_app::AppSrc, String> {
    let caps = reader.header().info().to_caps();
    let caps = caps.map_err(|e| e.to_string())?;
    Ok(gst_app::AppSrc::builder()
        .caps(&caps)
        .format(gst::Format::Time)
        .block(true)
        .max_buffers(WAITING)
        .max_bytes(0)
        .build())
}

/// Reads frames on a thread of its own, until the end or until no more are wanted. `see` is given
/// each frame before it goes, and `wrong` what is wrong with the stream, as a part of a sentence.
pub fn feed(
    mut reader: Reader,
    source: gst_app::AppSrc,
    mut see: impl FnMut(&Frame) + Send + 'static,
    wrong: impl FnOnce(String) + Send + 'static,
) {
    thread::spawn(move || {
        while !interrupt::asked() {
            match reader.read() {
                Ok(Some(frame)) => {
                    see(&frame);
                    if source.push_buffer(frame.buffer).is_err() {
                        return;
                    }
                }
                Ok(None) => break,
                Err(what) => {
                    wrong(what);
                    break;
                }
            }
        }
        let _ = source.end_of_stream();
    });
}
