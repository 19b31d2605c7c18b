// SPDX-License-Identifier: MPL-2.0
//! Rooms import only the rooms and libraries that stand beside them in this table.

use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{TokenStream, TokenTree};
use syn::UseTree;
use syn::visit::{self, Visit};

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

/// Libraries that only the rooms named with them in the table may name.
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

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// The source files of a room, which is a file or a folder.
fn files(room: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut waiting = vec![source().join(format!("{room}.rs")), source().join(room)];
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
fn module(file: &Path) -> Vec<String> {
    let path = file.strip_prefix(source()).unwrap().with_extension("");
    let names = path.iter().map(|name| name.to_str().unwrap().to_owned());
    names.filter(|name| name != "mod").collect()
}

/// A path in the code: its names, and whether it is one of a `use` declaration.
struct Named {
    path: Vec<String>,
    imported: bool,
}

/// Finds the paths of a file, those in macros and attributes too; comments and strings hold none.
struct Paths {
    /// The module in which the visitor is.
    module: Vec<String>,
    found: Vec<Named>,
}

impl Paths {
    /// Notes a path, beginning at the crate's root where it leads through it.
    fn note(&mut self, mut path: Vec<String>, imported: bool) {
        let mut base = self.module.clone();
        let ups = path.iter().take_while(|name| *name == "super").count();
        let inside = ups > 0 || path.first().is_some_and(|name| name == "self");
        if inside && ups <= base.len() {
            base.truncate(base.len() - ups);
            path.drain(..ups.max(1));
            base.insert(0, "crate".to_owned());
            base.extend(path);
            path = base;
        }
        self.found.push(Named { path, imported });
    }

    /// The paths of a `use` declaration, braces opened; a glob is the name `*`.
    fn imports(&mut self, before: &[String], tree: &UseTree) {
        let longer = |name: String| [before, &[name]].concat();
        match tree {
            UseTree::Path(path) => self.imports(&longer(path.ident.to_string()), &path.tree),
            UseTree::Name(name) if name.ident == "self" && !before.is_empty() => {
                self.note(before.to_vec(), true);
            }
            UseTree::Name(name) => self.note(longer(name.ident.to_string()), true),
            UseTree::Rename(name) => self.note(longer(name.ident.to_string()), true),
            UseTree::Glob(_) => self.note(longer("*".to_owned()), true),
            UseTree::Group(group) => group.items.iter().for_each(|t| self.imports(before, t)),
        }
    }

    /// The paths among tokens that are not parsed: names with `::` between them.
    fn tokens(&mut self, tokens: TokenStream) {
        let mut path: Vec<String> = Vec::new();
        let mut colons = 0;
        for token in tokens {
            match token {
                TokenTree::Ident(name) => {
                    if colons != 2 {
                        self.note(std::mem::take(&mut path), false);
                    }
                    path.push(name.to_string());
                    colons = 0;
                }
                TokenTree::Punct(p) if p.as_char() == ':' => colons += 1,
                other => {
                    self.note(std::mem::take(&mut path), false);
                    colons = 0;
                    if let TokenTree::Group(group) = other {
                        self.tokens(group.stream());
                    }
                }
            }
        }
        self.note(path, false);
    }
}

impl<'ast> Visit<'ast> for Paths {
    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.imports(&[], &item.tree);
    }

    fn visit_item_extern_crate(&mut self, item: &'ast syn::ItemExternCrate) {
        self.note(vec![item.ident.to_string()], true);
    }

    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        self.module.push(item.ident.to_string());
        visit::visit_item_mod(self, item);
        self.module.pop();
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let names = path.segments.iter().map(|s| s.ident.to_string());
        self.note(names.collect(), false);
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, item: &'ast syn::Macro) {
        visit::visit_macro(self, item);
        self.tokens(item.tokens.clone());
    }

    fn visit_meta_list(&mut self, list: &'ast syn::MetaList) {
        visit::visit_meta_list(self, list);
        self.tokens(list.tokens.clone());
    }
}

/// What the code of a module of a room names and may not.
fn trespasses(code: &str, module: &[String], rooms: &[&str], libraries: &[&str]) -> Vec<String> {
    let mut paths = Paths {
        module: module.to_vec(),
        found: Vec::new(),
    };
    paths.visit_file(&syn::parse_file(code).unwrap());
    let room = &module[0];
    let wrong = |Named { path, imported }: &Named| match path.as_slice() {
        [root] if root == "crate" && *imported => Some("crate".to_owned()),
        [root, name, ..] if root == "crate" => {
            let allowed = name == room || rooms.contains(&name.as_str());
            (!allowed).then(|| name.clone())
        }
        [name, rest @ ..] if *imported || !rest.is_empty() => {
            let guarded = GUARDED.contains(&name.as_str());
            let allowed = libraries.contains(&name.as_str());
            (guarded && !allowed).then(|| format!("{name}::"))
        }
        _ => None,
    };
    paths.found.iter().filter_map(wrong).collect()
}

/// Rooms of the table that have no source, so that nothing of them would be checked.
fn missing<'a>(rooms: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let rooms = rooms.into_iter();
    rooms.filter(|room| files(room).is_empty()).collect()
}

#[test]
fn rooms_import_only_what_the_table_allows() {
    let mut wrong = Vec::new();
    for (room, rooms, libraries) in TABLE {
        for file in files(room) {
            let code = fs::read_to_string(&file).unwrap();
            for name in trespasses(&code, &module(&file), rooms, libraries) {
                wrong.push(format!("{} names {name}", file.display()));
            }
        }
    }
    let wrong = wrong.join("\n");
    assert!(wrong.is_empty(), "imports against the table:\n{wrong}");
}

#[test]
fn the_table_and_the_crate_have_the_same_rooms() {
    assert_eq!(missing(["image", "attic"]), ["attic"]);
    let rooms = TABLE.map(|(room, ..)| room);
    assert!(missing(rooms).is_empty(), "gone: {:?}", missing(rooms));
    let lib = fs::read_to_string(source().join("lib.rs")).unwrap();
    for item in syn::parse_file(&lib).unwrap().items {
        if let syn::Item::Mod(item) = item {
            let name = item.ident.to_string();
            assert!(
                rooms.contains(&name.as_str()),
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
