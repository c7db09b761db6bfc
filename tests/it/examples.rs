//! The examples run.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Cargo builds the examples of a package together with its tests, in a folder next to theirs.
fn program(name: &str) -> PathBuf {
    let own = std::env::current_exe().expect("this test's program");
    let folder = own.parent().and_then(Path::parent).expect("the profile's folder");
    folder.join("examples").join(name)
}

#[test]
fn every_example_runs_and_prints_what_it_demonstrates() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).expect("examples") {
        let path = entry.expect("an entry").path();
        names.push(path.file_stem().expect("a name").to_string_lossy().into_owned());
    }
    names.sort();
    let shows = [
        ("custom_callback", "no better validation loss for 5 epochs"),
        ("custom_data", "test accuracy 1.0"),
        ("custom_layer", "beta is"),
        ("read_events", "synthetic-mlp: 250 steps"),
        ("train_in_rust", "an empty image is a"),
        ("weights_in_candle", "outputs of a sample of ones"),
    ];
    assert_eq!(names, shows.map(|(name, _)| name), "every example is listed here");
    for (name, words) in shows {
        let built = program(name).exists();
        if !built && std::env::var_os("TAPER_REQUIRE_EXAMPLES").is_none() {
            eprintln!("skipped: {name}; `cargo test` without `--test` builds the examples");
            continue;
        }
        let output = Command::new(program(name)).output().unwrap_or_else(|error| panic!("{name}: {error}"));
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && text.contains(words), "{name}: {text}{output:?}");
    }
}
