// SPDX-License-Identifier: MPL-2.0
//! What the tests of the element share: start-up, tiny packages, harnesses, frames and messages.

#![allow(dead_code, unused_imports, reason = "each test program uses a part")]

mod source;
mod webgpu;

use std::path::PathBuf;
use std::sync::Once;

use gst::prelude::*;
use gst_video::{VideoFormat, VideoInfo};
use gstud2m::restore::{Degradation, InputFile, Output, Settings, Temporal, Tiling};

pub use webgpu::{WEBGPU, webgpu};

/// The folder of the presets that are installed with the plugin.
pub const PRESETS: &str = "src/ud2mrestore/properties/presets";

/// Starts GStreamer with the plugin, once, with the models and presets of the checkout.
///
/// Tests fail here when there is no ONNX Runtime to test with.
pub fn init() {
    static ONCE: Once = Once::new();
    assert!(
        std::env::var_os("ORT_DYLIB_PATH").is_some(),
        "ORT_DYLIB_PATH is not set: run `make test`, which fetches ONNX Runtime"
    );
    ONCE.call_once(|| {
        for (name, value) in [
            ("UD2M_MODEL_PATH", path("models/zoo")),
            ("GST_PRESET_PATH", path(PRESETS)),
            // The user's own presets lie there.
            ("XDG_DATA_HOME", path("target/no-presets")),
            // Vulkan on the CPU, wherever the tests run.
            ("VK_DRIVER_FILES", path(webgpu::DRIVER)),
            ("ORT_WEBGPU_EP_ALLOW_SOFTWARE_ADAPTER", "1".to_owned()),
        ] {
            // SAFETY: every test of a program comes here first and waits until this has returned.
            unsafe { std::env::set_var(name, value) };
        }
        gst::init().expect("GStreamer starts");
        gstud2m::plugin_register_static().expect("the plugin registers");
    });
}

/// A path below the repository's root.
pub fn path(relative: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(relative);
    path.to_str().expect("the path is UTF-8").to_owned()
}

/// What a restorer is asked for: one sample of three outer steps with fixed noise, of frames that
/// stand alone.
pub fn settings(degradation: Degradation, noise_sigma: f32) -> Settings {
    Settings {
        degradation,
        mask: InputFile::default(),
        noise_sigma,
        noise_is_luma: false,
        steps: 3,
        seed: 7,
        detect_unobserved: true,
        noise_per_frame: false,
        stochasticity: 0.0,
        realism: 0.0,
        samples: 1,
        output: Output::Sample,
        temporal: Temporal::Off,
        strength: 1.0,
        compare: 0.0,
        tiling: Tiling::default(),
    }
}

/// The element with a tiny package of `tests/data`, and further properties as text.
pub fn element(package: &str, properties: &[(&str, &str)]) -> gst::Element {
    init();
    let element = gst::ElementFactory::make("ud2mrestore")
        .property("model", path(&format!("tests/data/{package}")))
        .build()
        .expect("the element is registered");
    for (name, value) in properties {
        element.set_property_from_str(name, value);
    }
    element
}

/// An element in a harness, with the messages that it posts.
pub struct Bench {
    pub harness: gst_check::Harness,
    pub bus: gst::Bus,
}

impl Bench {
    /// Live, as harnesses are.
    pub fn new(element: &gst::Element, caps: &gst::Caps) -> Self {
        Self::of(element, caps, true)
    }

    /// In a pipeline that is not live, behind a source that can seek.
    pub fn not_live(element: &gst::Element, caps: &gst::Caps) -> Self {
        source::can_seek(element);
        Self::of(element, caps, false)
    }

    /// In a pipeline that is not live, behind an application that pushes frames.
    pub fn pushed(element: &gst::Element, caps: &gst::Caps) -> Self {
        Self::of(element, caps, false)
    }

    fn of(element: &gst::Element, caps: &gst::Caps, live: bool) -> Self {
        let bus = gst::Bus::new();
        element.set_bus(Some(&bus));
        // A harness aborts the program when its element does not start.
        if element.set_state(gst::State::Paused).is_err() {
            panic!("the element does not start: {:?}", errors(&bus));
        }
        let mut harness = gst_check::Harness::with_element(element, Some("sink"), Some("src"));
        harness.set_live(live);
        harness.set_src_caps(caps.clone());
        Self { harness, bus }
    }

    /// The restored bytes of a frame, rows without padding.
    pub fn restore(&mut self, bytes: &[u8]) -> Vec<u8> {
        let frame = gst::Buffer::from_slice(bytes.to_vec());
        let out = self.push(frame);
        out.map_readable().expect("readable").to_vec()
    }

    /// The restored buffer for `frame`.
    pub fn push(&mut self, frame: gst::Buffer) -> gst::Buffer {
        if let Err(e) = self.harness.push(frame) {
            panic!("{e}: {:?}", self.errors());
        }
        self.harness.pull().expect("a frame")
    }

    /// Texts of the errors posted so far.
    pub fn errors(&self) -> Vec<String> {
        errors(&self.bus)
    }
}

/// Texts of the errors on `bus`, with the domain in front.
pub fn errors(bus: &gst::Bus) -> Vec<String> {
    std::iter::from_fn(|| bus.pop())
        .filter_map(|message| match message.view() {
            gst::MessageView::Error(e) => Some(format!("{}: {}", domain(&e.error()), e.error())),
            _ => None,
        })
        .collect()
}

/// Texts of the warnings on `bus`, which holds no error.
pub fn warnings(bus: &gst::Bus) -> Vec<String> {
    let messages = std::iter::from_fn(|| bus.pop());
    let texts = messages.filter_map(|message| match message.view() {
        gst::MessageView::Warning(w) => Some(w.error().to_string()),
        gst::MessageView::Error(e) => panic!("{}", e.error()),
        _ => None,
    });
    texts.collect()
}

fn domain(error: &gst::glib::Error) -> &'static str {
    if error.is::<gst::ResourceError>() {
        "resource"
    } else if error.is::<gst::LibraryError>() {
        "library"
    } else if error.is::<gst::StreamError>() {
        "stream"
    } else {
        "core"
    }
}

/// Tries to start `element`; the errors it posts, which are none when it starts.
pub fn start(element: &gst::Element) -> Vec<String> {
    let bus = gst::Bus::new();
    element.set_bus(Some(&bus));
    let result = element.set_state(gst::State::Paused);
    let errors = errors(&bus);
    assert_eq!(result.is_err(), !errors.is_empty(), "{result:?} {errors:?}");
    element
        .set_state(gst::State::Null)
        .expect("stopping never fails");
    errors
}

pub fn info(format: VideoFormat, width: u32, height: u32) -> VideoInfo {
    init();
    VideoInfo::builder(format, width, height)
        .fps(gst::Fraction::new(25, 1))
        .build()
        .expect("a size that exists")
}

pub fn caps(format: VideoFormat, width: u32, height: u32) -> gst::Caps {
    info(format, width, height).to_caps().expect("caps")
}

/// A pattern with every code in it; bytes of padding are zero.
pub fn pattern(info: &VideoInfo) -> Vec<u8> {
    let mut bytes = vec![0; info.size()];
    for c in 0..info.n_components() as u8 {
        for y in 0..info.height() as usize {
            for x in 0..info.width() as usize {
                bytes[place(info, c, y, x)] = (x * 5 + y * 37 + usize::from(c) * 91) as u8;
            }
        }
    }
    bytes
}

/// Where the sample of component `c` at row `y` and column `x` lies.
pub fn place(info: &VideoInfo, c: u8, y: usize, x: usize) -> usize {
    let (stride, step) = (info.comp_stride(c) as usize, info.comp_pstride(c) as usize);
    info.comp_offset(c) + y * stride + x * step
}

/// A code as a value, and a value as the code it should become (not rounded).
pub fn value(code: u8) -> f64 {
    f64::from(code) / 127.5 - 1.0
}

pub fn code(value: f64) -> f64 {
    ((value + 1.0) * 127.5).clamp(0.0, 255.0)
}

/// Asserts that `byte` is `expected` rounded; single precision may turn a tie.
pub fn assert_code(byte: u8, expected: f64, at: impl std::fmt::Debug) {
    let distance = (f64::from(byte) - expected).abs();
    assert!(distance <= 0.5 + 2e-3, "{byte} for {expected} at {at:?}");
}

/// Asserts that two frames show the same pattern, whatever lies in the padding of their rows.
pub fn assert_same(info: &VideoInfo, got: &[u8], wanted: &[u8], at: impl std::fmt::Debug) {
    for c in 0..info.n_components() as u8 {
        for y in 0..info.height() as usize {
            for x in 0..info.width() as usize {
                let p = place(info, c, y, x);
                let place = (c, y, x);
                assert_eq!(got[p], wanted[p], "channel, row, column {place:?}: {at:?}");
            }
        }
    }
}

/// Asserts that `echo`, which returns the observation, returns a frame of `format` as it came.
pub fn assert_echo(format: VideoFormat, width: u32, height: u32, properties: &[(&str, &str)]) {
    let element = element("echo", properties);
    let format = info(format, width, height);
    let mut bench = Bench::new(&element, &format.to_caps().unwrap());
    let bytes = pattern(&format);
    let out = bench.restore(&bytes);
    assert_same(&format, &out, &bytes, properties);
}
