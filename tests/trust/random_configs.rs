//! Random configs: valid ones survive every way of writing them, and train; random mutations never crash the
//! program.

mod generator;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};

use candle_core::Device;
use serde_json::json;
use taper::Error;
use taper::config::{Input, schema};
use taper::experiment::Experiment;
use taper::internals::data::{Loader, SearchPath};
use taper::internals::engine::{Choice, Part};
use taper::internals::run::Run;
use taper::{layers, loss, optimizer};

use crate::tier::{report, times};
use generator::{Generator, Space};

/// Prints the seed of a panic.
struct Seed<'a>(u64, &'a str);

impl Drop for Seed<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("seed {}:\n{}", self.0, self.1);
        }
    }
}

/// Calls `check` with the numbers below `count`, on two threads.
fn each(count: u64, check: impl Fn(u64) + Sync) {
    let next = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= count {
                        break;
                    }
                    check(seed);
                }
            });
        }
    });
}

fn load(name: &str, text: impl Into<Vec<u8>>) -> Result<Experiment, taper::config::Diagnostics> {
    Experiment::load(&Input { name: name.to_owned(), text: text.into(), overrides: Vec::new() })
}

#[test]
fn a_written_config_is_read_back_unchanged() {
    let count = times([300, 20_000, 100_000]);
    let schema = schema::<Experiment>();
    each(count, |seed| {
        let (experiment, json) = Generator::new(&schema, Space::Whole, seed).experiment();
        let text = json.to_string();
        let _seed = Seed(seed, &text);
        let toml = experiment.to_toml();
        let same = |name: &str, text: String| match load(name, text.clone()) {
            Ok(again) => assert!(again == experiment, "another config came back from {text}"),
            Err(error) => panic!("{error}\n{text}"),
        };
        same("x.toml", toml::to_string(&json).expect("TOML"));
        same("x.toml", toml);
        same("x.json", experiment.to_json().to_string());
    });
    report("random configs written and read back", &json!({ "configs": count, "ways": 3, "different": 0 }));
}

#[test]
fn an_integer_beyond_64_bits_is_a_number() {
    let config = include_str!("bad_configs/right.toml");
    let large = config.replace("learning_rate = 1e-3", &format!("learning_rate = 1{}", "0".repeat(30)));
    let read = load("x.toml", large).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(read.optimizer.member().learning_rate(), 1e30);
}

#[test]
fn a_randomly_mutated_config_is_read_or_explained() {
    let count = times([300, 20_000, 100_000]);
    let schema = schema::<Experiment>();
    let accepted = AtomicU64::new(0);
    each(count, |seed| {
        let mut generator = Generator::new(&schema, Space::Whole, seed ^ 1 << 40);
        let (experiment, json) = generator.experiment();
        let (name, text) = match generator.below(3) {
            0 => ("x.json", json.to_string()),
            1 => ("x.json", format!("{json:#}")),
            _ => ("x.toml", experiment.to_toml()),
        };
        let mut bytes = text.into_bytes();
        for _ in 0..=generator.below(4) {
            mutate(&mut generator, &mut bytes);
        }
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let _seed = Seed(seed, &text);
        match load(name, bytes) {
            Ok(_) => {
                accepted.fetch_add(1, Ordering::Relaxed);
            }
            Err(error) => {
                let message = error.render(false);
                assert!(message.starts_with("error: ") && message.contains(&format!("{name}:")), "{message}");
                assert!(message.len() < 40_000 && !error.render(true).is_empty(), "{message}");
            }
        }
    });
    let accepted = accepted.into_inner();
    report("random mutations of configs", &json!({ "configs": count, "still right": accepted, "panics": 0 }));
}

/// Changes some bytes like typing errors, lost blocks and fuzzers.
fn mutate(generator: &mut Generator<'_>, bytes: &mut Vec<u8>) {
    const TOKENS: [&str; 24] = [
        "\"",
        "'",
        "[",
        "]",
        "{",
        "}",
        "=",
        ":",
        ",",
        ".",
        "\n",
        "\0",
        "\u{feff}",
        "nan",
        "-inf",
        "null",
        "1e999",
        "-1",
        "99999999999999999999",
        "\"\"\"",
        "\\u0000",
        "[[x]]\n",
        "🙂",
        "2026-01-01",
    ];
    let at = generator.below(bytes.len() + 1);
    let end = (at + generator.below(12)).min(bytes.len());
    match generator.below(6) {
        0 => drop(bytes.drain(at..end)),
        1 => drop(bytes.splice(at..end, TOKENS[generator.below(TOKENS.len())].bytes())),
        2 => drop(bytes.splice(at..at, TOKENS[generator.below(TOKENS.len())].bytes())),
        3 => {
            let block = bytes[at..end].to_vec();
            let to = generator.below(bytes.len() + 1);
            drop(bytes.splice(to..to, block));
        }
        4 if at < bytes.len() => bytes[at] ^= 1 << generator.below(8),
        _ if generator.below(10) == 0 => bytes.truncate(at),
        _ => {}
    }
}

/// The results of an engine for two steps of eight samples.
struct Steps {
    losses: Vec<f64>,
    /// The gradient of each parameter before the first step.
    gradients: Vec<Vec<f32>>,
}

impl Steps {
    /// Whether the gradient of some parameter is mostly rounding error, as where a sum is exactly 0 in real
    /// numbers. Adam amplifies it to full steps, different ones in each engine.
    fn rounding_decides(&self, other: &Self) -> bool {
        self.gradients.iter().zip(&other.gradients).any(|(own, other)| {
            let norm =
                |values: &mut dyn Iterator<Item = f32>| values.map(|value| value * value).sum::<f32>().sqrt();
            let difference = norm(&mut own.iter().zip(other).map(|(own, other)| own - other));
            difference > 0.1 * norm(&mut own.iter().copied())
        })
    }
}

/// Takes two steps; `None` if the engine reports that it does not support a layer.
fn two_steps(experiment: &Experiment, engine: Choice) -> Option<Steps> {
    let mut experiment = experiment.clone();
    experiment.train.engine = engine;
    let search = SearchPath { folders: Vec::new(), config_folder: ".".into(), ..SearchPath::default() };
    let mut run = match Run::new(experiment, &search, Device::Cpu) {
        Ok(run) => run,
        Err(Error::Usage(message)) if engine == Choice::Fused && message.contains("does not support") => {
            return None;
        }
        Err(error) => panic!("{error}"),
    };
    let rate = run.experiment.optimizer.member().learning_rate();
    let order: Vec<usize> = run.data.train_indices.iter().copied().cycle().take(16).collect();
    let (mut losses, mut gradients) = (Vec::new(), Vec::new());
    let mut batches = Loader::new(&run.data.train, &order, 8, &run.data.scaling);
    while let Some(batch) = batches.next().expect("samples in memory") {
        if losses.is_empty() {
            run.engine.gradients(&batch, Part::whole(batch.samples.len()), 0).expect("a gradient");
            let gradient = run.engine.gradient();
            let parts = gradient.parts().iter().map(|(_, range)| gradient.values()[range.clone()].to_vec());
            gradients = parts.collect();
            gradient.clear();
        }
        losses.push(run.engine.step(&batch, losses.len() as u64, rate).expect("a step").loss);
    }
    Some(Steps { losses, gradients })
}

#[test]
fn every_valid_config_trains_alike_on_both_engines() {
    let count = times([400, 800, 2_000]);
    let schema = schema::<Experiment>();
    let (mut both, mut second, mut used, mut worst) = (0, 0, BTreeSet::new(), 0.0_f64);
    for seed in 0..count {
        let (experiment, json) = Generator::new(&schema, Space::Small, seed).experiment();
        let text = format!("{json:#}");
        let _seed = Seed(seed, &text);
        used.extend(experiment.model.layers.iter().map(layers::Config::name));
        used.extend([experiment.loss.name(), experiment.optimizer.name(), experiment.data.name()]);
        let graph = two_steps(&experiment, Choice::Graph).expect("the graph engine supports every layer");
        assert_eq!(graph.losses.len(), 2);
        assert!(graph.losses.iter().all(|loss| loss.is_finite()), "{:?}", graph.losses);
        let Some(fused) = two_steps(&experiment, Choice::Fused) else { continue };
        both += 1;
        // The first loss involves only arithmetic; before the second, Adam may have amplified rounding errors
        // of gradients near 0 to full steps. Each normalization of nearly equal values amplifies their
        // rounding errors. If all units start with equal weights, their gradients differ only by rounding
        // errors, which then determine everything.
        let alike =
            ["ones", "zeros"].iter().any(|of| text.contains(&format!("\"kernel_initializer\": \"{of}\"")));
        let names = experiment.model.layers.iter().map(layers::Config::name);
        let amplified = names.filter(|name| name.ends_with("_norm")).fold(1.0, |factor, _| factor * 4.0);
        let compared = if alike || graph.rounding_decides(&fused) { 1 } else { 2 };
        second += compared - 1;
        let losses = graph.losses.iter().zip(&fused.losses);
        for ((graph, fused), tolerance) in losses.zip([1e-5, 1e-3]).take(compared) {
            let difference = (graph - fused).abs() / graph.abs().max(1.0);
            assert!(difference < tolerance * amplified, "{graph} and {fused}");
            worst = worst.max(difference);
        }
    }
    let members = [layers::Config::NAMES, loss::Config::NAMES, optimizer::Config::NAMES].concat();
    let missing: Vec<&&str> = members.iter().filter(|name| !used.contains(*name)).collect();
    assert!(missing.is_empty() || count < 40, "never drawn: {missing:?}");
    assert!(both * 2 > count, "the fused engine supported {both} of {count}");
    assert!(second * 2 > both as usize, "the second loss was compared for {second} of {both}");
    let figures = json!({ "configs": count, "on both engines": both, "both losses": second, "largest difference": worst, "members": used });
    report("random configs train", &figures);
}
