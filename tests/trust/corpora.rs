//! Replays the inputs of the fuzz targets with the stable compiler and without libFuzzer: the corpora, and
//! inputs that once crashed a parser.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;

use crate::tier::report;

/// The number of inputs in a target's corpus: enough to start with, few enough for the repository.
const SIZES: std::ops::RangeInclusive<usize> = 5..=20;

#[path = "../../fuzz/src/lib.rs"]
mod targets;

fn inputs(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    paths
}

#[test]
fn every_input_is_explained_or_round_trips() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
    let mut replayed = 0;
    for (name, run) in targets::TARGETS {
        let seeds = inputs(&root.join("corpus").join(name));
        assert!(SIZES.contains(&seeds.len()), "{name}: {} inputs", seeds.len());
        for path in seeds.into_iter().chain(inputs(&root.join("regressions").join(name))) {
            let content = fs::read(&path).expect("a file");
            let outcome = std::panic::catch_unwind(|| run(&content));
            assert!(outcome.is_ok(), "{}: the panic is above", path.display());
            replayed += 1;
        }
    }
    report("fuzz_replay", &json!({ "targets": targets::TARGETS.len(), "inputs": replayed }));
}

#[test]
fn every_corpus_and_every_fuzz_program_has_a_target() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
    let known = |name: &str| targets::TARGETS.iter().any(|(own, _)| *own == name);
    for folder in ["corpus", "regressions", "fuzz_targets"] {
        for path in inputs(&root.join(folder)) {
            let name = path.file_stem().expect("a name").to_string_lossy();
            assert!(known(&name), "{}: no such target in fuzz/src/lib.rs", path.display());
        }
    }
    for (name, _) in targets::TARGETS {
        assert!(root.join("fuzz_targets").join(format!("{name}.rs")).exists(), "{name} has no program");
    }
}
