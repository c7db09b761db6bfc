//! Checkpoints within an epoch by the clock, and run folders that disappear during training.

use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::workspace::{Outcome, Workspace};

/// Twenty steps in each of three epochs.
const CONFIG: &str = r#"
name = "m"
seed = 4
[data.synthetic]
samples = 200
features = 4
classes = 3
[split]
validation = 0.2
[model]
layers = [ { dense = { units = 8, activation = "relu" } }, { dense = { units = 3 } } ]
[loss.cross_entropy]
[optimizer.adam]
[train]
epochs = 3
batch_size = 8
log_every_steps = 1
"#;

/// A checkpoint after every step.
const ALWAYS: [&str; 2] = ["--set", "checkpoint.every_minutes=1e-9"];

fn train(workspace: &Workspace, run: &str, more: &[&str]) {
    workspace.file("m.toml", CONFIG);
    workspace
        .ok(&[&["train", "--config", "m.toml", "--run-dir", run, "--resume", "auto"][..], more].concat());
}

/// The steps of the checkpoints, sorted.
fn steps(workspace: &Workspace, run: &str) -> Vec<u64> {
    let entries = std::fs::read_dir(workspace.path(run).join("checkpoints")).expect("checkpoints");
    let names = entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("text"));
    let mut steps: Vec<u64> = names.map(|name| name["step-".len()..].parse().expect("a step")).collect();
    steps.sort_unstable();
    steps
}

/// The log without times.
fn log(workspace: &Workspace, run: &str) -> Vec<serde_json::Value> {
    let text = String::from_utf8(workspace.read(format!("{run}/events.jsonl"))).expect("text");
    let timeless = |line: &str| {
        let mut line: serde_json::Value = serde_json::from_str(line).expect("JSON");
        for key in ["time", "seconds", "samples_per_second"] {
            line.as_object_mut().expect("an object").remove(key);
        }
        line
    };
    text.lines().map(timeless).collect()
}

fn assert_same(workspace: &Workspace, one: &str, other: &str) {
    assert_eq!(steps(workspace, one), steps(workspace, other), "{one}, {other}");
    assert_eq!(log(workspace, one), log(workspace, other), "{one}, {other}");
    for step in steps(workspace, one) {
        for file in ["model.safetensors", "optimizer.safetensors"] {
            let tensors = |run: &str| {
                let bytes = workspace.read(format!("{run}/checkpoints/step-{step:08}/{file}"));
                // The header contains the config, in which `every_minutes` differs.
                let header = u64::from_le_bytes(bytes[..8].try_into().expect("8 bytes")) as usize;
                bytes[8 + header..].to_vec()
            };
            assert!(tensors(one) == tensors(other), "{one}, {other}: {file} of step {step}");
        }
    }
}

#[test]
fn the_files_of_a_run_do_not_depend_on_the_clock() {
    for (number, more) in [
        &[][..],
        &["--set", "checkpoint.keep_last=1"],
        &["--set", "checkpoint.every_steps=7", "--set", "checkpoint.keep_last=3"],
        &["--set", "checkpoint.every_epochs=2"],
    ]
    .iter()
    .enumerate()
    {
        let workspace = Workspace::new();
        let [never, always] = ["never", "always"].map(|name| format!("{name}-{number}"));
        train(&workspace, &never, &[more, &["--set", "checkpoint.every_minutes=0"][..]].concat());
        train(&workspace, &always, &[more, &ALWAYS[..]].concat());
        assert_same(&workspace, &never, &always);
    }
}

/// Trains a long epoch, is killed soon after the start, and returns the latest saved step.
fn killed(workspace: &Workspace, run: &str, more: &[&str]) -> Option<u64> {
    workspace.file("m.toml", CONFIG);
    let long = ["--set", "data.synthetic.samples=100000", "--set", "train.epochs=1"];
    let arguments = [&["train", "--config", "m.toml", "--run-dir", run][..], &long, more].concat();
    let mut command = workspace.command(&arguments);
    let mut child = command.stderr(Stdio::null()).stdout(Stdio::null()).spawn().expect("it starts");
    let start = Instant::now();
    let events = workspace.path(run).join("events.jsonl");
    while std::fs::read_to_string(&events).unwrap_or_default().lines().count() < 30 {
        assert!(start.elapsed() < Duration::from_mins(1), "the run did not start");
        std::thread::sleep(Duration::from_millis(2));
    }
    child.kill().expect("killed");
    child.wait().expect("it ends");
    // A kill during a save leaves the previous checkpoint, and a folder with a temporary name.
    let entries = std::fs::read_dir(workspace.path(run).join("checkpoints")).into_iter().flatten();
    let names = entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("text"));
    names.filter_map(|name| name.strip_prefix("step-")?.parse().ok()).max()
}

#[test]
fn a_kill_in_a_long_first_epoch_loses_little() {
    let workspace = Workspace::new();
    assert_eq!(killed(&workspace, "without", &["--set", "checkpoint.every_minutes=0"]), None);
    let saved = killed(&workspace, "with", &ALWAYS).expect("a checkpoint");
    // All lines except the first are steps.
    let taken = log(&workspace, "with").len() as u64 - 1;
    assert!(saved + 2 >= taken, "{saved} of {taken}");
    let more = format!("train.max_steps={}", saved + 1);
    let outcome = workspace.ok(&["train", "--resume", "with", "--set", &more]);
    assert!(outcome.stderr.contains(&format!("at epoch 1, step {saved}; changed")), "{}", outcome.stderr);
}

#[test]
fn a_run_resumed_from_a_provisional_checkpoint_ends_like_an_uninterrupted_one() {
    let workspace = Workspace::new();
    for keep in ["checkpoint.keep_last=1", "checkpoint.keep_last=2"] {
        let [whole, parts] = ["whole", "parts"].map(|name| format!("{name}-{keep}"));
        train(&workspace, &whole, &["--set", keep]);
        // Stopped in the second and the third epoch, where the provisional checkpoint is the latest.
        for steps in ["train.max_steps=27", "train.max_steps=28", "train.max_steps=45"] {
            train(&workspace, &parts, &["--set", keep, "--set", steps, ALWAYS[0], ALWAYS[1]]);
        }
        train(&workspace, &parts, &["--set", keep]);
        assert_same(&workspace, &whole, &parts);
    }
}

#[test]
fn a_run_folder_that_disappears_during_training_is_named() {
    for moved in [true, false] {
        let workspace = Workspace::new();
        workspace.file("m.toml", CONFIG);
        let arguments =
            ["train", "--config", "m.toml", "--run-dir", "runs/mv", "--set", "train.epochs=1000000"];
        let child = workspace
            .command(&arguments)
            .stderr(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("it starts");
        let start = Instant::now();
        let saved = || {
            let entries = std::fs::read_dir(workspace.path("runs/mv/checkpoints"));
            let names = entries.into_iter().flatten().flatten().map(|entry| entry.file_name());
            names.into_iter().any(|name| name.to_string_lossy().starts_with("step-"))
        };
        while !saved() {
            assert!(start.elapsed() < Duration::from_mins(1), "the run did not start");
            std::thread::sleep(Duration::from_millis(2));
        }
        std::fs::rename(workspace.path("runs/mv"), workspace.path("runs/elsewhere")).expect("moved");
        if !moved {
            std::fs::remove_dir_all(workspace.path("runs/elsewhere")).expect("deleted");
        }
        let outcome = Outcome::of(child.wait_with_output().expect("it ends"));
        assert_eq!(outcome.code, 1, "{}", outcome.stderr);
        let said = "error: runs/mv: the run folder was moved or deleted while training";
        assert!(outcome.stderr.lines().any(|line| line.starts_with(said)), "{}", outcome.stderr);
        assert!(!workspace.path("runs/mv").exists(), "it was created again");
        if moved {
            let outcome =
                workspace.ok(&["train", "--resume", "runs/elsewhere", "--set", "train.max_steps=1"]);
            assert!(outcome.stderr.contains("resuming runs/elsewhere at epoch"), "{}", outcome.stderr);
        }
    }
}
