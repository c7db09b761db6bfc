//! Callbacks of user code, in runs through the library.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use taper::callbacks::{Callback, Control, Growing};
use taper::config::Input;
use taper::events::{Epoch, Events, Metrics, StepReport};
use taper::experiment::Experiment;
use taper::internals::checkpoint::{Checkpoint, Store};
use taper::internals::position::Position;
use taper::network::Parameters;
use taper::run::{Options, Outcome, Place, Stopped};

/// 48 samples in batches of 16: three steps per epoch, and validation.
const CONFIG: &str = r#"
name = "c"
seed = 3
[data.synthetic]
samples = 60
features = 4
classes = 3
[split]
validation = 0.2
[model]
layers = [ { dense = { units = 8, activation = "relu" } }, { dense = { units = 3 } } ]
[loss.cross_entropy]
[optimizer.adam]
[train]
epochs = 4
batch_size = 16
[checkpoint]
keep_last = 100
"#;

fn experiment(more: &[&str]) -> Experiment {
    let overrides = more.iter().map(|text| ("--set".to_owned(), (*text).to_owned())).collect();
    Experiment::load(&Input { name: "c.toml".to_owned(), text: CONFIG.into(), overrides }).expect("a config")
}

fn train(run: &Path, callbacks: Vec<&mut dyn Callback>, more: &[&str]) -> taper::Result<Outcome> {
    let place = if run.exists() {
        Place::Resumed(Box::new(Stopped::latest(run, |_| {})?))
    } else {
        Place::New { folder: run.to_path_buf(), force: false }
    };
    taper::train(&experiment(more), Options { place, callbacks, ..Options::default() })
}

fn state(run: &Path, step: u64) -> taper::internals::checkpoint::State {
    let checkpoint = Checkpoint::read(&Store::new(run).path(step)).expect("a checkpoint");
    checkpoint.state.expect("a state")
}

/// Counts steps in its state and in its own file; requests a checkpoint after the first step of an epoch;
/// stops at a given count.
#[derive(Default)]
struct Counter {
    count: u64,
    most: u64,
    sizes: u64,
    file: Option<Growing>,
}

impl Callback for Counter {
    fn name(&self) -> &'static str {
        "counter"
    }

    fn state(&self) -> Option<Value> {
        Some(json!({ "count": self.count, "size": self.file.as_ref().map(Growing::size) }))
    }

    fn restore(&mut self, state: &Value) -> taper::Result<()> {
        self.count = state["count"].as_u64().expect("a count");
        self.sizes = state["size"].as_u64().expect("a size");
        Ok(())
    }

    fn start(&mut self, run: &Path, _: &Position, _: &mut Control) -> taper::Result<()> {
        self.file = Some(Growing::open(run.join("counts.txt"), self.sizes)?);
        Ok(())
    }

    fn after_step(
        &mut self,
        _report: &StepReport,
        position: &Position,
        _weights: &Parameters,
        control: &mut Control,
    ) -> taper::Result<()> {
        self.count += 1;
        self.file.as_mut().expect("a file").line(&self.count.to_string())?;
        if position.samples_in_epoch == 16 {
            control.save();
        }
        if self.count == self.most {
            control.stop("counted enough");
        }
        Ok(())
    }

    fn files(&mut self) -> taper::Result<Vec<(&'static str, u64)>> {
        Ok(vec![("counts.txt", self.file.as_ref().expect("a file").durable_size()?)])
    }
}

#[test]
fn a_callback_stops_a_run_with_its_reason_and_a_checkpoint() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = folder.path().join("run");
    let mut counter = Counter { most: 5, ..Counter::default() };
    let outcome = train(&run, vec![&mut counter], &[]).expect("a run");
    assert_eq!((outcome.summary.reason.as_str(), outcome.summary.steps), ("counted enough", 5));
    assert_eq!(state(&run, 5).callbacks["counter"]["count"], 5);
    let mut steps = Store::new(&run).steps().expect("checkpoints");
    steps.sort_unstable();
    assert_eq!(steps, [1, 3, 4, 5], "after the first steps, after the first epoch, and at the end");
}

#[test]
fn a_resumed_callback_continues_and_its_file_is_that_of_an_uninterrupted_run() {
    let folder = tempfile::tempdir().expect("a folder");
    let [whole, parts] = ["whole", "parts"].map(|name| folder.path().join(name));
    train(&whole, vec![&mut Counter::default()], &[]).expect("a run");
    train(&parts, vec![&mut Counter::default()], &["train.max_steps=5"]).expect("a run");
    // Lines written by a killed process after its last checkpoint.
    let mut torn = std::fs::read(parts.join("counts.txt")).expect("a file");
    torn.extend_from_slice(b"6\n7");
    std::fs::write(parts.join("counts.txt"), torn).expect("written");
    train(&parts, vec![&mut Counter::default()], &[]).expect("a run");
    let text = |run: &PathBuf| std::fs::read_to_string(run.join("counts.txt")).expect("text");
    assert_eq!(text(&whole), text(&parts));
    assert_eq!(state(&whole, 12).callbacks, state(&parts, 12).callbacks);
    let model =
        |run: &PathBuf| std::fs::read(Store::new(run).path(12).join("model.safetensors")).expect("weights");
    assert_eq!(model(&whole), model(&parts));
}

#[test]
fn a_file_that_lost_lines_is_refused_before_anything_is_changed() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = folder.path().join("run");
    train(&run, vec![&mut Counter::default()], &["train.max_steps=5"]).expect("a run");
    std::fs::write(run.join("counts.txt"), "1\n").expect("written");
    let before = std::fs::read(run.join("events.jsonl")).expect("events");
    let error = train(&run, vec![&mut Counter::default()], &[]).expect_err("lost lines");
    assert!(error.to_string().contains("counts.txt: has 2 bytes"), "{error}");
    assert_eq!(std::fs::read(run.join("events.jsonl")).expect("events"), before);
}

/// Validates with zero weights, regardless of training.
#[derive(Default)]
struct Zeros {
    kept: Vec<candle_core::Tensor>,
    losses: Vec<f64>,
}

impl Callback for Zeros {
    fn name(&self) -> &'static str {
        "zeros"
    }

    fn before_evaluation(&mut self, weights: &Parameters) -> taper::Result<()> {
        for variable in weights.trainable() {
            self.kept.push(variable.as_tensor().copy()?);
            variable.set(&variable.zeros_like()?)?;
        }
        Ok(())
    }

    fn after_evaluation(&mut self, weights: &Parameters) -> taper::Result<()> {
        for (variable, kept) in weights.trainable().iter().zip(self.kept.drain(..)) {
            variable.set(&kept)?;
        }
        Ok(())
    }

    fn after_epoch(
        &mut self,
        epoch: &Epoch,
        position: &Position,
        _control: &mut Control,
    ) -> taper::Result<()> {
        assert_eq!((position.epoch, position.course.epochs, position.course.all_steps), (epoch.epoch, 4, 12));
        self.losses.extend(epoch.metrics.get("validation.loss"));
        Ok(())
    }
}

#[test]
fn validation_but_not_training_sees_the_weights_of_a_callback() {
    let folder = tempfile::tempdir().expect("a folder");
    let [plain, zeros] = ["plain", "zeros"].map(|name| folder.path().join(name));
    // Monitors a training metric, because the best checkpoint would otherwise depend on validation.
    let more = ["checkpoint.monitor=train.loss"];
    train(&plain, Vec::new(), &more).expect("a run");
    let mut callback = Zeros::default();
    train(&zeros, vec![&mut callback], &more).expect("a run");
    assert_eq!(callback.losses.len(), 4);
    assert!(callback.losses.iter().all(|loss| (loss - libm::log(3.0)).abs() < 1e-6), "{:?}", callback.losses);
    let weights =
        |run: &PathBuf| std::fs::read(Store::new(run).path(12).join("model.safetensors")).expect("weights");
    assert_eq!(weights(&plain), weights(&zeros));
    let train_losses = |run: &PathBuf| -> Vec<Option<f64>> {
        let lines = Events::open(run).expect("events").map(|line| line.expect("an event").event);
        let of = |event| {
            if let taper::events::Event::Epoch(epoch) = event {
                Some(epoch.metrics.get("train.loss"))
            } else {
                None
            }
        };
        lines.filter_map(of).collect()
    };
    assert_eq!(train_losses(&plain), train_losses(&zeros));
}

/// Fails at a save.
struct Fails(&'static str);

impl Callback for Fails {
    fn name(&self) -> &'static str {
        self.0
    }

    fn before_save(&mut self, _: &Position, _: &Metrics, _: &mut Control) -> taper::Result<()> {
        Err(taper::Error::Usage("no checkpoint today".to_owned()))
    }
}

#[test]
fn an_error_of_a_callback_stops_the_run_and_names_must_be_unique() {
    let folder = tempfile::tempdir().expect("a folder");
    let error = train(&folder.path().join("a"), vec![&mut Fails("fails")], &[]).expect_err("it fails");
    assert_eq!(error.to_string(), "no checkpoint today");
    let error = train(&folder.path().join("b"), vec![&mut Fails("best")], &[]).expect_err("a name twice");
    assert!(error.to_string().contains("two callbacks have the name `best`"), "{error}");
}

#[test]
fn the_summary_is_read_back_unchanged() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = folder.path().join("run");
    let outcome = train(&run, Vec::new(), &[]).expect("a run");
    assert_eq!(taper::events::Summary::read(&run).expect("a summary"), outcome.summary);
    assert!(outcome.check_gate().is_ok());
    let files: BTreeMap<String, u64> = state(&run, 12).files;
    assert_eq!(files.keys().collect::<Vec<_>>(), ["events.jsonl", "metrics.csv"]);
}
