//! Both engines compute the same losses and weights up to rounding, step by step.

use serde_json::json;
use taper::data::Features;
use taper::internals::engine::Engine;
use taper_kernels::simd::lanes::Isa;

use crate::cases::{Case, SAMPLES, built_in, network, zoo};

/// The tolerance between two engines after a dozen steps: a few `f32` rounding errors of 6e-8.
const TOLERANCE: f64 = 1e-5;

/// The tolerance after 200 steps of plain gradient descent.
const TOLERANCE_OF_DESCENT: f64 = 1e-5;

/// The tolerance after 200 steps with the optimizer of a config. Adam divides gradients by their size, so it
/// amplifies rounding errors of a gradient near 0 to full steps; a network that has memorized random labels
/// has many of these.
const TOLERANCE_OF_RUNS: f64 = 3e-2;

#[test]
fn every_config_gives_the_same_results_on_both_engines() {
    for mut case in built_in() {
        // A kink after a normalization, which centers values around it, soon makes the engines diverge.
        let normed = case.experiment.model.layers.iter().any(|layer| layer.name() == "batch_norm");
        let steps = if normed || case.shape.elements() > Some(4000) { 20 } else { 200 };
        let compare = |case: &Case, tolerance: f64, optimizer: &str| {
            let graph = case.train(&mut case.graph(), steps, 32);
            let fused = case.train(&mut case.fused(2, Isa::detect()), steps, 32);
            let difference = fused.difference(&graph);
            println!("{} {optimizer}: {difference:?}", case.name);
            assert!(difference.iter().all(|d| *d < tolerance), "{} {optimizer}: {difference:?}", case.name);
        };
        compare(&case, TOLERANCE_OF_RUNS, "own optimizer");
        let sgd = serde_json::from_value(json!({"sgd": {"learning_rate": 0.0001}}));
        case.experiment.optimizer = sgd.expect("an optimizer");
        compare(&case, TOLERANCE_OF_DESCENT, "gradient descent");
    }
}

#[test]
fn every_layer_and_optimizer_gives_the_same_results_on_both_engines() {
    for case in zoo() {
        let graph = case.train(&mut case.graph(), 12, 14);
        let fused = case.train(&mut case.fused(2, Isa::detect()), 12, 14);
        let difference = fused.difference(&graph);
        println!("{}: {difference:?}", case.name);
        assert!(difference.iter().all(|d| *d < TOLERANCE), "{}: {difference:?}", case.name);
    }
}

#[test]
fn results_do_not_depend_on_the_number_of_threads() {
    for case in zoo() {
        let one = case.train(&mut case.fused(1, Isa::detect()), 4, 14);
        for threads in [2, 3, 5] {
            let more = case.train(&mut case.fused(threads, Isa::detect()), 4, 14);
            assert!(one == more, "{} with {threads} threads", case.name);
        }
    }
}

#[test]
fn instruction_sets_give_identical_results() {
    for case in zoo() {
        let traces = Isa::all().map(|isa| case.train(&mut case.fused(2, isa), 4, 14)).collect::<Vec<_>>();
        assert!(traces.windows(2).all(|pair| pair[0] == pair[1]), "{}", case.name);
    }
}

#[test]
fn pooling_nan_and_infinity_gives_nan_on_both_engines() {
    let layers = |before: serde_json::Value| json!([before, {"max_pool2d": {}}, {"flatten": {}}, {"dense": {"units": 3}}]);
    let convolution = json!({"conv2d": {"filters": 1, "kernel_size": 1, "kernel_initializer": "ones"}});
    for (name, before) in
        [("pool", json!({"activation": {"function": "relu"}})), ("pool of a convolution", convolution)]
    {
        let mut case = network(name, &layers(before), &[1, 2, 2], &json!({"sgd": {}}));
        let mut features = vec![0.5; SAMPLES * 4];
        // The windows of samples 0 and 1, in both orders.
        features[..8].copy_from_slice(&[f32::INFINITY, f32::NAN, 0., 0., f32::NAN, f32::INFINITY, 0., 0.]);
        case.features = Features::Floats(features);
        let engines: [Box<dyn Engine>; 2] = [Box::new(case.graph()), Box::new(case.fused(2, Isa::detect()))];
        for mut engine in engines {
            let indices: Vec<usize> = (0..SAMPLES).collect();
            let logits =
                case.with_batch(&indices, |batch| engine.logits(&batch.samples).expect("logits").to_vec());
            let nan: Vec<bool> = logits.chunks(3).map(|row| row.iter().all(|value| value.is_nan())).collect();
            assert!(nan[0] && nan[1] && !nan[2], "{name} on {}: {nan:?}", engine.name());
        }
    }
}
