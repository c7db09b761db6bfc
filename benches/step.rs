//! Times a training step of every config, on either engine, on random samples, without disk or log.
//!
//! `cargo bench --bench step -- [--engine graph] [--batch N] [--threads N] [--isa avx2] [--phases] [CONFIG | FILE]…`
//! prints one JSON object per config: medians over rounds of some ten milliseconds.
#![forbid(unsafe_code)]
#![expect(
    clippy::print_stdout,
    clippy::expect_used,
    reason = "a benchmark prints, and stops if it cannot run"
)]

use std::time::{Duration, Instant};

use candle_core::{DType, Device};
use serde_json::json;
use taper::config::{Input, Problems};
use taper::experiment::Experiment;
use taper::internals::data::{Batch, BatchTargets, Features, Samples, Scaling, Target};
use taper::internals::engine::{Engine, Fused, Graph, SharedTeam, compile};
use taper::internals::presets;
use taper::network::Parameters;
use taper::random::{Purpose, Stream};
use taper::shape::Shape;
use taper_kernels::simd::lanes::Isa;

/// The program's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The number of samples that batches are drawn from.
const SAMPLES: usize = 2048;
const ROUNDS: usize = 31;
const ROUND: Duration = Duration::from_millis(40);

struct Options {
    engine: String,
    batch: Option<usize>,
    threads: usize,
    phases: bool,
    configs: Vec<String>,
}

fn main() {
    let mut options = Options {
        engine: "fused".to_owned(),
        batch: None,
        threads: taper::threads::available(),
        phases: false,
        configs: Vec::new(),
    };
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().expect("a value");
        match argument.as_str() {
            "--engine" => options.engine = value(),
            "--batch" => options.batch = Some(value().parse().expect("a number")),
            "--isa" => assert!(value().parse::<Isa>().expect("an instruction set").choose(), "it is in use"),
            "--threads" => options.threads = value().parse().expect("a number"),
            "--phases" => options.phases = true,
            "--bench" => {}
            config => options.configs.push(config.to_owned()),
        }
    }
    if options.configs.is_empty() {
        options.configs = presets::ALL.iter().map(|(name, _)| (*name).to_owned()).collect();
    }
    taper::threads::configure(Some(options.threads)).expect("threads");
    for name in &options.configs {
        let text = presets::find(name)
            .map_or_else(|| std::fs::read_to_string(name).expect("a config"), ToOwned::to_owned);
        println!("{}", measure(name, &text, &options));
    }
}

/// Random samples of the shape of the config's data set.
struct Data {
    features: Features,
    shape: Shape,
    labels: Vec<u32>,
    values: Vec<f32>,
    scaling: Scaling,
}

fn data(shape: &Shape, target: Target) -> Data {
    let mut stream = Stream::new(1, Purpose::Data, [0, 0]);
    let len = SAMPLES * shape.elements().expect("a size");
    let features = if shape.image().is_some() {
        Features::Bytes((0..len).map(|_| stream.below(256) as u8).collect())
    } else {
        Features::Floats((0..len).map(|_| stream.normal() as f32).collect())
    };
    let (mut labels, mut values) = (Vec::new(), Vec::new());
    match target {
        Target::Class { classes } => {
            labels = (0..SAMPLES).map(|_| stream.below(classes as u64) as u32).collect();
        }
        Target::Value { width } => values = (0..SAMPLES * width).map(|_| stream.normal() as f32).collect(),
    }
    let scaling = Scaling::new(&features, None);
    Data { features, shape: shape.clone(), labels, values, scaling }
}

fn measure(name: &str, text: &str, options: &Options) -> serde_json::Value {
    let input =
        Input { name: "config.toml".to_owned(), text: text.as_bytes().to_vec(), overrides: Vec::new() };
    let experiment = Experiment::load(&input).expect("a config");
    let facts = experiment.data.member().facts();
    let shape = facts.sample_shape.expect("a shape");
    let plan = experiment.plan(&shape, None, &mut Problems::new(&mut Vec::new())).expect("a plan");
    let classes = plan.output().0[0].max(2);
    let target = facts.target.unwrap_or(Target::Class { classes });
    let data = data(&shape, target);
    let parameters = Parameters::initialize(&plan, 1, DType::F32, &Device::Cpu).expect("parameters");
    let optimizer = experiment.optimizer.member().build(&parameters.trainable()).expect("an optimizer");
    let loss = experiment.loss.clone();
    let mut engine: Box<dyn Engine> = if options.engine == "graph" {
        Box::new(Graph::new(plan, parameters, loss, optimizer, Device::Cpu, 1))
    } else {
        let compiled = compile(&plan).expect("a network that the engine supports");
        let team = SharedTeam::new(options.threads);
        Box::new(Fused::new(compiled, parameters, loss, optimizer, 1, team).expect("an engine"))
    };
    let batch = options.batch.unwrap_or(experiment.train.batch_size);
    let mut step = 0;
    let mut once = |engine: &mut dyn Engine| {
        let indices: Vec<usize> = (0..batch).map(|i| (step as usize * batch + i) * 7 % SAMPLES).collect();
        let labels: Vec<u32> = indices.iter().filter_map(|&i| data.labels.get(i).copied()).collect();
        let values: Vec<f32> = match target {
            Target::Value { width } => {
                indices.iter().flat_map(|&i| &data.values[i * width..(i + 1) * width]).copied().collect()
            }
            Target::Class { .. } => Vec::new(),
        };
        let targets = match target {
            Target::Class { .. } => BatchTargets::Classes(&labels),
            Target::Value { width } => BatchTargets::Values { values: &values, width },
        };
        let samples = Samples {
            features: &data.features,
            shape: &data.shape,
            indices: &indices,
            scaling: &data.scaling,
        };
        engine.step(&Batch { samples, targets }, step, 1e-4).expect("a step");
        step += 1;
    };
    for _ in 0..10 {
        once(engine.as_mut());
    }
    if options.phases {
        engine.profile(true);
    }
    let mut rounds = Vec::new();
    let mut steps = 0_u32;
    for _ in 0..ROUNDS {
        let (start, mut count) = (Instant::now(), 0_u32);
        while start.elapsed() < ROUND {
            once(engine.as_mut());
            count += 1;
        }
        steps += count;
        rounds.push(start.elapsed().as_secs_f64() * 1e6 / f64::from(count));
    }
    rounds.sort_by(f64::total_cmp);
    let median = rounds[ROUNDS / 2];
    let mut report = json!({
        "config": name,
        "engine": engine.name(),
        "batch": batch,
        "threads": options.threads,
        "step_us": median,
        "fastest_step_us": rounds[0],
        "us_per_sample": median / batch as f64,
    });
    if options.phases {
        let phases = engine.phases().into_iter();
        let phases = phases.map(|(name, time)| (name, json!(time.as_secs_f64() * 1e6 / f64::from(steps))));
        report["phases_us"] = phases.collect();
    }
    report
}
