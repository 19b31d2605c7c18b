// SPDX-License-Identifier: MPL-2.0
//! task=jpeg on the planes as they were decoded: nothing is lost on the way in and out, and the
//! graph is that of the stream's subsampling.

use std::str::FromStr;

use gst_video::{VideoColorimetry, VideoFormat, VideoInfo};

use crate::common::{self, Bench, assert_code, code, element};

/// A frame as decoders of JPEG describe it: BT.601, full range.
fn decoded(format: VideoFormat, width: u32, height: u32) -> VideoInfo {
    common::init();
    let colorimetry = VideoColorimetry::from_str("1:4:0:0").unwrap();
    VideoInfo::builder(format, width, height)
        .fps(gst::Fraction::new(25, 1))
        .colorimetry(&colorimetry)
        .build()
        .unwrap()
}

/// Codes without any order, so that whatever mixes two samples shows; those of padding are 0.
fn disorder(info: &VideoInfo) -> Vec<u8> {
    let mut state = 1u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    let mut bytes = vec![0; info.size()];
    for c in 0..info.n_components() as u8 {
        for y in 0..info.comp_height(c) as usize {
            for x in 0..info.comp_width(c) as usize {
                bytes[common::place(info, c, y, x)] = next();
            }
        }
    }
    bytes
}

/// Every sample of every component, where padding may differ.
fn assert_planes(info: &VideoInfo, got: &[u8], wanted: &[u8]) {
    for c in 0..info.n_components() as u8 {
        for y in 0..info.comp_height(c) as usize {
            for x in 0..info.comp_width(c) as usize {
                let p = common::place(info, c, y, x);
                let at = (info.format(), info.width(), c, y, x);
                assert_eq!(got[p], wanted[p], "component, row, column {at:?}");
            }
        }
    }
}

#[test]
fn decoded_planes_reach_the_graph_and_leave_it_without_a_code_of_difference() {
    // The model returns its input. Interpolated chroma would not average to its samples again.
    for format in [
        VideoFormat::I420,
        VideoFormat::Nv12,
        VideoFormat::Y42b,
        VideoFormat::Yuy2,
        VideoFormat::Y444,
        VideoFormat::Gray8,
    ] {
        for (width, height) in [(64, 32), (31, 17), (1, 1), (2, 5)] {
            let info = decoded(format, width, height);
            let frame = disorder(&info);
            let element = element("echo", &[("task", "jpeg")]);
            let mut bench = Bench::new(&element, &info.to_caps().unwrap());
            assert_planes(&info, &bench.restore(&frame), &frame);
        }
    }
}

/// The first code of a flat frame through `blend`, which adds 1/8 for 4:2:2 and 1/4 for 4:4:4.
fn first_code(bench: &mut Bench, info: &VideoInfo) -> f64 {
    let mut frame = vec![128; info.size()];
    if info.is_rgb() {
        frame.fill(100);
    }
    f64::from(bench.restore(&frame)[0])
}

/// The output of `blend` at quality 50, whose first luma step is 16 and last chroma step 99.
fn expected(added: f64) -> f64 {
    code(16.0 / 128.0 - 99.0 / 256.0 + added)
}

#[test]
fn the_caps_choose_the_graph_unless_the_property_does() {
    const FIFTY: (&str, &str) = ("jpeg-quality", "50");
    for (format, property, added) in [
        (VideoFormat::I420, "auto", 0.0),
        (VideoFormat::Nv12, "auto", 0.0),
        (VideoFormat::P01010le, "auto", 0.0),
        (VideoFormat::Y42b, "auto", 0.125),
        (VideoFormat::Y444, "auto", 0.25),
        (VideoFormat::Rgb, "auto", 0.0),
        (VideoFormat::Gray8, "auto", 0.0),
        (VideoFormat::Y41b, "auto", 0.0),
        (VideoFormat::Rgb, "422", 0.125),
        (VideoFormat::Rgb, "444", 0.25),
        (VideoFormat::Y42b, "420", 0.0),
        (VideoFormat::I420, "444", 0.25),
    ] {
        let properties = [("task", "jpeg"), FIFTY, ("jpeg-subsampling", property)];
        let info = decoded(format, 32, 16);
        let mut bench = Bench::new(&element("blend", &properties), &info.to_caps().unwrap());
        let mut got = first_code(&mut bench, &info);
        if info.comp_depth(0) == 10 {
            // The first byte of a ten-bit sample is its lower half.
            let bytes = bench.restore(&vec![128; info.size()]);
            got = f64::from(u16::from_le_bytes([bytes[0], bytes[1]]) >> 6) / 1023.0 * 255.0;
        }
        assert!(
            (got - expected(added)).abs() < 0.51,
            "{format:?} {property}: {got}"
        );
    }
}

/// How often the loading of a model was reported as done.
fn loads(bus: &gst::Bus) -> usize {
    std::iter::from_fn(|| bus.pop())
        .filter(|m| match m.view() {
            gst::MessageView::Progress(p) => p.get().0 == gst::ProgressType::Complete,
            _ => false,
        })
        .count()
}

#[test]
fn another_subsampling_mid_stream_loads_another_graph_and_the_same_loads_none() {
    let element = element("blend", &[("task", "jpeg"), ("jpeg-quality", "50")]);
    let first = decoded(VideoFormat::I420, 32, 16);
    let mut bench = Bench::new(&element, &first.to_caps().unwrap());
    for (format, width, added, loaded) in [
        (VideoFormat::I420, 32, 0.0, 1),
        (VideoFormat::I420, 64, 0.0, 0),
        (VideoFormat::Nv12, 64, 0.0, 0),
        (VideoFormat::Y42b, 64, 0.125, 1),
        (VideoFormat::Y42b, 32, 0.125, 0),
        (VideoFormat::Y444, 32, 0.25, 1),
        (VideoFormat::I420, 32, 0.0, 1),
    ] {
        let info = decoded(format, width, 16);
        bench.harness.set_src_caps(info.to_caps().unwrap());
        let got = first_code(&mut bench, &info);
        assert_code(got as u8, expected(added), (format, width));
        assert_eq!(loads(&bench.bus), loaded, "{format:?} {width}");
    }
}

#[test]
fn a_package_without_the_graph_is_refused_only_when_it_is_needed() {
    common::init();
    let folder = tempfile::tempdir().unwrap();
    let old = folder.path().join("old");
    std::fs::create_dir(&old).unwrap();
    let graph = common::path("tests/data/echo/jpeg.onnx");
    std::fs::copy(graph, old.join("jpeg.onnx")).unwrap();
    let properties = [("task", "jpeg"), ("model", old.to_str().unwrap())];
    let start = |more: &[(&str, &str)], format| {
        let properties = [&properties[..], more].concat();
        let caps = decoded(format, 32, 16).to_caps().unwrap();
        Bench::new(&element("echo", &properties), &caps)
    };
    for (property, format) in [("auto", VideoFormat::I420), ("420", VideoFormat::Y42b)] {
        let mut bench = start(&[("jpeg-subsampling", property)], format);
        let frame = vec![90; decoded(format, 32, 16).size()];
        assert_eq!(bench.restore(&frame).len(), frame.len(), "{format:?}");
    }
    let mut bench = start(&[], VideoFormat::Y42b);
    let frame = gst::Buffer::from_slice(vec![90; decoded(VideoFormat::Y42b, 32, 16).size()]);
    assert!(bench.harness.push(frame).is_err());
    let errors = bench.errors();
    let says = |words: &str| errors.iter().any(|e| e.contains(words));
    assert!(
        errors.len() == 1 && says("jpeg422.onnx") && says("jpeg-subsampling=420"),
        "{errors:?}"
    );
    let known = [&properties[..], &[("jpeg-subsampling", "444")]].concat();
    let errors = common::start(&element("echo", &known));
    assert!(
        errors.len() == 1 && errors[0].contains("jpeg444.onnx"),
        "{errors:?}"
    );
}
