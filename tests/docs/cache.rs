// SPDX-License-Identifier: MPL-2.0
//! `docs/gst_plugins_cache.json`: the plugin's interface as GStreamer's documentation cache has it.
//!
//! Not every distribution packages GStreamer's own generator, so this test writes the file.

use gst::glib;
use gst::prelude::*;
use serde::Serialize;
use serde_json::ser::{PrettyFormatter, Serializer};
use serde_json::{Map, Value, json};

use crate::{assert_current, common, formats, range};

/// The elements of the plugin.
const NAMES: [&str; 2] = ["ud2mdefects", "ud2mrestore"];

#[test]
fn the_cache_of_the_interface_is_the_elements() {
    assert_current("docs/gst_plugins_cache.json", &text(&cache()));
}

fn text(cache: &Value) -> String {
    let mut out = Vec::new();
    let mut serializer =
        Serializer::with_formatter(&mut out, PrettyFormatter::with_indent(b"    "));
    cache.serialize(&mut serializer).unwrap();
    String::from_utf8(out).unwrap() + "\n"
}

fn cache() -> Value {
    common::init();
    let plugin = gst::Registry::get().find_plugin("ud2m").unwrap();
    let elements = NAMES.map(|name| gst::ElementFactory::make(name).build().unwrap());
    let pairs = || NAMES.iter().zip(&elements);
    let interfaces = pairs().map(|(name, e)| (name.to_string(), interface(e)));
    let types = elements.iter().flat_map(enums);
    json!({
        plugin.plugin_name().as_str(): {
            "description": plugin.description().as_str(),
            "elements": interfaces.collect::<Map<_, _>>(),
            "filename": "gstud2m",
            "license": plugin.license().as_str(),
            "other-types": types.collect::<Map<_, _>>(),
            "package": plugin.package().as_str(),
            "source": plugin.source().as_str(),
            "tracers": {},
            "url": plugin.origin().as_str(),
        }
    })
}

fn interface(element: &gst::Element) -> Value {
    let factory = element.factory().unwrap();
    let metadata = |key: &str| factory.metadata(key);
    let interfaces = element.type_().interfaces();
    let properties = own(element)
        .map(|spec| (spec.name().to_owned(), property(element, &spec)))
        .collect::<Map<_, _>>();
    json!({
        "author": metadata("author"),
        "description": metadata("description"),
        "hierarchy": hierarchy(element.type_()),
        "interfaces": interfaces.iter().map(|kind| kind.name()).collect::<Vec<_>>(),
        "klass": metadata("klass"),
        "pad-templates": templates(&factory),
        "properties": properties,
        "rank": rank(factory.rank()),
    })
}

fn hierarchy(kind: glib::Type) -> Vec<&'static str> {
    std::iter::successors(Some(kind), |kind| kind.parent())
        .map(|kind| kind.name())
        .collect()
}

fn rank(rank: gst::Rank) -> String {
    match rank {
        gst::Rank::NONE => "none".to_owned(),
        gst::Rank::MARGINAL => "marginal".to_owned(),
        gst::Rank::SECONDARY => "secondary".to_owned(),
        gst::Rank::PRIMARY => "primary".to_owned(),
        other => i32::from(other).to_string(),
    }
}

fn templates(factory: &gst::ElementFactory) -> Map<String, Value> {
    let templates = factory.static_pad_templates();
    let entries = templates.iter().map(|template| {
        let entry = json!({
            "caps": caps(&template.caps()),
            "direction": nick(template.direction().to_value()),
            "presence": nick(template.presence().to_value()),
        });
        (template.name_template().to_owned(), entry)
    });
    entries.collect()
}

/// Caps as the cache writes them: a line for each field.
fn caps(caps: &gst::Caps) -> String {
    let mut text = String::new();
    for structure in caps.iter() {
        text += &format!("{}:\n", structure.name());
        for (name, value) in structure.iter() {
            let value = match name.as_str() {
                "format" => formats(caps).to_owned(),
                _ => value.serialize().unwrap().to_string(),
            };
            text += &format!("{:>15}: {value}\n", name.as_str());
        }
    }
    text
}

/// Properties that the element adds to those of its base classes.
fn own(element: &gst::Element) -> impl Iterator<Item = glib::ParamSpec> {
    let kind = element.type_();
    let specs = element.list_properties().to_vec();
    specs
        .into_iter()
        .filter(move |spec| spec.owner_type() == kind)
}

fn property(element: &gst::Element, spec: &glib::ParamSpec) -> Value {
    let flags = spec.flags();
    let mutable = if flags.contains(gst::PARAM_FLAG_MUTABLE_PLAYING) {
        "playing"
    } else if flags.contains(gst::PARAM_FLAG_MUTABLE_PAUSED) {
        "paused"
    } else if flags.contains(gst::PARAM_FLAG_MUTABLE_READY) {
        "ready"
    } else {
        "null"
    };
    let mut entry = json!({
        "blurb": spec.blurb(),
        "conditionally-available": flags.contains(gst::PARAM_FLAG_CONDITIONALLY_AVAILABLE),
        "construct": flags.contains(glib::ParamFlags::CONSTRUCT),
        "construct-only": flags.contains(glib::ParamFlags::CONSTRUCT_ONLY),
        "controllable": flags.contains(gst::PARAM_FLAG_CONTROLLABLE),
        "mutable": mutable,
        "readable": flags.contains(glib::ParamFlags::READABLE),
        "type": spec.value_type().name(),
        "writable": flags.contains(glib::ParamFlags::WRITABLE),
    });
    entry["default"] = default(&element.property_value(spec.name())).into();
    if let Some((minimum, maximum)) = range(spec) {
        entry["min"] = minimum.into();
        entry["max"] = maximum.into();
    }
    entry
}

fn default(value: &glib::Value) -> String {
    if let Ok(text) = value.get::<Option<String>>() {
        text.unwrap_or_else(|| "NULL".to_owned())
    } else if let Ok(number) = value.get::<f64>() {
        number.to_string()
    } else if let Some((_, value)) = glib::EnumValue::from_value(value) {
        format!("{} ({})", value.nick(), value.value())
    } else if let Ok(structure) = value.get::<gst::Structure>() {
        structure.to_string()
    } else {
        value.serialize().unwrap().to_string()
    }
}

fn nick(value: glib::Value) -> String {
    let (_, value) = glib::EnumValue::from_value(&value).expect("an enumeration");
    value.nick().to_owned()
}

/// The enumerations of the properties that the plugin marks as its own, with what each value means.
fn enums(element: &gst::Element) -> Map<String, Value> {
    let specs = own(element).filter_map(|spec| spec.downcast::<glib::ParamSpecEnum>().ok());
    let classes = specs.map(|spec| spec.enum_class());
    let marked = classes.filter(|class| class.type_().plugin_api_flags().is_some());
    let entries = marked.map(|class| {
        let values = class.values().iter().map(|value| {
            json!({
                "desc": value.name(),
                "name": value.nick(),
                "value": value.value().to_string(),
            })
        });
        let entry = json!({ "kind": "enum", "values": values.collect::<Vec<_>>() });
        (class.type_().name().to_owned(), entry)
    });
    entries.collect()
}
