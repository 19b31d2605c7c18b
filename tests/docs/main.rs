// SPDX-License-Identifier: MPL-2.0
//! Documents that are written from the element, checked against it; `UPDATE_DOCS=1` writes them.

mod cache;
#[path = "../common/mod.rs"]
mod common;
mod messages;
mod pipelines;
mod properties;

use gst::glib;

const UPDATE: &str = "UPDATE_DOCS";
/// Columns of a document.
const WIDTH: usize = 100;

/// Asserts that the document is the present one, or writes it.
fn assert_current(file: &str, now: &str) {
    let path = common::path(file);
    if std::env::var_os(UPDATE).is_some() {
        std::fs::write(&path, now).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    let differing = now.lines().zip(committed.lines()).find(|(a, b)| a != b);
    assert!(
        now == committed,
        "{file} is out of date ({differing:?}): run {UPDATE}=1 cargo test --test docs and review \
         the difference"
    );
}

/// `text` in lines of at most a document's width, the first after `first` and others after `next`.
fn wrapped(first: &str, next: &str, text: &str) -> String {
    let (mut out, mut line) = (String::new(), first.to_owned());
    let mut empty = true;
    for word in text.split_whitespace() {
        if !empty && line.chars().count() + word.chars().count() >= WIDTH {
            out += &format!("{line}\n");
            line = next.to_owned();
            empty = true;
        }
        if !empty {
            line.push(' ');
        }
        line.push_str(word);
        empty = false;
    }
    out + &line + "\n"
}

/// A name for the formats of a pad: GStreamer's version decides which there are, and the tests take
/// each.
fn formats(caps: &gst::CapsRef) -> &'static str {
    let structure = caps.structure(0).unwrap();
    let list = structure.get::<gst::List>("format").unwrap();
    let of = |name: &str| list.iter().any(|v| v.get::<&str>().unwrap() == name);
    match (of("I420"), of("GRAY8")) {
        (true, _) => "all-raw-but-palettes",
        (false, true) => "gray-or-eight-bits-with-alpha",
        (false, false) => "eight-bits-with-alpha",
    }
}

/// The smallest and the largest value of a number.
fn range(spec: &glib::ParamSpec) -> Option<(String, String)> {
    macro_rules! range {
        ($($kind:ty),*) => {$(
            if let Some(spec) = spec.downcast_ref::<$kind>() {
                return Some((spec.minimum().to_string(), spec.maximum().to_string()));
            }
        )*};
    }
    range!(
        glib::ParamSpecInt,
        glib::ParamSpecUInt,
        glib::ParamSpecUInt64,
        glib::ParamSpecDouble
    );
    None
}
