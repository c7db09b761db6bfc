//! Runs to be stopped, and their comparison with uninterrupted ones.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use taper::internals::checkpoint::{Checkpoint, Store};

use crate::workspace::Workspace;

/// A run to be stopped: a name, a config, and the maximum number of steps between two checkpoints.
pub struct Subject {
    pub name: &'static str,
    pub config: &'static str,
    pub interval: u64,
}

/// A small network with dropout, moments and the mean of the last epochs: 4 epochs of 57 steps, the last batch of each smaller.
pub const MLP: Subject = Subject {
    name: "mlp",
    interval: 12,
    config: r#"
name = "mlp"
seed = 7
[data.synthetic]
samples = 2000
test_samples = 100
features = 64
[split]
validation = 0.1
[model]
layers = [
  { dense = { units = 32, activation = "relu" } },
  { dropout = { rate = 0.3 } },
  { dense = { units = 10 } },
]
[loss.cross_entropy]
[optimizer.adam]
[swa]
start_epoch = 2
[train]
epochs = 4
log_every_steps = 1
[checkpoint]
every_steps = 12
keep_last = 3
"#,
};

/// A convolutional network with augmentation, averaged weights, running averages, weight decay and a best checkpoint.
pub const CNN: Subject = Subject {
    name: "cnn",
    interval: 6,
    config: r#"
name = "cnn"
seed = 3
[data.digits]
samples = 300
test_samples = 50
size = 12
[split]
validation = 0.2
[augment]
operations = [
  { rotate = { degrees = 15 } },
  { elastic = { alpha = 5, sigma = 2 } },
  { mixup = { probability = 0.5 } },
  { cutmix = {} },
]
until = 0.7
[ema]
decay = 0.98
[model]
layers = [
  { conv2d = { filters = 4, kernel_size = 3, activation = "relu" } },
  { batch_norm = {} },
  { max_pool2d = {} },
  { flatten = {} },
  { dropout = { rate = 0.4 } },
  { dense = { units = 10 } },
]
[loss.cross_entropy]
label_smoothing = 0.1
[optimizer.adamw]
[train]
epochs = 5
batch_size = 32
log_every_steps = 1
[checkpoint]
every_steps = 6
keep_last = 2
"#,
};

/// Momentum, layer normalization, no validation; a learning rate that follows a schedule and is lowered, and an early end.
pub const MOMENTUM: Subject = Subject {
    name: "momentum",
    interval: 10,
    config: r#"
name = "momentum"
seed = 11
[data.synthetic]
samples = 250
test_samples = 20
features = 20
[model]
layers = [
  { dense = { units = 24, activation = "tanh" } },
  { layer_norm = {} },
  { dropout = { rate = 0.2 } },
  { dense = { units = 10 } },
]
[loss.cross_entropy]
[optimizer.sgd]
learning_rate = 0.05
momentum = 0.9
nesterov = true
weight_decay = 1e-4
[schedule.one_cycle]
warmup_steps = 3
# No epoch is better by so much: the rate is halved after epochs 2 and 4, and the run ends after epoch 5.
[reduce_on_plateau]
monitor = "train.loss"
patience = 1
cooldown = 1
min_delta = 100
factor = 0.5
[early_stopping]
monitor = "train.accuracy"
patience = 4
min_delta = 100
[train]
epochs = 6
log_every_steps = 1
[checkpoint]
every_steps = 10
"#,
};

/// Regression without shuffling, with a whole epoch between checkpoints.
pub const REGRESSION: Subject = Subject {
    name: "regression",
    interval: 8,
    config: r#"
name = "regression"
seed = 5
[data.linear]
samples = 64
noise = 0.1
[split]
validation = 0.25
[model]
layers = [{ dense = { units = 8, activation = "gelu" } }, { dense = { units = 1 } }]
[loss.huber]
[optimizer.rmsprop]
momentum = 0.5
[train]
epochs = 6
batch_size = 6
shuffle = false
log_every_steps = 1
"#,
};

/// A frozen convolution and normalization, penalties, limits, and parameters that are trained in some epochs only.
pub const PARAMETERS: Subject = Subject {
    name: "parameters",
    interval: 6,
    config: r#"
name = "parameters"
seed = 13
[data.digits]
samples = 300
test_samples = 20
size = 10
[split]
validation = 0.2
[model]
layers = [
  { conv2d = { filters = 4, kernel_size = 3 } },
  { batch_norm = { activation = "relu" } },
  { max_pool2d = {} },
  { flatten = {} },
  { dense = { units = 12, activation = "relu" } },
  { dropout = { rate = 0.2 } },
  { dense = { units = 10 } },
]
[loss.cross_entropy]
[optimizer.nadam]
weight_decay = 1e-3
[clip]
global_norm = 0.5
[[parameters]]
match = ["layers.0.*", "layers.1.*"]
frozen = true
[[parameters]]
match = "layers.4.*"
from_epoch = 2
l2 = 1e-3
max_norm = 1
[[parameters]]
match = "layers.6.*"
learning_rate_scale = 0.5
until_epoch = 4
[[parameters]]
kind = "bias"
weight_decay_scale = 0
[train]
epochs = 5
batch_size = 32
log_every_steps = 1
[checkpoint]
every_steps = 6
"#,
};

pub const ALL: [&Subject; 5] = [&MLP, &CNN, &MOMENTUM, &REGRESSION, &PARAMETERS];

impl Subject {
    /// The config's file name.
    pub fn file(&self) -> String {
        format!("{}.toml", self.name)
    }

    /// A workspace with the config.
    pub fn workspace(&self) -> Workspace {
        let workspace = Workspace::new();
        workspace.file(&self.file(), self.config);
        workspace
    }

    /// The arguments that start the run in `folder`, or resume it if it exists.
    pub fn arguments(&self, folder: &str) -> Vec<String> {
        ["train", "--config", &self.file(), "--run-dir", folder, "--resume", "auto", "-q"]
            .map(str::to_owned)
            .to_vec()
    }
}

/// The files of a run folder, without what depends on the clock or the place.
pub type Contents = BTreeMap<PathBuf, Value>;

/// The contents of a run folder, file by file, without what depends on the clock or the place.
pub fn contents(run: &Path) -> Contents {
    let mut found = BTreeMap::new();
    collect(run, run, &mut found);
    found
}

fn collect(run: &Path, folder: &Path, found: &mut Contents) {
    for entry in fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
        if entry.is_dir() {
            collect(run, &entry, found);
            continue;
        }
        let name = entry.strip_prefix(run).expect("within").to_path_buf();
        let bytes = fs::read(&entry).expect("a file");
        let value = match entry.extension().and_then(|extension| extension.to_str()) {
            Some("json") => timeless(serde_json::from_slice(&bytes).expect("JSON")),
            Some("jsonl") => {
                let text = String::from_utf8(bytes).expect("UTF-8");
                assert!(text.is_empty() || text.ends_with('\n'), "a torn line");
                text.lines().map(|line| timeless(serde_json::from_str(line).expect("JSON"))).collect()
            }
            Some("csv") => timeless_table(&String::from_utf8(bytes).expect("UTF-8")),
            _ => json!(taper::internals::digest::sha256(&bytes)),
        };
        found.insert(name, value);
    }
}

/// Removes times, the sizes and checksums of files that contain times, folders, and the number of threads.
fn timeless(mut value: Value) -> Value {
    if let Some(object) = value.as_object_mut() {
        let clock = ["time", "seconds", "epoch_seconds", "samples_per_second"];
        let place = ["run", "config_folder", "run_folder", "data_folders", "threads"];
        for key in clock.into_iter().chain(place) {
            object.remove(key);
        }
        if object.get("files").is_some_and(Value::is_object) {
            object.remove("files");
        }
        if let Some(files) = object.get_mut("files").and_then(Value::as_array_mut) {
            files.retain(|file| file["name"] != "state.json");
        }
    }
    value
}

fn timeless_table(text: &str) -> Value {
    let header: Vec<&str> = text.lines().next().unwrap_or_default().split(',').collect();
    let timed = |column: &usize| !["seconds", "samples_per_second"].contains(&header[*column]);
    let row = |line: &str| -> Vec<String> {
        let cells: Vec<&str> = line.split(',').collect();
        assert_eq!(cells.len(), header.len(), "a torn line");
        (0..cells.len()).filter(timed).map(|column| cells[column].to_owned()).collect()
    };
    json!(text.lines().map(row).collect::<Vec<_>>())
}

/// Asserts that two run folders have the same contents, and nothing unfinished.
pub fn assert_same(whole: &Path, stopped: &Path, what: &str) {
    assert_equal(&contents(whole), &contents(stopped), what);
}

/// As [`assert_same`], except for checkpoints before the last one: a stop by a signal adds one, which is kept
/// like others.
pub fn assert_same_end(whole: &Path, stopped: &Path, what: &str) {
    let last = latest_step(whole).expect("a checkpoint");
    let last = format!("checkpoints/step-{last:08}");
    let end = |run| -> Contents {
        let is_end = |name: &PathBuf| !name.starts_with("checkpoints") || name.starts_with(&last);
        contents(run).into_iter().filter(|(name, _)| is_end(name)).collect()
    };
    assert_equal(&end(whole), &end(stopped), what);
}

/// Asserts that the contents of two run folders are equal.
pub fn assert_equal(whole: &Contents, stopped: &Contents, what: &str) {
    let names = |run: &Contents| run.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(whole), names(stopped), "{what}");
    for (name, value) in whole {
        assert!(*value == stopped[name], "{what}: {} differs:\n{value}\n{}", name.display(), stopped[name]);
    }
}

/// The step of the latest checkpoint; all checkpoints must be readable. `None` if there is none yet.
pub fn latest_step(run: &Path) -> Option<u64> {
    let store = Store::new(run);
    for step in store.steps().expect("a list of checkpoints") {
        Checkpoint::read(&store.path(step)).unwrap_or_else(|error| panic!("unreadable: {error}"));
    }
    store
        .latest(|error| panic!("skipped: {error}"))
        .expect("a checkpoint")
        .and_then(|c| c.state)
        .map(|s| s.position.step)
}

/// The weights of the latest checkpoint.
pub fn weights(run: &Path) -> Vec<u8> {
    let store = Store::new(run);
    let latest = *store.steps().expect("checkpoints").first().expect("a checkpoint");
    fs::read(store.path(latest).join("model.safetensors")).expect("weights")
}

/// The last step in `events.jsonl`; an incomplete last line is skipped.
pub fn last_told_step(run: &Path) -> u64 {
    let text = fs::read(run.join("events.jsonl")).unwrap_or_default();
    let lines = text.split(|byte| *byte == b'\n').rev();
    let steps = lines.filter_map(|line| serde_json::from_slice::<Value>(line).ok()?["step"].as_u64());
    steps.take(1).next().unwrap_or(0)
}

/// Copies a folder with its contents.
pub fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder").map(|entry| entry.expect("an entry")) {
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if from.is_dir() {
            copy(&from, &to);
        } else {
            fs::copy(from, to).expect("a copy");
        }
    }
}

/// Copies what taper and its tests are built from.
pub fn copy_source(source: &Path, copy_to: &Path) {
    for part in ["src", "crates", "tests", "benches", "examples", "configs", "docs", "fuzz/src"] {
        copy(&source.join(part), &copy_to.join(part));
    }
    for file in ["Cargo.toml", "Cargo.lock", "README.md", "ARCHITECTURE.md", "clippy.toml"] {
        fs::copy(source.join(file), copy_to.join(file)).expect("a copy");
    }
}

/// Where such copies are built: next to this build, whose own results they must not replace.
pub fn target_of_copies(source: &Path) -> PathBuf {
    let own = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| source.join("target"), PathBuf::from);
    own.join("planted")
}
