//! The rules: each returns a sentence for every violation.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use super::source::{Name, Tree};

/// Limit on the lines of logic in a file; data, such as a list of shapes, does not count.
const MOST_LINES: usize = 250;

/// Limit on the lines of logic in a command file, which should parse, call and print.
const MOST_LINES_OF_A_COMMAND: usize = 80;

/// Files that only hold a list.
const LISTS: [&str; 1] = ["data/sets/digits/glyphs.rs"];

/// Modules that use one of a higher or their own layer, and modules without a layer.
pub fn upward_imports(tree: &Tree, levels: &[&[&str]]) -> Vec<String> {
    let level = |name: &Name| {
        let top = name.first()?;
        levels.iter().position(|level| level.contains(&top.as_str()))
    };
    let without = tree.modules().filter(|(name, _)| !name.is_empty() && level(name).is_none());
    let mut broken: Vec<String> =
        without.map(|(_, module)| format!("{}: its module has no level", module.path)).collect();
    for (from, to) in tree.uses() {
        if from.first() == to.first() || from.is_empty() {
            continue;
        }
        match (level(&from), level(&to)) {
            (Some(own), Some(used)) if used >= own => {
                broken.push(format!("`{}` may not use `{}`", from.join("::"), to.join("::")));
            }
            (Some(_), None) if to.is_empty() => {}
            _ => {}
        }
    }
    broken
}

/// Sibling modules, at any depth, that use each other, directly or through others. What a parent declares for
/// its children, such as a trait, and re-exports of them do not count as a cycle.
pub fn circles(tree: &Tree) -> Vec<String> {
    let mut graphs: BTreeMap<Name, BTreeMap<String, BTreeSet<String>>> = BTreeMap::new();
    for (from, to) in tree.uses() {
        let depth = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
        if let (Some(own), Some(used)) = (from.get(depth), to.get(depth)) {
            let graph = graphs.entry(from[..depth].to_vec()).or_default();
            graph.entry(own.clone()).or_default().insert(used.clone());
        }
    }
    let mut broken = Vec::new();
    for (parent, graph) in &graphs {
        for start in graph.keys() {
            let mut reached = BTreeSet::new();
            let mut open = vec![start];
            while let Some(next) = open.pop() {
                for used in graph.get(next).into_iter().flatten() {
                    if reached.insert(used) {
                        open.push(used);
                    }
                }
            }
            if reached.contains(start) {
                broken.push(format!("{}: `{start}` is part of a circle", parent.join("::")));
            }
        }
    }
    broken
}

/// Files with a `Config` next to a registry that does not list them.
pub fn unregistered_members(tree: &Tree) -> Vec<String> {
    let mut broken = Vec::new();
    for (section, registry) in tree.modules() {
        let Some(words) = &registry.registry else { continue };
        for (name, module) in tree.modules() {
            let is_config =
                |item: &syn::Item| matches!(item, syn::Item::Struct(item) if item.ident == "Config");
            let Some((own, parent)) = name.split_last() else { continue };
            if parent == section.as_slice() && module.file.items.iter().any(is_config) && !words.contains(own)
            {
                broken.push(format!("{} is not registered in {}", module.path, registry.path));
            }
        }
    }
    broken
}

/// The roots of all crates below `package`: libraries, programs, tests, benches and examples.
pub fn crate_roots(package: &Path) -> Vec<PathBuf> {
    let mut roots = Vec::new();
    let mut open = vec![PathBuf::new()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(package.join(&folder)).expect("a folder").flatten() {
            let path = folder.join(entry.file_name());
            let name = entry.file_name().to_string_lossy().into_owned();
            if entry.path().is_dir() {
                if !name.starts_with('.') && name != "target" && name != "runs" && name != "data" {
                    open.push(path);
                }
                continue;
            }
            let parent =
                folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            let above =
                folder.parent().and_then(Path::file_name).map(|name| name.to_string_lossy().into_owned());
            let targets = ["tests", "benches", "examples", "fuzz_targets"];
            let is_root = match name.as_str() {
                "lib.rs" => true,
                "main.rs" => parent == "src" || above.is_some_and(|above| targets.contains(&above.as_str())),
                _ => path.extension().is_some_and(|end| end == "rs") && targets.contains(&parent.as_str()),
            };
            if is_root {
                roots.push(path);
            }
        }
    }
    // Listed in Cargo.toml.
    roots.push(PathBuf::from("benches/versus_candle/system_allocator.rs"));
    roots.sort();
    roots
}

/// Crates that do not forbid unsafe code, except those that are `allowed` to contain it.
pub fn roots_that_allow_unsafe(roots: &[(PathBuf, String)], allowed: &[&str]) -> Vec<String> {
    let forbids = |text: &str| {
        let file = syn::parse_file(text).expect("Rust");
        file.attrs.iter().any(|attribute| {
            let lint = attribute.parse_args::<syn::Path>();
            attribute.path().is_ident("forbid") && lint.is_ok_and(|lint| lint.is_ident("unsafe_code"))
        })
    };
    // The macro of a fuzz target contains unsafe code; the target itself is a single call.
    let allows = |path: &Path| {
        path.starts_with("fuzz/fuzz_targets") || allowed.iter().any(|allowed| path == Path::new(allowed))
    };
    let broken = roots.iter().filter(|(path, text)| allows(path) == forbids(text));
    broken
        .map(|(path, _)| format!("{}: `#![forbid(unsafe_code)]` is missing or needless", path.display()))
        .collect()
}

/// The modules visible to users of the crate.
pub fn public_modules(tree: &Tree) -> Vec<String> {
    let roots = tree.modules().filter(|(name, _)| name.is_empty());
    let items = roots.flat_map(|(_, root)| &root.file.items);
    let public = items.filter_map(|item| match item {
        syn::Item::Mod(item) if matches!(item.vis, syn::Visibility::Public(_)) => {
            Some(item.ident.to_string())
        }
        _ => None,
    });
    public.collect()
}

/// Public modules whose documentation does not start with a compiled example.
pub fn modules_without_example(tree: &Tree) -> Vec<String> {
    let mut broken = Vec::new();
    for own in public_modules(tree) {
        let module = tree.modules().find(|(name, _)| **name == [own.clone()]);
        let lines = module.map(|(_, module)| doc_lines(&module.file.attrs)).unwrap_or_default();
        let fence = lines.iter().find_map(|line| line.trim().strip_prefix("```"));
        if !fence.is_some_and(|kind| matches!(kind, "" | "no_run")) {
            broken.push(format!("`{own}` has no example in its module's documentation"));
        }
    }
    broken
}

/// Files for users that mention the library's internals, which are available to tests but not to users. In
/// Markdown and in the library's own files, only code blocks are checked.
pub fn uses_of_internals(sources: &[(PathBuf, String)]) -> Vec<String> {
    let names = |code: &str| {
        let mut words = code.split(|letter: char| !letter.is_alphanumeric() && letter != '_');
        words.any(|word| word == "internals")
    };
    let is_program = |path: &Path| {
        let programs = [
            "examples",
            "src/main.rs",
            "src/terminal",
            "src/progress",
            "src/number.rs",
            "src/cli",
            "src/commands",
        ];
        programs.iter().any(|program| path.starts_with(program))
    };
    let broken = sources.iter().filter(|(path, text)| {
        if is_program(path) { names(text) } else { code_blocks(text).iter().any(|line| names(line)) }
    });
    broken.map(|(path, _)| format!("{} names `taper::internals`", path.display())).collect()
}

/// The lines of the code blocks in a Markdown file, or in the documentation of a Rust file.
fn code_blocks(text: &str) -> Vec<&str> {
    let mut lines = Vec::new();
    let mut within = false;
    for line in text.lines() {
        let line = line.trim_start();
        let line = line.strip_prefix("//!").or_else(|| line.strip_prefix("///")).unwrap_or(line).trim_start();
        if line.starts_with("```") {
            within = !within;
        } else if within {
            lines.push(line);
        }
    }
    lines
}

/// The documentation lines among `attributes`.
fn doc_lines(attributes: &[syn::Attribute]) -> Vec<String> {
    let lines = attributes.iter().filter_map(|attribute| match &attribute.meta {
        syn::Meta::NameValue(syn::MetaNameValue {
            path,
            value: syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }),
            ..
        }) if path.is_ident("doc") => Some(text.value()),
        _ => None,
    });
    lines.collect()
}

/// Modules that print but are not `allowed` to, as those within these are.
pub fn prints(tree: &Tree, allowed: &[&str]) -> Vec<String> {
    struct Prints(bool);
    impl<'ast> syn::visit::Visit<'ast> for Prints {
        fn visit_macro(&mut self, item: &'ast syn::Macro) {
            let names = ["println", "print", "eprintln", "eprint", "dbg"];
            self.0 |= item.path.segments.last().is_some_and(|name| names.iter().any(|own| name.ident == own));
        }

        fn visit_path(&mut self, path: &'ast syn::Path) {
            self.0 |= path.segments.iter().any(|name| name.ident == "stdout" || name.ident == "stderr");
        }
    }
    let mut broken = Vec::new();
    for (name, module) in tree.modules() {
        let mut found = Prints(false);
        syn::visit::Visit::visit_file(&mut found, &module.file);
        let path = format!("{}::", name.join("::"));
        if found.0 && !allowed.iter().any(|allowed| path.starts_with(&format!("{allowed}::"))) {
            broken.push(format!("{} prints", module.path));
        }
    }
    broken
}

/// Modules with meaningless names.
pub fn empty_names(tree: &Tree) -> Vec<String> {
    let empty = ["utils", "util", "helpers", "helper", "base", "common", "manager", "misc"];
    let broken = tree.modules().filter(|(name, _)| name.iter().any(|word| empty.contains(&word.as_str())));
    broken.map(|(_, module)| format!("{}: the name does not describe the contents", module.path)).collect()
}

/// Files with more lines of logic than [`MOST_LINES`].
pub fn long_files(tree: &Tree) -> Vec<String> {
    let broken = tree
        .modules()
        .filter(|(_, module)| module.lines > MOST_LINES && !LISTS.contains(&module.path.as_str()));
    broken.map(|(_, module)| format!("{}: {} lines without tests", module.path, module.lines)).collect()
}

/// Command files with more lines of logic than [`MOST_LINES_OF_A_COMMAND`].
pub fn long_commands(program: &Tree) -> Vec<String> {
    let of_commands = program.modules().filter(|(name, _)| name.first().is_some_and(|top| top == "commands"));
    let broken = of_commands.filter(|(_, module)| module.lines > MOST_LINES_OF_A_COMMAND);
    broken.map(|(_, module)| format!("{}: {} lines without tests", module.path, module.lines)).collect()
}

/// Library modules that the program uses although they are not in its `facade`.
pub fn uses_behind_the_facade(program: &Tree, library: &Tree, facade: &[&str]) -> Vec<String> {
    let is_module = |word: &String| library.modules().any(|(name, _)| *name == [word.clone()]);
    // A function may have the same name as a module, such as `taper::train`.
    let is_item = |path: &[String]| {
        let mut roots = library.modules().filter(|(name, _)| name.is_empty());
        path.len() == 2 && roots.any(|(_, root)| root.exports.contains_key(&path[1]))
    };
    let mut broken = Vec::new();
    for (_, module) in program.modules() {
        let of_library = module.foreign.iter().filter(|path| path[0] == library.krate && !is_item(path));
        for word in of_library.filter_map(|path| path.get(1)) {
            if is_module(word) && !facade.contains(&word.as_str()) {
                broken.push(format!("{} uses `taper::{word}`", module.path));
            }
        }
    }
    broken
}
