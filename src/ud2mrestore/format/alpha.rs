// SPDX-License-Identifier: MPL-2.0
//! Colours under transparency, which nobody sees: they must not bleed into those that are seen. Or
//! alpha is a mask, and what is transparent is to be filled in.

use gst_video::prelude::*;

use super::{Formats, MappedFrames, Readable, direct};
use crate::image::{EIGHT_BIT_STEP, Image};
use crate::layout::unreachable_memory;
use crate::restore::{fill_holes, is_observed};

/// Least alpha of a pixel that counts, as a share of its neighbours' largest.
const SOLID: f32 = 0.5;

/// What was taken out of an image.
pub struct Hidden {
    /// The image as it was.
    colours: Image,
    /// 1 where a pixel counts in full, 0 elsewhere; one channel.
    visible: Image,
}

impl Hidden {
    /// Continues the visible colours of `image` into its transparent parts.
    ///
    /// `alpha` is one channel of 0 to 1, of the image's size. Pixels much more transparent than
    /// those around them are no data, and neither are those whose alpha is 0. `None` where all are
    /// data.
    pub fn taken_out(image: &mut Image, alpha: &Image) -> Option<Self> {
        let visible = visible(alpha);
        if visible.data.iter().all(|v| *v > 0.0) {
            return None;
        }
        let continued = fill_holes(image, &visible);
        let colours = std::mem::replace(image, continued);
        Some(Self { colours, visible })
    }

    /// 1 where a pixel counts, 0 where nobody sees its colour.
    pub fn visible(&self) -> &Image {
        &self.visible
    }

    /// Puts what was taken away into an image `scale` times as large, each pixel repeated.
    pub fn give_back(&self, image: &mut Image, scale: usize) {
        for c in 0..image.channels {
            for y in 0..image.height {
                let before = self.colours.row(c, y / scale);
                let before = before.iter().zip(self.visible.row(0, y / scale));
                let pixels = image.row_mut(c, y).chunks_mut(scale).zip(before);
                let hidden = pixels.filter(|(_, (_, visible))| **visible == 0.0);
                hidden.for_each(|(values, (colour, _))| values.fill(*colour));
            }
        }
    }
}

/// The alpha of a frame of eight bits, 0 to 1; `None` where it has none or its bytes cannot be
/// reached.
pub fn of(frame: &Readable) -> Option<Image> {
    if !frame.info().has_alpha() {
        return None;
    }
    let mut alpha = Image::new(
        1,
        frame.info().height() as usize,
        frame.info().width() as usize,
    );
    direct::unpack_component(frame, 3, |y, codes| {
        let values = alpha.row_mut(0, y).iter_mut().zip(codes);
        values.for_each(|(v, code)| *v = f32::from(*code) * (EIGHT_BIT_STEP as f32 / 2.0));
    })?;
    Some(alpha)
}

/// 1 where a pixel's alpha is not far below the largest of its 3x3 neighbourhood, and not 0.
fn visible(alpha: &Image) -> Image {
    let (height, width) = (alpha.height, alpha.width);
    let mut across = alpha.clone();
    for y in 0..height {
        let row = alpha.row(0, y);
        for (x, largest) in across.row_mut(0, y).iter_mut().enumerate() {
            let around = &row[x.saturating_sub(1)..(x + 2).min(width)];
            *largest = around.iter().fold(0.0, |a, b| b.max(a));
        }
    }
    let mut out = alpha.clone();
    for y in 0..height {
        let rows = y.saturating_sub(1)..(y + 2).min(height);
        for (x, alpha) in out.row_mut(0, y).iter_mut().enumerate() {
            let largest = rows.clone().map(|y| across.row(0, y)[x]);
            let solid = SOLID * largest.fold(0.0, f32::max);
            *alpha = f32::from(u8::from(*alpha > 0.0 && *alpha >= solid));
        }
    }
    out
}

impl Formats {
    /// Fails for input frames without alpha.
    pub fn check_alpha(&self) -> Result<(), gst::ErrorMessage> {
        if self.input.has_alpha() {
            return Ok(());
        }
        Err(gst::error_msg!(
            gst::StreamError::Format,
            (
                "mask-source=alpha needs frames with alpha, and {} has none: put ud2mdefects, or \
                 videoconvert and video/x-raw,format=RGBA, before ud2mrestore.",
                self.input.format()
            )
        ))
    }
}

impl MappedFrames<'_> {
    /// 0 where the input frame is less than nearly opaque, 1 elsewhere, one channel; `None` where
    /// it is opaque all over. For [`MappedFrames::unpack`] nothing is hidden then, and all of the
    /// output is opaque.
    pub fn holes(&mut self) -> Result<Option<Image>, gst::ErrorMessage> {
        self.opaque = true;
        let alpha = match &mut self.converter {
            Some(converter) => {
                let alpha = converter.load(&self.input).and_then(|()| converter.alpha());
                converter.make_opaque();
                alpha
            }
            None => of(&self.input),
        };
        let mut mask = alpha.ok_or_else(|| unreachable_memory("input"))?;
        let observed = |v: &mut f32| *v = f32::from(u8::from(is_observed(*v)));
        mask.data.iter_mut().for_each(observed);
        Ok(mask.data.contains(&0.0).then_some(mask))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn visible_colours_go_on_under_transparency_and_what_was_there_comes_back() {
        let original = Image::from_fn(3, 12, 16, |c, _, x| match (x < 8, c) {
            (true, _) => 0.25,
            (false, 0) => 1.0,
            _ => -1.0,
        });
        let alpha = Image::from_fn(1, 12, 16, |_, _, x| f32::from(u8::from(x < 8)));
        let mut image = original.clone();
        let hidden = Hidden::taken_out(&mut image, &alpha).expect("half is hidden");
        assert!(image.data.iter().all(|v| (v - 0.25).abs() < 1e-6));
        assert_eq!(hidden.visible(), &alpha);
        hidden.give_back(&mut image, 1);
        let pairs = image.data.iter().zip(&original.data);
        assert!(pairs.into_iter().all(|(a, b)| (a - b).abs() < 1e-6));
        let mut large = Image::filled(3, 24, 32, 0.25);
        hidden.give_back(&mut large, 2);
        assert_eq!([15, 16, 17].map(|x| large.row(0, 23)[x]), [0.25, 1.0, 1.0]);
    }

    #[test]
    fn even_alpha_and_soft_edges_change_nothing() {
        let original = Image::from_fn(3, 9, 9, |c, y, x| (c + y * x) as f32 / 50.0);
        for alpha in [1.0, 0.3] {
            let mut image = original.clone();
            assert!(Hidden::taken_out(&mut image, &Image::filled(1, 9, 9, alpha)).is_none());
            assert_eq!(image, original);
        }
        let ramp = Image::from_fn(1, 9, 9, |_, _, x| 0.2 + 0.1 * x as f32);
        assert!(Hidden::taken_out(&mut original.clone(), &ramp).is_none());
    }

    #[test]
    fn a_frame_that_nobody_sees_leaves_as_it_came() {
        let original = Image::from_fn(3, 5, 7, |c, y, x| (c + y + x) as f32 / 20.0);
        let mut image = original.clone();
        let hidden = Hidden::taken_out(&mut image, &Image::new(1, 5, 7)).expect("all is hidden");
        hidden.give_back(&mut image, 1);
        let pairs = image.data.iter().zip(&original.data);
        assert!(pairs.into_iter().all(|(a, b)| (a - b).abs() < 1e-6));
    }
}
