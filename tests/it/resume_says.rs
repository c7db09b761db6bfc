//! Output of a resumed run: where it resumes, what has changed, that nothing is left to do, which run was
//! meant.

use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::workspace::{Outcome, Workspace};

/// 40 samples in batches of 8: five steps per epoch.
const CONFIG: &str = r#"
name = "s"
seed = 2
[data.synthetic]
samples = 50
features = 4
classes = 3
[split]
validation = 0.2
[model]
layers = [ { dense = { units = 8, activation = "relu" } }, { dense = { units = 3 } } ]
[loss.cross_entropy]
[optimizer.adam]
[train]
epochs = 5
batch_size = 8
"#;

fn with_config() -> Workspace {
    let workspace = Workspace::new();
    workspace.file("s.toml", CONFIG);
    workspace
}

fn train(workspace: &Workspace, run: &str, more: &[&str]) -> Outcome {
    workspace.ok(&[&["train", "--config", "s.toml", "--run-dir", run][..], more].concat())
}

fn assert_says(outcome: &Outcome, line: &str) {
    assert!(outcome.stderr.lines().any(|own| own == line), "no line `{line}` in:\n{}", outcome.stderr);
}

#[test]
fn the_position_and_every_change_are_printed() {
    let workspace = with_config();
    train(&workspace, "runs/x", &["--set", "train.max_steps=7"]);
    let resume = |sets: &[&str]| {
        let sets = sets.iter().flat_map(|set| ["--set", set]);
        workspace.ok(&["train", "--resume", "runs/x"].into_iter().chain(sets).collect::<Vec<_>>())
    };
    let outcome = resume(&["train.max_steps=10"]);
    assert_says(&outcome, "resuming runs/x at epoch 2, step 7; changed: train.max_steps 7 -> 10");
    let outcome =
        resume(&["train.max_steps=null", "optimizer.adam.learning_rate=1e-4", "train.batch_size=4"]);
    assert_says(
        &outcome,
        "resuming runs/x at epoch 2, step 10; changed: optimizer.adam.learning_rate 0.001 -> 0.0001, \
         train.batch_size 8 -> 4, train.max_steps 10 -> not set",
    );
    let outcome = resume(&[
        "train.epochs=6",
        "name=other",
        "gate={'validation.loss'='< 100'}",
        "checkpoint.keep_last=3",
    ]);
    for change in [
        "at epoch 5, step 40; changed: name \"s\" -> \"other\"",
        "train.epochs 5 -> 6",
        "checkpoint.keep_last 2 -> 3",
        "gate.validation.loss not set -> \"< 100\"",
    ] {
        assert!(outcome.stderr.contains(change), "{change}: {}", outcome.stderr);
    }
    // Nothing is printed for a new run, or with --quiet.
    assert!(!train(&workspace, "runs/y", &[]).stderr.contains("resuming"));
    let outcome = workspace.ok(&["train", "-q", "--resume", "runs/x", "--set", "train.epochs=7"]);
    assert_eq!(outcome.messages(), "");
}

#[test]
fn another_config_file_is_compared_too() {
    let workspace = with_config();
    train(&workspace, "runs/s-0001", &["--set", "train.epochs=1"]);
    workspace.file("t.toml", CONFIG.replace("[optimizer.adam]", "[optimizer.adam]\nepsilon = 1e-8"));
    let outcome = workspace.ok(&["train", "--config", "t.toml", "--resume", "auto"]);
    assert_says(
        &outcome,
        "resuming runs/s-0001 at epoch 1, step 5; changed: optimizer.adam.epsilon 1e-7 -> 1e-8, train.epochs 1 -> 5",
    );
}

#[test]
fn a_finished_run_is_reported_with_a_remedy() {
    let workspace = with_config();
    train(&workspace, "runs/x", &[]);
    let files = ["events.jsonl", "metrics.csv", "summary.json", "config.toml"];
    let stand = || files.map(|file| workspace.read(format!("runs/x/{file}")));
    let before = stand();
    let said = "runs/x is already finished: 5 of 5 epochs; to train longer: taper train --resume runs/x --set train.epochs=N\n";
    for more in [&[][..], &["--set", "optimizer.adam.learning_rate=0.1"], &["-q"]] {
        let outcome = workspace.ok(&[&["train", "--resume", "runs/x"][..], more].concat());
        assert_eq!((outcome.stdout.as_str(), outcome.messages().as_str()), (said, ""), "{more:?}");
    }
    let auto = ["train", "--config", "s.toml", "--run-dir", "runs/x", "--resume", "auto"];
    assert_eq!(workspace.ok(&auto).stdout, said);
    let outcome = workspace.ok(&["train", "--resume", "runs/x", "--format", "json"]);
    assert_eq!(outcome.json(), serde_json::from_slice::<Value>(&before[2]).expect("JSON"));
    assert!(outcome.stderr.contains("is already finished: 5 of 5 epochs"), "{}", outcome.stderr);
    assert!(stand() == before, "a finished run was changed");
    // The suggested command resumes it, and forbidden changes are still refused.
    assert_eq!(workspace.run(&["train", "--resume", "runs/x", "--set", "seed=3"]).code, 4);
    workspace.ok(&["train", "--resume", "runs/x", "--set", "train.epochs=6"]);
    let outcome = workspace.ok(&["train", "--resume", "runs/x"]);
    assert!(outcome.stdout.contains("is already finished: 6 of 6 epochs"), "{}", outcome.stdout);
    // The same with steps; a gate that fails still fails.
    train(&workspace, "runs/y", &["--set", "train.max_steps=3"]);
    let outcome = workspace.ok(&["train", "--resume", "runs/y"]);
    let said = "runs/y is already finished: 3 of 3 steps; to train longer: taper train --resume runs/y --set train.max_steps=N\n";
    assert_eq!(outcome.stdout, said);
    let gate = "gate={'test.accuracy'='> 1'}";
    assert_eq!(workspace.run(&["train", "--resume", "runs/x", "--set", gate]).code, 6);
}

#[test]
fn a_run_killed_before_its_end_was_logged_is_completed() {
    let workspace = with_config();
    train(&workspace, "runs/x", &[]);
    let whole = workspace.read("runs/x/events.jsonl");
    std::fs::remove_file(workspace.path("runs/x/summary.json")).expect("removed");
    let outcome = workspace.ok(&["train", "--resume", "runs/x"]);
    assert!(outcome.stdout.contains("saved  runs/x"), "{}", outcome.stdout);
    let lines = |log: &[u8]| log.split(|byte| *byte == b'\n').count();
    assert_eq!(lines(&workspace.read("runs/x/events.jsonl")), lines(&whole));
    assert!(workspace.path("runs/x/summary.json").exists());
}

#[test]
fn a_missing_path_suggests_the_run_that_was_meant() {
    let workspace = with_config();
    for run in ["runs/lr1e-3-s1-0001", "runs/lr1e-4-s1-0001", "elsewhere/mnist-0002"] {
        train(&workspace, run, &["--set", "train.max_steps=1"]);
    }
    workspace.file("runs/note/x.txt", "");
    for (path, meant) in [
        ("lr1e-3-s1-0001", "runs/lr1e-3-s1-0001"),
        ("runs/lr1e-4-s1-001", "runs/lr1e-4-s1-0001"),
        ("elsewhere/mnist-002", "elsewhere/mnist-0002"),
        ("run/lr1e-3-s1-0001/", "runs/lr1e-3-s1-0001"),
        ("./elsewhere/Mnist-0002", "elsewhere/mnist-0002"),
    ] {
        for command in [&["train", "--resume"][..], &["eval", "--checkpoint"]] {
            let outcome = workspace.run(&[command, &[path]].concat());
            assert_eq!(outcome.code, 4, "{}", outcome.stderr);
            let said = format!("error: {path}: does not exist; did you mean {meant}?");
            assert_eq!(outcome.messages(), said);
        }
    }
    for path in ["note", "qwertz", "/none/at/all", "runs/note/y"] {
        let outcome = workspace.run(&["train", "--resume", path]);
        assert_eq!(outcome.code, 4);
        assert!(outcome.messages().contains("does not exist; give a run folder"), "{}", outcome.stderr);
    }
}

#[test]
fn a_run_resumed_by_its_folder_uses_its_own_config() {
    let workspace = with_config();
    train(&workspace, "own/run", &["--set", "train.max_steps=6"]);
    let auto = ["train", "--resume", "auto", "--run-dir", "own/run", "--set", "train.max_steps=8"];
    let outcome = workspace.ok(&auto);
    assert_says(&outcome, "resuming own/run at epoch 2, step 6; changed: train.max_steps 6 -> 8");
    // Even if it was stopped before its first checkpoint.
    std::fs::remove_dir_all(workspace.path("own/run/checkpoints")).expect("removed");
    let outcome = workspace.ok(&auto);
    assert_says(&outcome, "resuming own/run from the beginning: it has no checkpoint yet");
    assert!(workspace.path("own/run/checkpoints/step-00000008").exists());
    // If there is none, a new run begins.
    workspace.ok(&["train", "--resume", "auto", "--run-dir", "own/new", "--set", "train.max_steps=1"]);
}

#[test]
fn the_best_epoch_of_another_metric_is_dropped() {
    let workspace = with_config();
    train(&workspace, "r", &[]);
    let best =
        || serde_json::from_slice::<Value>(&workspace.read("r/summary.json")).expect("JSON")["best"].clone();
    let first = best();
    let outcome = workspace.ok(&[
        "train",
        "--resume",
        "r",
        "--set",
        "train.epochs=9",
        "--set",
        "checkpoint.monitor=validation.accuracy",
    ]);
    let said = format!(
        "the monitored metric is now `validation.accuracy`: discarding the best epoch by `validation.loss` so far ({} in epoch {})",
        first["value"], first["epoch"]
    );
    assert_eq!(outcome.stderr.matches(&said).count(), 1, "{said}\n{}", outcome.stderr);
    assert_eq!(best()["metric"], "validation.accuracy");
    assert!(best()["epoch"].as_u64() > Some(5), "{}", best());
    // The same metric, by default or by name, drops nothing.
    let outcome = workspace.ok(&["train", "--resume", "r", "--set", "train.epochs=10"]);
    assert!(!outcome.stderr.contains("dropped"), "{}", outcome.stderr);
    let outcome = workspace.ok(&[
        "train",
        "--resume",
        "r",
        "--set",
        "train.epochs=11",
        "--set",
        "checkpoint.monitor=null",
    ]);
    assert!(outcome.stderr.contains("the monitored metric is now `validation.loss`"), "{}", outcome.stderr);
    // The best value of another loss would not be comparable.
    let outcome =
        workspace.run(&["train", "--resume", "r", "--set", "loss.cross_entropy.label_smoothing=0.2"]);
    assert_eq!(outcome.code, 4, "{}", outcome.stderr);
}

#[test]
fn a_run_stopped_by_a_limit_prints_where_and_how_to_resume() {
    let workspace = with_config();
    let outcome = train(&workspace, "a run", &["--set", "train.max_steps=7"]);
    let first = outcome.stdout.lines().next();
    let said = "stopped by train.max_steps at step 7 of 25; resume with: taper train --resume 'a run' --set train.max_steps=N";
    assert_eq!(first, Some(said));
    let long = ["--set", "train.epochs=1000000", "--set", "train.max_minutes=0.01"];
    let outcome = train(&workspace, "é", &long);
    let first = outcome.stdout.lines().next().unwrap_or_default();
    assert!(first.starts_with("stopped after 0.01 minutes at step "), "{first}");
    assert!(first.ends_with(" of 5,000,000; resume with: taper train --resume é"), "{first}");
    assert!(outcome.stdout.contains("next   taper eval é"), "{}", outcome.stdout);
    let outcome = workspace.ok(&["train", "--resume", "a run", "--set", "train.max_steps=null"]);
    assert!(!outcome.stdout.contains("stopped"), "{}", outcome.stdout);
    assert!(outcome.stdout.contains("next   taper eval 'a run'"), "{}", outcome.stdout);
}

#[test]
fn a_run_stopped_by_a_signal_prints_its_summary_with_the_reason() {
    // Not SIGHUP, which is ignored when the tests run under `nohup`; `trust` covers it.
    for (signal, code) in [("TERM", 143), ("INT", 130)] {
        let workspace = with_config();
        let arguments = ["train", "--config", "s.toml", "--run-dir", "my run", "--format", "json"];
        let child = workspace
            .command(&[&arguments[..], &["--set", "train.epochs=1000000"]].concat())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let start = Instant::now();
        while !workspace.path("my run/checkpoints").exists() {
            assert!(start.elapsed() < Duration::from_mins(1), "the run did not start");
            std::thread::sleep(Duration::from_millis(5));
        }
        let process = child.id().to_string();
        let sent = std::process::Command::new("kill").args([&format!("-{signal}"), &process]).status();
        assert!(sent.expect("kill runs").success());
        let outcome = Outcome::of(child.wait_with_output().expect("its output"));
        assert_eq!(outcome.code, code, "{}", outcome.stderr);
        let summary = outcome.json();
        assert_eq!(summary["reason"], "signal");
        assert!(
            summary["steps"].as_u64() > Some(0) && summary["metrics"]["test.loss"].is_null(),
            "{summary}"
        );
        assert_eq!(
            serde_json::from_slice::<Value>(&workspace.read("my run/summary.json")).expect("JSON"),
            summary
        );
        assert!(
            outcome.stderr.contains("resume with: taper train --resume 'my run'\n"),
            "{}",
            outcome.stderr
        );
        let epochs = summary["epochs"].as_u64().expect("epochs") + 1;
        let more = format!("train.epochs={epochs}");
        let summary =
            workspace.ok(&["train", "--resume", "my run", "--format", "json", "--set", &more]).json();
        assert_eq!(summary["reason"], "epochs");
    }
}
