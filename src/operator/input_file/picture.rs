// SPDX-License-Identifier: MPL-2.0
//! Gray pictures of PNG and PNM files.

use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};

use image::{DynamicImage, ImageDecoder, ImageReader, ImageResult, Limits};

/// Least alpha, 0 to 1, of a pixel that hides all behind it. Some programs write a little less
/// than all.
const OPAQUE: f32 = 250.0 / 255.0;
/// Largest difference, of full scale, between colours that are one.
const SAME: f32 = 2.0 / 255.0;

/// Memory, in bytes, for what is not pixels, such as colour profiles.
const MEMORY: u64 = 32 << 20;

/// A picture whose header has been read, and whose pixels have not.
pub struct Encoded<'a> {
    decoder: Box<dyn ImageDecoder + 'a>,
}

/// A gray picture.
#[derive(Debug)]
pub struct Picture {
    /// Row by row, from 0 to 1: gray, or alpha where `colour` says so.
    pub values: Vec<f32>,
    /// The one gray, 0 to 1, of all pixels that are not transparent, where the picture lies in the
    /// alpha channel; `None` where it lies in the colours.
    pub colour: Option<f32>,
}

impl<'a> Encoded<'a> {
    /// Reads the header of a PNG or PNM file. The error says in a few words what is wrong.
    pub fn open(file: &'a [u8]) -> Result<Self, String> {
        let reader = ImageReader::new(Cursor::new(file));
        let mut reader = reader.with_guessed_format().map_err(|e| e.to_string())?;
        let mut limits = Limits::default();
        limits.max_alloc = Some(MEMORY);
        reader.limits(limits);
        let decoder = caught(|| reader.into_decoder())?;
        Ok(Self {
            decoder: Box::new(decoder),
        })
    }

    /// Width and height in pixels.
    pub fn size(&self) -> (usize, usize) {
        let (width, height) = self.decoder.dimensions();
        (width as usize, height as usize)
    }

    /// Reads the pixels, whose number the caller has checked. The error says in a few words what is
    /// wrong.
    pub fn decode(self) -> Result<Picture, String> {
        let image = caught(|| DynamicImage::from_decoder(self.decoder))?;
        gray(&image)
    }
}

/// What `read` returns. A decoder that panics on a broken file has failed on it, and that is all:
/// nothing that it worked with is used again.
fn caught<T>(read: impl FnOnce() -> ImageResult<T>) -> Result<T, String> {
    match catch_unwind(AssertUnwindSafe(read)) {
        Ok(result) => result.map_err(|e| e.to_string()),
        Err(_) => Err("it is broken in a way that its decoder does not expect".to_owned()),
    }
}

/// The channel that carries the picture: the colours' gray, or alpha where all visible pixels have
/// one colour.
fn gray(image: &DynamicImage) -> Result<Picture, String> {
    let of_colours = || Picture {
        values: image.to_luma32f().into_raw(),
        colour: None,
    };
    if !image.color().has_alpha() {
        return Ok(of_colours());
    }
    let both = image.to_luma_alpha32f();
    if both.pixels().all(|p| p[1] >= OPAQUE) {
        return Ok(of_colours());
    }
    // What colour a wholly transparent pixel has is up to the program that wrote it.
    let visible = both.pixels().filter(|p| p[1] > 0.0).map(|p| p[0]);
    let ends = visible.fold(None, |ends, v| {
        let (low, high) = ends.unwrap_or((v, v));
        Some((v.min(low), v.max(high)))
    });
    let (low, high) = ends.unwrap_or((0.0, 0.0));
    if high - low > SAME {
        return Err(
            "its colours and its transparency both vary, and only one of them can be meant"
                .to_owned(),
        );
    }
    Ok(Picture {
        values: both.pixels().map(|p| p[1]).collect(),
        colour: Some(high),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A picture of one row of pixels, each gray and alpha.
    fn row(pixels: &[[u8; 2]]) -> Result<Picture, String> {
        let data = pixels.concat();
        let image = image::GrayAlphaImage::from_raw(pixels.len() as u32, 1, data);
        gray(&image.expect("an image").into())
    }

    #[test]
    fn the_picture_lies_where_something_varies() {
        let opaque = row(&[[0, 255], [255, 250], [51, 255]]).expect("colours");
        assert_eq!((opaque.values, opaque.colour), (vec![0.0, 1.0, 0.2], None));
        let alpha = row(&[[255, 255], [254, 51], [0, 0]]).expect("alpha");
        assert_eq!(alpha.values, [1.0, 0.2, 0.0]);
        assert_eq!(alpha.colour, Some(1.0));
        let black = row(&[[0, 0], [0, 255]]).expect("alpha");
        assert_eq!((black.values, black.colour), (vec![0.0, 1.0], Some(0.0)));
        let reason = row(&[[0, 255], [255, 255], [0, 0]]).expect_err("both vary");
        assert!(reason.contains("both vary"), "{reason}");
    }

    #[test]
    fn the_size_is_known_before_the_pixels_are_read() {
        let encoded = Encoded::open(b"P5 4000000000 2000000000 255\n").expect("a header");
        assert_eq!(encoded.size(), (4_000_000_000, 2_000_000_000));
        assert!(Encoded::open(b"not an image").is_err());
        let encoded = Encoded::open(b"P5 2 2 255\n\0\0").expect("a header");
        assert!(encoded.decode().is_err());
    }

    #[test]
    fn a_file_on_which_the_decoder_panics_is_an_error() {
        let broken = include_bytes!("../../../tests/data/palette.png");
        let encoded = Encoded::open(broken).and_then(Encoded::decode);
        let reason = encoded.expect_err("the palette is broken");
        assert!(reason.contains("broken"), "{reason}");
    }
}
