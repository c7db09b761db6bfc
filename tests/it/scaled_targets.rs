//! `[preprocess] targets`: numbers to predict of any size, and warnings about unscaled samples.

use std::fmt::Write as _;
use std::io::{Cursor, Write as _};

use serde_json::Value;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::workspace::Workspace;

/// 160 rows: two numbers, and `offset + factor * (2a - b + a²)` to predict.
fn table(offset: f64, factor: f64) -> String {
    let mut text = "a,b,y\n".to_owned();
    for i in 0..160 {
        let (a, b) = (f64::from(i % 17) / 8.0 - 1.0, f64::from(i * 7 % 23) / 11.0 - 1.0);
        writeln!(text, "{a},{b},{}", offset + factor * (2.0 * a - b + a * a)).expect("a line");
    }
    text
}

/// A folder with this table and a config with these `[preprocess]` options and this loss.
fn workspace(table: &str, preprocess: &str, loss: &str) -> Workspace {
    let workspace = Workspace::new();
    workspace.file("all.csv", table);
    workspace.file(
        "c.toml",
        format!(
            "[data.csv]\npath = \"all.csv\"\ntarget = \"y\"\ntask = \"regression\"\n\
             [split]\nvalidation = 0.2\ntest = 0.2\n[preprocess]\n{preprocess}\n\
             [model]\nlayers = [{{ dense = {{ units = 16, activation = \"relu\" }} }}, {{ dense = {{ units = 1 }} }}]\n\
             [loss.{loss}]\n[optimizer.adam]\nlearning_rate = 0.02\n[train]\nepochs = 25\nbatch_size = 16\n"
        ),
    );
    workspace
}

const SCALED: &str = "targets = \"standardize\"";

fn train(workspace: &Workspace, run: &str, more: &[&str]) -> (Value, String) {
    let arguments = [&["train", "--config", "c.toml", "--run-dir", run, "--format", "json"], more].concat();
    let outcome = workspace.ok(&arguments);
    (outcome.json(), outcome.messages())
}

fn eval(workspace: &Workspace, run: &str, split: &str) -> Value {
    workspace.ok(&["eval", "--checkpoint", run, "--split", split, "--format", "json"]).json()
}

/// The predictions for the rows of a table, with the true values.
fn predicted(workspace: &Workspace, run: &str, table: &str) -> Vec<(f64, f64)> {
    workspace.file("input.csv", table);
    let output = workspace.ok(&["predict", "--checkpoint", run, "--input", "input.csv", "--format", "json"]);
    let rows = output.json()["predictions"].as_array().expect("a list").clone();
    let values = rows.iter().map(|row| row["values"][0].as_f64().expect("a number"));
    let right = table.lines().skip(1).map(|line| line.rsplit(',').next().expect("a column").parse());
    values.zip(right.map(|number| number.expect("a number"))).collect()
}

fn number(result: &Value, name: &str) -> f64 {
    result[name].as_f64().unwrap_or_else(|| panic!("{name}: {result}"))
}

#[test]
fn targets_of_any_size_are_learned_and_measured_in_their_unit() {
    for (offset, factor) in [(1000.0, 50.0), (-3e6, 2e5), (0.0, 1e-4), (152.0, 77.0)] {
        let table = table(offset, factor);
        let scaled = workspace(&table, SCALED, "mse");
        for engine in ["fused", "graph"] {
            let (summary, messages) = train(&scaled, engine, &["--set", &format!("train.engine={engine}")]);
            assert!(!messages.contains("WARN"), "unexpected warning: {messages}");
            assert!(number(&summary["metrics"], "test.r2") > 0.99, "{offset} {factor}: {summary}");
            // mae, rmse and r2 of all samples, computed from the predictions.
            let file = format!("test_path={}", scaled.file("test.csv", &table).display());
            let set = ["--set", &format!("data.csv.{file}"), "--split", "test"];
            let arguments = [&["eval", "--checkpoint", engine, "--format", "json"], &set[..]].concat();
            let measured = scaled.ok(&arguments).json();
            let pairs = predicted(&scaled, engine, &table);
            let (n, mean) =
                (pairs.len() as f64, pairs.iter().map(|pair| pair.1).sum::<f64>() / pairs.len() as f64);
            let sum = |of: &dyn Fn(f64, f64) -> f64| pairs.iter().map(|(z, y)| of(*z, *y)).sum::<f64>();
            let squares = sum(&|z, y| (z - y).powi(2));
            for (name, expected) in [
                ("mae", sum(&|z, y| (z - y).abs()) / n),
                ("rmse", (squares / n).sqrt()),
                ("r2", 1.0 - squares / sum(&|_, y| (y - mean).powi(2))),
            ] {
                let found = number(&measured, name);
                assert!((found - expected).abs() < 1e-4 * expected.abs(), "{name}: {found} {expected}");
            }
        }
        // Without scaling, the same network learns less and warns.
        let plain = workspace(&table, "", "mse");
        let (summary, messages) = train(&plain, "r", &[]);
        assert!(number(&summary["metrics"], "test.r2") < 0.95, "{offset} {factor}: {summary}");
        let about: Vec<&str> =
            messages.lines().filter(|line| line.contains("the numbers to predict")).collect();
        assert!(about.len() == 1 && about[0].contains("set `targets = \"standardize\"`"), "{messages}");
        let resumed = plain.ok(&["train", "--config", "c.toml", "--resume", "r", "--set", "train.epochs=26"]);
        let messages = resumed.messages();
        assert!(!messages.contains("the numbers to predict"), "warned twice: {messages}");
    }
}

#[test]
fn every_loss_for_numbers_learns_scaled_targets() {
    for loss in ["mse", "mae", "huber", "quantile"] {
        let workspace = workspace(&table(5000.0, 300.0), SCALED, loss);
        let (summary, _) = train(&workspace, "r", &[]);
        assert!(number(&summary["metrics"], "test.r2") > 0.9, "{loss}: {summary}");
        // The loss is that of the scaled targets; the error is in their unit.
        let [loss, mae] = ["test.loss", "test.mae"].map(|name| number(&summary["metrics"], name));
        assert!(loss < 1.0 && mae > 3.0, "{loss} {mae}");
    }
}

#[test]
fn constant_targets_are_only_shifted() {
    for value in ["7", "-1e6", "0.1"] {
        let text: Vec<String> = (0..40).map(|i| format!("{},{},{value}\n", i % 5, i % 3)).collect();
        let workspace = workspace(&format!("a,b,y\n{}", text.concat()), SCALED, "mse");
        train(&workspace, "r", &[]);
        let right: f64 = value.parse().expect("a number");
        for (found, _) in predicted(&workspace, "r", "a,b,y\n1,1,0\n4,2,0\n") {
            assert!((found - right).abs() < 0.5, "{value}: {found}");
        }
    }
}

#[test]
fn a_run_with_scaled_targets_resumes_bit_for_bit() {
    let workspace = workspace(&table(1000.0, 50.0), SCALED, "mse");
    train(&workspace, "whole", &[]);
    // 96 samples make 6 steps; it stops within the third epoch.
    workspace.ok(&["train", "--config", "c.toml", "--run-dir", "half", "-q", "--set", "train.max_steps=15"]);
    let refused = workspace.run(&[
        "train",
        "--config",
        "c.toml",
        "--resume",
        "half",
        "--set",
        "preprocess.targets=null",
    ]);
    assert_eq!(refused.code, 4, "{}", refused.stderr);
    assert!(refused.messages().contains("`preprocess.targets` was \"standardize\""), "{}", refused.stderr);
    workspace.ok(&["train", "--config", "c.toml", "--resume", "half", "-q"]);
    let [mut whole, mut half] = ["whole", "half"].map(|run| eval(&workspace, run, "validation"));
    for result in [&mut whole, &mut half] {
        (result["seconds"], result["checkpoint"]) = (Value::Null, Value::Null);
    }
    assert_eq!(whole, half);
    let columns = |run: &str| {
        let text = String::from_utf8(workspace.read(format!("{run}/metrics.csv"))).expect("text");
        let rows = text.lines().map(|line| line.split(',').take(10).collect::<Vec<_>>().join(","));
        rows.collect::<Vec<_>>()
    };
    assert_eq!(columns("whole"), columns("half"));
    // A lone weights file predicts in the same unit.
    let steps: Vec<_> = std::fs::read_dir(workspace.path("whole/checkpoints")).expect("a folder").collect();
    let last = steps.into_iter().map(|entry| entry.expect("an entry").path()).max().expect("a checkpoint");
    std::fs::copy(last.join("model.safetensors"), workspace.path("alone.safetensors")).expect("a copy");
    let (found, right) = predicted(&workspace, "alone.safetensors", "a,b,y\n0,0,1000\n")[0];
    assert!((found - right).abs() < 30.0, "{found}");
}

#[test]
fn classes_are_not_scaled() {
    for loss in ["cross_entropy", "binary_cross_entropy"] {
        let workspace = workspace(&table(0.0, 1.0), SCALED, loss);
        let outcome =
            workspace.run(&["check", "--config", "c.toml", "--set", "data.csv.task=classification"]);
        assert_eq!(outcome.code, 2, "{}", outcome.stderr);
        assert!(outcome.messages().contains("is for classes, which cannot be scaled"), "{}", outcome.stderr);
    }
    let workspace = workspace(&table(0.0, 1.0), "targets = \"normalize\"", "mse");
    assert!(workspace.run(&["check", "--config", "c.toml"]).messages().contains("standardize"));
}

#[test]
fn columns_of_different_scales_are_reported_once() {
    let head = "age,income,rate,y\n";
    let rows: Vec<String> =
        (0..60).map(|i| format!("{},{},0.0{},{}\n", 20 + i, 20000 + i * 900, i % 9, i % 2)).collect();
    let table = format!("{head}{}", rows.concat());
    let told = |preprocess: &str, first: &str| {
        let workspace = workspace(&table, preprocess, "mse");
        let config = String::from_utf8(workspace.read("c.toml")).expect("text");
        workspace.file("c.toml", config.replace("layers = [", &format!("layers = [{first}")));
        let (_, messages) = train(&workspace, "r", &["--set", "train.epochs=1"]);
        messages
            .lines()
            .filter(|line| line.contains("columns differ in scale"))
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let lines = told("", "");
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].contains("`income`") && lines[0].contains("`rate`"), "{lines:?}");
    assert!(lines[0].contains("normalize = \"standardize\""), "{lines:?}");
    assert_eq!(told("normalize = \"standardize\"", ""), [""; 0]);
    assert_eq!(told("", "{ batch_norm = {} }, "), [""; 0]);
}

/// An NPZ file with the given number of rows of `f32` in each array.
fn npz(arrays: &[(&str, usize, &[f32])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, width, values) in arrays {
        let rows = values.len() / width;
        let header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows}, {width}), }}");
        let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        let header = format!("{header:<117}\n");
        let length = (header.len() as u16).to_le_bytes();
        let content = [b"\x93NUMPY\x01\x00", &length[..], header.as_bytes(), &bytes].concat();
        zip.start_file(format!("{name}.npy"), SimpleFileOptions::default()).expect("a member");
        zip.write_all(&content).expect("written");
    }
    zip.finish().expect("an archive").into_inner()
}

#[test]
fn several_targets_of_an_archive_are_scaled_individually() {
    let (mut x, mut y) = (Vec::new(), Vec::new());
    for i in 0..120_u8 {
        let (a, b) = (f32::from(i % 17) / 8.0 - 1.0, f32::from(i % 11) / 5.0 - 1.0);
        x.extend([a, b]);
        y.extend([2000.0 + 300.0 * a, 1e-3 * (b - a), 7.0]);
    }
    let workspace = Workspace::new();
    workspace.file("all.npz", npz(&[("x_train", 2, &x), ("y_train", 3, &y)]));
    workspace.file(
        "c.toml",
        "[data.npz]\npath = \"all.npz\"\ntask = \"regression\"\n[split]\ntest = 0.2\n\
         [preprocess]\ntargets = \"standardize\"\n[model]\nlayers = [{ dense = { units = 3 } }]\n\
         [loss.mse]\n[optimizer.adam]\nlearning_rate = 0.02\n[train]\nepochs = 60\nbatch_size = 16\n",
    );
    train(&workspace, "r", &[]);
    workspace.file("input.json", "[[0.5, 0.2], [-1.0, 1.0]]");
    let output = workspace.ok(&["predict", "--checkpoint", "r", "--input", "input.json", "--format", "json"]);
    for (row, right) in [(0, [2150.0, -3e-4, 7.0]), (1, [1700.0, 2e-3, 7.0])] {
        let values = &output.json()["predictions"][row]["values"];
        for (place, (right, tolerance)) in right.into_iter().zip([10.0, 1e-4, 0.1]).enumerate() {
            let found = values[place].as_f64().expect("a number");
            assert!((found - right).abs() < tolerance, "{place}: {values}");
        }
    }
    // Without scaling, the warning names the first number.
    let (_, messages) =
        train(&workspace, "plain", &["--set", "preprocess.targets=null", "--set", "train.epochs=1"]);
    assert!(
        messages.contains("the numbers to predict (number 0, counted from 0) have mean 2000"),
        "{messages}"
    );
}
