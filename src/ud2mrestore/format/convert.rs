// SPDX-License-Identifier: MPL-2.0
//! Formats that are not plain colours of eight bits: GStreamer's converter unpacks them to sixteen bits and packs them
//! again, at their own depth, range and matrix. Chroma is made smaller in floats before it is packed.

use gst_video::{
    VideoChromaMode, VideoConverter, VideoConverterConfig, VideoDitherMethod, VideoFormat,
    VideoInfo,
};

use super::chroma::Reduction;
use super::color::ColorModel;
use super::{Readable, Writable};
use crate::image::Image;

/// Bytes of a pixel in AYUV64 and ARGB64: alpha, then three components of sixteen bits in the machine's order.
const PIXEL: usize = 8;

/// The way from one negotiated format to an image and back.
pub struct Converter {
    inward: Half,
    outward: Half,
    /// Where chroma leaves smaller than it is restored; with Cb and Cr of a frame.
    reduction: Option<Reduction>,
    chroma: [Vec<f32>; 2],
}

/// One converter with the frame of sixteen bits on its far side, kept from frame to frame.
struct Half {
    converter: VideoConverter,
    wide: VideoInfo,
    buffer: gst::Buffer,
    color: ColorModel,
}

impl Converter {
    /// `None` where the converter cannot do one of the formats. `planes`: chroma arrives as it lies in its planes, each
    /// sample repeated over its pixels, and not interpolated between them.
    pub fn new(input: &VideoInfo, output: &VideoInfo, planes: bool) -> Option<Self> {
        let half = |info: &VideoInfo, inward: bool| {
            let wide = wide(info)?;
            let (from, to) = if inward { (info, &wide) } else { (&wide, info) };
            // Codes are rounded before the converter sees them: dither would add its pattern to every frame.
            let mut config = VideoConverterConfig::new();
            config.set_dither_method(VideoDitherMethod::None);
            // Of a restored frame, chroma is filtered here.
            if !inward || planes {
                config.set_chroma_mode(VideoChromaMode::None);
            }
            Some(Half {
                converter: VideoConverter::new(from, to, Some(config)).ok()?,
                buffer: gst::Buffer::with_size(wide.size()).ok()?,
                wide,
                color: ColorModel::of(info),
            })
        };
        Some(Self {
            inward: half(input, true)?,
            outward: half(output, false)?,
            reduction: Reduction::of(output),
            chroma: Default::default(),
        })
    }

    /// The frame's three colours; `None` when its bytes cannot be reached. Its alpha is kept for [`Converter::pack`].
    pub fn unpack(&mut self, from: &Readable) -> Option<Image> {
        let Half {
            converter,
            wide,
            buffer,
            color,
        } = &mut self.inward;
        let mut to = Writable::from_buffer_ref_writable(buffer.get_mut()?, wide).ok()?;
        converter.frame_ref(from, &mut to);
        let bytes = to.plane_data(0).ok()?;
        let (width, height) = (wide.width() as usize, wide.height() as usize);
        let stride = usize::try_from(wide.stride()[0]).ok()?;
        let mut image = Image::new(3, height, width);
        let size = height * width;
        let (red, rest) = image.data.split_at_mut(size);
        let (green, blue) = rest.split_at_mut(size);
        let rows = bytes.chunks(stride).take(height);
        let pixels = rows.flat_map(|row| row.chunks_exact(PIXEL).take(width));
        for (i, pixel) in pixels.enumerate() {
            [red[i], green[i], blue[i]] = color.decode([1, 2, 3].map(|c| sample(pixel, c)));
        }
        Some(image)
    }

    /// Writes three colours into the frame, at the nearest codes, with the alpha of the frame that was unpacked, each
    /// of its pixels repeated `scale` times in both directions; `None` when bytes cannot be reached.
    pub fn pack(&mut self, image: &Image, to: &mut Writable, scale: usize) -> Option<()> {
        let seen =
            Readable::from_buffer_ref_readable(&self.inward.buffer, &self.inward.wide).ok()?;
        let alpha = seen.plane_data(0).ok()?;
        let alpha_stride = usize::try_from(self.inward.wide.stride()[0]).ok()?;
        let Half {
            converter,
            wide,
            buffer,
            color,
        } = &mut self.outward;
        let width = image.width;
        if let Some(reduction) = self.reduction.as_mut() {
            let [cb, cr] = &mut self.chroma;
            cb.clear();
            cr.clear();
            let pixels = image
                .plane(0)
                .iter()
                .zip(image.plane(1))
                .zip(image.plane(2));
            for ((red, green), blue) in pixels {
                let [_, blue, red] = color.codes([*red, *green, *blue]);
                cb.push(blue);
                cr.push(red);
            }
            reduction.spread(cb, width);
            reduction.spread(cr, width);
        }
        let stride = usize::try_from(wide.stride()[0]).ok()?;
        {
            let mut frame = Writable::from_buffer_ref_writable(buffer.get_mut()?, wide).ok()?;
            let bytes = frame.plane_data_mut(0).ok()?;
            for (y, row) in bytes.chunks_mut(stride).take(image.height).enumerate() {
                let above = alpha.get(y / scale * alpha_stride..)?;
                let colours = [0, 1, 2].map(|c| image.row(c, y));
                for (x, pixel) in row.chunks_exact_mut(PIXEL).take(width).enumerate() {
                    let mut codes = color.codes(colours.map(|row| row[x]));
                    if self.reduction.is_some() {
                        codes[1..].copy_from_slice(&[0, 1].map(|c| self.chroma[c][y * width + x]));
                    }
                    let at = x / scale * PIXEL;
                    pixel[..2].copy_from_slice(above.get(at..at + 2)?);
                    for (place, code) in pixel[2..].chunks_exact_mut(2).zip(color.samples(codes)) {
                        place.copy_from_slice(&code.to_ne_bytes());
                    }
                }
            }
        }
        let from = Readable::from_buffer_ref_readable(buffer, wide).ok()?;
        converter.frame_ref(&from, to);
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

fn sample(pixel: &[u8], component: usize) -> u16 {
    u16::from_ne_bytes([pixel[2 * component], pixel[2 * component + 1]])
}

#[cfg(test)]
mod tests {
    use super::super::caps::{DIRECT, formats};
    use super::*;

    const SIZE: (usize, usize) = (12, 20);

    fn flat(rgb: [f32; 3]) -> Image {
        Image::from_fn(3, SIZE.0, SIZE.1, |c, _, _| rgb[c])
    }

    /// The frame's bytes after an image was packed, the alpha of `converter` with it.
    fn packed(converter: &mut Converter, info: &VideoInfo, image: &Image) -> gst::Buffer {
        let mut target = gst::Buffer::with_size(info.size()).expect("memory");
        {
            let target = target.get_mut().expect("ours alone");
            target.memset(.., 0).expect("ours");
            let mut to = Writable::from_buffer_ref_writable(target, info).expect("maps");
            converter.pack(image, &mut to, 1).expect("packs");
        }
        target
    }

    fn unpacked(converter: &mut Converter, info: &VideoInfo, buffer: &gst::Buffer) -> Image {
        let from = Readable::from_buffer_ref_readable(buffer, info).expect("maps");
        converter.unpack(&from).expect("unpacks")
    }

    fn furthest(a: &Image, b: &Image) -> f32 {
        let pairs = a.data.iter().zip(&b.data);
        pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
    }

    #[test]
    fn every_format_holds_a_flat_colour_to_its_depth() {
        gst::init().expect("GStreamer starts");
        let bridged = formats().iter().filter(|f| !DIRECT.contains(f));
        assert!(bridged.clone().count() > 80, "GStreamer has some ninety");
        for &format in bridged {
            let info = VideoInfo::builder(format, SIZE.1 as u32, SIZE.0 as u32).build();
            let info = info.expect("an info");
            let mut converter =
                Converter::new(&info, &info, false).unwrap_or_else(|| panic!("{format:?}"));
            let gray = info.is_gray();
            for rgb in [[0.25, -0.5, 0.7], [1.0; 3], [-1.0; 3], [0.1; 3]] {
                let wanted = flat(if gray { [rgb[0]; 3] } else { rgb });
                let first = packed(&mut converter, &info, &wanted);
                let seen = unpacked(&mut converter, &info, &first);
                // Half a code of luma and what half a code of chroma, of less range, makes of a colour.
                let bits = (0..3.min(info.n_components() as u8)).map(|c| info.comp_depth(c));
                let code = 2.0 / 2f32.powi(bits.min().unwrap_or(8) as i32);
                let error = furthest(&seen, &wanted);
                assert!(error < 2.0 * code, "{format:?} {rgb:?}: {error} of {code}");
                // Two formats unpack chroma without the bits below its code, which costs up to a code.
                let again = packed(&mut converter, &info, &seen);
                let error = furthest(&unpacked(&mut converter, &info, &again), &seen);
                assert!(
                    error < 2.1 * code,
                    "{format:?} {rgb:?} drifts: {error} of {code}"
                );
            }
        }
    }

    #[test]
    fn colours_agree_with_those_of_the_converter() {
        gst::init().expect("GStreamer starts");
        for format in [
            VideoFormat::I420,
            VideoFormat::Nv12,
            VideoFormat::Y42b,
            VideoFormat::P01010le,
            VideoFormat::Y44412le,
            VideoFormat::Gray8,
            VideoFormat::Gbr10le,
            VideoFormat::Rgb16,
        ] {
            for (width, height) in [(17, 9), (1280, 720)] {
                // Caps without colorimetry: BT.601 for the small frame, BT.709 for the large one.
                let info = VideoInfo::builder(format, width, height)
                    .build()
                    .expect("an info");
                let mut converter = Converter::new(&info, &info, false).expect("a converter");
                let (height, width) = (height as usize, width as usize);
                let wave =
                    |c: usize, y: usize, x: usize| ((x / (c + 3) + y / 5) % 16) as f32 / 40.0 - 0.2;
                let waves = Image::from_fn(3, height, width, |c, y, x| {
                    wave(c * usize::from(!info.is_gray()), y, x)
                });
                let source = packed(&mut converter, &info, &waves);
                let ours = unpacked(&mut converter, &info, &source);
                let rgb =
                    VideoInfo::builder(VideoFormat::Argb64, info.width(), info.height()).build();
                let rgb = rgb.expect("an info");
                let converter = VideoConverter::new(&info, &rgb, None).expect("a converter");
                let mut target = gst::Buffer::with_size(rgb.size()).expect("memory");
                let from = Readable::from_buffer_ref_readable(&source, &info).expect("maps");
                let target = target.get_mut().expect("ours alone");
                let mut to = Writable::from_buffer_ref_writable(target, &rgb).expect("maps");
                converter.frame_ref(&from, &mut to);
                let bytes = to.plane_data(0).expect("bytes");
                let pixels = bytes.chunks_exact(PIXEL).enumerate();
                for (i, pixel) in pixels {
                    for c in 0..3 {
                        let theirs = f32::from(sample(pixel, c + 1)) * (2.0 / 65535.0) - 1.0;
                        let far = (ours.plane(c)[i] - theirs).abs();
                        // Two codes of eight bits: its matrix takes 255 · 257 for 255 · 256.
                        assert!(far < 4.0 / 255.0, "{format:?} {width}: {far} at {i}, {c}");
                    }
                }
            }
        }
    }
}
