//! From the start of the program to the first training step.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use candle_core::Device;
use serde_json::{Value, json};
use taper::internals::data::Loader;
use taper::internals::run::Run;

use super::{CONFIG, Setting, median, milliseconds};

const REPEATS: usize = 5;

/// The calls of `taper train`, phase by phase: the first time, and the median of all. Later repeats find
/// memory in the allocator and files in the system's cache.
pub fn library(setting: &Setting) -> Value {
    let repeats: Vec<[f64; 5]> = (0..REPEATS).map(|_| once(setting)).collect();
    let medians = [0, 1, 2, 3, 4].map(|i| median(repeats.iter().map(|times| times[i]).collect()));
    let named = |[config, data, network, step, total]: [f64; 5]| json!({"config_ms": config, "data_ms": data, "network_ms": network, "step_ms": step, "total_ms": total});
    json!({"repeats": REPEATS, "first": named(repeats[0]), "median": named(medians)})
}

/// The milliseconds for reading the config, loading the data, building the network (including the digest of
/// the data, as in each run), the first step, and all together.
fn once(setting: &Setting) -> [f64; 5] {
    let start = Instant::now();
    let experiment = setting.experiment();
    let config = milliseconds(start);
    let splits = experiment.data.member().load(&setting.search, experiment.seed).expect("data");
    let data = milliseconds(start);
    let run = Run::with_samples(experiment, splits, &setting.search, Device::Cpu).expect("a run");
    let network = milliseconds(start);
    let Run { experiment, data: samples, mut engine, .. } = run;
    let (batch_size, rate) = (experiment.train.batch_size, experiment.optimizer.member().learning_rate());
    let mut batches = Loader::new(&samples.train, &samples.train_indices, batch_size, &samples.scaling);
    engine.step(&batches.next().expect("samples in memory").expect("a batch"), 0, rate).expect("a step");
    let total = milliseconds(start);
    [config, data - config, network - data, total - network, total]
}

/// `taper train` for one step: until its line is in `events.jsonl`, and until the process has ended,
/// including a checkpoint and the evaluation of the test samples.
pub fn process(setting: &Setting) -> Value {
    let program = Path::new(env!("CARGO_BIN_EXE_taper"));
    if !program.exists() {
        eprintln!("skipped: start of the process; build the program with `cargo build`");
        return json!({"skipped": "the program is not built"});
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (mut firsts, mut wholes) = (Vec::new(), Vec::new());
    for repeat in 0..REPEATS {
        let run = folder.path().join(format!("run-{repeat}"));
        let mut command = Command::new(program);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("TAPER_") {
                command.env_remove(name);
            }
        }
        command.current_dir(folder.path()).args(["train", "--config", CONFIG, "--offline", "--run-dir"]);
        command.arg(&run).args(["--threads", &setting.threads.to_string()]);
        let place = setting.experiment().data.member().locate(&setting.search).expect("data");
        if Path::new(&place).is_dir() {
            command.arg("--data-dir").arg(place);
        }
        for value in ["train.max_steps=1", "train.log_every_steps=1"] {
            command.args(["--set", value]);
        }
        for value in &setting.overrides {
            command.args(["--set", value]);
        }
        let (began, start) = (SystemTime::now(), Instant::now());
        let status =
            command.stdout(Stdio::null()).stderr(Stdio::null()).status().expect("the program starts");
        wholes.push(milliseconds(start));
        assert!(status.success(), "`taper train` failed: {command:?}");
        firsts.push((first_step(&run) - seconds(began)) * 1e3);
    }
    json!({
        "repeats": REPEATS,
        "first": {"first_step_ms": firsts[0], "process_ms": wholes[0]},
        "median": {"first_step_ms": median(firsts), "process_ms": median(wholes)},
    })
}

/// The time of the first step in the log of the run in `folder`, in seconds since 1970.
fn first_step(folder: &Path) -> f64 {
    let text = std::fs::read_to_string(folder.join("events.jsonl")).expect("events");
    let mut events = text.lines().map(|line| serde_json::from_str::<Value>(line).expect("an event"));
    let step = events.find(|event| event["event"] == "step").expect("a step");
    step["time"].as_f64().expect("a time")
}

fn seconds(time: SystemTime) -> f64 {
    time.duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64())
}
