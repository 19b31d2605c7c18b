// SPDX-License-Identifier: MPL-2.0
//! The quality of real JPEGs, found from their planes and from RGB.

use gst::prelude::*;

use crate::common;

/// The qualities assumed for an image that jpegenc compressed, decoded and brought to `between`.
fn estimated(source: &str, between: &str) -> Vec<u32> {
    common::init();
    let echo = common::path("tests/data/echo");
    let line = format!(
        "{source} ! jpegdec ! {between} \
         ud2mrestore name=restorer task=jpeg steps=1 model={echo} \
         ! fakesink name=end signal-handoffs=true"
    );
    let pipeline = gst::parse::launch(&line).unwrap();
    let bin = pipeline.clone().downcast::<gst::Bin>().unwrap();
    let restorer = bin.by_name("restorer").unwrap();
    let seen = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let found = seen.clone();
    bin.by_name("end")
        .unwrap()
        .connect("handoff", false, move |_| {
            let stats = restorer.property::<gst::Structure>("stats");
            found
                .lock()
                .unwrap()
                .push(stats.get::<u32>("jpeg-quality").unwrap());
            None
        });
    pipeline.set_state(gst::State::Playing).unwrap();
    let bus = pipeline.bus().unwrap();
    let wanted = [gst::MessageType::Eos, gst::MessageType::Error];
    let message = bus.timed_pop_filtered(gst::ClockTime::from_seconds(60), &wanted);
    pipeline.set_state(gst::State::Null).unwrap();
    let message = message.expect("an end");
    assert_eq!(
        message.type_(),
        gst::MessageType::Eos,
        "{line}: {message:?}"
    );
    let seen = seen.lock().unwrap().clone();
    // The last frame's numbers are complete only after it has left.
    assert!(!seen.is_empty(), "{line}");
    seen
}

const RGB: &str = "videoconvert ! video/x-raw,format=RGB !";

#[test]
fn the_quality_of_real_jpegs_is_found_within_two_from_planes_and_from_rgb() {
    let scene = common::path("examples/data/scene.png");
    for quality in [10, 30, 75] {
        let source = format!(
            "filesrc location={scene} ! pngdec ! imagefreeze num-buffers=2 ! videoconvert \
             ! video/x-raw,format=I420,colorimetry=1:4:0:0 ! jpegenc quality={quality}"
        );
        for between in ["", RGB] {
            // What a handler sees of the second frame is what the first one showed.
            let found = estimated(&source, between);
            let last = found[found.len() - 1];
            assert!(
                last.abs_diff(quality) <= 2,
                "{quality} {between}: {found:?}"
            );
        }
    }
}

#[test]
fn the_quality_of_a_clip_is_found_and_kept() {
    let clip = common::path("examples/data/clip-q10.avi");
    for between in ["", RGB] {
        let found = estimated(&format!("filesrc location={clip} ! avidemux"), between);
        assert!(found.len() > 1, "a clip");
        assert!(
            found[1..].iter().all(|q| q.abs_diff(10) <= 2),
            "{between}: {found:?}"
        );
    }
}
