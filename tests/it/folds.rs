//! Cross-validation: one run for each part of the training samples.

use std::path::Path;

use serde_json::Value;

use crate::workspace::Workspace;

const CONFIG: &str = "seed = 4
[data.synthetic]
samples = 100
features = 5
classes = 3
[split]
stratified = true
[model]
layers = [ { dense = { units = 8, activation = \"relu\" } }, { dense = { units = 3 } } ]
[loss.cross_entropy]
[optimizer.adam]
learning_rate = 0.01
[train]
epochs = 3
batch_size = 16
[checkpoint]
every_steps = 2
";

fn workspace() -> Workspace {
    let workspace = Workspace::new();
    workspace.file("config.toml", CONFIG);
    workspace
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).expect("a file")).expect("JSON")
}

/// The model in the last checkpoint of a run.
fn model(run: &Path) -> Vec<u8> {
    let folder = std::fs::read_dir(run.join("checkpoints")).expect("checkpoints");
    let last = folder.map(|entry| entry.expect("an entry").path()).max().expect("a checkpoint");
    std::fs::read(last.join("model.safetensors")).expect("a model")
}

#[test]
fn all_folds_are_trained_and_summarized() {
    let workspace = workspace();
    let outcome = workspace.ok(&["train", "-q", "config.toml", "--fold", "all/3"]);
    let folds = json(&workspace.path("runs/run-3-folds/folds.json"));
    let runs: Vec<Value> = (1..=3)
        .map(|number| json(&workspace.path(format!("runs/run-3-folds/fold-{number}/summary.json"))))
        .collect();
    let held_out = |run: &Value| 100 - run["train_samples"].as_u64().expect("a number");
    assert_eq!(runs.iter().map(held_out).collect::<Vec<_>>(), [34, 33, 33]);
    for (metric, spread) in folds["metrics"].as_object().expect("metrics") {
        let values: Vec<f64> =
            runs.iter().map(|run| run["metrics"][metric].as_f64().expect("a value")).collect();
        assert_eq!(spread["values"], serde_json::json!(values), "{metric}");
        let mean = values.iter().sum::<f64>() / 3.0;
        assert!((spread["mean"].as_f64().expect("a mean") - mean).abs() < 1e-12, "{metric}");
    }
    assert!(folds["metrics"]["validation.accuracy"]["std"].as_f64().is_some());
    let accuracy = folds["metrics"]["validation.accuracy"]["mean"].as_f64().expect("a mean");
    assert!(outcome.stdout.contains(&format!("{accuracy:.4} ± ")), "{}", outcome.stdout);
    assert!(
        workspace.run(&["train", "-q", "config.toml", "--fold", "all/3"]).code != 0,
        "the folder holds runs"
    );
    let again =
        workspace.ok(&["train", "-q", "config.toml", "--fold", "all/3", "--resume", "--format", "json"]);
    assert_eq!(again.json()["metrics"], folds["metrics"], "finished runs are kept");
}

#[test]
fn a_fold_has_the_bits_of_a_run_of_its_own_also_after_an_interruption() {
    let workspace = workspace();
    let train = |arguments: &[&str]| workspace.ok(&[&["train", "-q", "config.toml"], arguments].concat());
    train(&["--fold", "2/3", "--run-dir", "own"]);
    train(&["--fold", "2/3", "--run-dir", "all/fold-2", "--set", "train.max_steps=3"]);
    train(&["--fold", "all/3", "--run-dir", "all", "--resume"]);
    assert!(model(&workspace.path("own")) == model(&workspace.path("all/fold-2")));
    assert!(model(&workspace.path("own")) != model(&workspace.path("all/fold-1")));
    // The validation samples of the config are replaced.
    workspace.file("config.toml", CONFIG.replace("[split]", "[split]\nvalidation = 0.3"));
    train(&["--fold", "2/3", "--run-dir", "set"]);
    assert!(model(&workspace.path("own")) == model(&workspace.path("set")));
}

#[test]
fn folds_that_do_not_exist_and_other_validation_samples_are_refused() {
    let workspace = workspace();
    for (fold, expected) in [("6/5", "such as 2/5"), ("all/1", "or all/5"), ("2", "such as 2/5")] {
        let outcome = workspace.run(&["train", "config.toml", "--fold", fold]);
        assert!(outcome.code == 2 && outcome.stderr.contains(expected), "{fold}: {}", outcome.stderr);
    }
    let both =
        workspace.run(&["train", "config.toml", "--set", "split.fold=2/5", "--set", "split.validation=0.2"]);
    assert!(
        both.code == 2 && both.stderr.contains("`validation` has other validation samples"),
        "{}",
        both.stderr
    );
    let many = workspace.run(&["train", "config.toml", "--fold", "2/200"]);
    assert!(many.code == 3 && many.stderr.contains("only 100 training samples"), "{}", many.stderr);
    let path = workspace.run(&["train", "config.toml", "--fold", "all/3", "--resume", "runs"]);
    assert!(path.code == 2 && path.stderr.contains("--run-dir"), "{}", path.stderr);
}
