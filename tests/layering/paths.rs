// SPDX-License-Identifier: MPL-2.0
//! The paths that a source file names, from its syntax tree.

use proc_macro2::{TokenStream, TokenTree};
use syn::UseTree;
use syn::visit::{self, Visit};

/// A path in the code: its names, and whether it is one of a `use` declaration.
pub struct Named {
    pub path: Vec<String>,
    pub imported: bool,
}

/// The paths of the code of a module, those in macros and attributes too; comments and strings hold
/// none. Paths through the crate begin with `crate`.
pub fn of(code: &str, module: &[String]) -> Vec<Named> {
    let mut paths = Paths {
        module: module.to_vec(),
        found: Vec::new(),
    };
    paths.visit_file(&syn::parse_file(code).unwrap());
    paths.found
}

/// Visits a syntax tree and collects its paths.
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
