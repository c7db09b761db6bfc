//! The same config gives the same bits in a fresh process, whatever surrounds it.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::tier::{report, times};
use crate::workspace::Workspace;

/// Convolution, pooling, dropout, batch normalization, validation, the best checkpoint.
const IMAGES: &str = r#"
[data.digits]
samples = 120
test_samples = 30
validation_split = 0.2
size = 12

[model]
layers = [
  { conv2d = { filters = 6, kernel_size = 3, activation = "relu" } },
  { max_pool2d = {} },
  { batch_norm = {} },
  { flatten = {} },
  { dropout = { rate = 0.3 } },
  { dense = { units = 40, activation = "gelu" } },
  { dense = { units = 10 } },
]

[loss.cross_entropy]
label_smoothing = 0.1

[optimizer.adamw]

[train]
epochs = 2
batch_size = 16
log_every_steps = 1
"#;

/// A chain of small dense layers, with momentum.
const VALUES: &str = r#"
[data.synthetic]
samples = 200
test_samples = 50
features = 20
validation_split = 0.1

[model]
layers = [
  { dense = { units = 100, activation = "relu" } },
  { dense = { units = 100, activation = "tanh" } },
  { dense = { units = 10 } },
]

[loss.cross_entropy]

[optimizer.sgd]
momentum = 0.9
nesterov = true

[train]
epochs = 3
batch_size = 32
log_every_steps = 1
"#;

/// What must not differ: weights, moments, rows without times.
#[derive(PartialEq)]
struct Bits {
    files: BTreeMap<String, Vec<u8>>,
    events: Vec<Value>,
}

/// Trains in a new folder `below` a new one, with this environment.
fn train(config: &str, below: &str, threads: usize, environment: &[(&str, &str)]) -> Bits {
    let workspace = Workspace::new();
    workspace.file(&format!("{below}/x.toml"), config);
    let threads = threads.to_string();
    let arguments = ["-q", "train", "--config", "x.toml", "--run-dir", "run", "--threads", &threads];
    let mut command = workspace.command(&arguments);
    for name in ["LC_ALL", "LANG", "TZ", "HOME", "TERM"] {
        command.env_remove(name);
    }
    command.current_dir(workspace.path(below)).envs(environment.iter().copied());
    let outcome = crate::workspace::Outcome::of(command.output().expect("the program starts"));
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    let mut files = BTreeMap::new();
    let run = format!("{below}/run");
    for entry in std::fs::read_dir(workspace.path(format!("{run}/checkpoints"))).expect("checkpoints") {
        let step = entry.expect("an entry").file_name().into_string().expect("a name");
        for name in ["model.safetensors", "optimizer.safetensors"] {
            let file = format!("checkpoints/{step}/{name}");
            files.insert(file.clone(), workspace.read(format!("{run}/{file}")));
        }
    }
    let text = String::from_utf8(workspace.read(format!("{run}/events.jsonl"))).expect("text");
    let events = text.lines().map(|line| {
        let mut event: Value = serde_json::from_str(line).expect("an event");
        let fields = event.as_object_mut().expect("an object");
        for clock in ["time", "seconds", "samples_per_second"] {
            fields.remove(clock);
        }
        event
    });
    Bits { files, events: events.collect() }
}

#[test]
fn fresh_processes_give_the_same_bits() {
    const ENVIRONMENTS: [&[(&str, &str)]; 5] = [
        &[("LC_ALL", "C")],
        &[("LC_ALL", "de_DE.UTF-8"), ("TZ", "Pacific/Apia")],
        &[("LC_ALL", "tr_TR.UTF-8"), ("HOME", "/")],
        &[("LANG", "ja_JP.eucJP"), ("TERM", "dumb")],
        &[("LC_ALL", "invalid"), ("TZ", ":bad")],
    ];
    let repeats = times([5, 50, 50]);
    for config in [IMAGES, VALUES] {
        let first = train(config, "a", 1, &[]);
        assert!(first.files.len() >= 4 && first.events.len() > 10);
        for repeat in 0..repeats {
            let below = ["b", "with space/c", "d/e/f", "ü"][repeat % 4];
            let threads = 1 + (repeat + 1) % 4;
            let again = train(config, below, threads, ENVIRONMENTS[repeat % ENVIRONMENTS.len()]);
            assert!(first.files == again.files, "other weights in repeat {repeat}");
            assert_eq!(first.events, again.events, "repeat {repeat}");
        }
    }
    let figures = json!({ "configs": 2, "repeats": repeats, "threads": [1, 2, 3, 4], "different": 0 });
    report("same bits", &figures);
}
