// SPDX-License-Identifier: MPL-2.0
//! The pipelines of the elements' own documentation run as they stand.

use gst::prelude::*;

use crate::common;

/// The launch lines of the documentation blocks, without the tool's name.
fn documented_pipelines() -> Vec<String> {
    let files = ["src/ud2mrestore/imp.rs", "src/ud2mdefects/imp.rs"];
    let read = |file| std::fs::read_to_string(common::path(file)).unwrap();
    let source = files.map(read).concat();
    let blocks = source.split("|[").skip(1);
    blocks
        .map(|block| {
            let (text, _) = block.split_once("]|").expect("a block that ends");
            let words = text.split_whitespace().filter(|w| *w != "*" && *w != "\\");
            let line = words.collect::<Vec<_>>().join(" ");
            let line = line.strip_prefix("gst-launch-1.0 ");
            line.expect("a line for gst-launch-1.0").to_owned()
        })
        .collect()
}

#[test]
fn every_documented_pipeline_runs_to_its_end() {
    common::init();
    let pipelines = documented_pipelines();
    for task in ["deblur", "inpaint", "super-resolve", "jpeg", "denoise"] {
        let shown = pipelines
            .iter()
            .any(|p| p.contains(&format!("task={task} ")));
        assert!(shown, "no pipeline shows task={task}");
    }
    for line in pipelines {
        let pipeline = gst::parse::launch(&line).unwrap_or_else(|e| panic!("{line}: {e}"));
        let bus = pipeline.bus().unwrap();
        let _ = pipeline.set_state(gst::State::Playing);
        let wanted = [gst::MessageType::Eos, gst::MessageType::Error];
        let limit = gst::ClockTime::from_seconds(120);
        let end = bus.timed_pop_filtered(limit, &wanted);
        match end.as_ref().map(|message| message.view()) {
            Some(gst::MessageView::Eos(_)) => {}
            Some(gst::MessageView::Error(e)) => panic!("{line}: {} {:?}", e.error(), e.debug()),
            _ => panic!("{line}: did not end within {limit}"),
        }
        pipeline.set_state(gst::State::Null).unwrap();
    }
}
