//! A stopped run resumes bit for bit, as if it had never stopped.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use taper::callbacks::{Callback, Control};
use taper::config::Input;
use taper::events::{Event, Events, StepReport};
use taper::experiment::Experiment;
use taper::internals::position::Position;
use taper::interrupt::Interrupt;
use taper::network::Parameters;
use taper::run::{Options, Place};

use crate::workspace::{Outcome, Workspace};

/// A network with everything that has state or randomness: convolution, batch normalization, dropout. 60
/// samples in batches of 16 make four steps per epoch, the last of which is smaller.
const CONFIG: &str = r#"
name = "r"
seed = 7
[data.digits]
samples = 75
test_samples = 10
[split]
validation = 0.2
[model]
layers = [
  { conv2d = { filters = 4, kernel_size = 3, activation = "relu" } },
  { batch_norm = {} },
  { max_pool2d = {} },
  { flatten = {} },
  { dense = { units = 16, activation = "tanh" } },
  { dropout = { rate = 0.4 } },
  { dense = { units = 10 } },
]
[loss.cross_entropy]
[optimizer.adam]
[train]
epochs = 5
batch_size = 16
log_every_steps = 1
[checkpoint]
keep_last = 100
"#;

fn model(step: u64) -> PathBuf {
    format!("checkpoints/step-{step:08}/model.safetensors").into()
}

/// Trains up to step `steps` in one go, in the folder `name`.
fn train(workspace: &Workspace, name: &str, steps: u64, extra: &[&str]) -> Outcome {
    let steps = format!("train.max_steps={steps}");
    let mut arguments = vec!["train", "--config", "r.toml", "--run-dir", name, "--set", &steps];
    arguments.extend(extra);
    workspace.ok(&arguments)
}

fn resume(workspace: &Workspace, name: &str, steps: u64, extra: &[&str]) -> Outcome {
    let steps = format!("train.max_steps={steps}");
    let mut arguments = vec!["train", "--resume", name, "--set", &steps];
    arguments.extend(extra);
    workspace.ok(&arguments)
}

/// All lines of the run's logs, without what depends on the clock.
fn history(workspace: &Workspace, name: &str) -> Vec<serde_json::Value> {
    let text = String::from_utf8(workspace.read(format!("{name}/events.jsonl"))).expect("UTF-8");
    let mut lines: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    for line in &mut lines {
        let line = line.as_object_mut().expect("an object");
        for key in ["time", "seconds", "samples_per_second"] {
            line.remove(key);
        }
    }
    lines
}

fn assert_same_runs(workspace: &Workspace, one: &str, other: &str, step: u64) {
    for file in ["model.safetensors", "optimizer.safetensors"] {
        let path = model(step).with_file_name(file);
        let (one, other) = (workspace.path(one).join(&path), workspace.path(other).join(&path));
        assert!(std::fs::read(&one).expect("one") == std::fs::read(&other).expect("other"), "{file} differs");
    }
    assert_eq!(history(workspace, one), history(workspace, other));
}

fn with_config(config: &str) -> Workspace {
    let workspace = Workspace::new();
    workspace.file("r.toml", config);
    workspace
}

#[test]
fn a_run_resumed_within_an_epoch_equals_an_uninterrupted_one() {
    let workspace = with_config(CONFIG);
    train(&workspace, "whole", 10, &[]);
    train(&workspace, "parts", 5, &[]);
    resume(&workspace, "parts", 10, &[]);
    assert_same_runs(&workspace, "whole", "parts", 10);
}

#[test]
fn a_run_resumed_at_any_step_equals_an_uninterrupted_one() {
    let workspace = with_config(CONFIG);
    train(&workspace, "whole", 9, &[]);
    train(&workspace, "parts", 1, &[]);
    for step in 2..=9 {
        resume(&workspace, "parts", step, &[]);
    }
    assert_same_runs(&workspace, "whole", "parts", 9);
}

#[test]
fn a_resumed_run_equals_an_uninterrupted_one_with_every_optimizer() {
    let optimizers = [
        "[optimizer.sgd]\nlearning_rate = 0.05\nmomentum = 0.9\nnesterov = true",
        "[optimizer.rmsprop]\nmomentum = 0.5",
        "[optimizer.adamw]",
        "[optimizer.adagrad]\ninitial_accumulator = 0.1",
        "[optimizer.adamax]",
        "[optimizer.nadam]",
        "[optimizer.lion]\nweight_decay = 0.1",
    ];
    for optimizer in optimizers {
        let workspace = with_config(&CONFIG.replace("[optimizer.adam]", optimizer));
        train(&workspace, "whole", 6, &[]);
        train(&workspace, "parts", 3, &[]);
        resume(&workspace, "parts", 6, &[]);
        assert_same_runs(&workspace, "whole", "parts", 6);
    }
}

#[test]
fn the_number_of_threads_does_not_change_the_result() {
    let workspace = with_config(CONFIG);
    train(&workspace, "one", 10, &["--threads", "1"]);
    train(&workspace, "three", 5, &["--threads", "3"]);
    resume(&workspace, "three", 10, &["--threads", "2"]);
    assert_same_runs(&workspace, "one", "three", 10);
}

#[test]
fn the_number_of_epochs_can_be_raised_on_resume() {
    let workspace = with_config(CONFIG);
    workspace.ok(&["train", "--config", "r.toml", "--run-dir", "whole"]);
    workspace.ok(&["train", "--config", "r.toml", "--run-dir", "parts", "--set", "train.epochs=2"]);
    workspace.ok(&["train", "--resume", "parts", "--set", "train.epochs=5"]);
    assert_same_runs(&workspace, "whole", "parts", 20);
}

#[test]
fn a_finished_run_has_nothing_left_to_do() {
    let workspace = with_config(CONFIG);
    workspace.ok(&["train", "--config", "r.toml", "--run-dir", "run", "--set", "train.epochs=1"]);
    let before = workspace.read("run/metrics.csv");
    workspace.ok(&["train", "--resume", "run"]);
    assert_eq!(before, workspace.read("run/metrics.csv"));
}

#[test]
fn resume_auto_starts_a_new_run_and_then_continues_it() {
    let workspace = with_config(CONFIG);
    let auto = ["train", "--config", "r.toml", "--resume", "auto", "--set"];
    workspace.ok(&[&auto[..], &["train.max_steps=3"]].concat());
    workspace.ok(&[&auto[..], &["train.max_steps=6"]].concat());
    train(&workspace, "whole", 6, &[]);
    assert_same_runs(&workspace, "whole", "runs/r-0001", 6);
    assert!(!workspace.path("runs/r-0002").exists());
}

#[test]
fn a_damaged_checkpoint_is_skipped_with_a_warning() {
    let workspace = with_config(CONFIG);
    train(&workspace, "whole", 8, &[]);
    train(&workspace, "parts", 4, &[]);
    resume(&workspace, "parts", 6, &[]);
    let path = workspace.path("parts").join(model(6));
    let mut bytes = std::fs::read(&path).expect("the model");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&path, bytes).expect("the damaged model");
    let outcome = resume(&workspace, "parts", 8, &[]);
    assert!(
        outcome.stderr.contains("damaged: its SHA-256 differs from the one in manifest.json"),
        "{}",
        outcome.stderr
    );
    assert_same_runs(&workspace, "whole", "parts", 8);
}

#[test]
fn a_run_with_only_damaged_checkpoints_is_not_started_over() {
    let workspace = with_config(CONFIG);
    train(&workspace, "run", 2, &[]);
    workspace.file("run/checkpoints/step-00000002/manifest.json", "{}");
    let outcome = workspace.run(&["train", "--resume", "run"]);
    assert_eq!(outcome.code, 4, "{}", outcome.stderr);
    assert!(outcome.messages().contains("none of its 1 checkpoints is usable"), "{}", outcome.stderr);
}

#[test]
fn a_resumed_run_must_keep_its_seed_data_and_network() {
    let workspace = with_config(CONFIG);
    train(&workspace, "run", 2, &[]);
    for set in [
        "seed=8",
        "data.digits.samples=80",
        "split.validation=0.4",
        "preprocess.normalize={mean=[0.5],std=[0.5]}",
        "model.layers.4.dense.units=17",
        "optimizer={sgd={learning_rate=0.1}}",
        "optimizer={adamw={}}",
    ] {
        let outcome = workspace.run(&["train", "--resume", "run", "--set", set]);
        assert_eq!(outcome.code, 4, "{set}: {}", outcome.stderr);
        assert_eq!(outcome.messages().lines().count(), 1, "{set}: {}", outcome.stderr);
    }
}

#[test]
fn changes_to_the_meaning_of_weights_that_still_fit_are_refused_by_key() {
    let workspace = with_config(CONFIG);
    train(&workspace, "run", 2, &[]);
    let config: toml::Table = CONFIG.parse().expect("TOML");
    let layers = config["model"]["layers"].as_array().expect("layers");
    let dropout = layers.iter().position(|layer| layer.get("dropout").is_some()).expect("a dropout layer");
    let dense = layers.iter().position(|layer| layer.get("dense").is_some()).expect("a dense layer");
    for (set, key) in [
        (format!("model.layers.{dropout}.dropout.rate=0.9"), format!("model.layers[{dropout}].dropout.rate")),
        (
            format!("model.layers.{dense}.dense.activation=\"relu\""),
            format!("model.layers[{dense}].dense.activation"),
        ),
        (
            "loss.cross_entropy.label_smoothing=0.1".to_owned(),
            "loss.cross_entropy.label_smoothing".to_owned(),
        ),
    ] {
        let outcome = workspace.run(&["train", "--resume", "run", "--set", &set]);
        assert_eq!(outcome.code, 4, "{set}: {}", outcome.stderr);
        assert!(outcome.messages().contains(&format!("`{key}` was ")), "{set}: {}", outcome.stderr);
    }
    resume(&workspace, "run", 3, &["--set", "optimizer.adam.learning_rate=0.5"]);
}

#[test]
fn a_signal_leaves_a_checkpoint_from_which_the_run_resumes() {
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        let workspace = with_config(&CONFIG.replace("samples = 75", "samples = 2000"));
        let mut child = workspace
            .command(&["train", "--config", "r.toml", "--run-dir", "run", "--set", "train.epochs=1000"])
            .stderr(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped())
            .spawn()
            .expect("the program starts");
        let start = Instant::now();
        let events = workspace.path("run/events.jsonl");
        while std::fs::read_to_string(&events).unwrap_or_default().lines().count() < 4 {
            assert!(start.elapsed() < Duration::from_mins(1), "the run did not start");
            std::thread::sleep(Duration::from_millis(5));
        }
        let status = std::process::Command::new("kill")
            .args([&format!("-{signal}"), &child.id().to_string()])
            .status()
            .expect("kill runs");
        assert!(status.success());
        let asked = Instant::now();
        child.wait().expect("the program ends");
        assert!(asked.elapsed() < Duration::from_secs(10), "took {:?} to stop", asked.elapsed());
        let outcome = Outcome::of(child.wait_with_output().expect("the program's output"));
        assert_eq!(outcome.code, code, "{}", outcome.stderr);
        assert!(outcome.stderr.contains("resume with: taper train --resume run"), "{}", outcome.stderr);
        let steps = std::fs::read_dir(workspace.path("run/checkpoints")).expect("checkpoints").count();
        assert!(steps >= 1);
        workspace.ok(&["train", "--resume", "run", "--set", "train.epochs=1"]);
    }
}

#[test]
fn checkpoints_written_after_resuming_from_an_earlier_step_are_kept() {
    let workspace = with_config(CONFIG);
    let keep_one = ["--set", "checkpoint.keep_last=1"];
    train(&workspace, "whole", 6, &keep_one);
    train(&workspace, "parts", 4, &[]);
    resume(&workspace, "parts", 12, &[]);
    let outcome = resume(&workspace, "parts/checkpoints/step-00000004", 6, &keep_one);
    assert!(outcome.stderr.contains("deleted 2 later checkpoints"), "{}", outcome.stderr);
    assert_same_runs(&workspace, "whole", "parts", 6);
}

#[test]
fn a_damaged_latest_checkpoint_is_deleted_before_new_ones() {
    let workspace = with_config(CONFIG);
    train(&workspace, "run", 4, &[]);
    resume(&workspace, "run", 7, &[]);
    workspace.file("run/checkpoints/step-00000007/state.json", "{}");
    resume(&workspace, "run", 5, &["--set", "checkpoint.keep_last=1"]);
    workspace.ok(&["eval", "--checkpoint", "run/checkpoints/step-00000005"]);
    assert!(!workspace.path("run/checkpoints/step-00000007").exists());
}

#[test]
fn a_metric_that_is_not_a_number_can_be_saved() {
    let workspace = Workspace::new();
    let one_sample = ["--config", "linear_regression", "--set", "split.validation=0.01"];
    workspace.ok(&[&["train", "--run-dir", "run", "--set", "train.epochs=3"][..], &one_sample].concat());
    workspace.ok(&["train", "--resume", "run", "--set", "train.epochs=5"]);
    workspace.ok(&[&["train", "--run-dir", "whole", "--set", "train.epochs=5"][..], &one_sample].concat());
    assert_same_runs(&workspace, "whole", "run", 5);
    workspace.ok(&["eval", "--checkpoint", "run"]);
}

#[test]
fn a_checkpoint_is_found_from_within_its_run_folder() {
    let workspace = with_config(CONFIG);
    train(&workspace, "run", 2, &[]);
    let arguments = ["train", "--resume", "step-00000002", "--set", "train.max_steps=3"];
    let output = workspace
        .command(&arguments)
        .current_dir(workspace.path("run/checkpoints"))
        .output()
        .expect("the program starts");
    assert_eq!(Outcome::of(output).code, 0);
    assert!(workspace.path("run").join(model(3)).exists());
}

#[test]
fn data_next_to_the_config_is_found_again() {
    let workspace = Workspace::new();
    workspace.file("there/a.csv", "x,y\n1,2\n2,4\n3,6\n4,8\n");
    let csv = "[data.csv]\npath = \"a.csv\"\ntarget = \"y\"\ntask = \"regression\"\n";
    let rest = "[model]\nlayers = [{ dense = { units = 1 } }]\n[loss.mse]\n[optimizer.adam]\n";
    workspace.file("there/a.toml", format!("{csv}{rest}"));
    let arguments = ["train", "--config", "there/a.toml", "--run-dir", "run", "--set", "train.epochs=1"];
    workspace.ok(&arguments);
    workspace.ok(&["eval", "--checkpoint", "run"]);
    workspace.ok(&["train", "--resume", "run", "--set", "train.epochs=2"]);
    let elsewhere = Workspace::new();
    elsewhere.ok(&[OsStr::new("eval"), OsStr::new("--checkpoint"), workspace.path("run").as_os_str()]);
}

#[test]
fn a_folder_that_is_not_a_run_is_left_unchanged() {
    let workspace = with_config(CONFIG);
    train(&workspace, "run", 2, &[]);
    workspace.file("other/place/note.txt", "");
    for file in ["model.safetensors", "optimizer.safetensors", "state.json", "manifest.json"] {
        let content = workspace.read(format!("run/checkpoints/step-00000002/{file}"));
        workspace.file(&format!("other/place/step-00000002/{file}"), content);
    }
    for path in ["other", "other/place", "other/place/step-00000002"] {
        let outcome = workspace.run(&["train", "--resume", path]);
        assert_eq!(outcome.code, 4, "{path}: {}", outcome.stderr);
        assert!(outcome.messages().contains("is neither a run folder"), "{path}: {}", outcome.stderr);
    }
    assert_eq!(std::fs::read_dir(workspace.path("other")).expect("a folder").count(), 1);
}

/// Requests a stop with the last step of an epoch, before its validation.
struct StopBeforeValidation(Interrupt);

impl Callback for StopBeforeValidation {
    fn name(&self) -> &'static str {
        "stop before validation"
    }

    fn after_step(
        &mut self,
        report: &StepReport,
        _position: &Position,
        _weights: &Parameters,
        _control: &mut Control,
    ) -> taper::Result<()> {
        if report.samples_in_epoch == report.samples {
            self.0.flag().store(2, std::sync::atomic::Ordering::Relaxed);
        }
        Ok(())
    }
}

#[test]
fn a_validation_postponed_by_a_signal_is_done_on_resume() {
    let workspace = with_config(CONFIG);
    train(&workspace, "whole", 4, &[]);
    let text = CONFIG.replace("epochs = 5", "epochs = 5\nmax_steps = 4");
    let input = Input { name: "r.toml".to_owned(), text: text.into_bytes(), overrides: Vec::new() };
    let experiment = Experiment::load(&input).expect("a right config");
    let interrupt = Interrupt::default();
    let mut stop = StopBeforeValidation(interrupt.clone());
    let place = Place::New { folder: workspace.path("parts"), force: false };
    let callbacks: Vec<&mut dyn Callback> = vec![&mut stop];
    let options = Options { place, callbacks, interrupt, ..Options::default() };
    let error = taper::train(&experiment, options).expect_err("a signal");
    assert!(matches!(error, taper::Error::Interrupted(2)), "{error}");
    let state = &saved_state(&workspace, "parts", 4)["position"];
    assert_eq!((&state["epoch"], &state["samples_in_epoch"]), (&0.into(), &60.into()));
    resume(&workspace, "parts", 4, &[]);
    assert_eq!(history(&workspace, "whole"), history(&workspace, "parts"));
}

/// `state.json` of the checkpoint after `step` steps.
fn saved_state(workspace: &Workspace, name: &str, step: u64) -> serde_json::Value {
    let path = format!("{name}/checkpoints/step-{step:08}/state.json");
    serde_json::from_slice(&workspace.read(&path)).expect("JSON")
}

#[test]
fn a_checkpoint_within_an_epoch_records_the_time_so_far() {
    let workspace = with_config(CONFIG);
    train(&workspace, "run", 3, &["--set", "checkpoint.every_steps=1"]);
    let seconds = [2, 3].map(|step| saved_state(&workspace, "run", step)["seconds"].as_f64());
    assert!(seconds[0] > Some(0.0) && seconds[0] < seconds[1], "{seconds:?}");
}

#[test]
fn the_best_value_of_another_metric_is_ignored() {
    let workspace = with_config(CONFIG);
    let best = |step| saved_state(&workspace, "run", step)["callbacks"]["best"].clone();
    train(&workspace, "run", 4, &["--set", "checkpoint.monitor=train.loss"]);
    assert!(best(4)["value"].as_f64() > Some(1.0), "a loss above any accuracy: {}", best(4));
    resume(&workspace, "run", 8, &["--set", "checkpoint.monitor=train.accuracy"]);
    assert_eq!((&best(8)["metric"], &best(8)["step"]), (&"train.accuracy".into(), &8.into()));
}

#[test]
fn seconds_and_rates_have_the_same_meaning_everywhere() {
    let workspace = with_config(CONFIG);
    let summary =
        workspace.ok(&["train", "--config", "r.toml", "--run-dir", "run", "--format", "json"]).json();
    let events: Vec<Event> = Events::open(&workspace.path("run"))
        .expect("events")
        .map(|line| line.expect("an event").event)
        .collect();
    let epochs: f64 =
        events.iter().map(|event| if let Event::Epoch(epoch) = event { epoch.seconds } else { 0.0 }).sum();
    let Some(Event::End { seconds, .. }) = events.last() else { panic!("{events:?}") };
    assert!(
        (epochs - seconds).abs() < 1e-9,
        "the seconds of the epochs must add up to those of the run: {epochs}, {seconds}"
    );
    assert_eq!(summary["seconds"].as_f64(), Some(*seconds));
    let rate = 5.0 * 60.0 / seconds;
    let told = summary["samples_per_second"].as_f64().expect("a rate");
    assert!((told - rate).abs() < 1e-6 * rate, "{told}, {rate}");
}

#[cfg(target_os = "linux")]
#[test]
fn an_ignored_hangup_does_not_stop_a_run() {
    let workspace = with_config(CONFIG);
    let script = "trap '' HUP; exec \"$0\" train --config r.toml --run-dir run -q --set train.epochs=1000";
    let mut child = std::process::Command::new("sh")
        .args(["-c", script, env!("CARGO_BIN_EXE_taper")])
        .current_dir(workspace.path(""))
        .spawn()
        .expect("the program starts");
    let start = Instant::now();
    while !workspace.path("run/checkpoints").exists() {
        assert!(start.elapsed() < Duration::from_mins(1), "the run did not start");
        std::thread::sleep(Duration::from_millis(5));
    }
    let send = |signal: &str| {
        let sent = std::process::Command::new("kill").args([signal, &child.id().to_string()]).status();
        assert!(sent.expect("kill runs").success());
    };
    send("-HUP");
    std::thread::sleep(Duration::from_millis(200));
    send("-TERM");
    assert_eq!(child.wait().expect("it ends").code(), Some(143));
}
