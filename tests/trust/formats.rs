//! Checkpoints of every past format can still be evaluated and resumed.
//!
//! `formats/N` is a run folder of format N, written by taper after 20 steps of `formats/config.toml` (`cd /
//! && taper train --config - --run-dir DIR --set train.max_steps=20`). It is never regenerated: a change that
//! cannot read it needs a new format, and a new folder here.

use std::path::{Path, PathBuf};

use serde_json::Value;
use taper::internals::checkpoint::manifest::FORMAT;

use crate::subject;
use crate::workspace::Workspace;

/// The test loss and accuracy after 20 steps and after 50.
const AFTER: [(u64, f64, f64); 2] = [(20, 2.175_615_302, 0.35), (50, 2.022_899_392, 0.425)];

fn folder(format: u32) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/trust/formats/{format}"))
}

fn assert_evaluates(workspace: &Workspace, (step, loss, accuracy): (u64, f64, f64)) {
    let result = workspace.ok(&["eval", "--checkpoint", "run", "--format", "json"]).json();
    // Instruction sets round sums differently, which training amplifies.
    let tolerance = if step == 20 { 1e-6 } else { 1e-3 };
    let found = |name: &str| result[name].as_f64().expect("a number");
    assert!((found("loss") - loss).abs() < tolerance, "step {step}: {result}");
    assert!((found("accuracy") - accuracy).abs() < 1e-12 || step > 20, "step {step}: {result}");
}

#[test]
fn every_format_can_be_evaluated_and_resumed() {
    for format in 1..=FORMAT {
        let workspace = Workspace::new();
        subject::copy(&folder(format), &workspace.path("run"));
        assert_evaluates(&workspace, AFTER[0]);
        workspace.ok(&["train", "--resume", "run", "--set", "train.max_steps=50"]);
        assert_evaluates(&workspace, AFTER[1]);
    }
}

#[test]
fn a_newer_format_is_refused_by_its_number() {
    let workspace = Workspace::new();
    subject::copy(&folder(FORMAT), &workspace.path("run"));
    let path = "run/checkpoints/step-00000020/manifest.json";
    let mut manifest: Value = serde_json::from_slice(&workspace.read(path)).expect("JSON");
    manifest["format"] = (FORMAT + 1).into();
    workspace.file(path, format!("{manifest:#}"));
    for arguments in [["eval", "--checkpoint", "run"], ["train", "--resume", "run"]] {
        let outcome = workspace.run(&arguments);
        assert_eq!(outcome.code, 4, "{}", outcome.stderr);
        let told = format!("has format {}, but this version of taper supports", FORMAT + 1);
        assert!(outcome.messages().contains(&told), "{}", outcome.stderr);
    }
}
