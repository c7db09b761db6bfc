//! Networks with random samples for tests of the engines: every built-in config, and networks that use every
//! layer and every way of fusing layers.

use candle_core::{DType, Device};
use serde_json::json;
use taper::config::{Input, Problems};
use taper::experiment::Experiment;
use taper::internals::data::{Batch, BatchTargets, Features, Samples, Scaling, Target};
use taper::internals::engine::{Engine, Fused, Graph, SharedTeam, compile};
use taper::internals::presets;
use taper::network::{Parameters, Plan};
use taper::random::{Purpose, Stream};
use taper::shape::Shape;
use taper_kernels::simd::lanes::Isa;

/// A config with random samples of the required shape.
pub struct Case {
    pub name: String,
    pub experiment: Experiment,
    pub shape: Shape,
    pub target: Target,
    pub features: Features,
    pub labels: Vec<u32>,
    pub values: Vec<f32>,
}

/// The number of samples from which batches are drawn.
pub const SAMPLES: usize = 96;

impl Case {
    fn new(name: &str, experiment: Experiment, shape: Shape, target: Target) -> Self {
        let mut stream = Stream::new(9, Purpose::Data, [0, 0]);
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
            Target::Value { width } => {
                values = (0..SAMPLES * width).map(|_| stream.normal() as f32).collect();
            }
        }
        Self { name: name.to_owned(), experiment, shape, target, features, labels, values }
    }

    pub fn plan(&self) -> Plan {
        let mut found = Vec::new();
        let plan = self.experiment.plan(&self.shape, Some(self.target), &mut Problems::new(&mut found));
        plan.unwrap_or_else(|| panic!("{}: {found:?}", self.name))
    }

    pub fn graph(&self) -> Graph {
        let plan = self.plan();
        let parameters = Parameters::initialize(&plan, 3, DType::F32, &Device::Cpu).expect("parameters");
        let optimizer = self.experiment.optimizer.member().build(&parameters.trainable()).expect("state");
        Graph::new(plan, parameters, self.experiment.loss.clone(), optimizer, Device::Cpu, 3)
    }

    pub fn fused(&self, threads: usize, isa: Isa) -> Fused {
        let plan = self.plan();
        let parameters = Parameters::initialize(&plan, 3, DType::F32, &Device::Cpu).expect("parameters");
        let optimizer = self.experiment.optimizer.member().build(&parameters.trainable()).expect("state");
        let loss = self.experiment.loss.clone();
        let compiled = compile(&plan).unwrap_or_else(|lacking| panic!("{}: {lacking}", self.name));
        let fused = Fused::new(compiled, parameters, loss, optimizer, 3, SharedTeam::new(threads));
        fused.expect("an engine").with_isa(isa)
    }

    /// Passes the batch of the samples `indices` to `take`.
    pub fn with_batch<T>(&self, indices: &[usize], take: impl FnOnce(&Batch<'_>) -> T) -> T {
        let scaling = Scaling::new(&self.features, None);
        let labels: Vec<u32> = indices.iter().filter_map(|&i| self.labels.get(i).copied()).collect();
        let values: Vec<f32> = match self.target {
            Target::Value { width } => {
                indices.iter().flat_map(|&i| &self.values[i * width..(i + 1) * width]).copied().collect()
            }
            Target::Class { .. } => Vec::new(),
        };
        let targets = match self.target {
            Target::Class { .. } => BatchTargets::Classes(&labels),
            Target::Value { width } => BatchTargets::Values { values: &values, width },
        };
        let samples = Samples { features: &self.features, shape: &self.shape, indices, scaling: &scaling };
        take(&Batch { samples, targets })
    }

    /// Takes `steps` steps with `batch` samples each, except for an occasional smaller batch.
    pub fn train(&self, engine: &mut dyn Engine, steps: u64, batch: usize) -> Trace {
        let rate = self.experiment.optimizer.member().learning_rate();
        let mut losses = Vec::new();
        for step in 0..steps {
            let count = if step % 5 == 3 { batch.div_ceil(3) } else { batch };
            let indices: Vec<usize> = (0..count).map(|i| (step as usize * 31 + i * 7) % SAMPLES).collect();
            losses.push(
                self.with_batch(&indices, |batch| engine.step(batch, step, rate).expect("a step").loss),
            );
        }
        let indices: Vec<usize> = (0..SAMPLES).collect();
        let logits =
            self.with_batch(&indices, |batch| engine.logits(&batch.samples).expect("logits").to_vec());
        let state = engine.optimizer().state().into_iter().flat_map(|(_, vars)| vars.to_vec());
        let all = engine.parameters().iter().map(|p| p.variable.clone()).chain(state);
        let weights = all.map(|v| v.flatten_all().expect("flat").to_vec1::<f32>().expect("values")).collect();
        Trace { losses, weights, logits }
    }
}

/// The results of training.
#[derive(PartialEq)]
pub struct Trace {
    pub losses: Vec<f64>,
    pub weights: Vec<Vec<f32>>,
    pub logits: Vec<f32>,
}

impl Trace {
    /// The differences between losses, tensors (weights and state), and logits: the largest relative
    /// difference of the losses, and the largest |a - b| / |b| of the tensors in the Euclidean norm (absolute
    /// below 1).
    pub fn difference(&self, other: &Self) -> [f64; 3] {
        let norm =
            |values: &mut dyn Iterator<Item = f32>| values.map(|x| f64::from(x).powi(2)).sum::<f64>().sqrt();
        let gap = |(a, b): (&Vec<f32>, &Vec<f32>)| {
            let gap = norm(&mut a.iter().zip(b).map(|(a, b)| a - b));
            gap / norm(&mut b.iter().copied()).max(1.0)
        };
        let losses = self.losses.iter().zip(&other.losses);
        [
            losses.map(|(a, b)| (a - b).abs() / b.abs().max(1.0)).fold(0.0, f64::max),
            self.weights.iter().zip(&other.weights).map(gap).fold(0.0, f64::max),
            gap((&self.logits, &other.logits)),
        ]
    }
}

fn experiment(name: &str, text: &str) -> Experiment {
    let input = Input { name: format!("{name}.toml"), text: text.as_bytes().to_vec(), overrides: Vec::new() };
    Experiment::load(&input).unwrap_or_else(|error| panic!("{name}: {error:?}"))
}

/// Every built-in config, with images of 224x224 pixels reduced.
pub fn built_in() -> Vec<Case> {
    let case = |(name, text): &(&str, &str)| {
        let text = text.replace("= 224", "= 40");
        let experiment = experiment(name, &text);
        let facts = experiment.data.member().facts();
        let shape = facts.sample_shape.expect("a shape");
        let outputs = experiment.plan(&shape, None, &mut Problems::new(&mut Vec::new())).expect("a plan");
        let classes = outputs.output().0[0].max(2);
        Case::new(name, experiment, shape, facts.target.unwrap_or(Target::Class { classes }))
    };
    presets::ALL.iter().map(case).collect()
}

/// A network of `layers` for images or features of `shape`.
pub fn network(
    name: &str,
    layers: &serde_json::Value,
    shape: &[usize],
    optimizer: &serde_json::Value,
) -> Case {
    let text = json!({
        "name": name,
        "data": {"synthetic": {"features": 5, "classes": 3}},
        "model": {"layers": layers},
        "loss": {"cross_entropy": {}},
        "optimizer": optimizer,
    });
    let experiment: Experiment = serde_json::from_value(text).expect("a config");
    Case::new(name, experiment, Shape(shape.to_vec()), Target::Class { classes: 3 })
}

/// Networks that use every layer, and every way in which the engine fuses layers.
#[expect(clippy::too_many_lines, reason = "a list")]
pub fn zoo() -> Vec<Case> {
    let adam = json!({"adam": {}});
    let image = [3, 11, 9];
    let head = |mut layers: Vec<serde_json::Value>| {
        layers.push(json!({"flatten": {}}));
        layers.push(json!({"dense": {"units": 3}}));
        serde_json::Value::from(layers)
    };
    let conv = |filters: usize, kernel: serde_json::Value, more: serde_json::Value| {
        let mut options = json!({"filters": filters, "kernel_size": kernel});
        options.as_object_mut().expect("options").extend(more.as_object().expect("more").clone());
        json!({ "conv2d": options })
    };
    let mut cases = Vec::new();
    for function in ["relu", "sigmoid", "tanh", "gelu", "silu", "leaky_relu", "elu"] {
        let layers = json!([
            {"dense": {"units": 21, "activation": function}},
            {"dropout": {"rate": 0.4}},
            {"dense": {"units": 7, "bias": false}},
            {"activation": {"function": function}},
            {"dense": {"units": 3}},
        ]);
        cases.push(network(function, &layers, &[37], &adam));
        let layers = head(vec![
            conv(5, json!(3), json!({"activation": function, "padding": "same"})),
            json!({"max_pool2d": {}}),
            conv(18, json!(2), json!({"activation": function})),
        ]);
        cases.push(network(&format!("{function} on images"), &layers, &image, &adam));
    }
    for (name, layers) in [
        (
            "steps",
            vec![
                conv(17, json!([3, 2]), json!({"strides": [2, 1]})),
                conv(33, json!(3), json!({"strides": 2, "padding": "same"})),
            ],
        ),
        (
            "same padding",
            vec![
                conv(8, json!([4, 5]), json!({"padding": "same", "activation": "relu"})),
                conv(16, json!(3), json!({"padding": "same"})),
            ],
        ),
        (
            "pointwise",
            vec![
                conv(40, json!(1), json!({"activation": "relu"})),
                conv(7, json!(1), json!({"bias": false})),
            ],
        ),
        (
            "pool after a wide filter",
            vec![
                conv(32, json!([5, 1]), json!({"activation": "relu"})),
                json!({"max_pool2d": {}}),
                conv(32, json!(2), json!({})),
            ],
        ),
        (
            "overlapping pools",
            vec![
                conv(6, json!(3), json!({})),
                json!({"max_pool2d": {"pool_size": 3, "strides": 2, "padding": "same"}}),
                json!({"activation": {"function": "relu"}}),
            ],
        ),
        (
            "means",
            vec![
                json!({"avg_pool2d": {"pool_size": 3, "strides": 2, "padding": "same"}}),
                conv(6, json!(2), json!({})),
                json!({"avg_pool2d": {}}),
            ],
        ),
        (
            "copies",
            vec![
                json!({"repeat": {"times": 2, "layers": [
                    conv(6, json!(3), json!({"padding": "same", "bias": false})),
                    {"batch_norm": {"activation": "leaky_relu"}},
                    {"residual": {
                        "layers": [conv(6, json!(3), json!({"padding": "same"})), {"layer_norm": {}}],
                        "activation": "relu",
                    }},
                ]}}),
                json!({"max_pool2d": {}}),
            ],
        ),
        (
            "pool first",
            vec![json!({"max_pool2d": {"pool_size": 2}}), conv(6, json!(2), json!({"activation": "relu"}))],
        ),
        // Without biases: batch normalization cancels them, so their gradient is only rounding error, which
        // Adam would amplify to full steps.
        (
            "batch_norm on images",
            vec![
                conv(19, json!(3), json!({"bias": false})),
                json!({"batch_norm": {"momentum": 0.9}}),
                json!({"activation": {"function": "relu"}}),
                conv(16, json!(3), json!({"bias": false})),
                json!({"batch_norm": {}}),
            ],
        ),
        (
            "layer_norm on images",
            vec![
                json!({"layer_norm": {}}),
                conv(4, json!(3), json!({"activation": "relu"})),
                json!({"layer_norm": {}}),
            ],
        ),
        (
            "noise",
            vec![
                json!({"gaussian_noise": {"deviation": 0.1}}),
                conv(4, json!(3), json!({"activation": "relu"})),
                json!({"max_pool2d": {}}),
                json!({"gaussian_noise": {"deviation": 0.5}}),
            ],
        ),
        (
            "spatial dropout",
            vec![
                json!({"spatial_dropout": {"rate": 0.3}}),
                conv(4, json!(3), json!({"activation": "relu"})),
                json!({"max_pool2d": {}}),
                json!({"spatial_dropout": {"rate": 0.5}}),
            ],
        ),
        (
            "dropout on images",
            vec![
                json!({"dropout": {"rate": 0.2}}),
                conv(4, json!(3), json!({"activation": "relu"})),
                json!({"dropout": {"rate": 0.3}}),
                json!({"max_pool2d": {}}),
                json!({"dropout": {"rate": 0.0}}),
            ],
        ),
    ] {
        cases.push(network(name, &head(layers), &image, &adam));
    }
    let layers = json!([{"conv2d": {"filters": 20, "kernel_size": 3, "activation": "relu"}}, {"global_avg_pool2d": {}}, {"dense": {"units": 3}}]);
    cases.push(network("global mean", &layers, &image, &adam));
    let layers = json!([{"flatten": {}}, {"dense": {"units": 130, "bias": false}}, {"batch_norm": {}}, {"activation": {"function": "relu"}}, {"dense": {"units": 3}}]);
    cases.push(network("wide", &layers, &[3, 31, 19], &adam));
    let layers = json!([{"batch_norm": {"momentum": 0.5}}, {"dense": {"units": 33, "activation": "tanh"}}, {"layer_norm": {}}, {"dense": {"units": 3}}]);
    for optimizer in [
        json!({"sgd": {}}),
        json!({"sgd": {"momentum": 0.9, "nesterov": true, "weight_decay": 0.01}}),
        json!({"adam": {"weight_decay": 0.01}}),
        json!({"adamw": {}}),
        json!({"rmsprop": {}}),
        json!({"rmsprop": {"momentum": 0.5}}),
        json!({"adagrad": {"initial_accumulator": 0.1, "weight_decay": 0.01}}),
        json!({"adamax": {"weight_decay": 0.01}}),
        json!({"nadam": {"weight_decay": 0.01}}),
        json!({"lion": {"learning_rate": 1e-5, "weight_decay": 0.1}}),
    ] {
        cases.push(network(&format!("{optimizer}"), &layers, &[70], &optimizer));
    }
    cases.extend(blocks());
    cases
}

/// Networks with residual blocks: first, last, in between and nested, with all ways in which the two branches
/// of a sum may differ.
#[expect(clippy::too_many_lines, reason = "a list")]
fn blocks() -> Vec<Case> {
    // Adam would amplify gradients that are only rounding errors to full steps, and a kink after a
    // normalization could change a gradient by much.
    let optimizer = json!({"sgd": {"momentum": 0.9}});
    let block = |layers: serde_json::Value, shortcut: serde_json::Value| json!({"residual": {"layers": layers, "shortcut": shortcut}});
    let conv = |filters: usize, kernel: usize, strides: usize| json!({"conv2d": {"filters": filters, "kernel_size": kernel, "strides": strides, "padding": "same", "bias": false}});
    let function = |name: &str| json!({"activation": {"function": name}});
    let dense = |units: usize, name: &str| json!({"dense": {"units": units, "activation": name}});
    let (norm, flat, last) =
        (json!({"batch_norm": {}}), json!({"flatten": {}}), json!({"dense": {"units": 3}}));
    let image = [3, 11, 9];
    let images = [
        (
            "block with norm and a shortcut",
            json!([
                conv(6, 3, 1),
                block(json!([conv(18, 3, 2), norm, function("silu"), conv(18, 3, 1), norm]), json!([conv(18, 1, 2), norm])),
                function("silu"),
                {"global_avg_pool2d": {}},
                last,
            ]),
        ),
        (
            "block of convolutions",
            json!([
                conv(17, 3, 1),
                block(json!([conv(17, 3, 1), function("relu"), conv(17, 2, 1)]), json!([])),
                conv(4, 3, 1),
                flat,
                last
            ]),
        ),
        (
            "block of the input",
            json!([
                block(
                    json!([conv(5, 3, 1), {"max_pool2d": {}}]),
                    json!([conv(5, 2, 1), {"avg_pool2d": {}}, {"layer_norm": {}}])
                ),
                function("tanh"),
                flat,
                last
            ]),
        ),
        (
            "stochastic depth",
            json!([
                conv(3, 3, 1),
                {"residual": {"layers": [conv(3, 3, 1), function("tanh")], "stochastic_depth": 0.4, "activation": "relu"}},
                {"residual": {"layers": [conv(3, 1, 1)], "shortcut": [conv(3, 1, 1)], "stochastic_depth": 0.6}},
                flat,
                last
            ]),
        ),
        (
            "block that flattens the input",
            json!([block(json!([conv(3, 3, 1), flat]), json!([flat])), {"dropout": {"rate": 0.2}}, last]),
        ),
        (
            "block that flattens",
            json!([
                conv(7, 3, 1),
                block(json!([flat, dense(693, "relu")]), json!([conv(7, 3, 1), flat])),
                last
            ]),
        ),
        (
            "block with dropout",
            json!([
                conv(7, 3, 1),
                block(
                    json!([{"dropout": {"rate": 0.3}}, conv(7, 3, 1)]),
                    json!([{"dropout": {"rate": 0.0}}])
                ),
                flat,
                last
            ]),
        ),
        (
            "blocks within blocks",
            json!([
                conv(4, 3, 1),
                block(
                    json!([
                        conv(4, 3, 1),
                        block(json!([function("tanh"), conv(4, 3, 1)]), json!([])),
                        function("relu")
                    ]),
                    json!([block(json!([conv(4, 3, 1)]), json!([conv(4, 1, 1)]))]),
                ),
                block(json!([block(json!([conv(4, 3, 1)]), json!([]))]), json!([function("gelu")])),
                flat,
                last,
            ]),
        ),
    ];
    let features = [
        (
            "block of dense layers",
            json!([
                dense(20, "relu"),
                block(
                    json!([dense(33, "relu"), {"dropout": {"rate": 0.4}}, dense(20, "tanh"), dense(20, "gelu")]),
                    json!([])
                ),
                dense(8, "relu"),
                last
            ]),
        ),
        (
            "blocks alone",
            json!([
                block(json!([dense(37, "relu")]), json!([])),
                block(json!([dense(9, "silu"), last]), json!([last]))
            ]),
        ),
        ("block without weights", json!([block(json!([function("tanh")]), json!([])), last])),
        ("block behind weights", json!([last, block(json!([function("tanh")]), json!([function("elu")]))])),
        (
            "wide block",
            json!([block(json!([dense(1100, "tanh"), norm]), json!([dense(1100, "relu")])), last]),
        ),
    ];
    let images = images.iter().map(|(name, layers)| network(name, layers, &image, &optimizer));
    images.chain(features.iter().map(|(name, layers)| network(name, layers, &[37], &optimizer))).collect()
}
