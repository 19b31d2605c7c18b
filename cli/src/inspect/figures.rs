// SPDX-License-Identifier: MPL-2.0
//! What one frame shows of what happened to it: the element's own estimates, and some more.

use gst_video::VideoInfo;
use gstud2m::image::Image;
use gstud2m::operator::{
    Bars, Compression, Degradation, NoiseEstimate, Operator, Subsampling, clipped_shares,
    estimate_noise, usable_pixels,
};
use gstud2m::ud2mrestore::format::{seen, subsampling};

use super::blocks::Grid;
use super::comb;
use super::luma::Luma;
use crate::failure::{Failure, Result};
use crate::media::frames::Frame;

/// The ways in which JPEG may have shrunk the chroma of frames that do not tell, the likeliest
/// first.
const WAYS: [Subsampling; 3] = [Subsampling::C420, Subsampling::C422, Subsampling::C444];
/// Share of the blocks by which another way must explain more.
const CLEARLY: f32 = 0.1;

/// What was found of a frame.
pub struct Figures {
    /// As its quiet parts show it.
    pub noise: NoiseEstimate,
    /// Whether levels are told for luma alone, as the element tells them for such frames.
    pub noise_is_luma: bool,
    pub compression: Compression,
    pub subsampling: Subsampling,
    pub grid: Grid,
    /// Share of its parts with teeth.
    pub combed: f32,
    pub bars: Bars,
    /// Shares of the picture within that are black and white without detail.
    pub clipped: [f32; 2],
    /// Whether its caps tell of two fields.
    pub has_fields: bool,
    pub size: (usize, usize),
}

impl Figures {
    /// Those of a frame, and the frame in eight bits.
    pub fn of(name: &str, sample: &gst::Sample) -> Result<(Self, Frame)> {
        let odd = |why: &str| Failure::failed(format!("A frame of {name} cannot be read: {why}"));
        let parts = sample.buffer().zip(sample.caps());
        let (buffer, caps) = parts.ok_or_else(|| odd("it has no format."))?;
        let info = VideoInfo::from_caps(caps).map_err(|_| odd("it is no raw video."))?;
        let image = |planes| {
            let image = seen::image(buffer, caps, planes);
            image.map_err(|e| odd(&e.to_string()))
        };
        let frame = image(false)?;
        let usable = usable_pixels(&frame, None);
        let noise = estimate_noise(&frame, Some(&usable), false).shown;
        let of_yuv = info.format_info().is_yuv();
        let (compression, subsampling) = if of_yuv {
            let way = subsampling(&caps.to_owned()).unwrap_or_default();
            (compression(name, &image(true)?, way, noise.sigma())?, way)
        } else {
            likeliest(name, &frame, noise.sigma())?
        };
        let bars = Bars::find(&frame);
        let picture = frame.crop(bars.picture(frame.width, frame.height));
        let luma = Luma::of_image(&picture);
        let figures = Self {
            noise,
            noise_is_luma: of_yuv || info.format_info().is_gray(),
            compression,
            subsampling,
            grid: Grid::of(&luma),
            combed: comb::share(&luma),
            bars,
            clipped: clipped_shares(&picture),
            has_fields: info.is_interlaced(),
            size: (frame.width, frame.height),
        };
        Ok((figures, codes(&frame)))
    }

    /// The noise as `stats` of the element tells it, of full scale 1.
    pub fn stated(&self) -> f32 {
        if self.noise_is_luma {
            self.noise.luma()
        } else {
            self.noise.sigma()
        }
    }
}

/// The compression that explains most, and how its chroma was shrunk.
fn likeliest(name: &str, frame: &Image, sigma: f32) -> Result<(Compression, Subsampling)> {
    let mut best = (compression(name, frame, WAYS[0], sigma)?, WAYS[0]);
    for way in &WAYS[1..] {
        // Luma alone tells whether there is anything.
        if best.0.fit > 0.0 && best.0.fit < 1.0 - CLEARLY {
            let found = compression(name, frame, *way, sigma)?;
            // Steps of one explain any chroma.
            let has_steps = found.chroma.iter().any(|step| *step > 1.0);
            if has_steps && found.fit > best.0.fit + CLEARLY {
                best = (found, *way);
            }
        }
    }
    Ok(best)
}

/// The compression that the element would find with `task=jpeg`.
fn compression(
    name: &str,
    frame: &Image,
    subsampling: Subsampling,
    sigma: f32,
) -> Result<Compression> {
    let jpeg = Degradation::Jpeg {
        quality: 0,
        subsampling,
    };
    let operator = Operator::new(&jpeg, frame.width, frame.height);
    let mut operator =
        operator.map_err(|e| Failure::failed(format!("A frame of {name} cannot be read: {e}")))?;
    let unobserved = operator.unobserved(frame, None, true, 2.0 * sigma);
    operator.set_observed(unobserved.as_ref().map(|found| &found.mask));
    let found = operator.inspect(frame, None);
    Ok(found.unwrap_or_else(|| Compression::of_quality(100)))
}

/// The image in codes of eight bits.
fn codes(image: &Image) -> Frame {
    let code = |v: &f32| (127.5 * (v + 1.0)).round().clamp(0.0, 255.0) as u8;
    let pixels =
        (0..image.width * image.height).flat_map(|i| [0, 1, 2].map(|c| code(&image.plane(c)[i])));
    Frame {
        width: image.width,
        height: image.height,
        rgb: pixels.collect(),
    }
}
