// SPDX-License-Identifier: MPL-2.0
//! The presets that are installed with the plugin.

use std::collections::BTreeSet;

use gst::prelude::*;

use super::text;
use crate::common::{self, PRESETS, element, path};

/// The sections of the file of presets: name, and the keys with their values.
fn presets() -> Vec<(String, Vec<(String, String)>)> {
    let text = std::fs::read_to_string(path(&format!("{PRESETS}/GstUd2mRestore.prs"))).unwrap();
    let mut out: Vec<(String, Vec<(String, String)>)> = Vec::new();
    for line in text.lines() {
        if let Some(name) = line.strip_prefix('[').and_then(|l| l.strip_suffix(']')) {
            out.push((name.to_owned(), Vec::new()));
        } else if let Some((key, value)) = line.split_once('=') {
            let section = out.last_mut().expect("a section");
            section.1.push((key.to_owned(), value.to_owned()));
        }
    }
    out
}

#[test]
fn every_preset_sets_what_it_lists() {
    common::init();
    let sections = presets();
    let (header, sections) = sections.split_first().unwrap();
    assert_eq!(header.0, "_presets_");
    let version = env!("CARGO_PKG_VERSION");
    for (key, wanted) in [("version", version), ("element-name", "GstUd2mRestore")] {
        let found = header.1.iter().find(|(k, _)| k == key).unwrap();
        assert_eq!(found.1, wanted, "{key}");
    }
    assert!(sections.len() >= 6);
    let names: BTreeSet<String> = sections.iter().map(|s| s.0.clone()).collect();
    for (name, settings) in sections {
        let element = gst::ElementFactory::make("ud2mrestore").build().unwrap();
        let preset = element.dynamic_cast_ref::<gst::Preset>().unwrap();
        let offered = preset
            .preset_names()
            .iter()
            .map(|n| n.to_string())
            .collect();
        assert_eq!(names, offered);
        preset.load_preset(name).unwrap();
        let comment = preset.meta(name, "comment");
        assert!(
            comment.is_some_and(|c| !c.is_empty()),
            "{name} has no comment"
        );
        for (key, wanted) in settings
            .iter()
            .filter(|(key, _)| !key.starts_with("_meta/"))
        {
            assert_eq!(&text(&element.property_value(key)), wanted, "{name}: {key}");
        }
    }
}

#[test]
fn what_a_preset_does_not_list_stays() {
    let element = element("echo", &[("seed", "9"), ("steps", "2")]);
    let preset = element.dynamic_cast_ref::<gst::Preset>().unwrap();
    preset.load_preset("noisy-camera").unwrap();
    assert_eq!(element.property::<u64>("seed"), 9);
    assert_eq!(element.property::<u32>("steps"), 2);
    assert_eq!(element.property::<f64>("noise-sigma"), -1.0);
    assert!(preset.load_preset("unheard-of").is_err());
}
