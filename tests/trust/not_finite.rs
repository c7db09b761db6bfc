//! A non-finite value stops a run within the step that encounters or produces it, with exit code 5: the last
//! checkpoint is untouched, and `events.jsonl` ends before that step.

use std::collections::BTreeMap;

use candle_core::{Device, Var};
use serde_json::{Value as Json, json};
use taper::Error;
use taper::config::Input;
use taper::data::{Dataset, Features, SearchPath, Splits, Targets};
use taper::experiment::Experiment;
use taper::internals::callbacks::{Callbacks, Options};
use taper::internals::checkpoint::Store;
use taper::internals::engine::Engine;
use taper::internals::presets;
use taper::internals::run::Run;
use taper::internals::train::{Trainer, Update};
use taper::interrupt::Interrupt;
use taper::random::Stream;
use taper::shape::Shape;

use crate::networks::{Network, stream};
use crate::poison::{FAULTS, Fault, Poisoned, files, set, values};
use crate::tier::{report, times};
use crate::workspace::Workspace;

/// A network, its optimizer and its loss, drawn for a fault that they can have.
fn experiment(fault: Fault, engine: &str, draw: &mut Stream) -> (Experiment, Vec<usize>) {
    let mut choose = |count: u64| draw.below(count) as usize;
    let dense = |units: usize| json!({ "dense": { "units": units, "activation": "relu" } });
    let images = [
        json!({ "conv2d": { "filters": 5, "kernel_size": 3, "activation": "relu" } }),
        json!({ "batch_norm": {} }),
        json!({ "max_pool2d": {} }),
        json!({ "conv2d": { "filters": 18, "kernel_size": 3, "padding": "same", "activation": "leaky_relu" } }),
        json!({ "dropout": { "rate": 0.2 } }),
        json!({ "flatten": {} }),
    ];
    let (mut layers, shape) = match choose(if fault == Fault::Statistic { 2 } else { 4 }) {
        0 => (images.to_vec(), vec![2, 8, 10]),
        1 => (vec![dense(9), json!({ "batch_norm": {} }), dense(30)], vec![13]),
        2 => (vec![dense(17), dense(16)], vec![13]),
        _ => (vec![json!({ "flatten": {} }), dense(21), json!({ "layer_norm": {} })], vec![2, 20, 12]),
    };
    layers.extend([
        json!({ "dense": { "units": 6, "activation": "tanh" } }),
        json!({ "dense": { "units": 3 } }),
    ]);
    let loss = match (fault, choose(4)) {
        // Gradients of up to a thousand.
        (Fault::Gradient, _) => json!({ "cross_entropy": { "class_weights": [1000, 1000, 1000] } }),
        (Fault::Loss, 0) => json!({ "mse": {} }),
        (Fault::Loss, 1) => json!({ "mae": {} }),
        (Fault::Loss, 2) => json!({ "huber": {} }),
        _ => json!({ "cross_entropy": {} }),
    };
    let optimizers = [
        json!({ "adam": {} }),
        json!({ "rmsprop": { "momentum": 0.5 } }),
        json!({ "adamw": {} }),
        json!({ "sgd": { "learning_rate": 1e-4, "momentum": 0.9 } }),
        json!({ "adagrad": {} }),
        json!({ "nadam": {} }),
        json!({ "lion": {} }),
        // The maximum of minus infinity and a gradient is the gradient.
        json!({ "adamax": {} }),
        json!({ "sgd": { "learning_rate": 1e-4 } }),
    ];
    let optimizer = &optimizers[choose(if fault == Fault::Moment { 7 } else { 9 })];
    let text = json!({
        "name": "poisoned", "model": { "layers": layers }, "loss": loss, "optimizer": optimizer,
        "data": { "synthetic": { "features": 5, "classes": 3 } },
        "split": { "validation": 0.2 },
        "train": { "epochs": 5, "batch_size": 8, "log_every_steps": 1, "engine": engine },
        "checkpoint": { "every_steps": 7, "every_epochs": 0 },
    });
    (serde_json::from_value(text).expect("a config"), shape)
}

/// Trains with a fault, checks all guarantees, and returns what stopped the run.
fn inject(fault: Fault, engine: &str, case: u64) -> String {
    let mut draw = stream(900 + fault as u64, 2 * case + u64::from(engine == "graph"));
    let (experiment, shape) = experiment(fault, engine, &mut draw);
    let what = format!("{fault:?} {case} on {engine}: {}", experiment.to_json());
    let samples = 50;
    let data = || {
        let mut draw = stream(950, case);
        let count = samples * shape.iter().product::<usize>();
        let features = Features::Floats((0..count).map(|_| draw.normal() as f32).collect()).into();
        let targets = if experiment.loss.member().link().is_some() {
            let labels = (0..samples as u32).map(|i| i % 3).collect();
            Targets::Classes { labels, names: ["a", "b", "c"].map(str::to_owned).to_vec() }
        } else {
            Targets::Values { values: (0..3 * samples).map(|_| draw.normal() as f32).collect(), width: 3 }
        };
        Dataset { sample_shape: Shape(shape.clone()), features, targets }
    };
    let splits = Splits { train: data(), validation: None, test: None, columns: None };
    let run = Run::with_samples(experiment.clone(), splits, &SearchPath::default(), Device::Cpu);
    let run = run.unwrap_or_else(|error| panic!("{what}: {error}"));
    assert_eq!(run.engine.name(), engine, "{what}");
    let mut state = run.fresh_state();
    let Run { data, card, engine, plan, .. } = run;
    let folder = tempfile::tempdir().expect("a folder");
    // There are 25 steps, and a checkpoint after every seventh.
    let at = 7 + draw.below(times([7, 18, 18])); // few of them where a save is slow
    let value = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY][draw.below(3) as usize];
    let mut engine = Poisoned {
        inner: engine,
        fault,
        at,
        value,
        draw,
        taken: 0,
        run: folder.path().to_owned(),
        before: BTreeMap::new(),
    };
    let store = Store::new(folder.path());
    let options = Options {
        checkpoint: &experiment.checkpoint,
        monitor: None,
        early_stopping: None,
        reduce_on_plateau: None,
    };
    let callbacks = Callbacks::new(folder.path(), options, Vec::new(), &state);
    let mut callbacks = callbacks.expect("a log");
    let result = Trainer {
        config: &experiment.train,
        update: Update::new(None, &[], &plan, 1),
        loss: experiment.loss.member(),
        schedule: experiment.schedule(state.position.course),
        plan: &plan,
        seed: case,
        requested: &[],
        data: &data,
        augmenter: None,
        average: None,
        engine: &mut engine,
        store: &store,
        card: &card,
        callbacks: &mut callbacks,
        interrupt: Interrupt::default(),
    }
    .fit(&mut state);

    let Err(error) = result else { panic!("{what}: {value} at step {} did not stop the run", at + 1) };
    assert_eq!(error.exit_code(), 5, "{what}: {error}");
    assert_eq!(engine.taken, at + 1, "{what}: did not stop within the step");
    let step = match &error {
        Error::Diverged { step, .. } | Error::NotFinite { step, .. } => *step,
        other => panic!("{what}: {other}"),
    };
    assert_eq!(step, at + 1, "{what}: {error}");
    if fault == Fault::Gradient {
        assert!(matches!(error, Error::NotFinite { .. }), "{what}: the loss was finite: {error}");
    }
    assert!(!engine.before.is_empty(), "{what}: there was no checkpoint");
    assert_eq!(files(&folder.path().join("checkpoints")), engine.before, "{what}: the checkpoints");
    let latest = store.latest(|error| panic!("{what}: {error}")).expect("checkpoints").expect("a checkpoint");
    let latest_step = latest.state.as_ref().expect("a state").position.step;
    assert_eq!(latest_step, at - at % 7, "{what}: the last good one");
    let events = std::fs::read_to_string(folder.path().join("events.jsonl")).expect("events");
    let mut last = 0;
    for line in events.lines() {
        let event: Json =
            serde_json::from_str(line).unwrap_or_else(|error| panic!("{what}: {error}: {line}"));
        last = event["step"].as_u64().unwrap_or(last).max(last);
    }
    assert_eq!(last, at, "{what}: the last step that was taken");
    match error {
        Error::NotFinite { .. } => "weights or state".to_owned(),
        _ => "loss".to_owned(),
    }
}

#[test]
fn a_value_that_is_not_finite_stops_the_run_within_the_step() {
    let each = times([20, 100, 100]);
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for fault in FAULTS {
        for engine in ["fused", "graph"] {
            for case in 0..each {
                let seen = inject(fault, engine, case);
                *counts.entry(format!("{fault:?} seen by {seen}, {engine}")).or_default() += 1;
            }
        }
    }
    let total: u64 = counts.values().sum();
    report("values that are not finite", &json!({ "injected": total, "stopped": total, "by": counts }));
}

#[test]
fn a_run_without_faults_is_not_stopped() {
    // The same networks, with a fault that never occurs.
    for engine in ["fused", "graph"] {
        for case in 0..5 {
            let mut draw = stream(970, case);
            let (experiment, shape) = experiment(FAULTS[case as usize], engine, &mut draw);
            let mut network =
                Network::new("healthy", experiment.to_json(), &shape, target(&experiment), 40, &mut draw);
            network.experiment = experiment;
            let mut engine = network.engine(engine);
            for step in 0..20 {
                let loss =
                    take_step(&network, engine.as_mut(), step).unwrap_or_else(|error| panic!("{error}"));
                assert!(loss.is_finite());
            }
        }
    }
}

fn target(experiment: &Experiment) -> taper::data::Target {
    crate::networks::target(&experiment.loss, 3).1
}

fn take_step(network: &Network, engine: &mut dyn Engine, step: u64) -> taper::Result<f64> {
    let indices: Vec<usize> = (0..16).collect();
    network.with_batch(&indices, |batch| engine.step(batch, step, 1e-3).map(|step| step.loss))
}

/// A network of `layers` for images, flattened and classified.
fn images(layers: &[Json], shape: &[usize], engine: &str) -> (Network, Box<dyn Engine>) {
    let all = [layers, &[json!({ "flatten": {} }), json!({ "dense": { "units": 3 } })]].concat();
    let network = Network::of_layers("images", &all, shape, &json!({ "adam": {} }), 16, &mut stream(980, 0));
    let engine = network.engine(engine);
    (network, engine)
}

/// The parameter called `name`.
fn parameter(engine: &dyn Engine, name: &str) -> Var {
    let found = engine.parameters().iter().find(|parameter| parameter.name == name);
    found.unwrap_or_else(|| panic!("no {name}")).variable.clone()
}

#[test]
fn a_filter_row_that_never_meets_the_image_is_checked() {
    // An image of one row with filters of three rows: the fused engine skips the rows above and below.
    let conv =
        json!({ "conv2d": { "filters": 2, "kernel_size": 3, "padding": "same", "activation": "relu" } });
    for name in ["fused", "graph"] {
        for place in 0..9 {
            let (network, mut engine) = images(std::slice::from_ref(&conv), &[1, 1, 5], name);
            take_step(&network, engine.as_mut(), 0).expect("a finite step");
            let weight = parameter(engine.as_ref(), "layers.0.weight");
            let mut filter = values(&weight).expect("values");
            filter[place] = f32::NAN;
            set(&weight, filter).expect("a weight");
            match take_step(&network, engine.as_mut(), 1) {
                Ok(loss) => assert!(loss.is_nan(), "{name}, tap {place}: {loss}"),
                Err(error) => assert_eq!(error.exit_code(), 5, "{name}, tap {place}: {error}"),
            }
        }
    }
}

#[test]
fn overflowing_hidden_values_stop_both_engines_only_if_they_are_used() {
    // Filters so large that every sum is minus infinity, which relu makes 0: no harm is done. With the
    // opposite sign, the next layer gets infinity. Its own relu may hide that again, or the fused engine may
    // make NaN of it in padding channels, but the run stops anyway: the gradient of its weights is 0 times
    // infinity in both cases.
    let conv = |filters: usize| json!({ "conv2d": { "filters": filters, "kernel_size": 2, "bias": false, "activation": "relu" } });
    for (sign, goes_on) in [(-1.0_f32, true), (1.0, false)] {
        let mut losses = Vec::new();
        for name in ["fused", "graph"] {
            let (mut network, mut engine) = images(&[conv(3), conv(4)], &[1, 5, 5], name);
            network.features = Features::Floats((0..16 * 25).map(|i| 1.0 + (i % 7) as f32).collect());
            let (first, second) = (
                parameter(engine.as_ref(), "layers.0.weight"),
                parameter(engine.as_ref(), "layers.1.weight"),
            );
            set(&first, vec![3e38 * sign; 3 * 4]).expect("weights");
            set(&second, vec![-0.1; 4 * 3 * 4]).expect("weights");
            match take_step(&network, engine.as_mut(), 0) {
                Ok(loss) if loss.is_finite() => {
                    assert!(goes_on, "{name}: infinity was not detected");
                    losses.push(loss);
                }
                Ok(loss) => assert!(!goes_on, "{name}: {loss}"),
                Err(error) => assert!(!goes_on && error.exit_code() == 5, "{name}: {error}"),
            }
        }
        assert!(losses.windows(2).all(|pair| (pair[0] - pair[1]).abs() < 1e-6), "{losses:?}");
    }
}

#[test]
fn an_overflowing_variance_in_the_running_statistics_is_detected() {
    // The outputs are then only the shift, and the loss is finite.
    let layers = [json!({ "batch_norm": {} }), json!({ "activation": { "function": "tanh" } })];
    for name in ["fused", "graph"] {
        let (mut network, mut engine) = images(&layers, &[2, 3, 3], name);
        let large = (0..16 * 18).map(|i| 1e25 * (i % 5) as f32);
        network.features = Features::Floats(large.collect());
        let error = take_step(&network, engine.as_mut(), 6).expect_err("a variance of infinity");
        let message = error.to_string();
        assert!(message.contains("layers.0.running_var` contains inf after step 7"), "{name}: {message}");
    }
}

#[test]
fn the_program_stops_at_the_step_that_makes_weights_non_finite() {
    for engine in ["fused", "graph"] {
        let workspace = Workspace::new();
        let config = presets::find("synthetic_mlp").expect("a config");
        let config =
            config.replace("1e-3", "1e300").replace("[train]", &format!("[train]\nengine = \"{engine}\""));
        Experiment::load(&Input { name: "c".to_owned(), text: config.clone().into(), ..Input::default() })
            .unwrap_or_else(|error| panic!("{error}"));
        workspace.file("config.toml", config);
        let outcome = workspace.run(&["train", "--config", "config.toml", "--run-dir", "run"]);
        assert_eq!(outcome.code, 5, "{}", outcome.stderr);
        let messages = outcome.messages();
        assert!(
            messages.contains("training diverged: `") && messages.contains("after step 1;"),
            "{messages}"
        );
        let events = String::from_utf8(workspace.read("run/events.jsonl")).expect("text");
        assert!(events.lines().count() > 0);
        for line in events.lines() {
            serde_json::from_str::<Json>(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        }
        assert!(files(&workspace.path("run/checkpoints")).is_empty(), "a checkpoint was saved");
        // The advice in the message works.
        let lower = ["--set", "optimizer.adam.learning_rate=1e-3", "--set", "train.max_steps=3"];
        let again = [&["train", "--config", "config.toml", "--format", "json"][..], &lower].concat();
        assert_eq!(workspace.ok(&again).json()["steps"], 3);
    }
}
