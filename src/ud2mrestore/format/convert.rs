// SPDX-License-Identifier: MPL-2.0
//! Formats other than plain colours of eight bits.
//!
//! GStreamer's converter unpacks them to sixteen bits and packs them again, at their own depth,
//! range and matrix. Chroma is interpolated in floats after it is unpacked, and subsampled before
//! it is packed.

use gst_video::{
    VideoChromaMode, VideoConverter, VideoConverterConfig, VideoDitherMethod, VideoFormat,
    VideoInfo,
};

use super::chroma::ChromaPlanes;
use super::color::ColorModel;
use super::upsampling::Upsampler;
use super::{Readable, Writable};
use crate::image::{Image, filled};

/// Bytes of a pixel in AYUV64 and ARGB64: alpha, then three components, of sixteen bits each in the
/// machine's byte order.
pub(super) const PIXEL: usize = 8;

/// Converts frames of one negotiated format to images, and images to frames of another.
pub struct Converter {
    input: Side,
    output: Side,
    /// Whether input frames have alpha.
    has_alpha: bool,
    /// Where the input's chroma is interpolated.
    upsampler: Option<Upsampler>,
    /// Where the output's chroma is subsampled.
    chroma: Option<ChromaPlanes>,
}

/// The converter between a format and sixteen bits, and a frame of these, kept for every frame.
struct Side {
    converter: VideoConverter,
    wide: VideoInfo,
    buffer: gst::Buffer,
    color: ColorModel,
}

impl Converter {
    /// `None` where GStreamer cannot convert one of the formats. `planes`: chroma is taken as it
    /// lies in its planes, each sample repeated over its pixels and not interpolated.
    pub fn new(input: &VideoInfo, output: &VideoInfo, planes: bool) -> Option<Self> {
        let side = |info: &VideoInfo, is_input: bool| {
            let wide = wide(info)?;
            let (from, to) = if is_input {
                (info, &wide)
            } else {
                (&wide, info)
            };
            let mut config = VideoConverterConfig::new();
            // Codes are rounded here: dither would add its pattern to every frame.
            config.set_dither_method(VideoDitherMethod::None);
            // Samples are repeated, and not interpolated.
            config.set_chroma_mode(VideoChromaMode::None);
            Some(Side {
                converter: VideoConverter::new(from, to, Some(config)).ok()?,
                // GStreamer's own would end the process for want of memory.
                buffer: gst::Buffer::from_mut_slice(filled(wide.size(), 0u8)),
                wide,
                color: ColorModel::of(info),
            })
        };
        Some(Self {
            input: side(input, true)?,
            output: side(output, false)?,
            has_alpha: input.has_alpha(),
            upsampler: (!planes).then(|| Upsampler::of(input)).flatten(),
            chroma: ChromaPlanes::of(output, planes),
        })
    }

    /// Takes in a frame; `None` when its bytes cannot be reached. It is kept for what follows.
    pub fn load(&mut self, from: &Readable) -> Option<()> {
        let Side {
            converter,
            wide,
            buffer,
            ..
        } = &mut self.input;
        let mut to = Writable::from_buffer_ref_writable(buffer.get_mut()?, wide).ok()?;
        converter.frame_ref(from, &mut to);
        Some(())
    }

    /// The three colours of the frame that was loaded; `None` when its bytes cannot be reached.
    /// `missing` is below 1 where pixels of the frame are missing: chroma that touches them is
    /// taken from around it.
    pub fn unpack(&mut self, missing: Option<&Image>) -> Option<Image> {
        let Side {
            wide,
            buffer,
            color,
            ..
        } = &mut self.input;
        let frame = Readable::from_buffer_ref_readable(buffer, wide).ok()?;
        let bytes = frame.plane_data(0).ok()?;
        let (width, height) = (wide.width() as usize, wide.height() as usize);
        let stride = usize::try_from(wide.stride()[0]).ok()?;
        let mut image = Image::new(3, height, width);
        let size = height * width;
        let (luma, rest) = image.data.split_at_mut(size);
        let (cb, cr) = rest.split_at_mut(size);
        let rows = bytes.chunks(stride).take(height);
        let pixels = rows.flat_map(|row| row.chunks_exact(PIXEL).take(width));
        for (i, pixel) in pixels.enumerate() {
            [luma[i], cb[i], cr[i]] = color.parts([1, 2, 3].map(|c| sample(pixel, c)));
        }
        if let Some(upsampler) = self.upsampler.as_mut() {
            upsampler.apply([cb, cr], missing);
        }
        for ((a, b), c) in luma.iter_mut().zip(cb).zip(cr) {
            [*a, *b, *c] = color.rgb([*a, *b, *c]);
        }
        Some(image)
    }

    /// The alpha of the frame that was loaded last, 0 to 1; `None` where the format has none.
    pub fn alpha(&self) -> Option<Image> {
        if !self.has_alpha {
            return None;
        }
        let Side { wide, buffer, .. } = &self.input;
        let frame = Readable::from_buffer_ref_readable(buffer, wide).ok()?;
        let (width, height) = (wide.width() as usize, wide.height() as usize);
        let stride = usize::try_from(wide.stride()[0]).ok()?;
        let rows = frame.plane_data(0).ok()?.chunks(stride).take(height);
        let mut alpha = Image::new(1, height, width);
        for (y, row) in rows.enumerate() {
            let pixels = row.chunks_exact(PIXEL);
            let values = alpha.row_mut(0, y).iter_mut().zip(pixels);
            values.for_each(|(v, pixel)| *v = f32::from(sample(pixel, 0)) / f32::from(u16::MAX));
        }
        Some(alpha)
    }

    /// Makes all of the frame that was loaded opaque.
    pub fn make_opaque(&mut self) {
        let Side { wide, buffer, .. } = &mut self.input;
        let frame = buffer.get_mut();
        let frame = frame.and_then(|b| Writable::from_buffer_ref_writable(b, wide).ok());
        let Some(mut frame) = frame else {
            return;
        };
        if let Ok(bytes) = frame.plane_data_mut(0) {
            let pixels = bytes.chunks_exact_mut(PIXEL);
            pixels.for_each(|pixel| pixel[..2].fill(u8::MAX));
        }
    }

    /// Writes three colours into the frame, at the nearest codes, with the alpha of the frame that
    /// was loaded last, each of its pixels repeated `scale` times in both directions. `None` when
    /// bytes cannot be reached.
    pub fn pack(&mut self, image: &Image, to: &mut Writable, scale: usize) -> Option<()> {
        if let Some(chroma) = self.chroma.as_mut() {
            chroma.compute(image, &self.output.color);
        }
        self.fill_wide(image, scale)?;
        let Side {
            converter,
            wide,
            buffer,
            ..
        } = &mut self.output;
        let from = Readable::from_buffer_ref_readable(buffer, wide).ok()?;
        converter.frame_ref(&from, to);
        Some(())
    }

    /// Writes alpha and codes into the output's frame of sixteen bits.
    fn fill_wide(&mut self, image: &Image, scale: usize) -> Option<()> {
        let unpacked = &self.input;
        let unpacked = Readable::from_buffer_ref_readable(&unpacked.buffer, &unpacked.wide).ok()?;
        let alpha = unpacked.plane_data(0).ok()?;
        let alpha_stride = usize::try_from(self.input.wide.stride()[0]).ok()?;
        let Side {
            wide,
            buffer,
            color,
            ..
        } = &mut self.output;
        let width = image.width;
        let stride = usize::try_from(wide.stride()[0]).ok()?;
        let mut frame = Writable::from_buffer_ref_writable(buffer.get_mut()?, wide).ok()?;
        let bytes = frame.plane_data_mut(0).ok()?;
        for (y, row) in bytes.chunks_mut(stride).take(image.height).enumerate() {
            let alpha_row = alpha.get(y / scale * alpha_stride..)?;
            let colors = [0, 1, 2].map(|c| image.row(c, y));
            for (x, pixel) in row.chunks_exact_mut(PIXEL).take(width).enumerate() {
                let mut codes = color.codes(colors.map(|row| row[x]));
                if let Some(chroma) = &self.chroma {
                    codes[1..].copy_from_slice(&chroma.codes(y * width + x));
                }
                let at = x / scale * PIXEL;
                pixel[..2].copy_from_slice(alpha_row.get(at..at + 2)?);
                for (place, code) in pixel[2..].chunks_exact_mut(2).zip(color.samples(codes)) {
                    place.copy_from_slice(&code.to_ne_bytes());
                }
            }
        }
        Some(())
    }
}

/// The format of sixteen bits to which `info` is unpacked without a change of colours.
fn wide(info: &VideoInfo) -> Option<VideoInfo> {
    let format = if info.is_rgb() {
        VideoFormat::Argb64
    } else {
        VideoFormat::Ayuv64
    };
    VideoInfo::builder(format, info.width(), info.height())
        .fps(info.fps())
        .par(info.par())
        .colorimetry(&info.colorimetry())
        .build()
        .ok()
}

/// A component of a pixel of sixteen bits; 0 is alpha.
pub(super) fn sample(pixel: &[u8], component: usize) -> u16 {
    u16::from_ne_bytes([pixel[2 * component], pixel[2 * component + 1]])
}
