//! Gradients against central differences in f64, with the tolerances of PyTorch's `gradcheck`: every
//! layer, activation and loss of the registries with random options and shapes, the built-in configs
//! made small, random networks, and the fused engine, which computes in f32, against them.
//!
//! Kinks are kept away from: a case whose values come near one is drawn again, and counted. That the
//! check can fail is checked too.

use candle_core::{DType, Device, Result, Tensor, Var};
use serde_json::json;
use taper::data::{Target, Truth};
use taper::engine::Engine as _;
use taper::layers::{self, Pass};
use taper::random::Stream;
use taper::shape::Shape;
use taper::{loss, presets};

use crate::networks::{Live, Network, activations, layer, loss as any_loss, stream, target};
use crate::tier::{report, times};

const STEP: f64 = 1e-6;
const ABSOLUTE: f64 = 1e-5;
const RELATIVE: f64 = 1e-3;
/// No kink may be nearer than this: a hundred times what a difference moves a value by.
const DISTANCE: f64 = 1e-4;
/// Seeds for each shape.
const SEEDS: u64 = 3;

/// Whether gradients agree, or where they do not.
type Outcome = std::result::Result<(), String>;

/// What was compared.
#[derive(Default)]
struct Checked {
    cases: u64,
    redrawn: u64,
    derivatives: u64,
    worst_absolute: f64,
    /// The largest derivative.
    largest: f64,
    /// The largest error as a share of what is allowed.
    worst_share: f64,
}

impl Checked {
    fn report(&self, what: &str) {
        let figures = json!({
            "cases": self.cases, "derivatives": self.derivatives, "redrawn_near_kinks": self.redrawn,
            "worst_absolute_error": self.worst_absolute, "worst_share_of_tolerance": self.worst_share,
            "step": STEP, "atol": ABSOLUTE, "rtol": RELATIVE,
        });
        report(what, &figures);
    }

    fn compare(&mut self, found: f64, expected: f64) -> bool {
        let (error, allowed) = ((found - expected).abs(), ABSOLUTE + RELATIVE * expected.abs());
        self.derivatives += 1;
        self.worst_absolute = self.worst_absolute.max(error);
        self.largest = self.largest.max(expected.abs());
        self.worst_share = self.worst_share.max(error / allowed);
        error <= allowed // false for NaN
    }

    /// Compares the gradients of a weighted sum of `output` with respect to `variables`: along a random
    /// direction through all values of each, and at up to `most` single values.
    fn gradients(
        &mut self,
        variables: &[(String, Var)],
        most: usize,
        draw: &mut Stream,
        output: impl Fn() -> Result<Tensor>,
    ) -> Result<Outcome> {
        let first = output()?;
        let weights: Vec<f64> = (0..first.elem_count()).map(|_| draw.uniform_in(-1.0, 1.0)).collect();
        let weights = Tensor::from_vec(weights, first.shape(), &Device::Cpu)?;
        let sum = || -> Result<Tensor> { (output()? * &weights)?.sum_all() };
        let gradients = sum()?.backward()?;
        for (name, variable) in variables {
            let values: Vec<f64> = variable.flatten_all()?.to_vec1()?;
            let gradient = match gradients.get(variable) {
                Some(gradient) => gradient.flatten_all()?.to_vec1::<f64>()?,
                None => vec![0.0; values.len()],
            };
            let along = |direction: &[f64]| -> Result<f64> {
                let at = |sign: f64| -> Result<f64> {
                    let moved = values.iter().zip(direction).map(|(value, by)| value + sign * STEP * by);
                    let moved = Tensor::from_vec(moved.collect::<Vec<_>>(), variable.shape(), &Device::Cpu)?;
                    variable.set(&moved)?;
                    sum()?.to_scalar()
                };
                Ok((at(1.0)? - at(-1.0)?) / (2.0 * STEP))
            };
            let length = (values.len() as f64).sqrt();
            let all: Vec<f64> = values
                .iter()
                .map(|_| if draw.below(2) == 0 { 1.0 / length } else { -1.0 / length })
                .collect();
            let mut singles: Vec<usize> = (0..values.len()).collect();
            draw.shuffle(&mut singles);
            let units = singles.iter().take(most).map(|&i| {
                let mut unit = vec![0.0; values.len()];
                unit[i] = 1.0;
                unit
            });
            for direction in std::iter::once(all).chain(units) {
                let expected = along(&direction)?;
                let found = gradient.iter().zip(&direction).map(|(gradient, by)| gradient * by).sum();
                if !self.compare(found, expected) {
                    return Ok(Err(format!("{name}: gradient {found}, differences {expected}")));
                }
            }
            variable.set(&Tensor::from_vec(values, variable.shape(), &Device::Cpu)?)?;
        }
        self.cases += 1;
        Ok(Ok(()))
    }

    /// The same for live layers and their input; `change` may spoil the output's gradient.
    fn layers(
        &mut self,
        live: &Live,
        x: &Var,
        most: usize,
        draw: &mut Stream,
        change: impl Fn(Tensor) -> Result<Tensor>,
    ) -> Result<Outcome> {
        let trained = live.parameters.iter().filter(|(_, _, trained)| *trained);
        let mut variables: Vec<_> = trained.map(|(name, own, _)| (name.clone(), own.clone())).collect();
        variables.push(("the input".to_owned(), x.clone()));
        for pass in [Pass::Training { seed: 5, step: 2 }, Pass::Inference] {
            let found = self.gradients(&variables, most, draw, || change(live.forward(x, pass)?))?;
            if found.is_err() {
                return Ok(found.map_err(|error| format!("{pass:?}: {error}")));
            }
        }
        Ok(Ok(()))
    }

    /// Draws until no kink is near.
    fn away_from_kinks<T>(&mut self, mut draw: impl FnMut() -> Result<(T, f64)>) -> Result<T> {
        for _ in 0..1000 {
            let (case, distance) = draw()?;
            if distance > DISTANCE {
                return Ok(case);
            }
            self.redrawn += 1;
        }
        panic!("a thousand cases were near a kink");
    }

    /// Live layers for `configs` with an input of `samples`.
    fn live(
        &mut self,
        configs: &[layers::Config],
        shape: &[usize],
        samples: usize,
        draw: &mut Stream,
    ) -> Result<(Live, Var)> {
        let shape = Shape(shape.to_vec());
        self.away_from_kinks(|| {
            let live = Live::new(configs, &shape, draw)?;
            let x = uniform(&shape.batch(samples), draw)?;
            let training = live.distance_from_kinks(&x, Pass::Training { seed: 5, step: 2 })?;
            let inference = live.distance_from_kinks(&x, Pass::Inference)?;
            Ok(((live, x), training.min(inference)))
        })
    }
}

/// Values in [-2, 2) that f32 holds exactly.
fn uniform(shape: &[usize], draw: &mut Stream) -> Result<Var> {
    let values = (0..shape.iter().product()).map(|_| f64::from(draw.uniform_in(-2.0, 2.0) as f32));
    Var::from_tensor(&Tensor::from_vec(values.collect::<Vec<_>>(), shape, &Device::Cpu)?)
}

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

/// The targets of a loss as it takes them, and how far its kinks may be: those of `mae` at no error.
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

/// The built-in configs made small, and random networks: `shapes` of each.
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
        let pass = Pass::Training { seed: 3, step: 0 };
        let distance = live.distance_from_kinks(&x, pass)?;
        let (targets, from_target) = targets(network.target, 3, &live.forward(&x, pass)?.detach(), draw)?;
        Ok(((live, x, targets), distance.min(from_target)))
    })
}

#[test]
fn whole_networks_agree_with_central_differences_and_the_fused_engine_with_them() -> Result<()> {
    let (mut checked, mut fused, mut worst) = (Checked::default(), 0_u64, 0.0_f64);
    for (network, number) in networks(times([20, 60, 200])) {
        let mut draw = stream(500, number);
        let (live, x, targets) = live_network(&network, &mut checked, &mut draw)?;
        let loss = network.experiment.loss.member();
        let pass = Pass::Training { seed: 3, step: 0 };
        let mean = || loss.sum(&live.forward(&x, pass)?, &targets)? / 3.0;
        let trained = live.parameters.iter().filter(|(_, _, trained)| *trained);
        let mut variables: Vec<_> = trained.map(|(name, own, _)| (name.clone(), own.clone())).collect();
        variables.push(("the input".to_owned(), x.clone()));
        checked
            .gradients(&variables, times([4, 20, 60]), &mut draw, mean)?
            .unwrap_or_else(|error| panic!("{} on {}: {error}", network.name, network.shape));
        if network.is_known_to_fused() {
            let error = fused_error(&network, &live, &x, &targets)?;
            assert!(error < FUSED, "{} on {}: {error:.1e}", network.name, network.shape);
            (fused, worst) = (fused + 1, worst.max(error));
        }
    }
    checked.report("gradients of networks");
    let figures = json!({ "networks": fused, "worst_relative_error": worst, "tolerance": FUSED });
    report("gradients of the fused engine in f32", &figures);
    assert!(fused > 0, "no network was known to the fused engine");
    Ok(())
}

/// What gradients in f32 may differ by from those in f64, relative to the largest value of their
/// tensor, or to a hundredth of the largest of all where that is more: a bias before a normalisation
/// has none but rounding.
const FUSED: f64 = 2e-5;

/// The largest difference of the fused engine's gradients from those of the live layers.
fn fused_error(network: &Network, live: &Live, x: &Var, targets: &Tensor) -> Result<f64> {
    // A step of plain descent takes rate times the gradient from each parameter. The rate is so
    // large that the parameter itself loses its last digits, not the gradient.
    const RATE: f64 = 65536.0;
    let pass = Pass::Training { seed: 3, step: 0 };
    let mean = (network.experiment.loss.member().sum(&live.forward(x, pass)?, targets)? / 3.0)?;
    let gradients = mean.backward()?;

    let single = |tensor: &Tensor| tensor.to_dtype(DType::F32)?.flatten_all()?.to_vec1::<f32>();
    let parameters = network.parameters(DType::F32, 0)?;
    for (parameter, (_, own, _)) in parameters.iter().zip(&live.parameters) {
        parameter.variable.set(&own.as_detached_tensor().to_dtype(DType::F32)?)?;
    }
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
    let mut engine = descent.fused(parameters);
    descent.with_batch(&[0, 1, 2], |batch| {
        assert!(matches!(batch.truth, Truth::Classes(_)) == descent.values.is_empty());
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

/// `y`, whose gradient is `factor` times what it should be.
fn spoilt(y: &Tensor, factor: f64) -> Result<Tensor> {
    (y * factor)? + (y.detach() * (1.0 - factor))?
}

#[test]
fn planted_errors_in_gradients_are_found() -> Result<()> {
    let (mut planted, mut found) = (0_u64, 0_u64);
    for (number, name) in (0..).zip(layers::Config::NAMES) {
        // A wrong sign, nothing at all, and a hundredth too much.
        for factor in [-1.0, 0.0, 1.01] {
            // Some draws have no slope that could be wrong, such as a softmax of one value.
            let mut cases = 0..100;
            let (config, live, x, mut draw) = loop {
                let case = cases.next().expect("a layer whose output depends on something");
                let (config, input) = layer(name, &mut stream(600 + number, case));
                let (mut draw, mut checked) = (stream(700 + number, case), Checked::default());
                let (live, x) = checked.live(&[parse(&config)], &input, 2, &mut draw)?;
                let right = checked.layers(&live, &x, 60, &mut draw, Ok)?;
                assert!(right.is_ok(), "{config}: {right:?}");
                if checked.largest > 0.1 {
                    break (config, live, x, draw);
                }
            };
            let wrong = Checked::default().layers(&live, &x, 60, &mut draw, |y| spoilt(&y, factor))?;
            planted += 1;
            found += u64::from(wrong.is_err());
            assert!(wrong.is_err(), "{config}: a gradient times {factor} was not noticed");
        }
    }
    report("planted errors in gradients", &json!({ "planted": planted, "found": found }));
    Ok(())
}
