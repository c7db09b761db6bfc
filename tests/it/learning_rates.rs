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

#[test]
fn a_resumed_run_continues_its_schedule_bit_for_bit() {
    let schedule = "schedule={one_cycle={warmup_steps=2}}";
    let (whole, parts) = (Workspace::new(), Workspace::new());
    whole.ok(&[&RUN[..], &[schedule]].concat());
    let set = ["--set", "checkpoint={every_steps=7,keep_last=9}"];
    parts.ok(&[&RUN[..], &[schedule], &set].concat());
    parts.ok(&["train", "--resume", "run/checkpoints/step-00000007"]);
    assert_eq!(logged(&whole), logged(&parts));
    let weights = |workspace: &Workspace| {
        let bytes = workspace.read("run/checkpoints/step-00000020/model.safetensors");
        let start = 8 + u64::from_le_bytes(*bytes.first_chunk().expect("a length")) as usize;
        bytes[start..].to_vec()
    };
    assert!(weights(&whole) == weights(&parts));
}

#[test]
fn a_resumed_run_says_that_the_rate_changes_with_its_length() {
    let workspace = Workspace::new();
    workspace.ok(&[&RUN[..], &["schedule=polynomial", "--set", "train.max_steps=5"]].concat());
    let outcome = workspace.ok(&["train", "--resume", "run", "--set", "train.max_steps=10"]);
    let expected = "changed: train.max_steps 5 -> 10, learning rate of step 6 0.000e0 -> 5.000e-4";
    assert!(outcome.stderr.contains(expected), "{}", outcome.stderr);
}

#[test]
fn check_draws_the_rates() {
    let workspace = Workspace::new();
    let outcome = workspace.ok(&["check", "synthetic_mlp", "--set", "schedule={cosine={warmup_epochs=1}}"]);
    let expected = "\nrate    cosine, 250 steps, 25 an epoch\n1e-3 │";
    assert!(outcome.stdout.contains(expected), "{}", outcome.stdout);
    let outcome = workspace.ok(&["check", "synthetic_mlp"]);
    let expected = "rate    1e-3, constant, for 250 steps, 25 an epoch\n";
    assert!(outcome.stdout.ends_with(expected), "{}", outcome.stdout);
    let limit = ["check", "synthetic_mlp", "--format", "json", "--set", "train.max_steps=3"];
    let check: serde_json::Value = serde_json::from_str(&workspace.ok(&limit).stdout).expect("JSON");
    let expected = serde_json::json!({
        "schedule": "constant", "steps_per_epoch": 25, "steps": 3, "rates": [[0, 1e-3], [1, 1e-3], [2, 1e-3]]
    });
    assert_eq!(check["learning_rates"], expected);
}
