//! Times what a run of `mnist_cnn` does besides its steps: startup, data, checkpoints, and predictions of
//! one sample.
//!
//! `cargo bench --bench program -- [--only TEXT] [--threads N]` prints one JSON object per part. MNIST is
//! read from the folder in `TAPER_DATA_DIR` or from `data/`; if it is missing, drawn digits replace it.
//! Checkpoints and runs go to a temporary folder (`TMPDIR`); files read repeatedly are in the system's
//! cache.
#![forbid(unsafe_code)]
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::expect_used,
    reason = "a benchmark prints, and stops if it cannot run"
)]

mod checkpoint;
mod data;
mod start;

use std::path::PathBuf;
use std::time::Instant;

use candle_core::Device;
use taper::config::Input;
use taper::experiment::Experiment;
use taper::internals::data::{Samples, SearchPath};
use taper::internals::presets;
use taper::internals::run::Run;

/// The program's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The config to measure.
const CONFIG: &str = "mnist_cnn";
/// The replacement for MNIST: as many samples as can be drawn in a short time.
const STAND_IN: &str = "data={digits={samples=6000, test_samples=1000}}";

/// The number of timed single predictions, and of untimed ones before.
const CALLS: usize = 2000;
const WARM_UP_CALLS: usize = 50;

/// The location of the data, and the number of threads.
struct Setting {
    search: SearchPath,
    /// Overrides of the config.
    overrides: Vec<String>,
    threads: usize,
}

type Measure = fn(&Setting) -> serde_json::Value;

fn main() {
    let (mut only, mut threads) = (String::new(), taper::threads::available());
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().expect("a value");
        match argument.as_str() {
            "--only" => only = value(),
            "--threads" => threads = value().parse().expect("a number of threads"),
            "--bench" => {}
            other => {
                eprintln!("`{other}`: the options are --only TEXT and --threads N");
                std::process::exit(2);
            }
        }
    }
    taper::threads::configure(Some(threads)).expect("threads");
    let setting = Setting::new(threads);
    let parts: [(&str, Measure); 6] = [
        ("start of the library", start::library),
        ("start of the process", start::process),
        ("data loading", data::loading),
        ("data of an epoch", data::epoch),
        ("checkpoint", checkpoint::measure),
        ("inference of one sample", inference),
    ];
    let mut parts = parts.into_iter().filter(|(name, _)| name.contains(&only)).peekable();
    if parts.peek().is_none() {
        eprintln!("no part has `{only}` in its name");
        std::process::exit(2);
    }
    for (name, measure) in parts {
        let mut report = serde_json::json!({"part": name, "config": CONFIG, "threads": threads});
        report["data"] = setting.experiment().data.name().into();
        if let (Some(report), serde_json::Value::Object(found)) = (report.as_object_mut(), measure(&setting))
        {
            report.extend(found);
        }
        println!("{report}");
    }
}

impl Setting {
    fn new(threads: usize) -> Self {
        let environment = std::env::var_os("TAPER_DATA_DIR").map(PathBuf::from);
        // Absolute, because the measured process runs in another folder.
        let folders = environment.into_iter().chain(["data".into()]);
        let folders = folders.map(|folder| std::path::absolute(folder).expect("a folder")).collect();
        let search = SearchPath { folders, fetch: false, ..SearchPath::default() };
        let mut setting = Self { search, overrides: Vec::new(), threads };
        if let Err(missing) = setting.experiment().data.member().locate(&setting.search) {
            eprintln!("MNIST not found, using drawn digits instead: {missing}");
            setting.overrides.push(STAND_IN.to_owned());
        }
        setting
    }

    fn experiment(&self) -> Experiment {
        let overrides = self.overrides.iter().map(|value| ("--set".to_owned(), value.clone())).collect();
        let text = presets::find(CONFIG).expect("a built-in config").as_bytes().to_vec();
        Experiment::load(&Input { name: format!("{CONFIG}.toml"), text, overrides }).expect("a config")
    }

    fn run(&self) -> Run {
        Run::new(self.experiment(), &self.search, Device::Cpu).expect("a run")
    }
}

/// The milliseconds since `start`.
fn milliseconds(start: Instant) -> f64 {
    start.elapsed().as_secs_f64() * 1e3
}

/// The median value.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Predicts training samples one at a time.
fn inference(setting: &Setting) -> serde_json::Value {
    let Run { data, mut engine, .. } = setting.run();
    let mut times = Vec::new();
    for indices in data.train_indices.chunks_exact(1).cycle().take(WARM_UP_CALLS + CALLS) {
        let features = data.train.features.memory().expect("samples in memory");
        let shape = &data.train.sample_shape;
        let start = Instant::now();
        engine.logits(&Samples { features, shape, indices, scaling: &data.scaling }).expect("logits");
        times.push(milliseconds(start) * 1e3);
    }
    times.drain(..WARM_UP_CALLS);
    times.sort_by(f64::total_cmp);
    serde_json::json!({
        "calls": CALLS,
        "median_us": times[CALLS / 2],
        "p95_us": times[CALLS * 95 / 100],
        "fastest_us": times[0],
    })
}
