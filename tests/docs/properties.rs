// SPDX-License-Identifier: MPL-2.0
//! `docs/properties.md`, as the element lists its properties.

use gst::glib;
use gst::prelude::*;

use crate::{assert_current, common, formats, range, wrapped};

#[test]
fn properties_are_documented() {
    assert_current("docs/properties.md", &document());
}

/// A value as `gst-launch-1.0` takes it.
fn text(value: &glib::Value) -> String {
    if let Ok(number) = value.get::<f64>() {
        return format!("`{number}`");
    }
    if value.type_().is_a(gst::Structure::static_type()) {
        // Null boxes cannot be serialised.
        return "none".to_owned();
    }
    let text = value.serialize();
    text.map_or_else(|_| "none".to_owned(), |t| format!("`{t}`"))
}

/// When the property may change.
fn access(spec: &glib::ParamSpec) -> &'static str {
    let flags = spec.flags();
    if !flags.contains(glib::ParamFlags::WRITABLE) {
        "Read only."
    } else if flags.contains(gst::PARAM_FLAG_CONTROLLABLE) {
        "Changes at any time, and follows a controller."
    } else if flags.contains(gst::PARAM_FLAG_MUTABLE_PLAYING) {
        "Changes at any time."
    } else if flags.contains(gst::PARAM_FLAG_MUTABLE_READY) {
        "Changes while the element is stopped."
    } else {
        "Inherited."
    }
}

/// The section of one property.
fn property(spec: &glib::ParamSpec, default: &glib::Value) -> String {
    let mut out = format!("\n## {}\n\n", spec.name());
    let blurb = spec.blurb().unwrap_or_default();
    out += &wrapped("", "", &format!("{blurb}."));
    let range = range(spec).map_or_else(String::new, |(low, high)| format!(", {low} to {high}"));
    let facts = format!(
        "`{}`{range}. Default {}. {}",
        spec.value_type().name(),
        text(default),
        access(spec)
    );
    out += "\n";
    out += &wrapped("", "", &facts);
    if let Some(choices) = spec.downcast_ref::<glib::ParamSpecEnum>() {
        out += "\n";
        for value in choices.enum_class().values() {
            let line = format!("`{}`: {}", value.nick(), value.name());
            out += &wrapped("- ", "  ", &line);
        }
    }
    out
}

fn document() -> String {
    common::init();
    let mut out = "# Properties\n\n".to_owned();
    out += &wrapped(
        "",
        "",
        "The properties of `ud2mrestore`, as the element lists them itself, and at the end those \
         of [`ud2mdefects`](#ud2mdefects). A property that follows a controller takes its value at \
         the stream time of each frame. What it means to use them is in the \
         [guides](guide/deblur.md).",
    );
    let element = gst::ElementFactory::make("ud2mrestore").build().unwrap();
    out += &of(&element);
    let qos = element.find_property("qos").unwrap();
    out += &property(&qos, &element.property_value("qos"));
    out += "\nWhile it is on, late frames are dropped as by `overload-policy=drop`.\n";
    out += "\n# ud2mdefects\n";
    let element = gst::ElementFactory::make("ud2mdefects").build().unwrap();
    out + &of(&element)
}

/// What an element is, its pads, and the properties that are its own.
fn of(element: &gst::Element) -> String {
    let factory = element.factory().unwrap();
    let about = |key| factory.metadata(key).unwrap().to_owned();
    let line = format!(
        "{} (`{}`, rank {}): {}.",
        about("long-name"),
        about("klass"),
        i32::from(factory.rank()),
        about("description")
    );
    let mut out = "\n".to_owned();
    out += &wrapped("", "", &line);
    for template in factory.static_pad_templates() {
        let mut caps = template.caps().clone();
        let named = formats(&caps);
        caps.make_mut().set("format", named);
        let caps = wrapped("", "  ", &caps.to_string());
        let name = template.name_template();
        out += &format!("\nPad `{name}`:\n\n```\n{caps}```\n");
    }
    // Properties of the classes above are GStreamer's own.
    let own = |spec: &&glib::ParamSpec| spec.owner_type() == element.type_();
    let specs = element.list_properties();
    for spec in specs.iter().filter(own) {
        out += &property(spec, spec.default_value());
    }
    out
}

#[test]
fn every_property_is_described_by_a_phrase() {
    common::init();
    let elements = [("ud2mrestore", 20), ("ud2mdefects", 5)].map(|(name, least)| {
        let element = gst::ElementFactory::make(name).build().unwrap();
        let specs = element.list_properties();
        let own = specs.iter().filter(|s| s.owner_type() == element.type_());
        let own: Vec<_> = own.cloned().collect();
        assert!(own.len() > least, "{} properties", own.len());
        own
    });
    for spec in elements.iter().flatten() {
        let blurb = spec.blurb().unwrap_or_default();
        let words = blurb.split_whitespace().count();
        assert!(words >= 3, "{}: {blurb:?}", spec.name());
        assert!(
            blurb.starts_with(char::is_uppercase) && !blurb.ends_with('.'),
            "{blurb}"
        );
    }
}
