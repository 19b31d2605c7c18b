// SPDX-License-Identifier: MPL-2.0
//! Caps: formats, sizes in both directions, changes in mid-stream, and what is refused.

use gst::prelude::*;
use gst_video::VideoFormat::{self, Rgb, Rgba};

use crate::common::{self, Bench, assert_same, caps, element, info, path, pattern};

/// Caps the element accepts on `pad` when those on the other are `other`.
fn offered(element: &gst::Element, pad: &str, other: &gst::Caps) -> gst::Caps {
    let direction = if pad == "sink" { "src" } else { "sink" };
    let element = element.clone();
    let (feed, feeds) = if direction == "sink" {
        ("src", gst::PadDirection::Src)
    } else {
        ("sink", gst::PadDirection::Sink)
    };
    // A neighbour that can do `other` alone.
    let template = gst::PadTemplate::new(feed, feeds, gst::PadPresence::Always, other).unwrap();
    let neighbour = gst::Pad::from_template(&template);
    let own = element.static_pad(direction).unwrap();
    if feeds == gst::PadDirection::Src {
        neighbour
            .link_full(&own, gst::PadLinkCheck::empty())
            .unwrap();
    } else {
        own.link_full(&neighbour, gst::PadLinkCheck::empty())
            .unwrap();
    }
    element.static_pad(pad).unwrap().query_caps(None)
}

#[test]
fn before_the_start_caps_follow_the_scale_property_in_both_directions() {
    for scale in [2i32, 3, 4] {
        let text = scale.to_string();
        let properties = [("task", "super-resolve"), ("scale", text.as_str())];
        let (small, large) = (
            caps(Rgb, 30, 20),
            caps(Rgb, 30 * scale as u32, 20 * scale as u32),
        );
        let down = offered(&element("echo", &properties), "src", &small);
        assert!(
            down.can_intersect(&large) && !down.can_intersect(&small),
            "{down}"
        );
        let up = offered(&element("echo", &properties), "sink", &large);
        assert!(
            up.can_intersect(&small) && !up.can_intersect(&large),
            "{up}"
        );
        let odd = offered(&element("echo", &properties), "sink", &caps(Rgb, 61, 41));
        assert!(odd.is_empty(), "61x41 is {scale} times nothing: {odd}");
    }
}

#[test]
fn two_views_in_a_frame_are_told_where_a_kernel_crosses_their_seam() {
    for (task, mode, told) in [
        ("deblur", "side-by-side", true),
        ("deblur", "top-bottom", true),
        ("deblur", "mono", false),
        ("denoise", "side-by-side", false),
    ] {
        let mut caps = caps(Rgb, 32, 16);
        caps.make_mut().set("multiview-mode", mode);
        let bench = Bench::new(&element("echo", &[("task", task)]), &caps);
        let found = common::warnings(&bench.bus);
        let about = found
            .iter()
            .filter(|w| w.contains("Two views share"))
            .count();
        assert_eq!(
            (about, found.len()),
            (usize::from(told), usize::from(told)),
            "{found:?}"
        );
    }
}

#[test]
fn other_tasks_keep_the_size_whatever_the_scale_property() {
    for task in ["deblur", "inpaint", "jpeg", "denoise"] {
        let element = element("echo", &[("task", task), ("scale", "4")]);
        let out = offered(&element, "src", &caps(Rgb, 30, 20));
        assert_eq!(out, caps(Rgb, 30, 20), "{task}");
    }
}

#[test]
fn changing_the_scale_while_stopped_changes_the_caps() {
    let element = element("echo", &[("task", "super-resolve"), ("scale", "2")]);
    let out = offered(&element, "src", &caps(Rgb, 30, 20));
    assert!(out.can_intersect(&caps(Rgb, 60, 40)));
    element.set_property("scale", 3u32);
    let out = element.static_pad("src").unwrap().query_caps(None);
    assert!(out.can_intersect(&caps(Rgb, 90, 60)), "{out}");
}

#[test]
fn the_format_and_the_other_fields_stay() {
    let mut wide = caps(Rgba, 16, 12);
    let aspect = gst::Fraction::new(12, 11);
    wide.make_mut().set("pixel-aspect-ratio", aspect);
    let element = element("echo", &[("task", "super-resolve"), ("scale", "2")]);
    let mut bench = Bench::new(&element, &wide);
    bench.restore(&pattern(&info(Rgba, 16, 12)));
    let out = element.static_pad("src").unwrap().current_caps().unwrap();
    let structure = out.structure(0).unwrap();
    assert_eq!(structure.get::<&str>("format"), Ok("RGBA"));
    assert_eq!(structure.get::<i32>("width"), Ok(32));
    assert_eq!(structure.get("pixel-aspect-ratio"), Ok(aspect));
    assert_eq!(structure.get("framerate"), Ok(gst::Fraction::new(25, 1)));
}

#[test]
fn both_pads_offer_every_raw_format_but_palettes() {
    let element = element("echo", &[]);
    for pad in ["sink", "src"] {
        let template = element.pad_template(pad).unwrap();
        for format in [
            Rgb,
            Rgba,
            VideoFormat::I420,
            VideoFormat::P01010le,
            VideoFormat::Gray16Le,
        ] {
            assert!(
                template.caps().can_intersect(&caps(format, 16, 16)),
                "{format:?}"
            );
        }
        let palette = gst::Caps::builder("video/x-raw")
            .field("format", "RGB8P")
            .build();
        assert!(!template.caps().can_intersect(&palette));
    }
}

#[test]
fn size_and_format_may_change_in_mid_stream() {
    let element = element("echo", &[]);
    let mut bench = Bench::new(&element, &caps(Rgb, 16, 16));
    bench.restore(&pattern(&info(Rgb, 16, 16)));
    for (format, width, height) in [
        (Rgb, 33, 9),
        (Rgba, 64, 48),
        (VideoFormat::Y444, 20, 12),
        (Rgb, 16, 16),
    ] {
        bench.harness.set_src_caps(caps(format, width, height));
        let bytes = pattern(&info(format, width, height));
        let out = bench.restore(&bytes);
        common::assert_same(&info(format, width, height), &out, &bytes, (width, height));
        let out = element.static_pad("src").unwrap().current_caps().unwrap();
        assert!(out.can_intersect(&caps(format, width, height)));
    }
}

#[test]
fn interlaced_frames_are_refused_once_with_a_sentence() {
    let mut interlaced = caps(Rgb, 16, 16);
    interlaced.make_mut().set("interlace-mode", "interleaved");
    let element = element("echo", &[]);
    let bus = gst::Bus::new();
    element.set_bus(Some(&bus));
    let mut harness = gst_check::Harness::with_element(&element, Some("sink"), Some("src"));
    harness.set_src_caps(interlaced);
    for _ in 0..2 {
        let frame = gst::Buffer::from_slice(pattern(&info(Rgb, 16, 16)));
        assert_eq!(harness.push(frame), Err(gst::FlowError::NotNegotiated));
    }
    let errors = common::errors(&bus);
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert!(
        errors[0].starts_with("stream: Interlaced frames cannot"),
        "{errors:?}"
    );
    assert!(errors[0].contains("deinterlace"), "{errors:?}");
}

#[test]
fn a_mask_of_another_size_is_refused_with_both_sizes() {
    let mask = path("tests/data/mask.pgm");
    let element = element("echo", &[("task", "inpaint"), ("mask-file", mask.as_str())]);
    let mut bench = Bench::new(&element, &caps(Rgb, 48, 64));
    let frame = gst::Buffer::from_slice(pattern(&info(Rgb, 48, 64)));
    assert!(bench.harness.push(frame).is_err());
    let errors = bench.errors();
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert!(errors[0].starts_with("resource: "), "{errors:?}");
    for word in ["mask.pgm", "64x48", "48x64"] {
        assert!(errors[0].contains(word), "{word}: {errors:?}");
    }
    // The right size mends it.
    bench.harness.set_src_caps(caps(Rgb, 64, 48));
    bench.restore(&pattern(&info(Rgb, 64, 48)));
}

#[test]
fn the_frame_rate_may_change_in_mid_stream() {
    let element = element(
        "affine",
        &[("task", "denoise"), ("noise-mode", "per-frame")],
    );
    let mut bench = Bench::new(&element, &caps(Rgb, 16, 16));
    // 0/1 is a rate that varies.
    for rate in [(25, 1), (30000, 1001), (0, 1), (25, 1)] {
        let mut other = caps(Rgb, 16, 16);
        let rate = gst::Fraction::new(rate.0, rate.1);
        other.make_mut().set("framerate", rate);
        bench.harness.set_src_caps(other);
        let mut frame = gst::Buffer::from_slice(pattern(&info(Rgb, 16, 16)));
        let at = gst::ClockTime::from_seconds(1);
        frame.get_mut().unwrap().set_pts(at);
        assert_eq!(bench.push(frame).pts(), Some(at));
        let out = element.static_pad("src").unwrap().current_caps().unwrap();
        assert_eq!(out.structure(0).unwrap().get("framerate"), Ok(rate));
    }
    assert!(bench.errors().is_empty());
}

#[test]
fn caps_may_change_while_frames_pass_and_while_they_do_not() {
    let element = element("echo", &[("strength", "0")]);
    let mut bench = Bench::new(&element, &caps(Rgb, 16, 16));
    let sizes = [
        (Rgb, 16, 16),
        (Rgba, 33, 9),
        (Rgb, 8, 40),
        (Rgb, 1, 1),
        (Rgba, 16, 16),
    ];
    for (i, (format, width, height)) in sizes.into_iter().enumerate() {
        bench.harness.set_src_caps(caps(format, width, height));
        let format = info(format, width, height);
        let bytes = pattern(&format);
        for turn in 0..4 {
            let strength = f64::from(u8::from((i + turn) % 2 == 0));
            element.set_property("strength", strength);
            let out = bench.restore(&bytes);
            assert_same(&format, &out, &bytes, (i, turn, strength));
        }
    }
}
