// SPDX-License-Identifier: MPL-2.0
//! Raw video: caps of the pads, and frames of every format against images in [-1, 1].

mod alpha;
pub mod caps;
mod chroma;
mod color;
mod convert;
pub mod direct;
pub mod mask;
pub mod seen;
mod siting;
#[cfg(test)]
mod tests;
mod upsampling;

use gst_video::prelude::*;
use gst_video::{VideoFrameRef, VideoInfo, VideoInterlaceMode};

use self::alpha::Hidden;
use self::caps::DIRECT;
use self::convert::Converter;
use crate::image::Image;
use crate::layout::{self, Layout, misplaced, unreachable_memory};
use crate::restore::Subsampling;

type Readable<'a> = VideoFrameRef<&'a gst::BufferRef>;
type Writable<'a> = VideoFrameRef<&'a mut gst::BufferRef>;

/// The negotiated formats of both pads.
pub struct Formats {
    input: VideoInfo,
    output: VideoInfo,
    /// `None` where both formats are read and written as they are.
    converter: Option<Converter>,
    /// Whether chroma is taken as it lies in its planes.
    planes: bool,
    /// The input frame with its rows in order, where the buffer has them otherwise.
    copy: Option<gst::Buffer>,
}

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

impl Formats {
    /// The formats of these caps. `planes`: chroma is taken as it lies in its planes.
    ///
    /// Fails for caps that are not raw video, for interlaced frames, and for formats that
    /// GStreamer's converter does not know.
    pub fn new(
        incaps: &gst::Caps,
        outcaps: &gst::Caps,
        planes: bool,
    ) -> Result<Self, gst::ErrorMessage> {
        let [input, output] = infos(incaps, outcaps)?;
        if input.interlace_mode() != VideoInterlaceMode::Progressive {
            return Err(gst::error_msg!(
                gst::StreamError::Format,
                ("Interlaced frames cannot be restored: put deinterlace before ud2mrestore.")
            ));
        }
        Self::between(input, output, planes).ok_or_else(|| {
            gst::error_msg!(
                gst::StreamError::Format,
                ("Frames of {incaps} cannot be converted: put videoconvert before ud2mrestore.")
            )
        })
    }

    /// The same for frames beside these; `None` where GStreamer's converter does not know them.
    pub fn twin(&self) -> Option<Self> {
        Self::between(self.input.clone(), self.output.clone(), self.planes)
    }

    fn between(input: VideoInfo, output: VideoInfo, planes: bool) -> Option<Self> {
        let direct = DIRECT.contains(&input.format()) && DIRECT.contains(&output.format());
        let converter = match direct {
            true => None,
            false => Some(Converter::new(&input, &output, planes)?),
        };
        Some(Self {
            converter,
            input,
            output,
            planes,
            copy: None,
        })
    }

    /// Time from one input frame to the next; `None` without a constant frame rate.
    pub fn frame_duration(&self) -> Option<gst::ClockTime> {
        let fps = self.input.fps();
        let numer = u64::try_from(fps.numer()).ok().filter(|n| *n > 0)?;
        let denom = u64::try_from(fps.denom()).ok()?;
        gst::ClockTime::SECOND.mul_div_ceil(denom, numer)
    }

    /// Width and height of an input frame, in pixels.
    pub fn input_size(&self) -> (usize, usize) {
        (self.input.width() as usize, self.input.height() as usize)
    }

    /// Whether input frames are gray, or luma and chroma.
    pub fn has_luma(&self) -> bool {
        let format = self.input.format_info();
        format.is_gray() || format.is_yuv()
    }

    /// Number of an input frame in its stream, the same after a seek; `None` without a timestamp or
    /// a constant frame rate.
    pub fn frame_number(&self, buffer: &gst::BufferRef) -> Option<u64> {
        let fps = self.input.fps();
        let numer = u64::try_from(fps.numer()).ok().filter(|n| *n > 0)?;
        let denom = u64::try_from(fps.denom()).ok()?;
        let nanoseconds = denom.checked_mul(gst::ClockTime::SECOND.nseconds())?;
        buffer.pts()?.nseconds().mul_div_round(numer, nanoseconds)
    }

    /// Maps the frames of two buffers. Fails where memory cannot be reached, or where a frame does
    /// not lie inside of it.
    pub fn map<'a>(
        &'a mut self,
        input: &'a gst::BufferRef,
        output: &'a mut gst::BufferRef,
    ) -> Result<MappedFrames<'a>, gst::ErrorMessage> {
        let layout = Layout::of(input, &self.input).map_err(|r| misplaced("input", &r))?;
        let copy = (layout == Layout::Odd).then(|| layout::copied(input, &self.input));
        self.copy = copy.transpose().map_err(|r| misplaced("input", &r))?;
        if Layout::of(output, &self.output).map_err(|r| misplaced("output", &r))? == Layout::Odd {
            return Err(misplaced("output", "does not lie row by row"));
        }
        // Without this, what lay in the gaps between rows before would leave with the frame.
        output
            .memset(.., 0)
            .map_err(|_| unreachable_memory("output"))?;
        let input = self.copy.as_deref().unwrap_or(input);
        let input = Readable::from_buffer_ref_readable(input, &self.input);
        let output = Writable::from_buffer_ref_writable(output, &self.output);
        Ok(MappedFrames {
            input: input.map_err(|_| unreachable_memory("input"))?,
            output: output.map_err(|_| unreachable_memory("output"))?,
            converter: self.converter.as_mut(),
            hidden: None,
            opaque: false,
        })
    }

    /// A copy of an input frame that lies as its caps say; `None` where it does so itself. For
    /// elements that do not look for a `GstVideoMeta`.
    pub fn in_default_layout(
        &self,
        input: &gst::BufferRef,
    ) -> Result<Option<gst::Buffer>, gst::ErrorMessage> {
        let layout = Layout::of(input, &self.input).map_err(|r| misplaced("input", &r))?;
        let copy = (layout != Layout::Default).then(|| layout::copied(input, &self.input));
        copy.transpose().map_err(|r| misplaced("input", &r))
    }
}

impl MappedFrames<'_> {
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

/// Width and height of input frames of these caps, in pixels; fails for caps that are not raw
/// video.
pub fn size(incaps: &gst::Caps, outcaps: &gst::Caps) -> Result<(usize, usize), gst::ErrorMessage> {
    let [input, _] = infos(incaps, outcaps)?;
    Ok((input.width() as usize, input.height() as usize))
}

/// The formats of input and output.
fn infos(incaps: &gst::Caps, outcaps: &gst::Caps) -> Result<[VideoInfo; 2], gst::ErrorMessage> {
    let info = |caps| {
        VideoInfo::from_caps(caps).map_err(|_| {
            gst::error_msg!(
                gst::CoreError::Negotiation,
                ("The caps {incaps} and {outcaps} do not describe raw video: \
                     put videoconvert before ud2mrestore.")
            )
        })
    };
    Ok([info(incaps)?, info(outcaps)?])
}

/// Chroma subsampling of frames of these caps, where they are raw video; 4:2:0, as most JPEGs have
/// it, for RGB, gray and what no JPEG has.
pub fn subsampling(caps: &gst::Caps) -> Option<Subsampling> {
    let info = VideoInfo::from_caps(caps).ok()?;
    let format = info.format_info();
    let of = |shifts: &[u32]| shifts.get(1).copied().unwrap_or_default();
    Some(match (of(format.w_sub()), of(format.h_sub())) {
        (1, 0) if info.is_yuv() => Subsampling::C422,
        (0, 0) if info.is_yuv() => Subsampling::C444,
        _ => Subsampling::C420,
    })
}
