//! Metrics that `taper eval` always measures, and a run where its config names them.

use serde_json::Value;

use crate::workspace::Workspace;

const NAMES: [&str; 4] = ["top_k_accuracy", "log_loss", "matthews", "calibration_error"];

/// A network for ten classes, with test samples, and `more` at the end of its config.
fn workspace(more: &str) -> Workspace {
    let workspace = Workspace::new();
    let config = format!(
        "[data.digits]\nsamples = 300\n[split]\nvalidation = 0.2\n\
         [model]\nlayers = [{{ flatten = {{}} }}, {{ dense = {{ units = 10 }} }}]\n\
         [loss.cross_entropy]\nlabel_smoothing = 0.2\nclass_weights = [3, 1, 1, 1, 1, 1, 1, 1, 1, 2]\n\
         [optimizer.adam]\nlearning_rate = 0.002\n[train]\nepochs = 4\nbatch_size = 16\n{more}"
    );
    workspace.file("c.toml", config);
    workspace
}

fn train(workspace: &Workspace, more: &[&str]) -> Value {
    let command = ["train", "--config", "c.toml", "--run-dir", "r", "--format", "json"];
    workspace.ok(&[&command, more].concat()).json()
}

fn eval(workspace: &Workspace, split: &str) -> Value {
    workspace.ok(&["eval", "--checkpoint", "r", "--split", split, "--format", "json"]).json()
}

/// The columns of the run's table.
fn columns(workspace: &Workspace) -> Vec<String> {
    let csv = String::from_utf8(workspace.read("r/metrics.csv")).expect("text");
    csv.lines().next().expect("a header").split(',').map(str::to_owned).collect()
}

fn is_requested(name: &str) -> bool {
    NAMES.iter().any(|own| name.ends_with(own))
}

#[test]
fn eval_measures_them_and_a_run_does_not_unless_asked() {
    let workspace = workspace("");
    let summary = train(&workspace, &[]);
    let measured = summary["metrics"].as_object().expect("metrics");
    assert!(measured.contains_key("test.f1") && !measured.keys().any(|name| is_requested(name)), "{summary}");
    assert!(!columns(&workspace).iter().any(|name| is_requested(name)));
    for split in ["train", "validation", "test"] {
        let found = eval(&workspace, split);
        assert!(NAMES.iter().all(|name| found[*name].is_f64()), "{split}: {found}");
        let [top_k, accuracy] = ["top_k_accuracy", "accuracy"].map(|name| found[name].as_f64());
        assert!(top_k >= accuracy, "{split}: {found}");
    }
    let text = workspace.ok(&["eval", "--checkpoint", "r"]).stdout;
    for name in ["loss", "accuracy"].iter().chain(&NAMES) {
        assert!(text.contains(&format!("\n{name:<17} ")), "{name}: {text}");
    }
}

#[test]
fn values_are_those_of_the_predictions() {
    let workspace = workspace("");
    train(&workspace, &[]);
    let found =
        workspace.ok(&["eval", "--checkpoint", "r", "--predictions", "all.jsonl", "--format", "json"]).json();
    let text = String::from_utf8(workspace.read("all.jsonl")).expect("text");
    let rows: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let samples = rows.len() as f64;
    let (mut log_loss, mut top, mut bins) = (0.0, 0.0, [(0.0, 0.0); 15]);
    for row in &rows {
        let probabilities: Vec<f64> =
            serde_json::from_value(row["probabilities"].clone()).expect("probabilities");
        let target: usize = row["truth"].as_str().expect("a class").parse().expect("a digit");
        log_loss -= libm::log(probabilities[target]) / samples;
        let larger = probabilities.iter().filter(|own| **own > probabilities[target]).count();
        top += f64::from(u8::from(larger < 5)) / samples;
        let most = probabilities.iter().copied().fold(0.0, f64::max);
        let bin = &mut bins[(most * 15.0).ceil() as usize - 1];
        bin.0 += f64::from(u8::from(larger == 0));
        bin.1 += most;
    }
    let error = bins.iter().map(|(right, sum): &(f64, f64)| (right - sum).abs() / samples).sum::<f64>();
    for (name, expected) in [("log_loss", log_loss), ("top_k_accuracy", top), ("calibration_error", error)] {
        let found = found[name].as_f64().expect("a number");
        assert!((found - expected).abs() < 1e-5, "{name}: {found} {expected}");
    }
    let loss = found["loss"].as_f64().expect("a number");
    assert!((loss - log_loss).abs() > 0.01, "without label smoothing and class weights: {loss} {log_loss}");
}

#[test]
fn they_can_be_monitored_in_the_right_direction() {
    for (name, higher) in NAMES.into_iter().zip([true, false, true, false]) {
        let workspace = workspace(&format!("[checkpoint]\nmonitor = \"validation.{name}\"\n"));
        let summary = train(&workspace, &[]);
        assert_eq!(summary["best"]["metric"], format!("validation.{name}"));
        let columns = columns(&workspace);
        let requested: Vec<_> = columns.iter().filter(|name| is_requested(name)).collect();
        assert_eq!(requested, [&format!("validation.{name}")]);
        let column = columns.iter().position(|own| own == requested[0]).expect("a column");
        let csv = String::from_utf8(workspace.read("r/metrics.csv")).expect("text");
        let value = |line: &str| line.split(',').nth(column).and_then(|value| value.parse::<f64>().ok());
        let values: Vec<f64> = csv.lines().skip(1).map(|line| value(line).expect("a number")).collect();
        let best = values.iter().copied().reduce(if higher { f64::max } else { f64::min });
        assert_eq!((values.len(), summary["best"]["value"].as_f64()), (4, best), "{name}: {values:?}");
        assert_eq!(eval(&workspace, "validation")[name].as_f64(), best, "the same bits");
    }
}

#[test]
fn they_can_be_gated() {
    for (name, condition) in NAMES.into_iter().zip(["<= 1", "> 0", "> -1", "< 1"]) {
        let workspace = workspace(&format!("[gate]\n\"test.{name}\" = \"{condition}\"\n"));
        let summary = train(&workspace, &[]);
        assert_eq!(summary["gate"][0]["passed"], true, "{summary}");
        let measured = summary["metrics"].as_object().expect("metrics");
        let requested: Vec<_> = measured.keys().filter(|name| is_requested(name)).collect();
        assert_eq!(requested, [&format!("test.{name}")], "{summary}");
        let found = eval(&workspace, "test");
        assert_eq!(found[name], summary["metrics"][format!("test.{name}")], "the same bits");
        assert_eq!(found["gate"][0]["passed"], true, "{found}");
        let failing = format!("gate={{\"test.{name}\" = \"> 1000\"}}");
        assert_eq!(workspace.run(&["eval", "--checkpoint", "r", "--set", &failing]).code, 6);
    }
}

#[test]
fn a_resumed_run_measures_the_same_bits() {
    let more = "[gate]\n\"validation.log_loss\" = \"< 100\"\n\"validation.calibration_error\" = \"< 1\"\n";
    let workspace = workspace(more);
    train(&workspace, &["--set", "train.max_steps=17"]);
    workspace.ok(&["train", "--config", "c.toml", "--resume", "r", "-q"]);
    let table = |run: &str| {
        let text = String::from_utf8(workspace.read(format!("{run}/metrics.csv"))).expect("text");
        let timed = 2; // seconds and samples per second, at the end
        let row = |line: &str| {
            let cells: Vec<&str> = line.split(',').collect();
            cells[..cells.len() - timed].join(",")
        };
        text.lines().map(row).collect::<Vec<_>>()
    };
    workspace.ok(&["train", "--config", "c.toml", "--run-dir", "whole", "-q", "--set", "train.engine=fused"]);
    assert_eq!(table("r"), table("whole"));
}

#[test]
fn where_they_are_not_measured_is_explained() {
    let workspace = workspace("");
    let refused = |config: &str, set: &str, words: &str| {
        let outcome = workspace.run(&["check", config, "--set", set]);
        assert!(outcome.code == 2 && outcome.messages().contains(words), "{set}: {}", outcome.stderr);
    };
    refused("c.toml", "checkpoint.monitor=train.log_loss", "did you mean `validation.log_loss`?");
    refused("c.toml", "checkpoint.monitor=test.matthews", "did you mean `validation.matthews`?");
    refused("binary_mlp", "checkpoint.monitor=validation.top_k_accuracy", "is not measured");
    refused("linear_regression", "checkpoint.monitor=validation.log_loss", "is not measured");
}
