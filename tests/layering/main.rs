// SPDX-License-Identifier: MPL-2.0
//! Modules import only the modules and libraries that stand beside them in this table.

mod paths;

use std::fs;
use std::path::{Path, PathBuf};

use paths::Named;

/// Module, the modules it may name, the guarded libraries it may name.
const TABLE: [(&str, &[&str], &[&str]); 12] = [
    ("error", &[], &[]),
    ("image", &[], &[]),
    ("defects", &["image"], &[]),
    ("layout", &["image"], &["gst", "gst_video"]),
    ("graph", &["image"], &[]),
    (
        "operator",
        &["error", "graph", "image"],
        &["rustfft", "image"],
    ),
    ("sampler", &["image"], &[]),
    ("tile", &["image", "sampler"], &[]),
    (
        "model",
        &["error", "graph", "image", "sampler"],
        &["ort", "rayon_core", "serde", "serde_json", "sha2"],
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
        &["error", "image", "layout", "restore"],
        &["gst", "gst_base", "gst_video", "glib"],
    ),
    (
        "ud2mdefects",
        &["defects", "image", "layout"],
        &["gst", "gst_base", "gst_video", "glib"],
    ),
];

/// Libraries that only the modules named with them in the table may name.
const GUARDED: [&str; 11] = [
    "gst",
    "gst_base",
    "gst_video",
    "glib",
    "ort",
    "serde",
    "serde_json",
    "sha2",
    "rayon_core",
    "rustfft",
    "image",
];

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// The source files of a module, which is a file or a folder.
fn files(module: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut waiting = vec![source().join(format!("{module}.rs")), source().join(module)];
    while let Some(path) = waiting.pop() {
        if path.is_dir() {
            let entries = fs::read_dir(&path).unwrap();
            waiting.extend(entries.map(|entry| entry.unwrap().path()));
        } else if path.extension().is_some_and(|e| e == "rs") && path.exists() {
            found.push(path);
        }
    }
    found
}

/// The module that a source file is: `operator`, `kinds`, `blur` for `operator/kinds/blur.rs`.
fn module_path(file: &Path) -> Vec<String> {
    let path = file.strip_prefix(source()).unwrap().with_extension("");
    let names = path.iter().map(|name| name.to_str().unwrap().to_owned());
    names.filter(|name| name != "mod").collect()
}

/// What code in `module` names and may not: neither in `modules` nor in `libraries`.
fn trespasses(code: &str, module: &[String], modules: &[&str], libraries: &[&str]) -> Vec<String> {
    let found = paths::of(code, module);
    let module = &module[0];
    let wrong = |Named { path, imported }: &Named| match path.as_slice() {
        [root] if root == "crate" && *imported => Some("crate".to_owned()),
        [root, name, ..] if root == "crate" => {
            let allowed = name == module || modules.contains(&name.as_str());
            (!allowed).then(|| name.clone())
        }
        [name, rest @ ..] if *imported || !rest.is_empty() => {
            let guarded = GUARDED.contains(&name.as_str());
            let allowed = libraries.contains(&name.as_str());
            (guarded && !allowed).then(|| format!("{name}::"))
        }
        _ => None,
    };
    found.iter().filter_map(wrong).collect()
}

/// Modules of the table that have no source, so that nothing of them would be checked.
fn missing<'a>(modules: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let modules = modules.into_iter();
    modules.filter(|module| files(module).is_empty()).collect()
}

#[test]
fn modules_import_only_what_the_table_allows() {
    let mut wrong = Vec::new();
    for (module, modules, libraries) in TABLE {
        for file in files(module) {
            let code = fs::read_to_string(&file).unwrap();
            for name in trespasses(&code, &module_path(&file), modules, libraries) {
                wrong.push(format!("{} names {name}", file.display()));
            }
        }
    }
    let wrong = wrong.join("\n");
    assert!(wrong.is_empty(), "imports against the table:\n{wrong}");
}

#[test]
fn the_table_and_the_crate_have_the_same_modules() {
    assert_eq!(missing(["image", "attic"]), ["attic"]);
    let modules = TABLE.map(|(module, ..)| module);
    assert!(missing(modules).is_empty(), "gone: {:?}", missing(modules));
    let lib = fs::read_to_string(source().join("lib.rs")).unwrap();
    for item in syn::parse_file(&lib).unwrap().items {
        if let syn::Item::Mod(item) = item {
            let name = item.ident.to_string();
            assert!(
                modules.contains(&name.as_str()),
                "src/{name} has no row in the table"
            );
        }
    }
}

#[test]
fn a_forbidden_import_is_found_in_any_form() {
    let found = |text: &str| {
        let module = ["tile", "grid"].map(str::to_owned);
        trespasses(text, &module, &["image", "sampler"], &[])
    };
    for text in [
        "use crate::operator::Canvas;",
        "use crate::{image::Image, operator};",
        "use crate::{\n    image::{Image, Window},\n    operator::{self, Canvas},\n};",
        "fn f() { crate::operator::otf(); }",
        "fn f() -> crate::operator::Canvas { todo }",
        "fn f() { g!(a, [crate::operator::otf()]); }",
        "use super::super::operator;",
        "use super::super::{image::Image, operator::Canvas};",
        "fn f() { super::super::operator::otf(); }",
        "mod tests { use super::super::super::operator; }",
        "#[derive(crate::operator::Debug)] struct S;",
    ] {
        let names = found(text);
        assert!(
            !names.is_empty() && names.iter().all(|n| n == "operator"),
            "{text}: {names:?}"
        );
    }
    for text in ["use crate::*;", "use super::super::*;"] {
        assert_eq!(found(text), ["*"], "{text}");
    }
    assert_eq!(found("use super::super as root;"), ["crate"]);
    for text in [
        "use ort::session::Session;",
        "use {ort::session::Session, std::fs};",
        "fn f() { let x = ort::init(); }",
        "fn f() { ::ort::init(); }",
        "fn f() { let x = vec![ort::init()]; }",
        "fn f(x: Option<ort::Session>) {}",
        "ort::run!();",
        "use ort;",
        "use ort as runtime;",
        "extern crate ort;",
    ] {
        assert_eq!(found(text), ["ort::"], "{text}");
    }
    for text in [
        "// use crate::operator;",
        "/// Links to [`crate::operator`].\nfn f() { let s = \"ort::init and crate::operator\"; }",
        "use crate::image::{Image, Window};",
        "use super::offsets; use crate::tile::Plan; fn f() { let x = support::x; }",
        "use super::{super::image::Image, Plan}; fn f() { self::ramp(super::tiles()) }",
        "use crate::image; fn f() { let a = crate::image::Image::new(1, 1, 1); }",
        "fn f(ort: u8) -> u8 { ort }",
    ] {
        assert!(found(text).is_empty(), "{text}: {:?}", found(text));
    }
}
