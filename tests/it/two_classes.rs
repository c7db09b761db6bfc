//! Two classes, one of which is rare: class weights and metrics.

use std::fmt::Write as _;

use serde_json::Value;

use crate::workspace::Workspace;

/// 120 rows of two numbers, one in twelve of which is of the class `yes`; the classes overlap.
fn table() -> String {
    let mut text = "a,b,y\n".to_owned();
    for i in 0..120 {
        let (a, b) = (f64::from(i % 10) / 5.0, f64::from(i * 7 % 13) / 13.0);
        let shift = if i % 12 == 5 { 0.8 } else { 0.0 };
        writeln!(text, "{},{},{}", a + shift, b + shift, if i % 12 == 5 { "yes" } else { "no" })
            .expect("a line");
    }
    text
}

/// A folder with the table, and a config for one output with these loss options.
fn workspace(options: &str) -> Workspace {
    let workspace = Workspace::new();
    workspace.file("train.csv", table());
    workspace.file(
        "c.toml",
        format!(
            "[data.csv]\npath = \"train.csv\"\ntarget = \"y\"\n\
             [model]\nlayers = [{{ dense = {{ units = 1, activation = \"sigmoid\" }} }}]\n\
             [loss.binary_cross_entropy]\n{options}\n\
             [optimizer.adam]\nlearning_rate = 0.05\n[train]\nepochs = 20\nbatch_size = 16\n"
        ),
    );
    workspace
}

fn train(workspace: &Workspace, run: &str, more: &[&str]) {
    workspace.ok(&[&["train", "--config", "c.toml", "--run-dir", run, "-q"], more].concat());
}

fn eval(workspace: &Workspace, run: &str) -> Value {
    workspace.ok(&["eval", "--checkpoint", run, "--format", "json"]).json()
}

#[test]
fn class_weights_of_two_classes_are_applied() {
    let plain = workspace("");
    train(&plain, "r", &[]);
    let plain = eval(&plain, "r");
    for (weights, first, second) in [("[1, 11]", 1.0, 11.0), ("[0.5, 4]", 0.5, 4.0), ("[1, 40.5]", 1.0, 40.5)]
    {
        let workspace = workspace(&format!("class_weights = {weights}"));
        for engine in ["fused", "graph"] {
            train(&workspace, engine, &["--set", &format!("train.engine={engine}")]);
            let measured = eval(&workspace, engine);
            // The rare class is found more often than without weights.
            let recall = |result: &Value| result["per_class"][1]["recall"].as_f64().expect("a recall");
            assert!(recall(&measured) > recall(&plain), "{weights} {engine}: {measured}");
            // The loss is the mean over samples of weight times loss, computed from the predictions.
            let predicted = workspace.ok(&[
                "predict",
                "--checkpoint",
                engine,
                "--input",
                "train.csv",
                "--format",
                "json",
            ]);
            let (mut sum, table) = (0.0, table());
            let rows = predicted.json()["predictions"].as_array().expect("a list").clone();
            for (row, line) in rows.iter().zip(table.lines().skip(1)) {
                let rare = line.ends_with("yes");
                let probability = row["probabilities"][usize::from(rare)].as_f64().expect("a number");
                sum -= if rare { second } else { first } * libm::log(probability);
            }
            let (expected, loss) = (sum / 120.0, measured["loss"].as_f64().expect("a loss"));
            assert!((loss - expected).abs() < 1e-5 * expected, "{weights} {engine}: {loss} {expected}");
        }
        let logits = |run: &str| {
            let output =
                workspace.ok(&["predict", "--checkpoint", run, "--input", "train.csv", "--format", "json"]);
            let rows = output.json()["predictions"].as_array().expect("a list").clone();
            rows.iter().map(|row| row["logits"][0].as_f64().expect("a number")).collect::<Vec<_>>()
        };
        for (fused, graph) in logits("fused").iter().zip(logits("graph")) {
            assert!((fused - graph).abs() < 1e-4 * (1.0 + graph.abs()), "{fused} {graph}");
        }
    }
}

#[test]
fn balanced_class_weights_follow_from_the_training_samples() {
    // 110 of 120 rows are of the first class.
    let (balanced, listed) =
        (workspace("class_weights = \"balanced\""), workspace("class_weights = [0.5454545454545454, 6]"));
    for workspace in [&balanced, &listed] {
        train(workspace, "r", &["--set", "train.max_steps=20"]);
        workspace.ok(&["train", "--config", "c.toml", "--resume", "r", "-q"]);
    }
    let loss = eval(&balanced, "r")["loss"].clone();
    assert!(loss.is_f64() && loss == eval(&listed, "r")["loss"], "{loss}");
    let config = String::from_utf8(balanced.read("r/config.toml")).expect("text");
    assert!(config.contains("class_weights = [0.5454545454545454, 6.0]"), "{config}");
}

#[test]
fn class_weights_cannot_be_changed_after_training() {
    let workspace = workspace("class_weights = [1, 11]");
    train(&workspace, "r", &["--set", "train.max_steps=20"]);
    for other in ["[1, 10]", "null"] {
        let set = format!("loss.binary_cross_entropy.class_weights={other}");
        for command in [
            &["eval", "--checkpoint", "r", "--set", &set][..],
            &["train", "--config", "c.toml", "--resume", "r", "--set", &set],
        ] {
            let outcome = workspace.run(command);
            assert_ne!(outcome.code, 0, "{command:?}");
            let messages = outcome.messages();
            assert!(messages.contains("loss.binary_cross_entropy.class_weights"), "{command:?}: {messages}");
        }
    }
    // Resuming gives the same bits as a run that was not stopped.
    train(&workspace, "whole", &[]);
    workspace.ok(&["train", "--config", "c.toml", "--resume", "r", "-q"]);
    assert_eq!(eval(&workspace, "r")["loss"], eval(&workspace, "whole")["loss"]);
}

#[test]
fn invalid_class_weights_are_explained() {
    for (weights, words) in [
        ("[1]", "must be 2 weights, one for each class, not 1"),
        ("[1, 2, 3]", "must be 2 weights, one for each class, not 3"),
        ("[1, -2]", "must not be negative"),
        ("7", "expected an array"),
    ] {
        let workspace = workspace(&format!("class_weights = {weights}"));
        let outcome = workspace.run(&["train", "--config", "c.toml"]);
        assert!(outcome.code == 2 || outcome.code == 3, "{weights}: {}", outcome.stderr);
        assert!(outcome.messages().contains(words), "{weights}: {}", outcome.stderr);
    }
}

/// A network with `outputs` outputs, half of whose rows are validation and test samples.
fn with_splits(outputs: usize, more: &str) -> Workspace {
    let workspace = workspace("");
    let loss = if outputs == 1 { "binary_cross_entropy" } else { "cross_entropy" };
    let config = format!(
        "[data.csv]\npath = \"train.csv\"\ntarget = \"y\"\n[split]\nvalidation = 30\ntest = 30\nstratified = true\n\
         [model]\nlayers = [{{ dense = {{ units = {outputs} }} }}]\n[loss.{loss}]\n\
         [optimizer.adam]\nlearning_rate = 0.05\n[train]\nepochs = 6\nbatch_size = 16\n{more}"
    );
    workspace.file("c.toml", config);
    workspace
}

/// The second class's logit minus the first's, and whether the row is of the second class.
fn scores(workspace: &Workspace, run: &str) -> Vec<(f64, bool)> {
    let output = workspace.ok(&["predict", "--checkpoint", run, "--input", "train.csv", "--format", "json"]);
    let rows = output.json()["predictions"].as_array().expect("a list").clone();
    let score = |row: &Value| {
        let logit = |place: usize| row["logits"][place].as_f64();
        let first = logit(0).expect("a logit");
        logit(1).map_or(first, |second| second - first)
    };
    rows.iter().map(score).zip(table().lines().skip(1).map(|line| line.ends_with("yes"))).collect()
}

#[test]
fn areas_under_curves_agree_with_the_predictions() {
    for outputs in [1, 2] {
        let workspace = with_splits(outputs, "");
        train(&workspace, "r", &[]);
        let set = ["--split", "test", "--set", "data.csv.test_path=train.csv"];
        let all =
            workspace.ok(&[&["eval", "--checkpoint", "r", "--format", "json"], &set[..]].concat()).json();
        let scores = scores(&workspace, "r");
        let of = |second: bool| scores.iter().filter(move |score| score.1 == second).map(|score| score.0);
        // Each pair of a row of one class and a row of the other; a tie counts half.
        let right = |yes: f64| {
            of(false).map(move |no| f64::from(u8::from(yes > no)) + 0.5 * f64::from(u8::from(yes == no)))
        };
        let roc_auc = of(true).flat_map(right).sum::<f64>() / (of(true).count() * of(false).count()) as f64;
        // The precision at each row of the second class, over all rows with at least its score.
        let above = |least: f64, second: bool| of(second).filter(|score| *score >= least).count() as f64;
        let precision = |least: f64| above(least, true) / (above(least, true) + above(least, false));
        let pr_auc = of(true).map(precision).sum::<f64>() / of(true).count() as f64;
        for (name, expected) in [("roc_auc", roc_auc), ("pr_auc", pr_auc)] {
            let found = all[name].as_f64().expect("an area");
            assert!((found - expected).abs() < 1e-6, "{outputs} outputs, {name}: {found} {expected}");
        }
        // Precision and recall of the second class at thresholds.
        for row in all["thresholds"].as_array().expect("a table") {
            let threshold = row["threshold"].as_f64().expect("a number");
            let least = libm::log(threshold / (1.0 - threshold));
            let found = of(true).filter(|score| *score > least).count() as f64;
            let wrong = of(false).filter(|score| *score > least).count() as f64;
            let recall = row["recall"].as_f64().expect("a number");
            assert!((recall - found / of(true).count() as f64).abs() < 1e-12, "{row}");
            let precision = row["precision"].as_f64().expect("a number");
            assert!((precision - found / (found + wrong).max(1.0)).abs() < 1e-12, "{row}");
        }
    }
}

#[test]
fn areas_under_curves_can_be_monitored_and_gated() {
    for outputs in [1, 2] {
        let workspace = with_splits(
            outputs,
            "[checkpoint]\nmonitor = \"validation.roc_auc\"\n[gate]\n\"test.pr_auc\" = \">= 0.05\"\n",
        );
        let summary =
            workspace.ok(&["train", "--config", "c.toml", "--run-dir", "r", "--format", "json"]).json();
        assert_eq!(summary["best"]["metric"], "validation.roc_auc");
        let (best, epoch) = (&summary["best"]["value"], &summary["best"]["epoch"]);
        let csv = String::from_utf8(workspace.read("r/metrics.csv")).expect("text");
        let header: Vec<&str> = csv.lines().next().expect("a header").split(',').collect();
        let column = header.iter().position(|name| *name == "validation.roc_auc").expect("a column");
        assert!(!header.contains(&"train.roc_auc"), "the weights change while they are measured");
        let values: Vec<f64> = csv
            .lines()
            .skip(1)
            .map(|line| line.split(',').nth(column).expect("a value").parse().expect("a number"))
            .collect();
        let largest = values.iter().copied().fold(f64::MIN, f64::max);
        assert_eq!(best.as_f64(), Some(largest));
        assert_eq!(
            epoch.as_u64(),
            values.iter().position(|value| *value >= largest).map(|first| first as u64 + 1)
        );
        // `eval` on the same samples gives the same bits.
        for split in ["validation", "test"] {
            let found =
                workspace.ok(&["eval", "--checkpoint", "r", "--split", split, "--format", "json"]).json();
            for name in ["roc_auc", "pr_auc"] {
                assert_eq!(found[name], summary["metrics"][format!("{split}.{name}")], "{split}");
            }
        }
        let set = "gate={\"test.roc_auc\" = \"> 1\"}";
        let failed = workspace.run(&["train", "--config", "c.toml", "--set", set]);
        assert_eq!(failed.code, 6, "{}", failed.stderr);
    }
}

#[test]
fn the_threshold_changes_predictions() {
    for outputs in [1, 2] {
        let workspace = with_splits(outputs, "");
        train(&workspace, "r", &[]);
        let at = |more: &[&str]| {
            workspace
                .ok(&[&["eval", "--checkpoint", "r", "--split", "train", "--format", "json"], more].concat())
                .json()
        };
        let usual = at(&[]);
        for (text, place) in [("0.1", 0), ("0.3", 2), ("0.9", 8)] {
            let measured = at(&["--threshold", text]);
            let second = &measured["per_class"][1];
            for name in ["precision", "recall", "f1"] {
                assert_eq!(second[name], usual["thresholds"][place][name], "{outputs} {text} {name}");
            }
            for same in ["loss", "roc_auc", "pr_auc", "thresholds", "samples"] {
                assert_eq!(measured[same], usual[same], "{same}");
            }
            let matrix: Vec<Vec<u64>> =
                serde_json::from_value(measured["confusion_matrix"].clone()).expect("a matrix");
            assert_eq!(measured["accuracy"].as_f64(), Some((matrix[0][0] + matrix[1][1]) as f64 / 60.0));
        }
        let half = at(&["--threshold", "0.5"]);
        assert_eq!(
            (&half["confusion_matrix"], &half["threshold"]),
            (&usual["confusion_matrix"], &Value::from(0.5))
        );
        let text = workspace.ok(&["eval", "--checkpoint", "r", "--threshold", "0.3"]).stdout;
        for words in [
            "threshold         0.3000",
            "roc_auc ",
            "pr_auc ",
            "macro average of the classes",
            "yes above",
            "\n0.1 ",
        ] {
            assert!(text.contains(words), "{words}: {text}");
        }
    }
}

#[test]
fn areas_and_thresholds_require_two_classes() {
    let workspace = with_splits(1, "");
    for threshold in ["0", "1", "1.5", "-0.1", "nan", "half"] {
        let outcome = workspace.run(&["eval", "--checkpoint", "r", &format!("--threshold={threshold}")]);
        assert!(
            outcome.code == 2 && outcome.stderr.contains("between 0 and 1"),
            "{threshold}: {}",
            outcome.stderr
        );
    }
    let outcome =
        workspace.run(&["check", "--config", "c.toml", "--set", "checkpoint.monitor=train.roc_auc"]);
    assert!(
        outcome.code == 2 && outcome.messages().contains("did you mean `validation.roc_auc`?"),
        "{}",
        outcome.stderr
    );
    workspace.ok(&[
        "train",
        "--config",
        "synthetic_mlp",
        "--run-dir",
        "ten",
        "-q",
        "--set",
        "train.max_steps=2",
    ]);
    let outcome = workspace.run(&["eval", "--checkpoint", "ten", "--threshold", "0.3"]);
    assert!(outcome.code == 2 && outcome.messages().contains("this network has 10"), "{}", outcome.stderr);
    workspace.ok(&["train", "--config", "linear_regression", "--run-dir", "line", "-q"]);
    let outcome = workspace.run(&["eval", "--checkpoint", "line", "--threshold", "0.3"]);
    assert!(outcome.code == 2 && outcome.messages().contains("predicts numbers"), "{}", outcome.stderr);
    let outcome =
        workspace.run(&["check", "synthetic_mlp", "--set", "checkpoint.monitor=validation.roc_auc"]);
    assert!(outcome.code == 2 && outcome.messages().contains("is not measured"), "{}", outcome.stderr);
    let ten = workspace.ok(&["eval", "--checkpoint", "ten", "--format", "json"]).json();
    assert!(ten.get("roc_auc").is_none() && ten.get("thresholds").is_none(), "{ten}");
}

#[test]
fn an_older_metrics_table_keeps_its_columns() {
    let workspace = with_splits(1, "");
    train(&workspace, "r", &["--set", "train.epochs=3"]);
    let text = String::from_utf8(workspace.read("r/metrics.csv")).expect("text");
    // The same number of bytes, because the checkpoint records it.
    workspace.file("r/metrics.csv", text.replacen("validation.roc_auc", "validation.another", 1));
    workspace.ok(&["train", "--config", "c.toml", "--resume", "r", "-q"]);
    let text = String::from_utf8(workspace.read("r/metrics.csv")).expect("text");
    let rows: Vec<Vec<&str>> = text.lines().map(|line| line.split(',').collect()).collect();
    let column = |name: &str| rows[0].iter().position(|own| *own == name).expect("a column");
    assert!(rows.len() == 7 && rows.iter().all(|row| row.len() == rows[0].len()), "{text}");
    assert_eq!(rows[6][column("validation.another")], "", "no metric has this name");
    for name in ["validation.pr_auc", "train.f1", "samples_per_second"] {
        assert!(rows[6][column(name)].parse::<f64>().is_ok(), "{name}: {text}");
    }
}
