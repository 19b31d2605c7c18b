// SPDX-License-Identifier: MPL-2.0
//! Caps of the pads and how those of one follow from the other's.
//!
//! Pure functions of caps and scale, which answer before any model is loaded.

use std::sync::LazyLock;

use gst::glib;
use gst::prelude::*;
use gst_video::VideoFormat;

/// Formats that are read as they are: eight bits a channel, with or without alpha.
pub const DIRECT: [VideoFormat; 7] = [
    VideoFormat::Rgb,
    VideoFormat::Bgr,
    VideoFormat::Rgbx,
    VideoFormat::Bgrx,
    VideoFormat::Rgba,
    VideoFormat::Bgra,
    VideoFormat::Gbr,
];
/// Ways in which two views share a frame.
const PACKED: [&str; 6] = [
    "side-by-side",
    "side-by-side-quincunx",
    "column-interleaved",
    "row-interleaved",
    "top-bottom",
    "checkerboard",
];
/// Largest side of a frame, in pixels.
pub const LARGEST: i32 = 16384;

/// Formats of both pads, the direct ones first: all that GStreamer's converter can both unpack and
/// pack.
pub fn formats() -> &'static [VideoFormat] {
    static ALL: LazyLock<Vec<VideoFormat>> = LazyLock::new(|| {
        let others = VideoFormat::iter_raw().filter(|f| {
            // Nothing packs a palette.
            !DIRECT.contains(f) && !gst_video::VideoFormatInfo::from_format(*f).has_palette()
        });
        DIRECT.into_iter().chain(others).collect()
    });
    &ALL
}

pub fn template() -> gst::Caps {
    gst_video::VideoCapsBuilder::new()
        .format_list(formats().iter().copied())
        .width_range(1..=LARGEST)
        .height_range(1..=LARGEST)
        .build()
}

/// Caps of the other pad, for caps on the pad at `direction`. The output is `scale` times larger
/// than the input.
pub fn transformed(caps: &gst::CapsRef, direction: gst::PadDirection, scale: i32) -> gst::Caps {
    if scale == 1 {
        return caps.to_owned();
    }
    let mut out = gst::Caps::new_empty();
    for (structure, features) in caps.iter_with_features() {
        let mut structure = structure.to_owned();
        let possible = ["width", "height"].into_iter().all(|field| {
            let Ok(value) = structure.value(field) else {
                return true;
            };
            match scaled(value, direction, scale) {
                Some(value) => {
                    structure.set_value(field, value);
                    true
                }
                None => false,
            }
        });
        if possible {
            out.merge_structure_full(structure, Some(features.to_owned()));
        }
    }
    out
}

/// One size, range or list of sizes on the other pad; `None` where none is possible.
fn scaled(
    value: &glib::Value,
    direction: gst::PadDirection,
    scale: i32,
) -> Option<glib::SendValue> {
    let up = direction == gst::PadDirection::Sink;
    if let Ok(size) = value.get::<i32>() {
        let size = if up {
            size.checked_mul(scale).filter(|s| *s <= LARGEST)
        } else {
            (size % scale == 0).then_some(size / scale)
        };
        return size.map(|s| s.to_send_value());
    }
    if let Ok(range) = value.get::<gst::IntRange<i32>>() {
        let (low, high) = if up {
            (
                range.min().saturating_mul(scale),
                range.max().min(LARGEST / scale) * scale,
            )
        } else {
            (
                range.min() / scale + i32::from(range.min() % scale > 0),
                range.max() / scale,
            )
        };
        return match low.cmp(&high) {
            std::cmp::Ordering::Greater => None,
            std::cmp::Ordering::Equal => Some(low.to_send_value()),
            std::cmp::Ordering::Less if up => {
                Some(gst::IntRange::with_step(low, high, scale).to_send_value())
            }
            std::cmp::Ordering::Less => Some(gst::IntRange::new(low, high).to_send_value()),
        };
    }
    if let Ok(list) = value.get::<gst::List>() {
        let sizes: Vec<glib::SendValue> = list
            .iter()
            .filter_map(|v| scaled(v, direction, scale))
            .collect();
        return (!sizes.is_empty()).then(|| gst::List::from_values(sizes).to_send_value());
    }
    None
}

/// The way in which two views share a frame of these caps; `None` where there is one view.
pub fn packed_views(caps: &gst::CapsRef) -> Option<&str> {
    let mode = caps.structure(0)?.get::<&str>("multiview-mode").ok()?;
    PACKED.contains(&mode).then_some(mode)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sized(width: impl ToSendValue) -> gst::Caps {
        let mut caps = gst::Caps::new_empty_simple("video/x-raw");
        caps.make_mut().set_value("width", width.to_send_value());
        caps
    }

    fn across(caps: &gst::Caps, direction: gst::PadDirection, scale: i32) -> gst::Caps {
        transformed(caps, direction, scale)
    }

    #[test]
    fn sizes_multiply_downstream_and_divide_upstream() {
        gst::init().expect("GStreamer starts");
        use gst::PadDirection::{Sink, Src};
        for scale in [2, 3, 4] {
            let (small, large) = (sized(7), sized(7 * scale));
            assert_eq!(across(&small, Sink, scale), large);
            assert_eq!(across(&large, Src, scale), small);
            assert!(across(&sized(7 * scale + 1), Src, scale).is_empty());
            assert!(across(&sized(LARGEST), Sink, scale).is_empty());
        }
        assert_eq!(across(&sized(7), Sink, 1), sized(7));
    }

    #[test]
    fn ranges_and_lists_keep_only_sizes_that_are_possible() {
        gst::init().expect("GStreamer starts");
        use gst::PadDirection::{Sink, Src};
        let range = |low, high| sized(gst::IntRange::<i32>::new(low, high));
        assert_eq!(across(&range(5, 11), Src, 4), sized(2));
        assert!(across(&range(5, 7), Src, 4).is_empty());
        let up = across(&range(1, i32::MAX), Sink, 4);
        assert!(up.can_intersect(&sized(LARGEST)) && up.can_intersect(&sized(8)));
        assert!(!up.can_intersect(&sized(6)), "6 is no multiple of 4: {up}");
        let list = sized(gst::List::new([6i32, 8, 9]));
        assert_eq!(across(&list, Src, 3), sized(gst::List::new([2i32, 3])));
    }

    #[test]
    fn other_fields_pass_unchanged() {
        gst::init().expect("GStreamer starts");
        let caps = gst::Caps::builder("video/x-raw")
            .field("format", "RGBA")
            .field("width", 10i32)
            .field("height", 20i32)
            .field("pixel-aspect-ratio", gst::Fraction::new(4, 3))
            .build();
        let mut expected = caps.clone();
        let structure = expected.make_mut().structure_mut(0).expect("one");
        structure.set("width", 20i32);
        structure.set("height", 40i32);
        assert_eq!(across(&caps, gst::PadDirection::Sink, 2), expected);
    }
}
