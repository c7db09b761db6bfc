//! Gradients compared with central differences in f64, with the tolerances of PyTorch's `gradcheck`: every
//! layer, activation and loss of the registries with random options and shapes, reduced built-in configs,
//! random networks, and the fused engine, which computes in f32, against them.
//!
//! Kinks are avoided: a case whose values come near one is drawn again, and counted. The check itself is
//! tested with wrong gradients.

use candle_core::backprop::GradStore;
use candle_core::{DType, Device, Result, Tensor, Var};
use serde_json::json;
use taper::data::{BatchTargets, Target};
use taper::internals::engine::Engine;
use taper::internals::presets;
use taper::layers::{self, Mode};
use taper::loss;
use taper::random::Stream;

use crate::differences::{Checked, uniform};
use crate::live::Live;
use crate::networks::{Network, activations, layer, loss as any_loss, stream, target};
use crate::tier::{report, times};

/// The number of seeds per shape.
const SEEDS: u64 = 3;

fn parse(config: &serde_json::Value) -> layers::Config {
    serde_json::from_value(config.clone()).unwrap_or_else(|error| panic!("{config}: {error}"))
}

#[test]
fn every_layer_agrees_with_central_differences() -> Result<()> {
    let mut checked = Checked::default();
    for (number, name) in (0..).zip(layers::Config::NAMES) {
        for shape in 0..times([20, 100, 400]) {
            let (config, input) = layer(name, &mut stream(1 + number, shape));
            for seed in 0..SEEDS {
                let mut draw = stream(100 + number, shape * SEEDS + seed);
                let samples = 1 + draw.below(3) as usize;
                let (live, x) = checked.live(&[parse(&config)], &input, samples, &mut draw)?;
                checked
                    .layers(&live, &x, times([12, 60, 1000]), &mut draw, Ok)?
                    .unwrap_or_else(|error| panic!("{config} on {input:?}: {error}"));
            }
        }
    }
    checked.report("gradients of layers");
    Ok(())
}

#[test]
fn every_activation_agrees_with_central_differences() -> Result<()> {
    let mut checked = Checked::default();
    for (number, name) in (0..).zip(activations()) {
        for shape in 0..times([20, 100, 400]) {
            for seed in 0..SEEDS {
                let mut draw = stream(200 + number, shape * SEEDS + seed);
                // Alone, within a dense layer and within a convolution.
                let (config, input) = match shape % 3 {
                    0 => (json!({ "activation": { "function": name } }), vec![1 + draw.below(9) as usize]),
                    1 => (json!({ "dense": { "units": 4, "activation": name } }), vec![5]),
                    _ => {
                        let options = json!({ "filters": 2, "kernel_size": 2, "activation": name });
                        (json!({ "conv2d": options }), vec![2, 3, 2 + draw.below(3) as usize])
                    }
                };
                let (live, x) = checked.live(&[parse(&config)], &input, 2, &mut draw)?;
                checked
                    .layers(&live, &x, times([12, 60, 1000]), &mut draw, Ok)?
                    .unwrap_or_else(|error| panic!("{config} on {input:?}: {error}"));
            }
        }
    }
    checked.report("gradients of activations");
    Ok(())
}

/// The targets of a loss, and the distance to its kinks: those of `mae` and `quantile` are at zero error.
fn targets(kind: Target, samples: usize, logits: &Tensor, draw: &mut Stream) -> Result<(Tensor, f64)> {
    match kind {
        Target::Class { classes } => {
            let labels: Vec<u32> = (0..samples).map(|_| draw.below(classes as u64) as u32).collect();
            Ok((Tensor::from_vec(labels, samples, &Device::Cpu)?, f64::INFINITY))
        }
        Target::Value { width } => {
            let values = uniform(&[samples, width], draw)?.as_detached_tensor();
            let distance = (logits - &values)?.abs()?.flatten_all()?.min(0)?.to_scalar::<f64>()?;
            Ok((values, distance))
        }
    }
}

#[test]
fn every_loss_agrees_with_central_differences() -> Result<()> {
    let mut checked = Checked::default();
    for (number, name) in (0..).zip(loss::Config::NAMES) {
        for shape in 0..times([20, 100, 400]) {
            for seed in 0..SEEDS {
                let mut draw = stream(300 + number, shape * SEEDS + seed);
                let (samples, outputs) = (1 + draw.below(6) as usize, 2 + draw.below(6) as usize);
                let loss = any_loss(name, outputs, &mut draw);
                let (outputs, kind) = target(&loss, outputs);
                let (logits, targets) = checked.away_from_kinks(|| {
                    let logits = uniform(&[samples, outputs], &mut draw)?;
                    let (targets, distance) = targets(kind, samples, &logits, &mut draw)?;
                    Ok(((logits, targets), distance))
                })?;
                let variables = [("the logits".to_owned(), logits.clone())];
                checked
                    .gradients(&variables, 60, &mut draw, || loss.member().sum(&logits, &targets))?
                    .unwrap_or_else(|error| panic!("{loss:?}: {error}"));
            }
        }
    }
    checked.report("gradients of losses");
    Ok(())
}

/// The reduced built-in configs, and random networks: `shapes` of each.
fn networks(shapes: u64) -> impl Iterator<Item = (Network, u64)> {
    let configs = presets::ALL.iter().map(|(name, _)| Some(*name)).chain([None, None]);
    (0..).zip(configs).flat_map(move |(number, name)| {
        (0..shapes).flat_map(move |shape| {
            (0..SEEDS).map(move |seed| {
                let mut draw = stream(400 + number, shape);
                let network = match name {
                    Some(name) => Network::small(name, &mut draw, 3),
                    None => Network::random(&mut draw, 3),
                };
                (network, (number * 1_000 + shape) * SEEDS + seed)
            })
        })
    })
}

/// A network's layers, and a batch with targets, all away from kinks.
fn live_network(network: &Network, checked: &mut Checked, draw: &mut Stream) -> Result<(Live, Var, Tensor)> {
    let configs = network.experiment.network().layers;
    checked.away_from_kinks(|| {
        let live = Live::new(&configs, &network.shape, draw)?;
        let x = uniform(&network.shape.batch(3), draw)?;
        let pass = Mode::Training { seed: 3, step: 0, first: 0 };
        let distance = live.distance_from_kinks(&x, pass)?;
        let (targets, from_target) = targets(network.target, 3, &live.forward(&x, pass)?.detach(), draw)?;
        Ok(((live, x, targets), distance.min(from_target)))
    })
}

#[test]
fn whole_networks_agree_with_central_differences_and_the_fused_engine_with_them() -> Result<()> {
    let (mut checked, mut fused, mut ill, mut worst) = (Checked::default(), 0_u64, 0_u64, 0.0_f64);
    for (network, number) in networks(times([20, 60, 200])) {
        let mut draw = stream(500, number);
        let (live, x, targets) = live_network(&network, &mut checked, &mut draw)?;
        let loss = network.experiment.loss.member();
        let pass = Mode::Training { seed: 3, step: 0, first: 0 };
        let mean = || loss.sum(&live.forward(&x, pass)?, &targets)? / 3.0;
        let trained = live.parameters.iter().filter(|(_, _, trained)| *trained);
        let mut variables: Vec<_> = trained.map(|(name, own, _)| (name.clone(), own.clone())).collect();
        variables.push(("the input".to_owned(), x.clone()));
        checked
            .gradients(&variables, times([4, 20, 60]), &mut draw, mean)?
            .unwrap_or_else(|error| panic!("{} on {}: {error}", network.name, network.shape));
        if network.is_known_to_fused() {
            let [error, plain] = errors_of_engines(&network, &live, &x, &targets)?;
            let place = format!("{} on {}", network.name, network.shape);
            assert!(
                error < FUSED || error < 10.0 * plain,
                "{place}: {error:.1e}, the graph engine {plain:.1e}"
            );
            fused += 1;
            if error < FUSED {
                worst = worst.max(error);
            } else {
                ill += 1;
            }
        }
    }
    checked.report("gradients of networks");
    let figures = json!({ "networks": fused, "worst_relative_error": worst, "tolerance": FUSED,
        "ill_conditioned": ill });
    report("gradients of the fused engine in f32", &figures);
    assert!(fused > 0, "the fused engine supported no network");
    Ok(())
}

/// The tolerance of gradients in f32, relative to the largest value of their tensor, or to a hundredth of the
/// largest of all if that is more: a bias before a normalization has a gradient of only rounding errors. The
/// error is usually 1e-6. Successive normalizations of few, nearly equal values amplify rounding errors, in
/// the graph engine too; in that case the tolerance is ten times its error in f32, because sums have another
/// order.
const FUSED: f64 = 1e-4;

/// The largest differences of gradients in f32 from those of the live layers: of the fused engine, and of the
/// graph engine.
fn errors_of_engines(network: &Network, live: &Live, x: &Var, targets: &Tensor) -> Result<[f64; 2]> {
    let pass = Mode::Training { seed: 3, step: 0, first: 0 };
    let mean = (network.experiment.loss.member().sum(&live.forward(x, pass)?, targets)? / 3.0)?;
    let gradients = mean.backward()?;

    let single = |tensor: &Tensor| tensor.to_dtype(DType::F32)?.flatten_all()?.to_vec1::<f32>();
    let mut descent = Network {
        name: network.name.clone(),
        experiment: network.experiment.clone(),
        shape: network.shape.clone(),
        target: network.target,
        features: taper::data::Features::Floats(single(x)?),
        labels: Vec::new(),
        values: Vec::new(),
    };
    match network.target {
        Target::Class { .. } => descent.labels = targets.to_vec1()?,
        Target::Value { .. } => descent.values = single(targets)?,
    }
    let sgd = json!({ "sgd": { "learning_rate": RATE } });
    descent.experiment.optimizer = serde_json::from_value(sgd).expect("an optimizer");
    let parameters = || -> Result<_> {
        let parameters = network.parameters(DType::F32, 0)?;
        for (parameter, (_, own, _)) in parameters.iter().zip(&live.parameters) {
            parameter.variable.set(&own.as_detached_tensor().to_dtype(DType::F32)?)?;
        }
        Ok(parameters)
    };
    let mut fused = descent.fused(parameters()?);
    let mut graph = descent.graph(parameters()?);
    Ok([error(&descent, &mut fused, live, &gradients)?, error(&descent, &mut graph, live, &gradients)?])
}

/// A step of plain gradient descent subtracts this rate times the gradient from each parameter. The rate is
/// so large that the parameter loses its last digits, not the gradient.
const RATE: f64 = 65536.0;

/// The error of the gradients, computed from how one step of `engine` changes its parameters.
fn error(descent: &Network, engine: &mut dyn Engine, live: &Live, gradients: &GradStore) -> Result<f64> {
    descent.with_batch(&[0, 1, 2], |batch| {
        assert!(matches!(batch.targets, BatchTargets::Classes(_)) == descent.values.is_empty());
        engine.step(batch, 0, RATE).map(|step| step.loss).expect("a step")
    });
    let mut differences = Vec::new();
    for (parameter, (_, own, trained)) in engine.parameters().iter().zip(&live.parameters) {
        if *trained {
            let after = parameter.variable.to_dtype(DType::F64)?;
            let found = ((own.as_detached_tensor() - after)? / RATE)?;
            let expected = gradients.get(own).map_or_else(|| own.zeros_like(), |own| Ok(own.detach()))?;
            let largest = |t: &Tensor| t.abs()?.flatten_all()?.max(0)?.to_scalar::<f64>();
            differences.push((largest(&(found - &expected)?)?, largest(&expected)?));
        }
    }
    let least = differences.iter().map(|(_, largest)| largest / 100.0).fold(1e-12, f64::max);
    Ok(differences.iter().map(|(error, largest)| error / largest.max(least)).fold(0.0, f64::max))
}

/// `y`, whose gradient is `factor` times the right one.
fn spoiled(y: &Tensor, factor: f64) -> Result<Tensor> {
    (y * factor)? + (y.detach() * (1.0 - factor))?
}

#[test]
fn planted_errors_in_gradients_are_found() -> Result<()> {
    let (mut planted, mut found) = (0_u64, 0_u64);
    for (number, name) in (0..).zip(layers::Config::NAMES) {
        // A wrong sign, zero, and one percent too much.
        for factor in [-1.0, 0.0, 1.01] {
            // Some draws have a zero gradient, such as the softmax of one value.
            let mut cases = 0..100;
            let (config, live, x, mut draw) = loop {
                let case = cases.next().expect("a layer with a nonzero gradient");
                let (config, input) = layer(name, &mut stream(600 + number, case));
                let (mut draw, mut checked) = (stream(700 + number, case), Checked::default());
                let (live, x) = checked.live(&[parse(&config)], &input, 2, &mut draw)?;
                let right = checked.layers(&live, &x, 60, &mut draw, Ok)?;
                assert!(right.is_ok(), "{config}: {right:?}");
                if checked.largest > 0.1 {
                    break (config, live, x, draw);
                }
            };
            let wrong = Checked::default().layers(&live, &x, 60, &mut draw, |y| spoiled(&y, factor))?;
            planted += 1;
            found += u64::from(wrong.is_err());
            assert!(wrong.is_err(), "{config}: a gradient times {factor} was not detected");
        }
    }
    report("planted errors in gradients", &json!({ "planted": planted, "found": found }));
    Ok(())
}
