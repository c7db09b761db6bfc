//! Early stopping and lower learning rates on a plateau, compared with Keras and PyTorch (`tests/golden/make_plateau.py`), and in
//! runs.

use std::path::Path;

use serde::Deserialize;
use serde_json::{Value, json};
use taper::callbacks::early_stopping::{self, EarlyStopping};
use taper::callbacks::reduce_on_plateau::{self, ReduceOnPlateau};
use taper::callbacks::{Callback, Control, Position};
use taper::events::{Epoch, Metrics};

use crate::workspace::Workspace;

#[derive(Deserialize)]
struct Case {
    section: String,
    mode: String,
    config: Value,
    values: Vec<f64>,
    epochs: Vec<u64>,
}

/// The callback of a section, for a metric of which less or more is better.
fn callback(section: &str, config: &Value, mode: &str) -> Box<dyn Callback> {
    let metric = if mode == "min" { "train.loss" } else { "train.accuracy" }.to_owned();
    if section == "early_stopping" {
        let config: early_stopping::Config = serde_json::from_value(config.clone()).expect("a config");
        Box::new(EarlyStopping::new(&config, metric))
    } else {
        let config: reduce_on_plateau::Config = serde_json::from_value(config.clone()).expect("a config");
        Box::new(ReduceOnPlateau::new(&config, metric))
    }
}

/// The epochs after which the callback acts, if epochs have these `values`. Before each epoch after the first, the callback is
/// replaced by one that restores its state, as in a resumed run.
fn acts(section: &str, config: &Value, mode: &str, values: &[f64]) -> Vec<u64> {
    let (mut acted, mut factor, position) = (Vec::new(), 1.0, Position::default());
    let mut state = None;
    for (number, value) in (1..).zip(values) {
        let mut callback = callback(section, config, mode);
        if let Some(state) = &state {
            callback.restore(state).expect("its own state");
        }
        let mut control = Control::default();
        callback.start(Path::new("run"), &position, &mut control).expect("it cannot fail");
        assert_eq!((control.reason(), control.learning_rate_factor), (None, factor));
        let metrics = ["train.loss", "train.accuracy"].map(|name| (name.to_owned(), *value)).to_vec();
        let (step, learning_rate, seconds) = (number, 1.0, 1.0);
        let metrics = Metrics(metrics);
        let epoch = Epoch { epoch: number, step, metrics, learning_rate, seconds, samples_per_second: 1.0 };
        callback.after_epoch(&epoch, &position, &mut control).expect("it cannot fail");
        state = callback.state();
        if control.reason().is_some() {
            acted.push(number);
            break;
        }
        if control.learning_rate_factor < factor {
            acted.push(number);
        }
        factor = control.learning_rate_factor;
    }
    acted
}

#[test]
fn early_stopping_and_plateaus_agree_with_keras_and_pytorch() {
    let cases: Vec<Case> = serde_json::from_str(include_str!("../golden/plateau.json")).expect("cases");
    assert!(cases.len() >= 200);
    for Case { section, mode, config, values, epochs } in cases {
        assert_eq!(acts(&section, &config, &mode, &values), epochs, "{section} {mode} {config} {values:?}");
    }
}

#[test]
fn nan_is_never_better_and_does_not_hide_later_values() {
    let nan = f64::NAN;
    let stops = |values: &[f64]| acts("early_stopping", &json!({ "patience": 2 }), "min", values);
    assert_eq!(stops(&[nan, 1.0, 0.9, 0.8]), [0; 0]);
    assert_eq!(stops(&[1.0, nan, nan]), [3]);
    assert_eq!(stops(&[nan, nan]), [2]);
    assert_eq!(stops(&[1.0, nan, 0.9, nan, nan]), [5]);
}

#[test]
fn values_that_do_not_pass_the_baseline_are_not_better() {
    let config = json!({ "patience": 3, "baseline": 0.6 });
    assert_eq!(acts("early_stopping", &config, "min", &[1.0, 0.9, 0.8, 0.5]), [3]);
    assert_eq!(acts("early_stopping", &config, "min", &[1.0, 0.5, 0.55, 0.55, 0.55]), [5]);
}

#[test]
fn a_value_that_is_good_enough_stops_a_run() {
    let config = json!({ "patience": 9, "stop_at": 0.5 });
    assert_eq!(acts("early_stopping", &config, "min", &[0.9, 0.6, 0.5, 0.1]), [3]);
    assert_eq!(acts("early_stopping", &config, "max", &[0.4, 0.6]), [2]);
}

#[test]
fn the_learning_rate_is_not_lowered_below_its_minimum() {
    let config = json!({ "patience": 1, "factor": 0.5, "min_factor": 0.3 });
    assert_eq!(acts("reduce_on_plateau", &config, "min", &[1.0; 6]), [2, 3]);
}

#[test]
fn a_damaged_state_is_an_error() {
    let mut stopping = callback("early_stopping", &json!({ "patience": 1 }), "min");
    let mut plateau = callback("reduce_on_plateau", &json!({}), "min");
    let improvement = json!({ "metric": "train.loss", "best": 1.0, "waited": 0 });
    for (state, right) in [
        (json!({ "improvement": improvement, "last": null, "cooldown": 0, "factor": 0.5 }), false),
        (json!({ "improvement": improvement, "cooldown": 0, "factor": 2.0 }), false),
        (json!({ "improvement": improvement, "cooldown": -1, "factor": 0.5 }), false),
        (json!(7), false),
        (json!({ "improvement": improvement, "cooldown": 0, "factor": 0.5 }), true),
    ] {
        assert_eq!(plateau.restore(&state).is_ok(), right, "{state}");
        assert!(stopping.restore(&state).is_err(), "{state}");
    }
    assert!(stopping.restore(&json!({ "improvement": improvement, "last": 1.0 })).is_ok());
}

/// A run that does not improve: its learning rate is almost 0. It has 800 samples for training, eight steps an epoch.
const RUN: [&str; 10] = [
    "train",
    "synthetic_mlp",
    "--run-dir",
    "run",
    "--set",
    "optimizer={sgd={learning_rate=1e-12}}",
    "--set",
    "train={epochs=40,batch_size=100}",
    "--set",
    "early_stopping={patience=3,min_delta=1e-3}",
];

#[test]
fn a_run_stops_early_once() {
    let workspace = Workspace::new();
    let outcome = workspace.ok(&RUN);
    let said = "stopped early at step 32 of 320; resume with: taper train --resume run --set early_stopping.patience=N";
    assert!(outcome.stdout.contains(said), "{}", outcome.stdout);
    let summary: Value = serde_json::from_slice(&workspace.read("run/summary.json")).expect("JSON");
    assert_eq!((&summary["reason"], &summary["epochs"]), (&json!("early_stopping"), &json!(4)));
    // Nothing is left to do, also if the end was not logged.
    let finished = "run is already finished: stopped early after 4 epochs; to train longer: taper train --resume run --set early_stopping.patience=N";
    let outcome = workspace.ok(&["train", "--resume", "run"]);
    assert!(outcome.stdout.contains(finished), "{}", outcome.stdout);
    std::fs::remove_file(workspace.path("run/summary.json")).expect("a summary");
    workspace.ok(&["train", "--resume", "run"]);
    let again: Value = serde_json::from_slice(&workspace.read("run/summary.json")).expect("JSON");
    assert_eq!((&again["reason"], &again["epochs"]), (&summary["reason"], &summary["epochs"]));
    let outcome = workspace.ok(&["train", "--resume", "run", "--set", "early_stopping.patience=5"]);
    assert!(outcome.stdout.contains("stopped early at step 48 of 320"), "{}", outcome.stdout);
}

#[test]
fn a_run_that_stopped_early_resumes_if_it_watches_another_metric() {
    let workspace = Workspace::new();
    workspace.ok(&RUN);
    let set = "early_stopping={patience=3,min_delta=1e-3,monitor='train.accuracy'}";
    let outcome = workspace.ok(&["train", "--resume", "run", "--set", set]);
    assert!(outcome.stdout.contains("stopped early at step 64 of 320"), "{}", outcome.stdout);
}

#[test]
fn a_plateau_lowers_the_rate_of_a_schedule() {
    let workspace = Workspace::new();
    let plateau = "reduce_on_plateau={patience=2,min_delta=1e-3,factor=0.5}";
    let more = ["--set", "train.epochs=4", "--set", "early_stopping=null", "--set", plateau];
    workspace.ok(&[&RUN[..], &more, &["--set", "schedule.polynomial={}"]].concat());
    let events = String::from_utf8(workspace.read("run/events.jsonl")).expect("text");
    let rates: Vec<f64> = events
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("JSON"))
        .filter(|event| event["event"] == "epoch")
        .map(|event| event["learning_rate"].as_f64().expect("a rate"))
        .collect();
    let expected = [(7.0, 1.0), (15.0, 1.0), (23.0, 1.0), (31.0, 0.5)];
    for (rate, (step, factor)) in rates.iter().zip(expected) {
        let expected = 1e-12 * factor * (1.0 - step / 32.0);
        assert!((rate - expected).abs() < 1e-24, "{rates:?}");
    }
    assert_eq!(rates.len(), 4);
}

#[test]
fn a_metric_that_cannot_be_watched_is_explained() {
    let workspace = Workspace::new();
    let with =
        |set: &str| workspace.run(&["check", "synthetic_mlp", "--set", "split.validation=0", "--set", set]);
    let outcome = with("early_stopping={patience=3}");
    assert_eq!(outcome.code, 2);
    assert!(
        outcome.stderr.contains("no metric to watch: there are no validation samples"),
        "{}",
        outcome.stderr
    );
    let outcome = with("reduce_on_plateau={monitor='train.acuracy'}");
    assert!(outcome.stderr.contains("did you mean `train.accuracy`?"), "{}", outcome.stderr);
    let outcome = with("early_stopping={patience=3,monitor='train.loss'}");
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
}
