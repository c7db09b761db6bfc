//! Results compared with PyTorch and scikit-learn, from the files that `tests/golden/make.py` writes.
//!
//! The expected values were computed in f64 from inputs that f32 represents exactly, and every case runs in
//! both precisions. Errors are relative to the largest expected value of the tensor, unless a test states
//! otherwise.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use candle_core::{DType, Device, Result, Tensor, Var};
use serde_json::Value;
use taper::config::Problems;
use taper::internals::data::{Batch, BatchTargets, Features, Samples, Scaling, Target};
use taper::internals::engine::{Engine, Fused, Predictor, SharedTeam, compile};
use taper::internals::model;
use taper::layers::{self, Mode};
use taper::metrics::{ClassCounts, Confusion, ON_REQUEST, Residuals, Running};
use taper::network::{Parameters, Plan};
use taper::shape::Shape;
use taper::{loss, optimizer};

/// The tensors and the cases of one file.
pub struct Golden {
    tensors: HashMap<String, Tensor>,
    cases: Value,
}

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name)
}

impl Golden {
    pub fn read(name: &str) -> Self {
        let bytes = std::fs::read(path(name)).expect("a committed file");
        let tensors = candle_core::safetensors::load_buffer(&bytes, &Device::Cpu).expect("tensors");
        let (_, header) = safetensors::SafeTensors::read_metadata(&bytes).expect("a header");
        let cases = &header.metadata().as_ref().expect("metadata")["cases"];
        Self { tensors, cases: serde_json::from_str(cases).expect("a list of cases") }
    }

    /// The cases with their names.
    pub fn cases(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.cases
            .as_array()
            .expect("a list")
            .iter()
            .map(|case| (case["name"].as_str().expect("a name"), case))
    }

    pub fn tensor(&self, name: &str) -> &Tensor {
        self.tensors.get(name).unwrap_or_else(|| panic!("no tensor {name}"))
    }

    pub fn var(&self, name: &str, dtype: DType) -> Result<Var> {
        Var::from_tensor(&self.tensor(name).to_dtype(dtype)?)
    }

    /// Fails if `actual` differs from the tensor `name`. Errors are relative to at least `floor` times the
    /// largest expected value.
    pub fn check(&self, name: &str, actual: &Tensor, tolerance: f64, floor: f64) -> Result<()> {
        let expected = self.tensor(name);
        assert_eq!(actual.shape(), expected.shape(), "{name}");
        let values = |tensor: &Tensor| tensor.flatten_all()?.to_dtype(DType::F64)?.to_vec1::<f64>();
        let (found, wanted) = (values(actual)?, values(expected)?);
        let least = floor * wanted.iter().fold(f64::MIN_POSITIVE, |max, x| max.max(x.abs()));
        let errors = found.iter().zip(&wanted).map(|(a, b)| (a - b).abs() / b.abs().max(least));
        // `max` would ignore a NaN.
        let worst = errors.fold(0.0, |worst: f64, error| if error <= worst { worst } else { error });
        assert!(
            worst <= tolerance,
            "{name} in {:?}: error {worst:.1e} exceeds {tolerance:.0e}",
            actual.dtype()
        );
        Ok(())
    }
}

/// The tolerances in f32 and in f64.
pub fn precisions([single, double]: [f64; 2]) -> [(DType, f64); 2] {
    [(DType::F32, single), (DType::F64, double)]
}

fn layer(config: &Value, sample: &[usize], variables: &mut dyn FnMut(&str) -> Var) -> (Plan, Vec<Var>) {
    let config: layers::Config = serde_json::from_value(config.clone()).expect("a layer's config");
    let input = Shape(sample.to_vec());
    let plan = config.plan(&input).expect("a layer that fits");
    let local = |name: &str| name.rsplit('.').next().unwrap_or_default().to_owned();
    let variables: Vec<Var> = plan.specs.iter().map(|spec| variables(&local(&spec.name))).collect();
    for (spec, variable) in plan.specs.iter().zip(&variables) {
        assert_eq!(spec.shape, variable.dims(), "{} of {}", spec.name, config.name());
    }
    (plan, variables)
}

#[test]
fn layers_agree_with_pytorch() -> Result<()> {
    let golden = Golden::read("layers.safetensors");
    // candle rounds the slope factor of the exact GELU to six digits.
    let tolerance =
        |name, tolerance: f64| if name == "activation_gelu" { tolerance.max(1e-6) } else { tolerance };
    for (dtype, usual) in precisions([2e-6, 1e-14]) {
        for (name, case) in golden.cases() {
            let tolerance = tolerance(name, usual);
            let input = golden.var(&format!("{name}/input"), dtype)?;
            let mut variables = Vec::new();
            let (layer, own) = layer(&case["config"], &input.dims()[1..], &mut |parameter| {
                let var = golden.var(&format!("{name}/parameter/{parameter}"), dtype).expect("a variable");
                variables.push((parameter.to_owned(), var.clone()));
                var
            });
            let training = case["training"].as_bool().expect("a flag");
            let pass = if training { Mode::Training { seed: 0, step: 0, first: 0 } } else { Mode::Inference };
            let output = layer.forward(&own, &input, pass)?;
            assert_eq!(output.dims(), layer.output().batch(input.dims()[0]), "{name}");
            golden.check(&format!("{name}/output"), &output, tolerance, 1.0)?;

            let weights = golden.tensor(&format!("{name}/weights")).to_dtype(dtype)?;
            let gradients = (output * weights)?.sum_all()?.backward()?;
            let gradient = gradients.get(&input).unwrap_or_else(|| panic!("{name}: no input gradient"));
            golden.check(&format!("{name}/gradient/input"), gradient, tolerance, 1.0)?;
            for (parameter, var) in &variables {
                let expected = format!("{name}/gradient/{parameter}");
                match gradients.get(var) {
                    Some(gradient) if golden.tensors.contains_key(&expected) => {
                        golden.check(&expected, gradient, tolerance, 1.0)?;
                    }
                    None if !golden.tensors.contains_key(&expected) => {}
                    found => panic!("{expected}: {found:?}"),
                }
                let after = format!("{name}/after/{parameter}");
                if golden.tensors.contains_key(&after) {
                    golden.check(&after, var, tolerance, 1.0)?;
                }
            }
        }
    }
    Ok(())
}

#[test]
fn losses_agree_with_pytorch() -> Result<()> {
    let golden = Golden::read("losses.safetensors");
    for (dtype, tolerance) in precisions([5e-7, 1e-14]) {
        for (name, case) in golden.cases() {
            let config: loss::Config = serde_json::from_value(case["config"].clone()).expect("a loss");
            let outputs = golden.var(&format!("{name}/outputs"), dtype)?;
            let targets = golden.tensor(&format!("{name}/targets"));
            let targets =
                if targets.dtype() == DType::U32 { targets.clone() } else { targets.to_dtype(dtype)? };
            let sum = config.member().sum(&outputs, &targets)?;
            golden.check(&format!("{name}/sum"), &sum, tolerance, 1.0)?;
            let gradients = sum.backward()?;
            let gradient = gradients.get(&outputs).unwrap_or_else(|| panic!("{name}: no gradient"));
            golden.check(&format!("{name}/gradient"), gradient, tolerance, 1.0)?;
        }
    }
    Ok(())
}

#[test]
fn the_quantile_loss_agrees_with_scikit_learn() -> Result<()> {
    for case in metrics("pinball") {
        let (targets, predictions): (Vec<Vec<f32>>, Vec<Vec<f32>>) =
            (list(&case["targets"]), list(&case["predictions"]));
        let config = serde_json::json!({ "quantile": { "quantile": case["quantile"] } });
        let config: loss::Config = serde_json::from_value(config).expect("a loss");
        let (samples, width) = (targets.len(), targets[0].len());
        let (targets, predictions) = (targets.concat(), predictions.concat());
        let mut gradient = vec![0.0; targets.len()];
        let values = BatchTargets::Values { values: &targets, width };
        let sum = config.member().sum_and_gradient(&predictions, values, &mut gradient)?;
        let tensor =
            |values: &[f32]| Tensor::from_slice(values, (samples, width), &Device::Cpu)?.to_dtype(DType::F64);
        let same = config.member().sum(&tensor(&predictions)?, &tensor(&targets)?)?.to_scalar::<f64>()?;
        for sum in [sum, same] {
            assert_agrees("pinball", &Value::from(sum / samples as f64), &case["expected"]);
        }
    }
    Ok(())
}

#[test]
fn optimizers_agree_with_pytorch_after_1_10_and_100_steps() -> Result<()> {
    let golden = Golden::read("optimizers.safetensors");
    for (dtype, tolerance) in precisions([3e-5, 1e-13]) {
        for (name, case) in golden.cases() {
            let config: optimizer::Config =
                serde_json::from_value(case["config"].clone()).expect("an optimizer");
            let parameters = [golden.var("start/0", dtype)?, golden.var("start/1", dtype)?];
            let mut optimizer = config.member().build(&parameters)?;
            for step in 1..=100 {
                let gradient = |i| golden.tensor(&format!("gradients/{i}")).get(step - 1)?.to_dtype(dtype);
                let rate = config.member().learning_rate();
                optimizer.step(&parameters, &[gradient(0)?, gradient(1)?], rate, step as u64)?;
                if ![1, 10, 100].contains(&step) {
                    continue;
                }
                let state = optimizer.state();
                for (kind, vars) in state.into_iter().chain([("parameter", &parameters[..])]) {
                    for (i, var) in vars.iter().enumerate() {
                        // State spans many orders of magnitude, so nearly every value is compared relative to
                        // itself.
                        golden.check(&format!("{name}/{step}/{kind}/{i}"), var, tolerance, 1e-3)?;
                    }
                }
            }
        }
    }
    Ok(())
}

#[test]
fn a_network_trains_as_in_pytorch_for_100_steps() -> Result<()> {
    let golden = Golden::read("model.safetensors");
    let optimizer: optimizer::Config =
        serde_json::from_value(golden.cases["optimizer"].clone()).expect("an optimizer");
    let loss = loss::Config::cross_entropy(loss::cross_entropy::Config::default());
    for (dtype, tolerance) in precisions([5e-6, 1e-13]) {
        let x = golden.tensor("input").to_dtype(dtype)?;
        let labels = golden.tensor("labels");
        let mut shape = Shape(x.dims()[1..].to_vec());
        let (mut network, mut names, mut parameters) = (Vec::new(), Vec::new(), Vec::new());
        for (i, config) in golden.cases["layers"].as_array().expect("layers").iter().enumerate() {
            let (layer, own) = layer(config, &shape.0, &mut |parameter| {
                names.push(format!("{i}.{parameter}"));
                parameters.push(golden.var(&format!("start/{i}.{parameter}"), dtype).expect("a variable"));
                parameters[parameters.len() - 1].clone()
            });
            shape = layer.output().clone();
            network.push((layer, own));
        }
        let mut live = optimizer.member().build(&parameters)?;
        let mut losses = Vec::new();
        for step in 1..=100_u32 {
            let mode = Mode::Training { seed: 0, step: u64::from(step - 1), first: 0 };
            let logits =
                network.iter().try_fold(x.clone(), |x, (layer, own)| layer.forward(own, &x, mode))?;
            let mean = (loss.member().sum(&logits, labels)? / labels.elem_count() as f64)?;
            let mut gradients = mean.backward()?;
            let gradients: Vec<Tensor> =
                parameters.iter().map(|parameter| gradients.remove(parameter).expect("a gradient")).collect();
            losses.push(mean);
            if step == 1 {
                golden.check("logits", &logits, tolerance, 1.0)?;
                for (name, gradient) in names.iter().zip(&gradients) {
                    golden.check(&format!("gradient/{name}"), gradient, tolerance, 1.0)?;
                }
            }
            live.step(&parameters, &gradients, optimizer.member().learning_rate(), u64::from(step))?;
            if [1, 10, 100].contains(&step) {
                for (name, parameter) in names.iter().zip(&parameters) {
                    golden.check(&format!("{step}/{name}"), parameter, tolerance, 1.0)?;
                }
            }
        }
        golden.check("losses", &Tensor::stack(&losses, 0)?, tolerance, 1e-6)?;
    }
    Ok(())
}

/// The fused engine over the golden network, and its samples and labels.
struct FusedGolden {
    engine: Fused,
    names: Vec<String>,
    shape: Shape,
    features: Features,
    labels: Vec<u32>,
}

impl FusedGolden {
    fn new(golden: &Golden, optimizer: &optimizer::Config) -> Result<Self> {
        let x = golden.tensor("input").to_dtype(DType::F32)?;
        let shape = Shape(x.dims()[1..].to_vec());
        let layers = golden.cases["layers"].clone();
        let network: model::Config =
            serde_json::from_value(serde_json::json!({ "layers": layers })).expect("layers");
        let plan = network.plan(&shape, &mut Problems::new(&mut Vec::new())).expect("a plan");
        let parameters = Parameters::initialize(&plan, 0, DType::F32, &Device::Cpu).expect("parameters");
        let names: Vec<String> =
            parameters.iter().map(|parameter| parameter.name.replace("layers.", "")).collect();
        for (name, parameter) in names.iter().zip(parameters.iter()) {
            parameter.variable.set(golden.var(&format!("start/{name}"), DType::F32)?.as_tensor())?;
        }
        let state = optimizer.member().build(&parameters.trainable())?;
        let loss = loss::Config::cross_entropy(loss::cross_entropy::Config::default());
        let compiled = compile(&plan).expect("layers that it supports");
        let engine = Fused::new(compiled, parameters, loss, state, 0, SharedTeam::new(2)).expect("an engine");
        let features = Features::Floats(x.flatten_all()?.to_vec1()?);
        Ok(Self { engine, names, shape, features, labels: golden.tensor("labels").to_vec1()? })
    }

    fn step(&mut self, step: u64, learning_rate: f64) -> f64 {
        let scaling = Scaling::new(&self.features, None);
        let indices: Vec<usize> = (0..self.labels.len()).collect();
        let samples =
            Samples { features: &self.features, shape: &self.shape, indices: &indices, scaling: &scaling };
        let batch = Batch { samples, targets: BatchTargets::Classes(&self.labels) };
        self.engine.step(&batch, step, learning_rate).expect("a step").loss
    }

    fn parameter(&self, name: &str) -> Var {
        let position = self.names.iter().position(|own| own == name).expect("a name");
        self.engine.parameters().iter().nth(position).expect("a parameter").variable.clone()
    }
}

#[test]
fn the_fused_engine_trains_as_in_pytorch_for_100_steps() -> Result<()> {
    let golden = Golden::read("model.safetensors");
    let optimizer: optimizer::Config =
        serde_json::from_value(golden.cases["optimizer"].clone()).expect("an optimizer");
    let mut fused = FusedGolden::new(&golden, &optimizer)?;
    let mut losses = Vec::new();
    for step in 1..=100 {
        losses.push(fused.step(step - 1, optimizer.member().learning_rate()));
        if [1, 10, 100].contains(&step) {
            for name in &fused.names {
                golden.check(&format!("{step}/{name}"), &fused.parameter(name), 1e-5, 1.0)?;
            }
        }
    }
    golden.check("losses", &Tensor::new(losses, &Device::Cpu)?, 1e-5, 1e-6)
}

#[test]
fn gradients_of_the_fused_engine_agree_with_pytorch() -> Result<()> {
    let golden = Golden::read("model.safetensors");
    // One step of plain gradient descent with learning rate 1 subtracts the gradient from each parameter.
    let descent = serde_json::from_value(serde_json::json!({"sgd": {"learning_rate": 1.0}}));
    let mut fused = FusedGolden::new(&golden, &descent.expect("an optimizer"))?;
    fused.step(0, 1.0);
    for name in &fused.names {
        let start = golden.var(&format!("start/{name}"), DType::F32)?;
        let gradient = (start.as_tensor() - fused.parameter(name).as_tensor())?;
        golden.check(&format!("gradient/{name}"), &gradient, 1e-5, 1.0)?;
    }
    Ok(())
}

/// Every number of `expected` must occur at the same place in `actual`, up to rounding.
fn assert_agrees(name: &str, actual: &Value, expected: &Value) {
    match (actual, expected) {
        (Value::Number(a), Value::Number(b)) => {
            let (a, b) = (a.as_f64().expect("a number"), b.as_f64().expect("a number"));
            assert!((a - b).abs() <= 1e-10 * b.abs(), "{name}: {a} instead of {b}");
        }
        (Value::Array(a), Value::Array(b)) => {
            assert_eq!(a.len(), b.len(), "{name}");
            a.iter().zip(b).for_each(|(a, b)| assert_agrees(name, a, b));
        }
        (Value::Object(a), Value::Object(b)) => {
            assert!(a.keys().eq(b.keys()), "{name}: {:?}", a.keys().collect::<Vec<_>>());
            b.iter().for_each(|(key, b)| assert_agrees(&format!("{name}.{key}"), &a[key], b));
        }
        (a, b) => assert_eq!(a, b, "{name}"),
    }
}

fn metrics(kind: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(path("metrics.json")).expect("a committed file");
    let mut cases: HashMap<String, Vec<Value>> = serde_json::from_str(&text).expect("cases by kind");
    cases.remove(kind).expect("cases")
}

fn list<T: serde::de::DeserializeOwned>(value: &Value) -> T {
    serde_json::from_value(value.clone()).expect("a list of numbers")
}

#[test]
fn classification_metrics_agree_with_scikit_learn() -> Result<()> {
    for case in metrics("classification") {
        let classes = case["expected"]["per_class"].as_array().expect("classes").len();
        let (mut counts, mut confusion) = (ClassCounts::new(classes), Confusion::new(classes));
        let (targets, predicted): (Vec<u32>, Vec<u32>) = (list(&case["truth"]), list(&case["predicted"]));
        for (targets, predicted) in targets.chunks(7).zip(predicted.chunks(7)) {
            counts.count(targets, predicted)?;
            confusion.count(targets, predicted)?;
        }
        let mut scores = serde_json::to_value(counts.report(&[])).expect("plain numbers");
        scores["confusion_matrix"] = serde_json::json!(confusion.matrix());
        scores["matthews"] = serde_json::json!(counts.matthews());
        assert_agrees(&case["name"].to_string(), &scores, &case["expected"]);
    }
    Ok(())
}

#[test]
fn metrics_of_probabilities_agree_with_scikit_learn() {
    for case in metrics("probabilities") {
        let classes = case["classes"].as_u64().expect("a number") as usize;
        let (truth, logits): (Vec<u32>, Vec<Vec<f32>>) = (list(&case["truth"]), list(&case["logits"]));
        let measured = |size: usize| -> taper::Result<Value> {
            let mut running = Running::of_split(Target::Class { classes }).with(&ON_REQUEST);
            for (truth, logits) in truth.chunks(size).zip(logits.chunks(size)) {
                running.add(0.0, &logits.concat(), BatchTargets::Classes(truth))?;
            }
            let values = running.values().into_iter().filter(|(name, _)| ON_REQUEST.contains(name));
            Ok(values.map(|(name, value)| (name.to_owned(), Value::from(value))).collect())
        };
        let found = measured(7).expect("what matches");
        assert_agrees(&case["name"].to_string(), &found, &case["expected"]);
        assert_eq!(measured(1).expect("what matches"), found, "the same bits for any batch size");
    }
}

#[test]
fn regression_metrics_agree_with_scikit_learn() -> Result<()> {
    for case in metrics("regression") {
        let (targets, predictions): (Vec<Vec<f64>>, Vec<Vec<f64>>) =
            (list(&case["targets"]), list(&case["predictions"]));
        let mut residuals = Residuals::new(targets[0].len());
        for (targets, predictions) in targets.chunks(7).zip(predictions.chunks(7)) {
            residuals.add(&predictions.concat(), &targets.concat())?;
        }
        let scores = serde_json::to_value(residuals.report()).expect("finite numbers");
        assert_agrees(&case["name"].to_string(), &scores, &case["expected"]);
    }
    Ok(())
}
