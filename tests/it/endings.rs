//! The end of a run: one epoch in `summary.json`, the reason, the next command.

use serde_json::Value;

use crate::workspace::Workspace;

/// A learning rate so high that the first epochs are the best on some seeds, and validation samples that show
/// it.
const CONFIG: &str = r#"
name = "e"
seed = 3
[data.synthetic]
samples = 120
test_samples = 30
features = 4
classes = 3
[split]
validation = 0.25
[model]
layers = [ { dense = { units = 8, activation = "relu" } }, { dense = { units = 3 } } ]
[loss.cross_entropy]
[optimizer.sgd]
learning_rate = 3.0
[train]
epochs = 6
batch_size = 10
"#;

fn with_config(config: &str) -> Workspace {
    let workspace = Workspace::new();
    workspace.file("e.toml", config);
    workspace
}

/// The metrics of `epoch` in `metrics.csv`, by name.
fn row(workspace: &Workspace, run: &str, epoch: u64) -> Vec<(String, f64)> {
    let text = String::from_utf8(workspace.read(format!("{run}/metrics.csv"))).expect("text");
    let mut lines = text.lines().map(|line| line.split(',').collect::<Vec<_>>());
    let header = lines.next().expect("a header");
    let row = lines.find(|row| row[0] == epoch.to_string()).expect("the epoch");
    let cells = header.iter().zip(row).filter(|(name, _)| name.contains('.'));
    cells.map(|(name, value)| ((*name).to_owned(), value.parse().expect("a number"))).collect()
}

fn assert_holds(metrics: &Value, row: &[(String, f64)]) {
    for (name, value) in row {
        assert_eq!(metrics[name].as_f64(), Some(*value), "{name} in {metrics}");
    }
}

#[test]
fn the_metrics_of_a_summary_are_those_of_the_kept_and_tested_epoch() {
    let mut earlier = 0;
    for (seed, monitor) in
        [(1, "validation.loss"), (2, "validation.accuracy"), (3, "train.loss"), (4, "validation.loss")]
    {
        let workspace = with_config(CONFIG);
        let (seed, monitor) = (format!("seed={seed}"), format!("checkpoint.monitor={monitor}"));
        let arguments = ["train", "--config", "e.toml", "--run-dir", "r", "--format", "json"];
        let summary = workspace.ok(&[&arguments[..], &["--set", &seed, "--set", &monitor]].concat()).json();
        let best = summary["best"]["epoch"].as_u64().expect("a best epoch");
        earlier += u64::from(best < 6);
        assert_eq!((&summary["metrics_epoch"], &summary["test_epoch"]), (&best.into(), &best.into()));
        assert_holds(&summary["metrics"], &row(&workspace, "r", best));
        assert_eq!(summary["last"]["epoch"], 6);
        assert_holds(&summary["last"]["metrics"], &row(&workspace, "r", 6));
        assert!(summary["last"]["metrics"]["test.loss"].is_null(), "{summary}");
        assert_eq!(
            serde_json::from_slice::<Value>(&workspace.read("r/summary.json")).expect("JSON"),
            summary
        );
        let tested = workspace.ok(&["eval", "--checkpoint", "r", "--format", "json"]).json();
        assert_eq!(tested["loss"], summary["metrics"]["test.loss"]);
        let validated =
            workspace.ok(&["eval", "--checkpoint", "r", "--split", "validation", "--format", "json"]).json();
        assert_eq!(validated["loss"], summary["metrics"]["validation.loss"]);
    }
    assert!(earlier > 0, "the last epoch was the best in every run, so this test proves nothing");
}

#[test]
fn a_gate_applies_to_the_kept_epoch() {
    let workspace = with_config(CONFIG);
    let train = |run: &str, gate: &str| {
        let gate = format!("gate={{\"validation.loss\"=\"{gate}\"}}");
        workspace.run(&[
            "train",
            "--config",
            "e.toml",
            "--run-dir",
            run,
            "--format",
            "json",
            "--set",
            "seed=1",
            "--set",
            &gate,
        ])
    };
    let summary = train("first", "< 1e9").json();
    let value = |metrics: &Value| metrics["validation.loss"].as_f64().expect("a number");
    let (best, last) = (value(&summary["metrics"]), value(&summary["last"]["metrics"]));
    assert!(best < last, "the last epoch is the best: {summary}");
    let between = format!("< {}", f64::midpoint(best, last));
    assert_eq!(train("second", &between).code, 0);
    assert_eq!(train("third", &format!("< {best}")).code, 6);
}

#[test]
fn without_a_best_epoch_the_last_one_is_kept() {
    let workspace = with_config(&CONFIG.replace("validation = 0.25", "validation = 0.0"));
    let summary = workspace.ok(&["train", "--config", "e.toml", "--run-dir", "r", "--format", "json"]).json();
    assert!(summary["best"].is_null());
    assert_eq!((&summary["metrics_epoch"], &summary["test_epoch"]), (&6.into(), &6.into()));
    assert_holds(&summary["metrics"], &row(&workspace, "r", 6));
}

#[test]
fn a_summary_of_version_1_is_read() {
    let workspace = with_config(CONFIG);
    workspace.ok(&["train", "--config", "e.toml", "--run-dir", "r"]);
    let mut old: Value = serde_json::from_slice(&workspace.read("r/summary.json")).expect("JSON");
    let fields = old.as_object_mut().expect("an object");
    for new in ["all_steps", "metrics_epoch", "last"] {
        assert!(fields.remove(new).is_some(), "{new}");
    }
    fields["version"] = 1.into();
    workspace.file("r/summary.json", old.to_string());
    let read = taper::events::Summary::read(&workspace.path("r")).expect("a summary");
    assert_eq!((read.version, read.last, read.metrics_epoch), (1, None, None));
}

#[test]
fn without_test_samples_the_best_epoch_is_reported() {
    let workspace = Workspace::new();
    let rows: Vec<String> = (0..40).map(|i| format!("{i},{}", 2 * i)).collect();
    workspace.file("a.csv", format!("x,y\n{}\n", rows.join("\n")));
    let config = "[data.csv]\npath = \"a.csv\"\ntarget = \"y\"\ntask = \"regression\"\n[split]\nvalidation = 0.25\n\
        [model]\nlayers = [{ dense = { units = 1 } }]\n[loss.mse]\n[optimizer.adam]\n[train]\nepochs = 3\n";
    workspace.file("e.toml", config);
    let outcome = workspace.ok(&["train", "--config", "e.toml", "--run-dir", "r"]);
    assert!(outcome.stdout.starts_with("best   validation  loss "), "{}", outcome.stdout);
    assert!(
        outcome.stdout.contains("rmse") && outcome.stdout.contains("(epoch 3 of 3)"),
        "{}",
        outcome.stdout
    );
}
