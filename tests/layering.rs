// SPDX-License-Identifier: MPL-2.0
//! Rooms import only the rooms and libraries that stand beside them in this table.

use std::fs;
use std::path::{Path, PathBuf};

/// Room, the rooms it may name, the guarded libraries it may name.
const TABLE: [(&str, &[&str], &[&str]); 9] = [
    ("error", &[], &[]),
    ("image", &[], &[]),
    ("graph", &["image"], &[]),
    (
        "operator",
        &["error", "graph", "image"],
        &["rustfft", "image", "npyz"],
    ),
    ("sampler", &["image"], &[]),
    ("tile", &["image", "sampler"], &[]),
    (
        "model",
        &["error", "graph", "image", "sampler"],
        &["ort", "serde", "serde_json"],
    ),
    (
        "restore",
        &[
            "error", "graph", "image", "operator", "sampler", "tile", "model",
        ],
        &[],
    ),
    (
        "ud2mrestore",
        &["error", "image", "restore"],
        &["gst", "gst_base", "gst_video", "glib"],
    ),
];

/// Libraries that only the rooms named with them in the table may see.
const GUARDED: [&str; 10] = [
    "gst",
    "gst_base",
    "gst_video",
    "glib",
    "ort",
    "serde",
    "serde_json",
    "rustfft",
    "npyz",
    "image",
];

/// The source files of a room: its file or its folder.
fn files(room: &str) -> Vec<PathBuf> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    let mut waiting = vec![source.join(format!("{room}.rs")), source.join(room)];
    while let Some(path) = waiting.pop() {
        if path.is_dir() {
            waiting.extend(
                fs::read_dir(&path)
                    .unwrap()
                    .map(|entry| entry.unwrap().path()),
            );
        } else if path.extension().is_some_and(|e| e == "rs") && path.exists() {
            found.push(path);
        }
    }
    found
}

/// The code of a file: comments and the contents of strings are blanked.
fn code(text: &str) -> String {
    let mut out = String::new();
    for line in text.lines() {
        let mut quoted = false;
        let mut last = ' ';
        for (i, c) in line.char_indices() {
            if !quoted && line[i..].starts_with("//") {
                break;
            }
            if c == '"' && last != '\\' && last != '\'' {
                quoted = !quoted;
            }
            out.push(if quoted { ' ' } else { c });
            last = c;
        }
        out.push('\n');
    }
    out
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The first names of the paths that go on from `prefix`, braces opened: `a` and `d` of `crate::{a::{b, c}, d}`.
fn heads(code: &str, prefix: &str) -> Vec<String> {
    let mut out = Vec::new();
    for (at, _) in code.match_indices(prefix) {
        if code[..at]
            .chars()
            .next_back()
            .is_some_and(|c| is_word(c) || c == ':')
        {
            continue;
        }
        let rest = &code[at + prefix.len()..];
        let head = |text: &str| {
            let text = text.trim();
            let end = text.find(|c| !is_word(c)).unwrap_or(text.len());
            // A glob stands for every name.
            if text.starts_with('*') {
                "*"
            } else {
                &text[..end]
            }
            .to_owned()
        };
        if !rest.starts_with('{') {
            out.push(head(rest));
            continue;
        }
        let (mut depth, mut part) = (0, String::new());
        for c in rest.chars() {
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                ',' if depth == 1 => out.push(head(&std::mem::take(&mut part))),
                _ if depth == 1 => part.push(c),
                _ => {}
            }
            if depth == 0 {
                break;
            }
        }
        out.push(head(&part));
    }
    out.retain(|name| !name.is_empty());
    out
}

/// Whether an import, or a path elsewhere, begins with the library `name`.
fn names_library(code: &str, name: &str) -> bool {
    let begins = |text: &str, at: usize| {
        let before = text[..at].chars().next_back();
        !before.is_some_and(|c| is_word(c) || c == ':')
    };
    let path = format!("{name}::");
    let outside = without_imports(code);
    let used = outside
        .match_indices(&path)
        .any(|(at, _)| begins(&outside, at));
    used || heads(code, "use ").iter().any(|head| head == name)
}

/// The code less its `use` declarations, whose braces hold names that begin no path.
fn without_imports(code: &str) -> String {
    let mut out = String::new();
    let mut rest = code;
    while let Some(at) = rest.find("use ") {
        let whole = !rest[..at].chars().next_back().is_some_and(is_word);
        let (before, import) = rest.split_at(at);
        out.push_str(before);
        let end = if whole { import.find(';') } else { Some(3) };
        rest = &import[end.map_or(import.len(), |end| end + 1)..];
    }
    out + rest
}

/// What a room's code names and may not.
fn trespasses(code: &str, room: &str, rooms: &[&str], libraries: &[&str]) -> Vec<String> {
    let known = |name: &String| TABLE.iter().any(|(other, ..)| other == name);
    let foreign = |name: &String| name != room && !rooms.contains(&name.as_str());
    let mut out: Vec<String> = heads(code, "crate::")
        .into_iter()
        .chain(heads(code, "super::super::").into_iter().filter(known))
        .filter(foreign)
        .collect();
    let guarded = GUARDED.iter().filter(|name| !libraries.contains(name));
    out.extend(
        guarded
            .filter(|name| names_library(code, name))
            .map(|name| format!("{name}::")),
    );
    out
}

#[test]
fn rooms_import_only_what_the_table_allows() {
    let mut wrong = Vec::new();
    for (room, rooms, libraries) in TABLE {
        let files = files(room);
        assert!(
            !files.is_empty(),
            "src/{room} is gone: move its row of the table with it"
        );
        for file in files {
            let code = code(&fs::read_to_string(&file).unwrap());
            for name in trespasses(&code, room, rooms, libraries) {
                wrong.push(format!("{} names {name}", file.display()));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "imports against the table:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn every_room_is_in_the_table() {
    let lib = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs")).unwrap();
    for line in code(&lib).lines() {
        let Some(name) = line.trim().trim_start_matches("pub ").strip_prefix("mod ") else {
            continue;
        };
        let name = name.trim_end_matches(';');
        assert!(
            TABLE.iter().any(|(room, ..)| *room == name),
            "src/{name} has no row in the table"
        );
    }
}

#[test]
fn a_forbidden_import_is_seen_in_any_form() {
    let seen = |text: &str| trespasses(&code(text), "tile", &["image", "sampler"], &[]);
    for text in [
        "use crate::operator::Canvas;",
        "use crate::{image::Image, operator};",
        "use crate::{\n    image::{Image, Window},\n    operator::{self, Canvas},\n};",
        "fn f() { crate::operator::otf(); }",
        "use super::super::operator;",
    ] {
        assert_eq!(seen(text), ["operator"], "{text}");
    }
    assert_eq!(seen("use crate::*;"), ["*"]);
    for text in [
        "use ort::session::Session;",
        "let x = ort::init();",
        "use ort;",
    ] {
        assert_eq!(seen(text), ["ort::"], "{text}");
    }
    for text in [
        "// use crate::operator;",
        "let s = \"ort::init and crate::operator\";",
        "use crate::image::{Image, Window};",
        "use super::grid; use crate::tile::Plan; let support::x = 1;",
        "use crate::image; let a = crate::image::Image::new(1, 1, 1);",
    ] {
        assert!(seen(text).is_empty(), "{text}: {:?}", seen(text));
    }
}
