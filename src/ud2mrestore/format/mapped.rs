// SPDX-License-Identifier: MPL-2.0
//! [`MappedFrames`]: a frame and the frame that is made of it, in memory that can be reached.

use gst_video::prelude::*;

use super::alpha::{self, Hidden};
use super::convert::Converter;
use super::{Readable, Writable, direct};
use crate::image::Image;
use crate::restore::is_observed;

/// A frame and the frame that is made of it, both mapped.
pub struct MappedFrames<'a> {
    input: Readable<'a>,
    output: Writable<'a>,
    converter: Option<&'a mut Converter>,
    /// Colours under transparency.
    hidden: Option<Hidden>,
    /// Whether alpha was taken for a mask, so that all of the output is opaque.
    opaque: bool,
}

impl<'a> MappedFrames<'a> {
    /// Two mapped frames; `converter` for formats that are not read as they are.
    pub(super) fn new(
        input: Readable<'a>,
        output: Writable<'a>,
        converter: Option<&'a mut Converter>,
    ) -> Self {
        Self {
            input,
            output,
            converter,
            hidden: None,
            opaque: false,
        }
    }

    /// 0 where the input frame is less than nearly opaque, 1 elsewhere, one channel; `None` where it
    /// is opaque all over. For [`MappedFrames::unpack`] nothing is hidden then, and all of the output
    /// is opaque.
    pub fn holes(&mut self) -> Result<Option<Image>, gst::ErrorMessage> {
        self.opaque = true;
        let alpha = match &mut self.converter {
            Some(converter) => {
                let alpha = converter.load(&self.input).and_then(|()| converter.alpha());
                converter.make_opaque();
                alpha
            }
            None => alpha::of(&self.input),
        };
        let mut mask = alpha.ok_or_else(|| unreachable_memory("input"))?;
        let observed = |v: &mut f32| *v = f32::from(u8::from(is_observed(*v)));
        mask.data.iter_mut().for_each(observed);
        Ok(mask.data.contains(&0.0).then_some(mask))
    }

    /// The input frame as an image. `missing` is below 1 where pixels of it are missing: subsampled
    /// chroma that touches these is taken from around it. Visible colours go on where it is
    /// transparent.
    pub fn unpack(&mut self, missing: Option<&Image>) -> Result<Image, gst::ErrorMessage> {
        let (image, alpha) = match &mut self.converter {
            Some(converter) => {
                // What was loaded for its holes need not be again.
                let loaded = self.opaque || converter.load(&self.input).is_some();
                let image = loaded.then(|| converter.unpack(missing)).flatten();
                (image, converter.alpha())
            }
            None => (direct::unpack(&self.input), alpha::of(&self.input)),
        };
        let mut image = image.ok_or_else(|| unreachable_memory("input"))?;
        let alpha = alpha.filter(|_| !self.opaque);
        self.hidden = alpha.and_then(|alpha| Hidden::taken_out(&mut image, &alpha));
        Ok(image)
    }

    /// 0 where the frame that was unpacked is transparent, one channel; `None` where it is not.
    pub fn visible(&self) -> Option<&Image> {
        self.hidden.as_ref().map(Hidden::visible)
    }

    /// Writes an image into the output frame, with the input frame's alpha and, where `hidden` asks
    /// for them, the colours under transparency.
    pub fn pack(&mut self, mut image: Image, hidden: bool) -> Result<(), gst::ErrorMessage> {
        let Self {
            input,
            output,
            opaque,
            ..
        } = self;
        let scale = (output.info().width() / input.info().width()) as usize;
        if let Some(colours) = self.hidden.take().filter(|_| hidden) {
            colours.give_back(&mut image, scale);
        }
        let done = match &mut self.converter {
            Some(converter) => converter.pack(&image, output, scale),
            None => {
                let from = (!*opaque).then_some(&*input);
                direct::pack(&image, output).and_then(|()| direct::copy_alpha(from, output, scale))
            }
        };
        done.ok_or_else(|| unreachable_memory("output"))
    }
}

/// An error where a frame does not lie inside its memory, or not as it should.
pub(super) fn misplaced(which: &str, reason: &str) -> gst::ErrorMessage {
    gst::error_msg!(
        gst::ResourceError::Failed,
        ("The {which} frame {reason}: use buffers that are as large as their caps and their \
             GstVideoMeta say.")
    )
}

/// An error where memory cannot be mapped.
pub(super) fn unreachable_memory(which: &str) -> gst::ErrorMessage {
    gst::error_msg!(
        gst::ResourceError::Failed,
        ("The {which} frame's memory cannot be reached: use buffers in system memory that are \
             as large as their caps say.")
    )
}
