//! Rules about the source code, as functions of the contents of a crate, so that [`planted`] can show that
//! each of them catches violations.

mod planted;
mod rules;
mod source;

use std::fs;
use std::path::{Path, PathBuf};

use source::Tree;

/// The library's modules in layers: each may use only those in the layers before it.
const LIBRARY: &[&[&str]] = &[
    &[
        "config",
        "digest",
        "interrupt",
        "panics",
        "position",
        "presets",
        "random",
        "shape",
        "system",
        "wording",
    ],
    &["error", "init", "moved"],
    &["threads", "device", "durable", "files", "ops"],
    &["data", "optimizer", "schedule"],
    &["events", "loss", "metrics", "network"],
    &["augment", "layers"],
    &["model"],
    &["engine", "gate", "checkpoint"],
    &["callbacks", "inference"],
    &["train"],
    &["experiment"],
    &["run_folder"],
    &["run"],
    &["bench", "serve"],
    &["internals"],
];

/// The kernels' modules in layers.
const KERNELS: &[&[&str]] =
    &[&["simd", "window"], &["rule"], &["plain", "fused", "augment", "average"], &["work", "roofline"]];

/// The program's modules in layers.
const PROGRAM: &[&[&str]] = &[&["cli", "number"], &["terminal"], &["progress", "rows"], &["commands"]];

/// The library modules that the program may use: inputs and results of a run, but no part of a network, an
/// engine or the training loop.
const FACADE: &[&str] = &[
    "bench",
    "callbacks",
    "config",
    "data",
    "device",
    "events",
    "experiment",
    "interrupt",
    "panics",
    "run",
    "serve",
    "threads",
];

fn package() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn library() -> Tree {
    Tree::read("taper", &package().join("src"), "lib")
}

fn program() -> Tree {
    Tree::read("main", &package().join("src"), "main")
}

fn kernels() -> Tree {
    Tree::read("taper_kernels", &package().join("crates/taper-kernels/src"), "lib")
}

/// Fails with all reported violations.
fn assert_kept(broken: &[String]) {
    assert!(broken.is_empty(), "\n{}", broken.join("\n"));
}

#[test]
fn imports_only_go_to_lower_layers() {
    for (tree, levels) in [(library(), LIBRARY), (kernels(), KERNELS), (program(), PROGRAM)] {
        assert_kept(&rules::upward_imports(&tree, levels));
    }
}

#[test]
fn modules_have_no_cyclic_dependencies() {
    for tree in [library(), kernels(), program()] {
        assert_kept(&rules::circles(&tree));
    }
}

#[test]
fn every_member_file_is_registered() {
    let library = library();
    assert!(library.modules().filter(|(_, module)| module.registry.is_some()).count() >= 4);
    assert_kept(&rules::unregistered_members(&library));
}

#[test]
fn only_the_kernels_and_a_test_allocator_contain_unsafe_code() {
    let roots = rules::crate_roots(package());
    assert!(roots.len() > 10, "{roots:?}");
    let read = |path: &PathBuf| (path.clone(), fs::read_to_string(package().join(path)).expect("text"));
    let roots: Vec<(PathBuf, String)> = roots.iter().map(read).collect();
    assert_kept(&rules::roots_that_allow_unsafe(
        &roots,
        &["crates/taper-kernels/src/lib.rs", "tests/allocations.rs"],
    ));
}

#[test]
fn only_the_terminal_prints() {
    for tree in [library(), kernels(), program()] {
        // A server's log is for whoever runs it, also where the server is part of another program.
        assert_kept(&rules::prints(&tree, &["terminal", "commands", "serve::access_log"]));
    }
}

#[test]
fn module_names_are_specific() {
    for tree in [library(), kernels(), program()] {
        assert_kept(&rules::empty_names(&tree));
    }
}

#[test]
fn files_are_short() {
    let trees = [library(), kernels(), program()];
    assert_kept(&trees.iter().flat_map(rules::long_files).collect::<Vec<_>>());
    let mut lines: Vec<usize> = trees
        .iter()
        .flat_map(|tree| tree.modules().map(|(_, module)| module.lines).collect::<Vec<_>>())
        .collect();
    lines.sort_unstable();
    let median = lines[lines.len() / 2];
    assert!(median <= 120, "the median file has {median} lines");
}

#[test]
fn command_files_are_short() {
    assert_kept(&rules::long_commands(&program()));
}

#[test]
fn the_program_uses_only_the_facade_of_the_library() {
    assert_kept(&rules::uses_behind_the_facade(&program(), &library(), FACADE));
}

#[test]
fn examples_and_documentation_do_not_use_internals() {
    let library = library();
    let program = ["main.rs", "number.rs", "terminal", "progress", "rows", "cli", "commands"];
    let mut open: Vec<PathBuf> = program.map(|own| Path::new("src").join(own)).to_vec();
    open.extend(["examples", "README.md", "docs/library.md"].map(PathBuf::from));
    // Of the library's own files, this checks the examples in their documentation.
    let public = rules::public_modules(&library).into_iter().filter(|own| own != "internals");
    open.extend(public.flat_map(|own| [format!("src/{own}.rs").into(), format!("src/{own}").into()]));
    let mut sources = Vec::new();
    while let Some(path) = open.pop() {
        let whole = package().join(&path);
        if let Ok(entries) = fs::read_dir(&whole) {
            open.extend(entries.flatten().map(|entry| path.join(entry.file_name())));
        } else if whole.exists() {
            sources.push((path, fs::read_to_string(whole).expect("text")));
        }
    }
    assert!(sources.len() > 100, "{}", sources.len());
    assert_kept(&rules::uses_of_internals(&sources));
}

#[test]
fn every_public_module_opens_with_an_example() {
    assert_kept(&rules::modules_without_example(&library()));
}
