//! Predictions and metrics do not depend on the batch size.

use candle_core::DType;
use serde_json::{Value as Json, json};
use taper::data::input::Inputs;
use taper::internals::data::{Dataset, Features, Scaling, Targets};
use taper::internals::engine::Engine;
use taper::internals::inference::{Split, evaluate, predict};
use taper::interrupt::Interrupt;
use taper::layers;

use crate::networks::{Network, activations, layer, stream};
use crate::tier::{report, times};

/// The maximum difference between two predictions for a sample, relative for values above 1.
const TOLERANCE: f64 = 1e-6;
const SIZES: [usize; 4] = [1, 7, 64, 1000];
const SAMPLES: usize = 1000;

fn network(name: &str, layers: &[Json], shape: &[usize]) -> Network {
    let mut draw = stream(801, shape.iter().sum::<usize>() as u64);
    let all = [layers, &[json!({ "flatten": {} }), json!({ "dense": { "units": 3 } })]].concat();
    Network::of_layers(name, &all, shape, &json!({ "adam": {} }), SAMPLES, &mut draw)
}

/// A chain of small dense layers, a large dense layer, an image network, and every layer and activation of
/// the registries.
fn zoo() -> Vec<Network> {
    let conv = |filters: usize, padding: &str| {
        let options =
            json!({ "filters": filters, "kernel_size": 3, "padding": padding, "activation": "relu" });
        json!({ "conv2d": options })
    };
    let dense = |units: usize| json!({ "dense": { "units": units, "activation": "relu" } });
    let image = [
        conv(8, "same"),
        json!({ "batch_norm": {} }),
        json!({ "max_pool2d": {} }),
        conv(17, "valid"),
        json!({ "avg_pool2d": { "pool_size": 3, "strides": 2, "padding": "same" } }),
        json!({ "batch_norm": {} }),
    ];
    let mut networks = vec![
        network("mlp", &[dense(33), dense(20)], &[21]),
        network("wide mlp", &[dense(64), json!({ "dropout": { "rate": 0.5 } })], &[600]),
        network("cnn", &image, &[3, 12, 10]),
    ];
    for name in layers::Config::NAMES {
        for case in 0..times([2, 20, 60]) {
            let (config, shape) = layer(name, &mut stream(800, case));
            networks.push(network(&config.to_string(), &[config], &shape));
        }
    }
    for function in activations() {
        let config = json!({ "activation": { "function": function } });
        networks.push(network(&config.to_string(), &[config], &[17]));
    }
    networks
}

/// The logits of the first samples, computed `size` at a time.
fn predicted(network: &Network, engine: &mut dyn Engine, size: usize, count: usize) -> Vec<f32> {
    let Features::Floats(values) = &network.features else { panic!("floats") };
    let scaling = Scaling::new(&network.features, None);
    let each = values.len() / SAMPLES;
    let groups = values[..count * each].chunks(size * each);
    let logits = groups.flat_map(|group| {
        let inputs = Inputs {
            place: "memory".into(),
            sample_shape: network.shape.clone(),
            features: Features::Floats(group.to_vec()),
            count: group.len() / each,
        };
        let loss = network.experiment.loss.member();
        let batches = predict(engine, loss, &inputs, scaling.clone(), |_| Ok(()));
        let predictions = batches.flat_map(|batch| batch.expect("predictions"));
        predictions.flat_map(|prediction| prediction.logits).collect::<Vec<_>>()
    });
    logits.collect()
}

#[test]
fn predictions_do_not_depend_on_the_batch_size() {
    let mut figures = std::collections::BTreeMap::<&str, (u64, u64, f64)>::new();
    for network in zoo() {
        let parameters = || network.parameters(DType::F32, 5).expect("parameters");
        let mut engines: Vec<Box<dyn Engine>> = vec![Box::new(network.graph(parameters()))];
        if network.is_known_to_fused() {
            engines.push(Box::new(network.fused(parameters())));
        }
        for engine in &mut engines {
            let (compared, equal, worst) = figures.entry(engine.name()).or_default();
            let whole = predicted(&network, engine.as_mut(), SAMPLES, SAMPLES);
            for size in SIZES {
                let count = SAMPLES.min(size * times([40, 200, 1000]));
                let found = predicted(&network, engine.as_mut(), size, count);
                for (a, b) in found.iter().zip(&whole) {
                    *compared += 1;
                    *equal += u64::from(a.to_bits() == b.to_bits());
                    *worst = worst.max(f64::from((a - b).abs()) / f64::from(b.abs()).max(1.0));
                }
                assert_eq!(found.len(), count * 3);
                assert!(
                    *worst <= TOLERANCE,
                    "{} by {}, {size} at a time: {worst:.1e}",
                    network.name,
                    engine.name()
                );
            }
        }
    }
    for (engine, (compared, equal, worst)) in figures {
        let figures = json!({
            "engine": engine, "values": compared, "bitwise_equal": equal,
            "worst_relative_difference": worst, "tolerance": TOLERANCE, "batch_sizes": SIZES,
        });
        report("predictions of any batch size", &figures);
    }
}

#[test]
fn eval_measures_the_mean_over_samples_for_any_number_of_samples() {
    let mut worst = 0.0_f64;
    for network in zoo().into_iter().take(3) {
        let names = ["a", "b", "c"].map(str::to_owned).to_vec();
        let dataset = Dataset {
            sample_shape: network.shape.clone(),
            features: network.features.clone().into(),
            targets: Targets::Classes { labels: network.labels.clone(), names },
        };
        let scaling = Scaling::new(&network.features, None);
        let parameters = || network.parameters(DType::F32, 5).expect("parameters");
        let engines: [Box<dyn Engine>; 2] =
            [Box::new(network.graph(parameters())), Box::new(network.fused(parameters()))];
        for mut engine in engines {
            let mut measure = |order: &[usize]| {
                let split = Split { dataset: &dataset, indices: order, requested: &["log_loss"] };
                let loss = network.experiment.loss.member();
                let never = Interrupt::default();
                let running = evaluate(engine.as_mut(), loss, split, &scaling, &never, &mut |_| Ok(()));
                let running = running.expect("a loss").expect("no signal");
                let log_loss = running.values().last().copied().expect("a log loss");
                assert_eq!(log_loss.0, "log_loss");
                (running.loss(), running.accuracy().expect("an accuracy"), log_loss.1)
            };
            let order: Vec<usize> = (0..SAMPLES).collect();
            let single: Vec<_> = order.chunks(1).map(&mut measure).collect();
            for size in SIZES {
                let found = measure(&order[..size]);
                let mean = |value: fn(&(f64, f64, f64)) -> f64| {
                    single[..size].iter().map(value).sum::<f64>() / size as f64
                };
                let (loss, accuracy, log_loss) = (mean(|own| own.0), mean(|own| own.1), mean(|own| own.2));
                worst = worst.max((found.0 - loss).abs() / loss.max(1.0));
                assert!(worst <= TOLERANCE, "{}, {size} samples: {} {loss}", network.name, found.0);
                assert!((found.1 - accuracy).abs() < 1e-12, "{}, {size} samples", network.name);
                worst = worst.max((found.2 - log_loss).abs() / log_loss.max(1.0));
                assert!(worst <= TOLERANCE, "{}, {size} samples: {} {log_loss}", network.name, found.2);
            }
        }
    }
    report("eval of any batch size", &json!({ "worst_relative_difference": worst, "tolerance": TOLERANCE }));
}
