//! Learning rates compared with those of PyTorch's and Keras's schedules (`tests/golden/make_rates.py`), and in a run.

use serde::Deserialize;
use taper::schedule::{Config, Course, Schedule};

use crate::workspace::Workspace;

/// The rates of one schedule in a run of `length` steps.
#[derive(Deserialize)]
struct Case {
    source: String,
    config: Config,
    length: u64,
    steps: Vec<u64>,
    rates: Vec<f64>,
}

#[test]
fn schedules_agree_with_pytorch_and_keras() {
    let text = include_str!("../golden/rates.json");
    let cases: Vec<Case> = serde_json::from_str(text).expect("cases");
    for name in Config::NAMES.iter().filter(|name| **name != "constant") {
        assert!(cases.iter().any(|case| case.config.name() == *name), "add `{name}` to make_rates.py");
    }
    for Case { source, config, length, steps, rates } in cases {
        let course = Course { epochs: 1, samples: length, steps: length, all_steps: length };
        let schedule = Schedule::new(&config, 1.0, course);
        // Keras computes in f32.
        let tolerance = if source == "keras" { 2e-6 } else { 1e-12 };
        assert_eq!(steps.len(), rates.len());
        for (step, rate) in steps.into_iter().zip(rates) {
            let found = schedule.rate(step);
            assert!(
                (found - rate).abs() <= tolerance,
                "{source} {config:?}, step {step} of {length}: {found} instead of {rate}"
            );
        }
    }
}

/// The learning rates in the `step` events of a run, and in its last `epoch` event.
fn logged(workspace: &Workspace) -> (Vec<f64>, f64) {
    let events = std::fs::read_to_string(workspace.path("run/events.jsonl")).expect("a log");
    let (mut steps, mut epoch) = (Vec::new(), 0.0);
    for line in events.lines() {
        let event: serde_json::Value = serde_json::from_str(line).expect("an event");
        match event["event"].as_str() {
            Some("step") => steps.push(event["learning_rate"].as_f64().expect("a rate")),
            Some("epoch") => epoch = event["learning_rate"].as_f64().expect("a rate"),
            _ => {}
        }
    }
    (steps, epoch)
}

/// 1000 samples in batches of 100.
const RUN: [&str; 9] = [
    "train",
    "synthetic_mlp",
    "--run-dir",
    "run",
    "--set",
    "train={epochs=2,batch_size=100,log_every_steps=1}",
    "--set",
    "split.validation=0",
    "--set",
];

#[test]
fn a_run_logs_the_rate_of_each_step() {
    let workspace = Workspace::new();
    let outcome = workspace.run(&[&RUN[..], &["schedule={polynomial={warmup_steps=4,end=0.5}}"]].concat());
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    let (steps, epoch) = logged(&workspace);
    let expected = (0..20).map(|step| match step {
        0..4 => 1e-3 * (f64::from(step) + 1.0) / 4.0,
        _ => 1e-3 * (0.5 + 0.5 * (1.0 - f64::from(step - 4) / 16.0)),
    });
    assert_eq!(steps.len(), 20);
    for (found, expected) in steps.iter().zip(expected) {
        assert!((found - expected).abs() < 1e-15, "{found} instead of {expected}");
    }
    assert_eq!(Some(&epoch), steps.last());
}
