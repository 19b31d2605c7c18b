// SPDX-License-Identifier: MPL-2.0
//! Masks of files: which pixels of a frame were observed.

use super::{Encoded, InputFile, Picture};
use crate::error::RestoreError;
use crate::image::Image;

/// Least value, 0 to 1, of an observed pixel: 250 of 255.
///
/// A mask is not a weight. What lies under the soft edge of a scratch is the picture mixed with the
/// scratch, not the picture with more noise, so that any weight lets some of the scratch in.
const WHITE: f32 = 250.0 / 255.0;

/// Whether a mask of this value, 0 to 1, says that a pixel was observed.
pub fn is_observed(value: f32) -> bool {
    value >= WHITE
}

/// Largest value of black: 5 of 255.
const BLACK: f32 = 5.0 / 255.0;
/// Share of gray pixels, in percent, beyond which the mask is hardly meant to be one.
const MOSTLY: f32 = 50.0;
/// Share of missing pixels, in percent, beyond which the mask may be meant the other way round.
const NEARLY_ALL: f32 = 95.0;

/// Bytes of a file, for each pixel: three numbers of five digits as text, each with a space.
const BYTES: u64 = 18;
/// Bytes for all that is not pixels: colour profiles, comments.
const EXTRA_BYTES: u64 = 1 << 20;

/// Finds out whether the file is there, before the size of the frames is known.
pub fn check_mask(file: &InputFile) -> Result<(), RestoreError> {
    if file.is_empty() {
        return Err(RestoreError::Settings(
            "Inpainting needs a mask: set mask-file to an image of the frame's size, white where \
             pixels are observed."
                .to_owned(),
        ));
    }
    file.check()
        .map_err(|reason| RestoreError::file(file.path(), unreadable(&reason)))
}

/// Reads the mask of a frame of `width` x `height` pixels: one channel of 1 where a pixel is nearly
/// white, and opaque, and of 0 elsewhere.
///
/// With it come sentences about what was assumed, where a user hardly means it. An error names the
/// file that cannot be read, has another size, shows nothing as observed, or
/// says by its colours and its alpha channel two things.
pub fn read_mask(
    file: &InputFile,
    width: usize,
    height: usize,
) -> Result<(Image, Vec<String>), RestoreError> {
    check_mask(file)?;
    let limit = BYTES * (width * height) as u64 + EXTRA_BYTES;
    let bytes = file.read(limit).map_err(|reason| unreadable(&reason));
    bytes
        .and_then(|bytes| mask(&bytes, width, height))
        .map(|(mask, remark)| {
            let about = |remark| format!("{}: {remark}", file.path().display());
            (mask, remark.map(about).into_iter().collect())
        })
        .map_err(|reason| RestoreError::file(file.path(), reason))
}

/// The mask that the bytes of a file hold, and what is odd about it. The error says what is wrong
/// and what to do.
fn mask(bytes: &[u8], width: usize, height: usize) -> Result<(Image, Option<String>), String> {
    let encoded = Encoded::open(bytes).map_err(|reason| unreadable(&reason))?;
    let found = encoded.size();
    if found != (width, height) {
        return Err(format!(
            "The mask has {}x{} pixels and the frame {width}x{height}: give a mask of the frame's \
             size.",
            found.0, found.1
        ));
    }
    let picture = encoded.decode().map_err(|reason| unreadable(&reason))?;
    let Picture { values, colour } = picture;
    if values.iter().all(|v| *v < WHITE) {
        let lightest = values.iter().fold(0.0f32, |m, v| m.max(*v));
        return Err(format!(
            "The mask has no white pixel, the lightest is {:.0} of 255, so that nothing is \
             observed: paint observed pixels white, and opaque.",
            255.0 * lightest
        ));
    }
    if colour.is_some_and(|colour| colour < WHITE) {
        return Err(
            "The mask is of one colour, which is not white, and partly transparent, so that it \
             does not say what is missing: make observed pixels opaque white and all others black."
                .to_owned(),
        );
    }
    let observed = |v: &f32| f32::from(u8::from(is_observed(*v)));
    let mask = Image {
        channels: 1,
        height,
        width,
        data: values.iter().map(observed).collect(),
    };
    Ok((mask, remark(&values)))
}

/// What is odd about a mask of these values.
fn remark(values: &[f32]) -> Option<String> {
    let share = |is: fn(f32) -> bool| {
        let count = values.iter().filter(|v| is(**v)).count();
        100.0 * count as f32 / values.len() as f32
    };
    let (gray, missing) = (share(|v| v > BLACK && v < WHITE), share(|v| v < WHITE));
    if gray > MOSTLY {
        Some(format!(
            "{gray:.0} % of the mask is gray, which counts as missing: make it black and white."
        ))
    } else if missing > NEARLY_ALL {
        Some(format!(
            "The mask leaves {missing:.1} % of the pixels missing: invert it, if it is black where \
             pixels are observed."
        ))
    } else {
        None
    }
}

fn unreadable(reason: &str) -> String {
    format!(
        "The mask cannot be read ({reason}): set mask-file to a gray PNG or PGM of the frame's \
         size, white where pixels are observed."
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The mask of a PNG of one row of pixels, each red, green, blue and alpha.
    fn of(pixels: &[[u8; 4]]) -> Result<Vec<f32>, String> {
        let image = image::RgbaImage::from_raw(pixels.len() as u32, 1, pixels.concat());
        let mut file = std::io::Cursor::new(Vec::new());
        image
            .expect("an image")
            .write_to(&mut file, image::ImageFormat::Png)
            .expect("a file");
        mask(file.get_ref(), pixels.len(), 1).map(|(mask, _)| mask.data.clone())
    }

    fn gray(v: u8) -> [u8; 4] {
        [v, v, v, 255]
    }

    fn white(alpha: u8) -> [u8; 4] {
        [255, 255, 255, alpha]
    }

    #[test]
    fn only_nearly_white_is_observed() {
        let soft = [0, 1, 127, 128, 200, 249, 250, 254, 255].map(gray);
        let mask = of(&soft).expect("a mask");
        assert_eq!(mask, [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0]);
        let yellow = of(&[[255, 255, 0, 255], gray(255)]).expect("a mask");
        assert_eq!(yellow, [0.0, 1.0]);
    }

    #[test]
    fn what_is_erased_from_a_white_layer_is_missing() {
        let erased = [white(255), white(128), white(0), [0, 0, 0, 0], white(254)];
        assert_eq!(of(&erased).expect("a mask"), [1.0, 0.0, 0.0, 0.0, 1.0]);
    }

    #[test]
    fn masks_that_say_nothing_or_two_things_are_refused() {
        let ambiguous = [gray(255), gray(0), white(0)];
        let strokes = [[0, 0, 0, 255], [0, 0, 0, 0]];
        for (pixels, word) in [
            (&[gray(1), gray(0)][..], "the lightest is 1 of 255"),
            (&[white(0), white(0)], "nothing is observed"),
            (&ambiguous, "transparency both vary"),
            (&strokes, "not white, and partly transparent"),
        ] {
            let reason = of(pixels).expect_err(word);
            assert!(reason.contains(word), "{reason}");
        }
    }

    #[test]
    fn the_size_is_compared_before_the_pixels_are_read() {
        let header = b"P5 4000000000 2000000000 255\n";
        let reason = mask(header, 8, 8).expect_err("another size");
        assert!(reason.contains("4000000000x2000000000"), "{reason}");
    }
}
