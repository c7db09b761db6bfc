//! The real MNIST, in `TAPER_DATA_DIR`. Without it, these tests report that they are skipped; with
//! `TAPER_REQUIRE_MNIST=1` they fail instead.

use std::path::PathBuf;

use crate::workspace::Workspace;

/// The folder with MNIST, or a visible skip.
fn data() -> Option<PathBuf> {
    let folder =
        std::env::var_os("TAPER_DATA_DIR").and_then(|folder| PathBuf::from(folder).canonicalize().ok());
    let folder = folder.filter(|folder| folder.join("mnist").is_dir());
    if folder.is_none() {
        assert!(std::env::var_os("TAPER_REQUIRE_MNIST").is_none(), "TAPER_DATA_DIR holds no mnist folder");
        eprintln!("SKIPPED: set TAPER_DATA_DIR to a folder that holds mnist/");
    }
    folder
}

fn train(config: &str, sets: &[&str]) -> Option<serde_json::Value> {
    let folder = data()?;
    let folder = folder.to_str().expect("UTF-8");
    let workspace = Workspace::new();
    let mut arguments = vec!["train", "--config", config, "--run-dir", "run", "--data-dir", folder];
    for set in sets {
        arguments.extend(["--set", set]);
    }
    workspace.ok(&arguments);
    Some(workspace.ok(&["eval", "--checkpoint", "run", "--data-dir", folder, "--format", "json"]).json())
}

fn assert_accuracy(result: Option<serde_json::Value>, least: f64) {
    if let Some(result) = result {
        assert_eq!(result["samples"], 10_000);
        assert!(result["accuracy"].as_f64().is_some_and(|accuracy| accuracy >= least), "{result}");
    }
}

#[test]
fn the_cnn_learns_digits_in_one_epoch() {
    assert_accuracy(train("mnist_cnn", &["train.epochs=1"]), 0.97);
}

#[test]
fn the_mlp_with_128_units_reaches_97_5_percent() {
    assert_accuracy(train("mnist_mlp_128", &[]), 0.975);
}

#[test]
fn the_mlp_with_64_units_reaches_97_percent() {
    assert_accuracy(train("mnist_mlp_64", &[]), 0.97);
}

#[test]
fn all_files_verify() {
    if let Some(folder) = data() {
        let outcome = Workspace::new().ok(&["data", "verify", "--data-dir", folder.to_str().expect("UTF-8")]);
        assert!(
            outcome.stdout.contains("mnist: ok, 60000 training and 10000 test samples"),
            "{}",
            outcome.stdout
        );
    }
}
