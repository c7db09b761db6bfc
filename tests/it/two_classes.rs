//! Two classes, one of them rare: class weights, and what is measured of them.

use std::fmt::Write as _;

use crate::workspace::Workspace;

/// 120 rows of two numbers, of which one in twelve is of the class `yes`; they overlap.
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

/// A folder with the table, and a config for one output, whose loss has these options.
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

fn eval(workspace: &Workspace, run: &str) -> serde_json::Value {
    workspace.ok(&["eval", "--checkpoint", run, "--format", "json"]).json()
}

#[test]
fn weights_of_two_classes() {
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
            let recall =
                |result: &serde_json::Value| result["per_class"][1]["recall"].as_f64().expect("a recall");
            assert!(recall(&measured) > recall(&plain), "{weights} {engine}: {measured}");
            // The loss is the mean over samples of weight times loss, worked out from what is predicted.
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
                sum -= if rare { second } else { first } * probability.ln();
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
fn class_weights_are_part_of_what_was_trained() {
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
    // As one run: the same bits as those of a run that was not stopped.
    train(&workspace, "whole", &[]);
    workspace.ok(&["train", "--config", "c.toml", "--resume", "r", "-q"]);
    assert_eq!(eval(&workspace, "r")["loss"], eval(&workspace, "whole")["loss"]);
}

#[test]
fn class_weights_that_cannot_be_meant_are_explained() {
    for (weights, words) in [
        ("[1]", "must be 2 weights, one for each class, not 1"),
        ("[1, 2, 3]", "must be 2 weights, one for each class, not 3"),
        ("[1, -2]", "must not be negative"),
        ("7", "expected a list"),
    ] {
        let workspace = workspace(&format!("class_weights = {weights}"));
        let outcome = workspace.run(&["train", "--config", "c.toml"]);
        assert!(outcome.code == 2 || outcome.code == 3, "{weights}: {}", outcome.stderr);
        assert!(outcome.messages().contains(words), "{weights}: {}", outcome.stderr);
    }
}
