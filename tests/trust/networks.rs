//! Not tests: random layers and networks of every kind in the registries, as engines.

use std::collections::HashMap;

use candle_core::{DType, Device, Result, Tensor};
use serde_json::{Value as Json, json};
use taper::config::Problems;
use taper::experiment::Experiment;
use taper::internals::data::{Batch, BatchTargets, Features, Samples, Scaling, Target};
use taper::internals::engine::{Engine, Fused, Graph, SharedTeam, compile};
use taper::internals::presets;
use taper::layers;
use taper::loss;
use taper::network::{Parameters, Plan};
use taper::random::{Purpose, Stream};
use taper::shape::Shape;

use crate::live::first_values;

/// The random numbers of case `b` of test `a`.
pub fn stream(a: u64, b: u64) -> Stream {
    Stream::new(20_240_607, Purpose::Data, [a, b])
}

fn pick<T: Clone>(draw: &mut Stream, choices: &[T]) -> T {
    choices[draw.below(choices.len() as u64) as usize].clone()
}

fn between(draw: &mut Stream, low: usize, high: usize) -> usize {
    low + draw.below((high - low + 1) as u64) as usize
}

/// The names of all activations, taken from the schema, so that new ones are covered.
pub fn activations() -> Vec<String> {
    let schema = schemars::schema_for!(layers::Activation).to_value();
    let choices = schema["oneOf"].as_array().expect("a list of choices");
    let names: Vec<_> = choices.iter().filter_map(|choice| choice["const"].as_str()).collect();
    assert_eq!(names.len(), choices.len(), "{schema}");
    names.into_iter().map(str::to_owned).collect()
}

/// One number or two.
fn size(draw: &mut Stream, most: usize) -> Json {
    if draw.below(2) == 0 {
        json!(between(draw, 1, most))
    } else {
        json!([between(draw, 1, most), between(draw, 1, most)])
    }
}

fn image(draw: &mut Stream) -> Vec<usize> {
    vec![between(draw, 1, 3), between(draw, 3, 6), between(draw, 3, 6)]
}

fn any_shape(draw: &mut Stream) -> Vec<usize> {
    if draw.below(2) == 0 { image(draw) } else { vec![between(draw, 1, 9)] }
}

/// Random options for the layer `name`, and an input shape that it accepts. A new layer must be added here;
/// otherwise, every test that iterates over the registry fails.
pub fn layer(name: &str, draw: &mut Stream) -> (Json, Vec<usize>) {
    let mut functions: Vec<Json> = activations().into_iter().map(Json::from).collect();
    let (options, shape) = match name {
        "dense" => {
            functions.extend([Json::Null, Json::Null]);
            let options = json!({
                "units": between(draw, 1, 6), "bias": draw.below(4) > 0, "activation": pick(draw, &functions),
            });
            (options, vec![between(draw, 1, 9)])
        }
        "conv2d" => {
            functions.extend([Json::Null, Json::Null]);
            let options = json!({
                "filters": between(draw, 1, 4), "kernel_size": size(draw, 3), "strides": size(draw, 3),
                "padding": pick(draw, &["valid", "same"]), "bias": draw.below(4) > 0,
                "activation": pick(draw, &functions),
            });
            (options, image(draw))
        }
        "max_pool2d" | "avg_pool2d" => {
            let strides = if draw.below(3) == 0 { Json::Null } else { size(draw, 3) };
            let padding = pick(draw, &["valid", "same"]);
            (json!({ "pool_size": size(draw, 3), "strides": strides, "padding": padding }), image(draw))
        }
        "global_avg_pool2d" => (json!({}), image(draw)),
        "flatten" => (json!({}), any_shape(draw)),
        "dropout" => (json!({ "rate": draw.uniform_in(0.0, 0.8) }), any_shape(draw)),
        "gaussian_noise" => (json!({ "deviation": draw.uniform_in(0.0, 2.0) }), any_shape(draw)),
        "spatial_dropout" => (json!({ "rate": draw.uniform_in(0.0, 0.8) }), image(draw)),
        "batch_norm" => {
            let (momentum, epsilon) = (draw.uniform_in(0.0, 0.99), draw.uniform_in(1e-3, 0.1));
            (json!({ "momentum": momentum, "epsilon": epsilon }), any_shape(draw))
        }
        "layer_norm" => (json!({ "epsilon": draw.uniform_in(1e-3, 0.1) }), any_shape(draw)),
        "residual" => {
            let shape = any_shape(draw);
            let bare = json!({ "activation": { "function": pick(draw, &["tanh", "gelu", "relu"]) } });
            let own = |draw: &mut Stream, kernel: usize| match shape.as_slice() {
                [_] => json!({ "dense": { "units": 4 } }),
                _ => json!({ "conv2d": {
                    "filters": 3, "kernel_size": kernel, "padding": "same", "bias": draw.below(2) == 0,
                } }),
            };
            let layers = json!([own(draw, 3), bare]);
            let nested = json!([{ "residual": { "layers": [bare] } }, own(draw, 2)]);
            let (layers, shortcut) = match draw.below(3) {
                0 => (json!([bare, { "layer_norm": {} }]), json!([])),
                1 => (layers, json!([own(draw, 1)])),
                _ => (nested, json!([own(draw, 3)])),
            };
            (json!({ "layers": layers, "shortcut": shortcut }), shape)
        }
        "repeat" => {
            let shape = any_shape(draw);
            let layer = match shape.as_slice() {
                [_] => json!({ "dense": { "units": 4, "activation": "tanh" } }),
                _ => json!({ "conv2d": { "filters": 3, "kernel_size": 2, "padding": "same" } }),
            };
            (json!({ "times": between(draw, 1, 3), "layers": [layer, { "layer_norm": {} }] }), shape)
        }
        "activation" => (json!({ "function": pick(draw, &functions) }), any_shape(draw)),
        other => panic!("add `{other}` to the random options in tests/trust/networks.rs"),
    };
    (json!({ name: options }), shape)
}

/// Random options for the loss `name`. A new loss must be added here.
pub fn loss(name: &str, outputs: usize, draw: &mut Stream) -> loss::Config {
    let options = match name {
        "cross_entropy" => {
            json!({ "label_smoothing": draw.uniform_in(0.0, 0.5), "class_weights": weights(outputs, draw) })
        }
        "binary_cross_entropy" => {
            json!({ "label_smoothing": draw.uniform_in(0.0, 0.5), "class_weights": weights(2, draw) })
        }
        "mse" | "mae" => json!({}),
        "huber" => json!({ "delta": draw.uniform_in(0.2, 2.0) }),
        "quantile" => json!({ "quantile": draw.uniform_in(0.01, 0.99) }),
        other => panic!("add `{other}` to the random options in tests/trust/networks.rs"),
    };
    serde_json::from_value(json!({ name: options })).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Class weights, or none.
fn weights(classes: usize, draw: &mut Stream) -> Json {
    let weights: Vec<f64> = (0..classes).map(|_| draw.uniform_in(0.1, 3.0)).collect();
    if draw.below(2) == 0 { json!(weights) } else { Json::Null }
}

/// The number of logits that a loss takes for a target of `outputs`, and the target.
pub fn target(loss: &loss::Config, outputs: usize) -> (usize, Target) {
    match loss {
        loss::Config::binary_cross_entropy(_) => (1, Target::Class { classes: 2 }),
        loss if loss.member().link().is_some() => (outputs, Target::Class { classes: outputs }),
        _ => (outputs, Target::Value { width: outputs }),
    }
}

/// Reduces the filters of convolutions, also within blocks: equal numbers stay equal, because outputs may be
/// added.
fn shrink_filters(layers: &mut [Json], drawn: &mut HashMap<u64, usize>, draw: &mut Stream) {
    for layer in layers {
        if let Some(options) = layer.get_mut("conv2d") {
            let filters = options["filters"].as_u64().expect("a number");
            options["filters"] = json!(*drawn.entry(filters).or_insert_with(|| between(draw, 1, 3)));
        }
        for (block, list) in [("residual", "layers"), ("residual", "shortcut"), ("repeat", "layers")] {
            let inner = layer.get_mut(block).and_then(|block| block.get_mut(list));
            if let Some(inner) = inner.and_then(Json::as_array_mut) {
                shrink_filters(inner, drawn, draw);
            }
        }
    }
}

/// A network with suitable samples.
pub struct Network {
    pub name: String,
    pub experiment: Experiment,
    pub shape: Shape,
    pub target: Target,
    pub features: Features,
    pub labels: Vec<u32>,
    pub values: Vec<f32>,
}

impl Network {
    pub fn new(
        name: &str,
        json: Json,
        shape: &[usize],
        target: Target,
        samples: usize,
        draw: &mut Stream,
    ) -> Self {
        let experiment: Experiment =
            serde_json::from_value(json).unwrap_or_else(|error| panic!("{name}: {error}"));
        let shape = Shape(shape.to_vec());
        let count = samples * shape.elements().expect("few");
        let features = Features::Floats((0..count).map(|_| draw.normal() as f32).collect());
        let (mut labels, mut values) = (Vec::new(), Vec::new());
        match target {
            Target::Class { classes } => {
                labels = (0..samples).map(|_| draw.below(classes as u64) as u32).collect();
            }
            Target::Value { width } => {
                values = (0..samples * width).map(|_| draw.normal() as f32).collect();
            }
        }
        Self { name: name.to_owned(), experiment, shape, target, features, labels, values }
    }

    /// `layers`, the last of which has as many outputs as `loss` takes, with an optimizer.
    pub fn of_layers(
        name: &str,
        layers: &[Json],
        shape: &[usize],
        optimizer: &Json,
        samples: usize,
        draw: &mut Stream,
    ) -> Self {
        let json = json!({
            "name": "network", "model": { "layers": layers }, "optimizer": optimizer,
            "data": { "synthetic": { "features": 5, "classes": 3 } }, "loss": { "cross_entropy": {} },
        });
        Self::new(name, json, shape, Target::Class { classes: 3 }, samples, draw)
    }

    /// A few random layers of the registry, and the layers needed to classify.
    pub fn random(draw: &mut Stream, samples: usize) -> Self {
        let mut shape = if draw.below(3) == 0 {
            vec![between(draw, 2, 9)]
        } else {
            vec![between(draw, 1, 3), between(draw, 6, 9), between(draw, 6, 9)]
        };
        let input = shape.clone();
        let mut list = Vec::new();
        let count = between(draw, 2, 4);
        while list.len() < count {
            let (config, _) = layer(pick(draw, layers::Config::NAMES), draw);
            let parsed: layers::Config = serde_json::from_value(config.clone()).expect("a layer");
            if let Ok(plan) = parsed.plan(&Shape(shape.clone())) {
                shape.clone_from(&plan.output().0);
                list.push(config);
            }
        }
        list.extend([json!({ "flatten": {} }), json!({ "dense": { "units": 3 } })]);
        let name = Json::from(list.clone()).to_string();
        Self::of_layers(&name, &list, &input, &json!({ "sgd": {} }), samples, draw)
    }

    /// The built-in config `name` with reduced, random numbers of filters, units and pixels.
    pub fn small(name: &str, draw: &mut Stream, samples: usize) -> Self {
        let text = presets::find(name).expect("a built-in config");
        let input = taper::config::Input { name: name.to_owned(), text: text.into(), ..Default::default() };
        let experiment = Experiment::load(&input).unwrap_or_else(|error| panic!("{name}: {error}"));
        let outputs = between(draw, 2, 4);
        let (outputs, target) = target(&experiment.loss, outputs);
        let facts = experiment.data.member().facts();
        let shape = match facts.sample_shape.expect("a shape").image() {
            // Three convolutions with pooling leave one pixel of 22; so do four, two of them with pooling.
            Some([channels, height, _]) if height == 224 || name == "mnist_deep" => {
                vec![channels, between(draw, 22, 25), between(draw, 22, 25)]
            }
            // A stride of two, pooling and three filters leave one pixel of 19.
            Some([channels, ..]) if name == "mnist_speedrun" => {
                vec![channels, between(draw, 19, 22), between(draw, 19, 22)]
            }
            Some([channels, ..]) => vec![channels, between(draw, 6, 11), between(draw, 6, 11)],
            None => vec![between(draw, 1, 9)],
        };
        let mut json = experiment.to_json();
        let layers = json["model"]["layers"].as_array_mut().expect("layers");
        let last = layers.len() - 1;
        shrink_filters(layers, &mut HashMap::new(), draw);
        for (i, layer) in layers.iter_mut().enumerate() {
            if let Some(options) = layer.get_mut("dense") {
                options["units"] = json!(if i == last { outputs } else { between(draw, 1, 7) });
            }
        }
        Self::new(name, json, &shape, target, samples, draw)
    }

    pub fn plan(&self) -> Plan {
        let mut found = Vec::new();
        let plan = self.experiment.plan(&self.shape, Some(self.target), &mut Problems::new(&mut found));
        plan.unwrap_or_else(|| panic!("{}: {found:?}", self.name))
    }

    /// Parameters without special values, the same in f32 and in f64.
    pub fn parameters(&self, dtype: DType, seed: u64) -> Result<Parameters> {
        let plan = self.plan();
        let parameters = Parameters::initialize(&plan, 0, dtype, &Device::Cpu).expect("parameters");
        let specs = plan.specs.iter();
        for (i, (parameter, spec)) in parameters.iter().zip(specs).enumerate() {
            let values = first_values(spec, &mut stream(seed, i as u64));
            parameter
                .variable
                .set(&Tensor::from_vec(values, spec.shape.clone(), &Device::Cpu)?.to_dtype(dtype)?)?;
        }
        Ok(parameters)
    }

    pub fn graph(&self, parameters: Parameters) -> Graph {
        let plan = self.plan();
        let optimizer = self.experiment.optimizer.member().build(&parameters.trainable()).expect("state");
        Graph::new(plan, parameters, self.experiment.loss.clone(), optimizer, Device::Cpu, 3)
    }

    pub fn fused(&self, parameters: Parameters) -> Fused {
        let optimizer = self.experiment.optimizer.member().build(&parameters.trainable()).expect("state");
        let loss = self.experiment.loss.clone();
        let compiled = compile(&self.plan()).unwrap_or_else(|lacking| panic!("{}: {lacking}", self.name));
        Fused::new(compiled, parameters, loss, optimizer, 3, SharedTeam::new(2)).expect("an engine")
    }

    /// The engine `name`, with parameters without special values.
    pub fn engine(&self, name: &str) -> Box<dyn Engine> {
        let parameters = self.parameters(DType::F32, 5).expect("parameters");
        match name {
            "fused" => Box::new(self.fused(parameters)),
            "graph" => Box::new(self.graph(parameters)),
            other => panic!("no engine {other}"),
        }
    }

    /// Whether the fused engine supports all layers.
    pub fn is_known_to_fused(&self) -> bool {
        compile(&self.plan()).is_ok()
    }

    /// Passes the batch of the samples `indices` to `take`.
    pub fn with_batch<T>(&self, indices: &[usize], take: impl FnOnce(&Batch<'_>) -> T) -> T {
        let scaling = Scaling::new(&self.features, None);
        let samples = Samples { features: &self.features, shape: &self.shape, indices, scaling: &scaling };
        let labels: Vec<u32> = indices.iter().filter_map(|&i| self.labels.get(i).copied()).collect();
        match self.target {
            Target::Class { .. } => take(&Batch { samples, targets: BatchTargets::Classes(&labels) }),
            Target::Value { width } => {
                let values = indices.iter().flat_map(|&i| &self.values[i * width..][..width]).copied();
                let values: Vec<f32> = values.collect();
                take(&Batch { samples, targets: BatchTargets::Values { values: &values, width } })
            }
        }
    }
}
