//! `[split]` and `[preprocess]`: the origin of validation samples, normalization, and messages about configs
//! older than these sections.

use std::fmt::Write as _;

use serde_json::Value;

use crate::workspace::{Outcome, Workspace};

/// 90 rows of three classes, sorted by class; the second column is a thousand times the first.
fn table(classes: &[&str]) -> String {
    let mut text = "a,b,class\n".to_owned();
    for (i, class) in classes.iter().flat_map(|class| [*class; 30]).enumerate() {
        let value = (i / 30) as f64 * 3.0 + (i % 7) as f64 * 0.3;
        writeln!(text, "{value},{},{class}", value * 1000.0 + (i % 5) as f64).expect("a line");
    }
    text
}

const NETWORK: &str = "
[model]
layers = [{ dense = { units = 8, activation = \"relu\" } }, { dense = { units = 3 } }]
[loss.cross_entropy]
[optimizer.adam]
learning_rate = 0.02
[train]
epochs = 6
batch_size = 16
";

fn with_config(head: &str) -> Workspace {
    let workspace = Workspace::new();
    workspace.file("train.csv", table(&["u", "v", "w"]));
    workspace
        .file("c.toml", format!("[data.csv]\npath = \"train.csv\"\ntarget = \"class\"\n{head}{NETWORK}"));
    workspace
}

fn train(workspace: &Workspace, run: &str, more: &[&str]) -> Value {
    let arguments = [&["train", "--config", "c.toml", "--run-dir", run, "--format", "json"], more].concat();
    workspace.ok(&arguments).json()
}

/// From the first event of a run: the numbers of training, validation and test samples.
fn samples(workspace: &Workspace, run: &str) -> [u64; 3] {
    let events = String::from_utf8(workspace.read(format!("{run}/events.jsonl"))).expect("text");
    let start: Value = serde_json::from_str(events.lines().next().expect("a line")).expect("JSON");
    ["train_samples", "validation_samples", "test_samples"].map(|key| start[key].as_u64().expect("a number"))
}

#[test]
fn validation_samples_are_a_fraction_or_a_number_of_the_training_samples() {
    for (validation, counts) in [("0.2", [72, 18, 0]), ("30", [60, 30, 0]), ("0", [90, 0, 0])] {
        let workspace = with_config(&format!("[split]\nvalidation = {validation}\n"));
        train(&workspace, "run", &[]);
        assert_eq!(samples(&workspace, "run"), counts, "{validation}");
    }
    let workspace = with_config("[split]\nvalidation = 90\n");
    let outcome = workspace.run(&["train", "--config", "c.toml"]);
    assert_eq!(outcome.code, 3, "{}", outcome.stderr);
    assert!(outcome.messages().contains("holds out 90 samples, but there are only 90"), "{}", outcome.stderr);
}

#[test]
fn a_stratified_split_keeps_class_proportions() {
    let workspace = with_config("[split]\nvalidation = 30\nstratified = true\n");
    train(&workspace, "run", &[]);
    let measured =
        workspace.ok(&["eval", "--checkpoint", "run", "--split", "validation", "--format", "json"]).json();
    for class in measured["per_class"].as_array().expect("classes") {
        assert_eq!(class["support"], 10, "{measured}");
    }
}

#[test]
fn validation_samples_may_be_in_a_separate_file() {
    let workspace = with_config("[split]\nfile = \"validation.csv\"\n");
    // The classes are those of the training samples, one of which does not occur here.
    workspace.file("validation.csv", table(&["w", "v"]));
    let summary = train(&workspace, "run", &[]);
    assert_eq!(samples(&workspace, "run"), [90, 60, 0]);
    assert!(summary["metrics"]["validation.loss"].is_number(), "{summary}");
    let measured =
        workspace.ok(&["eval", "--checkpoint", "run", "--split", "validation", "--format", "json"]).json();
    assert_eq!(measured["samples"], 60);
    assert_eq!(measured["per_class"][0]["support"], 0);

    // Resuming detects that they have changed.
    workspace.file("validation.csv", table(&["w", "u"]));
    let outcome = workspace.run(&["train", "--resume", "run", "--set", "train.epochs=7"]);
    assert_eq!(outcome.code, 4, "{}", outcome.stderr);
    assert!(outcome.messages().contains("different data"), "{}", outcome.stderr);

    for (content, words) in [
        (table(&["x"]), "validation.csv: line 2, column `class`: unknown class \"x\""),
        ("b,c,class\n1,2,u\n".to_owned(), "validation.csv: has no column `a`; it has b, c, class"),
        ("a,b,class\n".to_owned(), "has no samples"),
    ] {
        workspace.file("validation.csv", content);
        let outcome = workspace.run(&["train", "--config", "c.toml"]);
        assert_eq!(outcome.code, 3, "{}", outcome.stderr);
        assert!(outcome.messages().contains(words), "{}", outcome.stderr);
    }
}

#[test]
fn normalization_is_measured_once_and_saved_in_the_checkpoint() {
    let workspace = with_config("[split]\nvalidation = 0.2\n[preprocess]\nnormalize = \"standardize\"\n");
    let summary = train(&workspace, "run", &[]);
    assert!(summary["metrics"]["validation.accuracy"].as_f64() > Some(0.8), "{summary}");
    let eval = ["eval", "--checkpoint", "run", "--split", "validation", "--format", "json"];
    let before = workspace.ok(&eval).json();

    // The same mean and standard deviation, given in the config, train the same weights.
    let weights = "checkpoints/step-00000030/model.safetensors";
    let card = {
        let bytes = workspace.read(format!("run/{weights}"));
        let size = u64::from_le_bytes(bytes[..8].try_into().expect("eight bytes")) as usize;
        let header: Value = serde_json::from_slice(&bytes[8..8 + size]).expect("JSON");
        serde_json::from_str::<Value>(header["__metadata__"]["taper"].as_str().expect("text")).expect("JSON")
    };
    let normalize = &card["normalize"];
    assert!(normalize["mean"][1].as_f64() > Some(3000.0), "{normalize}");
    let given = format!("preprocess.normalize={{mean={},std={}}}", normalize["mean"], normalize["std"]);
    train(&workspace, "given", &["--set", &given]);
    let tensors = |run: &str| {
        let bytes = workspace.read(format!("{run}/{weights}"));
        let size = u64::from_le_bytes(bytes[..8].try_into().expect("eight bytes")) as usize;
        bytes[8 + size..].to_vec()
    };
    assert_eq!(tensors("run"), tensors("given"));

    // Predictions use the numbers of the checkpoint, not those of the given samples.
    workspace.file("one.csv", "a,b\n3.0,3001\n");
    let one = ["predict", "--checkpoint", "run", "--input", "one.csv", "--format", "json"];
    let alone = workspace.ok(&one).json();
    workspace.file("one.csv", "a,b\n3.0,3001\n900,900000\n");
    let beside = workspace.ok(&one).json();
    assert_eq!(alone["predictions"][0]["logits"], beside["predictions"][0]["logits"]);
    assert_eq!(before["loss"], workspace.ok(&eval).json()["loss"]);
}

#[test]
fn a_standardized_run_resumes_bit_for_bit() {
    let workspace = with_config("[split]\nvalidation = 0.2\n[preprocess]\nnormalize = \"standardize\"\n");
    train(&workspace, "whole", &[]);
    train(&workspace, "parts", &["--set", "train.max_steps=12"]);
    workspace.ok(&["train", "--resume", "parts", "--config", "c.toml"]);
    let weights = "checkpoints/step-00000030/model.safetensors";
    assert_eq!(workspace.read(format!("whole/{weights}")), workspace.read(format!("parts/{weights}")));
}

const OLD: &str = "# ours\n[data.csv]\npath = \"train.csv\"\ntarget = \"class\"\nvalidation_split = 0.2  # a fifth\n\
                   normalize = { mean = [3, 3000], std = [2, 2000] }\n";

#[test]
fn moved_keys_are_explained_wherever_they_are_written() {
    let workspace = with_config("");
    workspace.file("old.toml", format!("{OLD}{NETWORK}"));
    let moved = "`validation_split` has moved to `split.validation`";
    let told = workspace.run(&["check", "--config", "old.toml"]);
    assert_eq!(told.code, 2, "{}", told.stderr);
    for words in [moved, "old.toml:5:1", "`normalize` has moved to `preprocess.normalize`", "config init NEW"]
    {
        assert!(told.messages().contains(words), "{words}: {}", told.stderr);
    }
    let told = workspace.run(&["check", "--config", "c.toml", "--set", "data.csv.validation_split=0.5"]);
    assert_eq!(told.code, 2, "{}", told.stderr);
    assert!(told.messages().contains(moved) && told.messages().contains("--set"), "{}", told.stderr);
    let mut command = workspace.command(&["check", "--config", "c.toml"]);
    command.env("TAPER__DATA__CSV__VALIDATION_SPLIT", "0.5");
    let told = Outcome::of(command.output().expect("the program starts"));
    assert_eq!(told.code, 2, "{}", told.stderr);
    assert!(told.messages().contains(moved), "{}", told.stderr);
    let json = r#"{"data": {"synthetic": {"validation_split": 0.1}}, "model": {"layers": [{"dense": {"units": 10}}]},
        "loss": {"cross_entropy": {}}, "optimizer": {"adam": {}}}"#;
    workspace.file("old.json", json);
    let told = workspace.run(&["check", "--config", "old.json"]);
    assert_eq!(told.code, 2, "{}", told.stderr);
    assert!(told.messages().contains(moved), "{}", told.stderr);
    workspace.ok(&["config", "init", "new.json", "--from", "old.json"]);
    workspace.ok(&["check", "--config", "new.json"]);
    workspace.ok(&["config", "init", "new.toml", "--from", "old.json"]);
    workspace.ok(&["check", "--config", "new.toml"]);
}

#[test]
fn an_old_config_is_rewritten_with_its_comments() {
    let workspace = with_config("");
    workspace.file("old.toml", format!("{OLD}{NETWORK}"));
    workspace.ok(&["config", "init", "new.toml", "--from", "old.toml"]);
    let new = String::from_utf8(workspace.read("new.toml")).expect("text");
    assert_eq!(
        new,
        format!(
            "# ours\n[data.csv]\npath = \"train.csv\"\ntarget = \"class\"\n\n[split]\nvalidation = 0.2  # a fifth\n\n\
             [preprocess]\nnormalize = {{ mean = [3, 3000], std = [2, 2000] }}\n{NETWORK}"
        )
    );
    workspace.ok(&["train", "--config", "new.toml", "--run-dir", "run"]);
    // An existing file is never overwritten, and an invalid config is not rewritten.
    assert_eq!(workspace.run(&["config", "init", "new.toml", "--from", "old.toml"]).code, 2);
    workspace.file("bad.toml", format!("{OLD}{}", NETWORK.replace("epochs", "epoch")));
    let outcome = workspace.run(&["config", "init", "other.toml", "--from", "bad.toml"]);
    assert_eq!(outcome.code, 2);
    assert!(outcome.messages().contains("did you mean `epochs`?"), "{}", outcome.stderr);
    assert!(!workspace.path("other.toml").exists());
}
