//! The source of a crate as a tree of modules, and their dependencies.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use syn::visit::{self, Visit};

/// A module: its path from the crate root. Tests add or change modules to see what the rules report.
pub type Name = Vec<String>;

/// The modules of a crate, except those compiled only for tests.
#[derive(Clone)]
pub struct Tree {
    /// The name of the crate in other crates of the workspace.
    pub krate: &'static str,
    modules: BTreeMap<Name, Module>,
}

/// A source file.
#[derive(Clone)]
pub struct Module {
    /// Its path within the crate's `src`, for messages.
    pub path: String,
    /// The number of lines before its unit tests.
    pub lines: usize,
    /// Its syntax tree.
    pub file: syn::File,
    /// The members of its `registry!`, if it has one.
    pub registry: Option<BTreeSet<String>>,
    /// The paths that it uses from other crates, directly or through imports.
    pub foreign: BTreeSet<Name>,
    /// The names that it re-exports, and their origins.
    pub exports: BTreeMap<String, Name>,
    /// The paths that it uses, from the crate root.
    used: BTreeSet<Name>,
}

impl Tree {
    /// Reads the crate with the root `src/ROOT.rs`, following its `mod` items.
    pub fn read(krate: &'static str, src: &Path, root: &str) -> Self {
        let mut tree = Self { krate, modules: BTreeMap::new() };
        let mut open = vec![(Vec::new(), format!("{root}.rs"))];
        while let Some((name, path)) = open.pop() {
            let text = fs::read_to_string(src.join(&path)).unwrap_or_else(|error| panic!("{path}: {error}"));
            let folder = match path.rsplit_once('/') {
                _ if name.is_empty() => String::new(),
                Some((folder, "mod.rs")) => format!("{folder}/"),
                _ => format!("{}/", path.trim_end_matches(".rs")),
            };
            for child in tree.add(&name, &path, &text) {
                let flat = format!("{folder}{child}.rs");
                let path = if src.join(&flat).exists() { flat } else { format!("{folder}{child}/mod.rs") };
                open.push(([name.clone(), vec![child]].concat(), path));
            }
        }
        tree
    }

    /// Adds or replaces a module; returns the children that it declares in separate files.
    pub fn add(&mut self, name: &[String], path: &str, text: &str) -> Vec<String> {
        let mut file = syn::parse_file(text).unwrap_or_else(|error| panic!("{path}: {error}"));
        file.items.retain(|item| !is_for_tests(item));
        let tests = text.rfind("\n#[cfg(test)]\n").filter(|at| text[*at..].contains("mod tests {"));
        let before_tests = &text[..tests.unwrap_or(text.len())];
        let mut reader = Reader {
            krate: self.krate,
            name: name.to_vec(),
            children: Vec::new(),
            registry: None,
            found: Vec::new(),
            foreign: BTreeSet::new(),
        };
        reader.visit_file(&file);
        let Reader { children, registry, found, foreign, .. } = reader;
        let exports = found.iter().filter(|use_| use_.exported);
        let exports = exports.map(|use_| (use_.known_as.clone(), use_.path.clone())).collect();
        let used = found.iter().filter(|use_| !use_.exported).map(|use_| use_.path.clone()).collect();
        let lines = before_tests.lines().count();
        let module = Module { path: path.to_owned(), lines, file, registry, foreign, exports, used };
        self.modules.insert(name.to_vec(), module);
        children
    }

    /// The modules by name.
    pub fn modules(&self) -> impl Iterator<Item = (&Name, &Module)> {
        self.modules.iter()
    }

    /// The dependencies between modules: from, to.
    pub fn uses(&self) -> Vec<(Name, Name)> {
        let all = self.modules.iter().flat_map(|(name, module)| {
            module.used.iter().map(move |path| (name.clone(), self.resolve(path)))
        });
        all.filter(|(from, to)| from != to).collect()
    }

    /// The module that defines `path`, found through re-exports.
    fn resolve(&self, path: &[String]) -> Name {
        let mut at: Name = Vec::new();
        for (i, word) in path.iter().enumerate() {
            let child = [at.clone(), vec![word.clone()]].concat();
            if self.modules.contains_key(&child) {
                at = child;
                continue;
            }
            let export = self.modules.get(&at).and_then(|module| module.exports.get(word));
            return match export {
                // Skipped, because a re-export from the module's own parent would loop forever.
                Some(target) if *target != path[..=i] => {
                    self.resolve(&[target.clone(), path[i + 1..].to_vec()].concat())
                }
                _ => at,
            };
        }
        at
    }
}

/// A path that a module uses, from the crate root.
struct Use {
    path: Name,
    known_as: String,
    exported: bool,
}

/// Collects what a module uses and declares.
struct Reader {
    krate: &'static str,
    name: Name,
    children: Vec<String>,
    registry: Option<BTreeSet<String>>,
    found: Vec<Use>,
    foreign: BTreeSet<Name>,
}

impl Reader {
    /// Converts `words` to a path from the crate root, if it leads into the crate.
    fn absolute(&self, words: &[String]) -> Option<Name> {
        let mut name = match words.first()?.as_str() {
            "crate" => Vec::new(),
            word if word == self.krate => Vec::new(),
            "self" => self.name.clone(),
            "super" => self.name[..self.name.len().checked_sub(1)?].to_vec(),
            word if self.children.iter().any(|child| child == word) => {
                [self.name.clone(), vec![word.to_owned()]].concat()
            }
            _ => return None,
        };
        for word in &words[1..] {
            match word.as_str() {
                "super" => drop(name.pop()?),
                _ => name.push(word.clone()),
            }
        }
        Some(name)
    }

    fn note(&mut self, words: &[String], known_as: &str, exported: bool) {
        if let Some(path) = self.absolute(words) {
            self.found.push(Use { path, known_as: known_as.to_owned(), exported });
        } else if !words.is_empty() {
            self.foreign.insert(words.to_vec());
        }
    }

    fn tree(&mut self, before: &[String], tree: &syn::UseTree, exported: bool) {
        let with = |word: &syn::Ident| [before, &[word.to_string()]].concat();
        match tree {
            syn::UseTree::Path(path) => self.tree(&with(&path.ident), &path.tree, exported),
            syn::UseTree::Group(group) => {
                group.items.iter().for_each(|tree| self.tree(before, tree, exported));
            }
            syn::UseTree::Glob(_) => self.note(before, "*", exported),
            syn::UseTree::Name(name) if name.ident == "self" => {
                self.note(before, before.last().map_or("", String::as_str), exported);
            }
            syn::UseTree::Name(name) => self.note(&with(&name.ident), &name.ident.to_string(), exported),
            syn::UseTree::Rename(rename) if rename.ident == "self" => {
                self.note(before, &rename.rename.to_string(), exported);
            }
            syn::UseTree::Rename(rename) => {
                self.note(&with(&rename.ident), &rename.rename.to_string(), exported);
            }
        }
    }

    /// Collects paths within the tokens of a macro: words joined by `::`.
    fn tokens(&mut self, tokens: proc_macro2::TokenStream) {
        let mut words: Vec<String> = Vec::new();
        let mut joined = 0;
        for token in tokens {
            match token {
                proc_macro2::TokenTree::Punct(punct) if punct.as_char() == ':' => joined += 1,
                proc_macro2::TokenTree::Ident(word) => {
                    if joined != 2 {
                        self.note(&std::mem::take(&mut words), "", false);
                    }
                    words.push(word.to_string());
                    joined = 0;
                }
                other => {
                    self.note(&std::mem::take(&mut words), "", false);
                    joined = 0;
                    if let proc_macro2::TokenTree::Group(group) = other {
                        self.tokens(group.stream());
                    }
                }
            }
        }
        self.note(&words, "", false);
    }
}

/// Whether an item is compiled only for tests.
fn is_for_tests(item: &syn::Item) -> bool {
    let attributes = match item {
        syn::Item::Fn(item) => &item.attrs,
        syn::Item::Impl(item) => &item.attrs,
        syn::Item::Mod(item) => &item.attrs,
        syn::Item::Struct(item) => &item.attrs,
        syn::Item::Use(item) => &item.attrs,
        _ => return false,
    };
    attributes.iter().any(|attribute| {
        let condition = attribute.parse_args::<syn::Path>();
        attribute.path().is_ident("cfg") && condition.is_ok_and(|condition| condition.is_ident("test"))
    })
}

impl<'ast> Visit<'ast> for Reader {
    fn visit_file(&mut self, file: &'ast syn::File) {
        // Children come first, because a path may start with one that is declared later.
        for item in &file.items {
            match item {
                syn::Item::Mod(item) if item.content.is_none() => {
                    self.children.push(item.ident.to_string());
                }
                syn::Item::Macro(item) if item.mac.path.is_ident("registry") => {
                    self.registry = Some(registered(item.mac.tokens.clone()));
                }
                _ => {}
            }
        }
        visit::visit_file(self, file);
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.tree(&[], &item.tree, !matches!(item.vis, syn::Visibility::Inherited));
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let words: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        self.note(&words, "", false);
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, item: &'ast syn::Macro) {
        self.tokens(item.tokens.clone());
    }
}

/// The members of a `registry!`: the words in its last braces.
fn registered(tokens: proc_macro2::TokenStream) -> BTreeSet<String> {
    let list = tokens.into_iter().filter_map(|token| match token {
        proc_macro2::TokenTree::Group(group) if group.delimiter() == proc_macro2::Delimiter::Brace => {
            Some(group)
        }
        _ => None,
    });
    let words = list.last().into_iter().flat_map(|group| group.stream()).filter_map(|token| match token {
        proc_macro2::TokenTree::Ident(word) => Some(word.to_string()),
        _ => None,
    });
    words.collect()
}
