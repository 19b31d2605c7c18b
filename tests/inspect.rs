// SPDX-License-Identifier: MPL-2.0
//! The element's interface as a checked file, and the pipelines of its documentation run as they stand.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

mod common;

use std::fmt::Write;

use gst::glib;
use gst::prelude::*;

const FILE: &str = "docs/inspect.txt";
const UPDATE: &str = "UPDATE_INSPECT";

/// Properties of the classes above are GStreamer's own, but for this one, whose default is a decision.
fn own(spec: &glib::ParamSpec, element: &gst::Element) -> bool {
    spec.owner_type() == element.type_() || spec.name() == "qos"
}

fn value(value: &glib::Value) -> String {
    if let Ok(number) = value.get::<f64>() {
        return number.to_string();
    }
    // Null boxes cannot be serialised.
    if value.type_().is_a(gst::Structure::static_type()) {
        return "none".to_owned();
    }
    let text = value.serialize();
    text.map_or_else(|_| "none".to_owned(), |t| t.to_string())
}

fn range(spec: &glib::ParamSpec) -> String {
    if let Some(s) = spec.downcast_ref::<glib::ParamSpecUInt>() {
        format!("{} to {}", s.minimum(), s.maximum())
    } else if let Some(s) = spec.downcast_ref::<glib::ParamSpecInt>() {
        format!("{} to {}", s.minimum(), s.maximum())
    } else if let Some(s) = spec.downcast_ref::<glib::ParamSpecUInt64>() {
        format!("{} to {}", s.minimum(), s.maximum())
    } else if let Some(s) = spec.downcast_ref::<glib::ParamSpecDouble>() {
        format!("{} to {}", s.minimum(), s.maximum())
    } else if let Some(s) = spec.downcast_ref::<glib::ParamSpecEnum>() {
        let class = s.enum_class();
        let nicks: Vec<&str> = class.values().iter().map(|v| v.nick()).collect();
        nicks.join(", ")
    } else {
        spec.value_type().name().to_owned()
    }
}

fn access(spec: &glib::ParamSpec) -> &'static str {
    let flags = spec.flags();
    if !flags.contains(glib::ParamFlags::WRITABLE) {
        "read only"
    } else if flags.contains(gst::PARAM_FLAG_CONTROLLABLE) {
        "at any time, controllable"
    } else if flags.contains(gst::PARAM_FLAG_MUTABLE_PLAYING) {
        "at any time"
    } else if flags.contains(gst::PARAM_FLAG_MUTABLE_READY) {
        "while stopped"
    } else {
        "as inherited"
    }
}

fn interface() -> String {
    common::init();
    let element = gst::ElementFactory::make("ud2mrestore").build().unwrap();
    let factory = element.factory().unwrap();
    let mut out = String::new();
    for (title, key) in [
        ("name", "long-name"),
        ("class", "klass"),
        ("description", "description"),
    ] {
        writeln!(out, "{title}: {}", factory.metadata(key).unwrap()).unwrap();
    }
    writeln!(out, "rank: {}", i32::from(factory.rank())).unwrap();
    for template in factory.static_pad_templates() {
        let direction = format!("{:?}", template.direction()).to_lowercase();
        // Which raw formats there are depends on GStreamer's version; tests/formats.rs takes each.
        let mut caps = template.caps().clone();
        caps.make_mut().set("format", "all-raw-but-palettes");
        writeln!(out, "{direction} pad: {caps}").unwrap();
    }
    let mut specs: Vec<glib::ParamSpec> = element.list_properties().to_vec();
    specs.retain(|spec| own(spec, &element));
    specs.sort_by_key(|spec| spec.name().to_owned());
    for spec in specs {
        let default = if spec.name() == "qos" {
            value(&element.property_value("qos"))
        } else {
            value(spec.default_value())
        };
        writeln!(out, "\n{}\n  {}", spec.name(), spec.blurb().unwrap()).unwrap();
        let (range, access) = (range(&spec), access(&spec));
        writeln!(out, "  {range}; default {default}; {access}").unwrap();
    }
    out
}

#[test]
fn the_interface_is_the_documented_one() {
    let path = common::path(FILE);
    let now = interface();
    if std::env::var_os(UPDATE).is_some() {
        std::fs::create_dir_all(common::path("docs")).unwrap();
        std::fs::write(&path, &now).unwrap();
    }
    let documented = std::fs::read_to_string(&path).unwrap_or_default();
    let differing = now.lines().zip(documented.lines()).find(|(a, b)| a != b);
    assert!(
        now == documented,
        "{FILE} is out of date ({differing:?}): run {UPDATE}=1 cargo test --test inspect and review the difference"
    );
}

#[test]
fn every_property_is_described_by_a_phrase() {
    common::init();
    let element = gst::ElementFactory::make("ud2mrestore").build().unwrap();
    let specs = element.list_properties();
    let own: Vec<_> = specs
        .iter()
        .filter(|s| s.owner_type() == element.type_())
        .collect();
    assert!(own.len() > 20, "{} properties", own.len());
    for spec in own {
        let blurb = spec.blurb().unwrap_or_default();
        let words = blurb.split_whitespace().count();
        assert!(words >= 3, "{}: {blurb:?}", spec.name());
        assert!(
            blurb.starts_with(char::is_uppercase) && !blurb.ends_with('.'),
            "{blurb}"
        );
    }
}

#[test]
fn frames_are_not_dropped_for_being_late_unless_asked() {
    common::init();
    let element = gst::ElementFactory::make("ud2mrestore").build().unwrap();
    assert!(!element.property::<bool>("qos"));
}

/// The launch lines of the documentation block, without the tool's name.
fn documented_pipelines() -> Vec<String> {
    let source = std::fs::read_to_string(common::path("src/ud2mrestore/imp.rs")).unwrap();
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
