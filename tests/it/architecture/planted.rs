//! Violations planted into a copy of the source that the rules must catch, and similar code that they must
//! accept.

use std::path::PathBuf;

use super::source::Tree;
use super::{FACADE, KERNELS, LIBRARY, kernels, library, program, rules};

/// The library with `text` in place of the module called `name`, as in `data::csv`.
fn with(name: &str, text: &str) -> Tree {
    let (mut tree, words) = (library(), name.split("::").map(str::to_owned).collect::<Vec<_>>());
    tree.add(&words, &format!("{}.rs", words.join("/")), text);
    tree
}

/// The library with `text` in place of its root.
fn with_root(text: &str) -> Tree {
    let mut tree = library();
    tree.add(&[], "lib.rs", text);
    tree
}

fn caught(broken: &[String], place: &str) {
    assert!(broken.iter().any(|sentence| sentence.contains(place)), "{place}: {broken:?}");
}

#[test]
fn an_upward_import_in_a_group_is_caught() {
    let tree = with("shape", "use crate::{config::Problems, engine::{Engine as _, Choice}};");
    caught(&rules::upward_imports(&tree, LIBRARY), "`shape` may not use `engine");
}

#[test]
fn an_upward_import_through_super_is_caught() {
    let tree = with("config::suggest", "fn f() { let _ = super::super::run::Run::new; }");
    caught(&rules::upward_imports(&tree, LIBRARY), "`config::suggest` may not use `run::parts`");
}

#[test]
fn an_upward_import_in_a_macro_is_caught() {
    let tree = with("shape", "fn f() { assert!(crate::train::is_done()); }");
    caught(&rules::upward_imports(&tree, LIBRARY), "`shape` may not use `train`");
}

#[test]
fn a_cycle_within_a_module_is_caught() {
    let mut tree = kernels();
    let words = ["fused", "fully_connected", "backward"].map(str::to_owned);
    tree.add(&words, "backward.rs", "use super::super::super::work::Work;\npub struct Backward;");
    caught(&rules::circles(&tree), "is part of a circle");
    caught(&rules::upward_imports(&tree, KERNELS), "may not use `work`");
}

#[test]
fn a_cycle_through_a_re_export_is_caught() {
    let mut tree = kernels();
    // `window` is used by `fused`; here it uses what `fused` re-exports from one of its files.
    tree.add(&["window".to_owned()], "window.rs", "use crate::fused::Grid;\npub struct Window;");
    caught(&rules::circles(&tree), "`window` is part of a circle");
}

#[test]
fn an_unregistered_member_is_caught_even_if_its_name_is_part_of_another() {
    let registry = "registry! { Config: OptimizerConfig { sgd, adamw, rmsprop } }\nmod adam; mod adamw;";
    let tree = with("optimizer", registry);
    caught(&rules::unregistered_members(&tree), "optimizer/adam.rs is not registered");
}

#[test]
fn a_crate_that_may_contain_unsafe_code_is_caught() {
    let root = |text: &str| vec![(PathBuf::from("tests/new.rs"), text.to_owned())];
    caught(&rules::roots_that_allow_unsafe(&root("fn main() {}"), &[]), "tests/new.rs");
    caught(
        &rules::roots_that_allow_unsafe(&root("//! #![forbid(unsafe_code)]\nfn main() {}"), &[]),
        "tests/new.rs",
    );
    assert!(rules::roots_that_allow_unsafe(&root("#![forbid(unsafe_code)]\nfn main() {}"), &[]).is_empty());
}

#[test]
fn printing_a_vague_name_and_a_long_file_are_caught() {
    let tree = with("shape", "fn f() { eprintln!(\"hello\"); }");
    caught(&rules::prints(&tree, &[]), "shape.rs prints");
    caught(&rules::empty_names(&with("data::utils", "")), "data/utils.rs");
    caught(&rules::long_files(&with("shape", &"fn f() {}\n".repeat(251))), "251 lines");
    assert!(
        rules::long_files(&with("shape", &"fn f() {}\n".repeat(250))).iter().all(|s| !s.contains("shape"))
    );
}

#[test]
fn a_long_command_is_caught() {
    let with = |lines: usize, tests: &str| {
        let mut tree = program();
        let text = format!("{}\n{tests}", "fn f() {}\n".repeat(lines - 1));
        tree.add(&["commands", "text", "check"].map(str::to_owned), "commands/text/check.rs", &text);
        rules::long_commands(&tree)
    };
    caught(&with(81, ""), "commands/text/check.rs: 81 lines");
    assert!(with(80, "").is_empty());
    let tests = format!("#[cfg(test)]\nmod tests {{\n{}}}\n", "fn f() {}\n".repeat(99));
    assert!(with(80, &tests).is_empty());
}

#[test]
fn a_use_of_a_module_outside_the_facade_is_caught() {
    let with = |text: &str| {
        let mut tree = program();
        tree.add(&["commands", "eval"].map(str::to_owned), "commands/eval.rs", text);
        rules::uses_behind_the_facade(&tree, &library(), FACADE)
    };
    caught(
        &with("use taper::{Error, engine::{SharedTeam, Engine as _}};"),
        "commands/eval.rs uses `taper::engine`",
    );
    caught(&with("fn f() { taper::train::Trainer::fit; }"), "commands/eval.rs uses `taper::train`");
    assert!(with("use taper::{Model, run};\nfn f() { taper::run::config_of; }").is_empty());
}

#[test]
fn a_use_of_internals_is_caught() {
    let with = |path: &str, text: &str| rules::uses_of_internals(&[(PathBuf::from(path), text.to_owned())]);
    for (path, text) in [
        ("examples/new.rs", "use taper::internals::engine::Engine;"),
        ("src/commands/eval.rs", "use taper::{Error, internals::{self, engine}};"),
        ("README.md", "```rust\nlet sum = taper::internals::digest::sha256(b\"abc\");\n```"),
        ("src/shape.rs", "//! ```\n//! use taper::internals::data::Batch;\n//! ```"),
    ] {
        caught(&with(path, text), path);
    }
    for (path, text) in [
        ("examples/new.rs", "use taper::{Model, run};"),
        ("README.md", "The feature `internals` is for tests.\n```console\n$ taper train\n```"),
        (
            "src/shape.rs",
            "//! Seen by `internals`.\n//! ```\n//! taper::shape::f();\n//! ```\nfn internals() {}",
        ),
    ] {
        assert!(with(path, text).is_empty(), "{path}: {text}");
    }
    // The program has its own rule, too.
    let mut tree = program();
    let name = ["commands", "eval"].map(str::to_owned);
    tree.add(&name, "commands/eval.rs", "use taper::internals::engine::Engine;");
    caught(&rules::uses_behind_the_facade(&tree, &library(), FACADE), "`taper::internals`");
}

#[test]
fn a_public_module_without_an_example_is_caught() {
    for page in [
        "",
        "//! What it is.",
        "//! ```text\n//! a drawing\n//! ```",
        "/// ```\n/// f();\n/// ```\nfn f() {}",
    ] {
        caught(&rules::modules_without_example(&with("shape", page)), "`shape` has no example");
    }
    let page = "//! What it is.\n//!\n//! ```\n//! taper::shape::f();\n//! ```\nfn f() {}";
    assert!(rules::modules_without_example(&with("shape", page)).iter().all(|s| !s.contains("`shape`")));
    // Private modules need no example.
    let page = "mod shape;\npub(crate) mod init;";
    assert!(rules::modules_without_example(&with_root(page)).is_empty());
}
