//! Properties of every layer in the registry: shapes, gradients and determinism.

use candle_core::{DType, Device, Result, Tensor, Var};
use serde_json::{Value as Json, json};

use super::{Config, Mode, sequence};
use crate::network::{Id, Net, Plan};
use crate::ops::gradient_check::{check_gradients, random};
use crate::shape::Shape;

const TRAINING: Mode = Mode::Training { seed: 5, step: 2, first: 0 };

/// Options and input shapes to test for the layer called `name`. A new layer needs a line here.
fn cases(name: &str) -> Vec<(Json, Vec<usize>)> {
    match name {
        "dense" => vec![
            (json!({ "units": 3 }), vec![5]),
            (json!({ "units": 4, "bias": false, "activation": "tanh" }), vec![1]),
            (json!({ "units": 1, "activation": "relu" }), vec![7]),
        ],
        "conv2d" => vec![
            (json!({ "filters": 2, "kernel_size": 3 }), vec![1, 5, 4]),
            (json!({ "filters": 3, "kernel_size": 1, "bias": false }), vec![2, 3, 2]),
            (json!({ "filters": 2, "kernel_size": 1, "strides": 2 }), vec![2, 4, 5]),
            (json!({ "filters": 2, "kernel_size": [2, 3], "strides": [2, 1] }), vec![2, 5, 6]),
            (json!({ "filters": 2, "kernel_size": 3, "padding": "same" }), vec![2, 4, 3]),
            (
                json!({ "filters": 1, "kernel_size": [4, 2], "strides": [3, 2], "padding": "same", "activation": "relu" }),
                vec![2, 7, 5],
            ),
            (json!({ "filters": 1, "kernel_size": 5, "padding": "same" }), vec![1, 2, 1]),
        ],
        "max_pool2d" | "avg_pool2d" => vec![
            (json!({}), vec![2, 4, 6]),
            (json!({}), vec![1, 5, 3]),
            (json!({ "pool_size": [3, 2], "strides": [1, 2] }), vec![2, 5, 5]),
            (json!({ "pool_size": 1, "strides": 2 }), vec![1, 3, 4]),
            (json!({ "pool_size": 3, "strides": 2, "padding": "same" }), vec![2, 5, 4]),
            (json!({ "pool_size": [2, 4], "padding": "same" }), vec![1, 3, 3]),
            (json!({ "pool_size": 2, "strides": 3 }), vec![1, 7, 8]),
        ],
        "global_avg_pool2d" => vec![(json!({}), vec![3, 2, 5]), (json!({}), vec![1, 1, 1])],
        "flatten" => vec![(json!({}), vec![2, 3, 4]), (json!({}), vec![6])],
        "dropout" => vec![(json!({ "rate": 0.4 }), vec![9]), (json!({ "rate": 0.0 }), vec![2, 3, 2])],
        "gaussian_noise" => {
            vec![(json!({ "deviation": 0.4 }), vec![5, 3, 2]), (json!({ "deviation": 0.0 }), vec![4])]
        }
        "spatial_dropout" => {
            vec![(json!({ "rate": 0.4 }), vec![5, 3, 2]), (json!({ "rate": 0.0 }), vec![2, 3, 2])]
        }
        "batch_norm" => {
            vec![(json!({}), vec![4]), (json!({ "momentum": 0.5, "epsilon": 0.1 }), vec![2, 3, 2])]
        }
        "layer_norm" => vec![(json!({}), vec![5]), (json!({ "epsilon": 0.1 }), vec![2, 2, 3])],
        "activation" => ["relu", "sigmoid", "tanh", "gelu", "silu", "leaky_relu", "elu", "softmax"]
            .iter()
            .flat_map(|function| {
                [vec![6], vec![2, 2, 3]].map(|shape| (json!({ "function": function }), shape))
            })
            .collect(),
        "residual" => vec![
            (json!({ "layers": [{ "dense": { "units": 4, "activation": "tanh" } }] }), vec![4]),
            (json!({ "layers": [{ "dense": { "units": 4 } }], "stochastic_depth": 0.4 }), vec![4]),
            (
                json!({
                    "layers": [
                        { "conv2d": { "filters": 3, "kernel_size": 3, "padding": "same", "activation": "relu" } },
                        { "residual": { "layers": [{ "activation": { "function": "silu" } }] } },
                    ],
                    "shortcut": [{ "conv2d": { "filters": 3, "kernel_size": 1, "bias": false } }],
                }),
                vec![2, 4, 3],
            ),
        ],
        "repeat" => vec![
            (json!({ "times": 3, "layers": [{ "dense": { "units": 4, "activation": "tanh" } }] }), vec![3]),
            (
                json!({ "times": 2, "layers": [
                    { "repeat": { "times": 2, "layers": [{ "conv2d": { "filters": 2, "kernel_size": 2 } }] } },
                    { "activation": { "function": "silu" } },
                ] }),
                vec![1, 6, 5],
            ),
        ],
        other => panic!("add cases for `{other}` to this test"),
    }
}

/// All cases: each layer alone, and pairs of layers, whose gradients reach inputs of other kinds.
fn chains() -> Vec<(Vec<Json>, Vec<usize>)> {
    let alone = Config::NAMES.iter().flat_map(|name| {
        let named = move |(options, shape)| (vec![json!({ *name: options })], shape);
        cases(name).into_iter().map(named)
    });
    let pairs = [
        (json!({ "conv2d": { "filters": 2, "kernel_size": 2 } }), json!({ "max_pool2d": {} }), vec![1, 6, 4]),
        (
            json!({ "conv2d": { "filters": 2, "kernel_size": 3, "padding": "same", "activation": "relu" } }),
            json!({ "conv2d": { "filters": 1, "kernel_size": 2, "strides": 2 } }),
            vec![2, 5, 4],
        ),
        (json!({ "max_pool2d": { "strides": 1 } }), json!({ "avg_pool2d": {} }), vec![1, 5, 6]),
        (json!({ "avg_pool2d": {} }), json!({ "flatten": {} }), vec![2, 5, 4]),
        (json!({ "flatten": {} }), json!({ "dense": { "units": 2 } }), vec![2, 2, 3]),
        (json!({ "batch_norm": {} }), json!({ "conv2d": { "filters": 2, "kernel_size": 2 } }), vec![2, 3, 3]),
        (json!({ "dense": { "units": 4, "activation": "gelu" } }), json!({ "layer_norm": {} }), vec![3]),
        (json!({ "dropout": { "rate": 0.3 } }), json!({ "dropout": { "rate": 0.3 } }), vec![8]),
    ];
    alone.chain(pairs.map(|(first, second, shape)| (vec![first, second], shape))).collect()
}

/// Layers with random parameters, in f64.
struct Chain {
    what: String,
    plan: Plan,
    variables: Vec<Var>,
}

/// The network made of these layers.
fn plan_of(configs: &[Json], shape: &[usize]) -> Plan {
    let read = |config: &Json| serde_json::from_value(config.clone());
    let layers: Vec<Config> = configs
        .iter()
        .map(|config| read(config).unwrap_or_else(|error| panic!("{config}: {error}")))
        .collect();
    let mut net = Net::new(Shape(shape.to_vec()));
    sequence("layers", &layers, Id::INPUT, &mut net).unwrap_or_else(|reason| panic!("{configs:?}: {reason}"));
    net.finish()
}

impl Chain {
    fn new((configs, shape): &(Vec<Json>, Vec<usize>)) -> Result<Self> {
        let plan = plan_of(configs, shape);
        let what = configs.iter().map(ToString::to_string).collect::<Vec<_>>().join(" then ");
        let mut variables = Vec::new();
        for spec in &plan.specs {
            // Variances are positive; the other values are arbitrary, but must not be special.
            let low = if spec.name.ends_with("running_var") { 0.5 } else { -1.0 };
            variables.push(random(&spec.shape, low, 1.0, variables.len() as u64 + 10)?);
        }
        Ok(Self { what: format!("{what} on {}", plan.input), plan, variables })
    }

    fn forward(&self, x: &Tensor, mode: Mode) -> Result<Tensor> {
        self.plan.forward(&self.variables, x, mode)
    }

    /// Name, variable, and whether it is trainable.
    fn parameters(&self) -> impl Iterator<Item = (&str, &Var, bool)> {
        let specs = self.plan.specs.iter().zip(&self.variables);
        specs.map(|(spec, variable)| (spec.name.as_str(), variable, spec.trainable))
    }

    fn batch(&self, samples: usize) -> Result<Var> {
        random(&self.plan.input.batch(samples), -2.0, 2.0, 3)
    }
}

#[test]
fn gradients_agree_with_finite_differences() -> Result<()> {
    for case in &chains() {
        let chain = Chain::new(case)?;
        let x = chain.batch(3)?;
        let mut variables = vec![("the input", &x)];
        for (name, variable, trainable) in chain.parameters() {
            if trainable {
                variables.push((name, variable));
            }
        }
        for pass in [Mode::Inference, TRAINING] {
            let what = format!("{} ({pass:?})", chain.what);
            check_gradients(&what, &variables, || chain.forward(&x, pass))?;
        }
    }
    Ok(())
}

#[test]
fn untrained_parameters_and_plain_inputs_get_no_gradient() -> Result<()> {
    for case in &chains() {
        let chain = Chain::new(case)?;
        let x = chain.batch(2)?.as_detached_tensor();
        let y = chain.forward(&x, TRAINING)?;
        let gradients = y.sum_all()?.backward()?;
        for (name, variable, trainable) in chain.parameters() {
            assert_eq!(gradients.get(variable).is_some(), trainable, "{}: {name}", chain.what);
        }
    }
    Ok(())
}

#[test]
fn the_output_has_the_declared_shape_for_any_batch() -> Result<()> {
    for case in &chains() {
        let chain = Chain::new(case)?;
        for samples in [1, 4] {
            let x = chain.batch(samples)?;
            let y = chain.forward(&x, TRAINING)?;
            assert_eq!(y.dims(), chain.plan.output().batch(samples), "{}", chain.what);
            assert!(y.is_contiguous(), "{}", chain.what);
        }
    }
    Ok(())
}

#[test]
fn samples_do_not_influence_each_other_in_evaluation() -> Result<()> {
    for case in &chains() {
        let chain = Chain::new(case)?;
        let x = chain.batch(3)?;
        let all = chain.forward(&x, Mode::Inference)?.narrow(0, 1, 1)?;
        let alone = chain.forward(&x.narrow(0, 1, 1)?.contiguous()?, Mode::Inference)?;
        let difference = (all - alone)?.abs()?.flatten_all()?.max(0)?.to_scalar::<f64>()?;
        assert!(difference < 1e-12, "{}: {difference}", chain.what);
    }
    Ok(())
}

#[test]
fn unsupported_inputs_are_explained() {
    let refusals = [
        (json!({ "dense": { "units": 1 } }), vec![1, 2, 3], "flatten"),
        (json!({ "conv2d": { "filters": 1, "kernel_size": 3 } }), vec![9], "needs images"),
        (json!({ "conv2d": { "filters": 1, "kernel_size": 3 } }), vec![1, 2, 9], "does not fit"),
        (
            json!({ "conv2d": { "filters": 1, "kernel_size": 3, "strides": [0, 1] } }),
            vec![1, 9, 9],
            "strides",
        ),
        (json!({ "conv2d": { "filters": usize::MAX, "kernel_size": 1 } }), vec![2, 9, 9], "too many"),
        (
            json!({ "conv2d": { "filters": 1, "kernel_size": usize::MAX, "padding": "same", "strides": 2 } }),
            vec![2, 9, 9],
            "too",
        ),
        (json!({ "conv2d": { "filters": 0, "kernel_size": 3 } }), vec![1, 9, 9], "at least one"),
        (json!({ "max_pool2d": {} }), vec![4], "needs images"),
        (json!({ "max_pool2d": { "pool_size": 5 } }), vec![1, 4, 9], "does not fit"),
        (json!({ "avg_pool2d": { "pool_size": 0 } }), vec![1, 4, 9], "at least 1"),
        (json!({ "max_pool2d": {} }), vec![1, 0, 9], "at least 1"),
        (json!({ "global_avg_pool2d": {} }), vec![4], "needs images"),
        (json!({ "flatten": {} }), vec![usize::MAX, 2, 2], "too many"),
        (json!({ "batch_norm": {} }), vec![2, 2], "batch_norm"),
        (json!({ "layer_norm": {} }), vec![0], "layer_norm"),
    ];
    for (config, shape, words) in refusals {
        let layer: Config = serde_json::from_value(config.clone()).expect("is a layer");
        let reason = layer.plan(&Shape(shape)).expect_err("is unsupported");
        assert!(reason.contains(words), "{config}: {reason}");
    }
}

#[test]
fn unknown_options_are_refused() {
    for name in Config::NAMES {
        for (mut options, _) in cases(name) {
            options["no_such_option"] = json!(1);
            let config = json!({ *name: options });
            assert!(serde_json::from_value::<Config>(config).is_err(), "{name}");
        }
    }
}

#[test]
fn dropout_keeps_the_mean_and_depends_on_seed_step_and_layer_only() -> Result<()> {
    // Flattening a flat input only moves the dropout to its index among the layers.
    let network = |index: usize| {
        let mut configs = vec![json!({ "flatten": {} }); index];
        configs.push(json!({ "dropout": { "rate": 0.25 } }));
        plan_of(&configs, &[20_000])
    };
    let x = Tensor::ones((2, 20_000), DType::F32, &Device::Cpu)?;
    let draw = |index, seed, step| -> Result<Vec<f32>> {
        network(index).forward(&[], &x, Mode::Training { seed, step, first: 0 })?.flatten_all()?.to_vec1()
    };
    let first = draw(1, 7, 3)?;
    assert_eq!(first, draw(1, 7, 3)?);
    for other in [draw(2, 7, 3)?, draw(1, 8, 3)?, draw(1, 7, 4)?] {
        assert_ne!(first, other);
    }
    let mean = first.iter().sum::<f32>() / first.len() as f32;
    assert!((mean - 1.0).abs() < 0.01, "{mean}");
    let dropped = first.iter().filter(|value| **value == 0.0).count() as f32 / first.len() as f32;
    assert!((dropped - 0.25).abs() < 0.01, "{dropped}");
    assert!(first.iter().all(|value| *value == 0.0 || (*value - 4.0 / 3.0).abs() < 1e-6));
    let evaluated = network(1).forward(&[], &x, Mode::Inference)?;
    assert_eq!(evaluated.flatten_all()?.to_vec1::<f32>()?, x.flatten_all()?.to_vec1::<f32>()?);
    Ok(())
}

#[test]
fn batch_norm_updates_its_running_averages_only_in_training() -> Result<()> {
    let chain = Chain::new(&(vec![json!({ "batch_norm": { "momentum": 0.75, "epsilon": 1e-9 } })], vec![1]))?;
    let read = |i: usize| -> Result<f64> { chain.variables[i].get(0)?.to_scalar() };
    let (mean, variance) = (read(2)?, read(3)?);
    let x = Tensor::new(&[[1_f64], [3.0], [8.0]], &Device::Cpu)?; // mean 4, biased variance 26 / 3
    chain.forward(&x, Mode::Inference)?;
    assert_eq!((read(2)?, read(3)?), (mean, variance));
    let y = chain.forward(&x, TRAINING)?;
    assert!((read(2)? - (0.75 * mean + 0.25 * 4.0)).abs() < 1e-12);
    assert!((read(3)? - (0.75 * variance + 0.25 * 26.0 / 3.0)).abs() < 1e-12);
    let normal = ((y - read(1)?)? / read(0)?)?.flatten_all()?.to_vec1::<f64>()?;
    for (value, expected) in normal.iter().zip([-3.0, -1.0, 4.0]) {
        assert!((value - expected / (26.0_f64 / 3.0).sqrt()).abs() < 1e-6, "{normal:?}");
    }
    Ok(())
}

#[test]
fn conv2d_counts_its_parameters_and_operations() {
    let config: Config = serde_json::from_value(
        json!({ "conv2d": { "filters": 32, "kernel_size": 3, "activation": "relu" } }),
    )
    .expect("is valid");
    let plan = config.plan(&[1, 28, 28].into()).expect("fits");
    let shapes: Vec<_> = plan.specs.iter().map(|spec| (spec.name.as_str(), spec.shape.clone())).collect();
    assert_eq!(shapes, [("layers.0.weight", vec![32, 1, 3, 3]), ("layers.0.bias", vec![32])]);
    assert_eq!((plan.specs[0].fan_in, plan.specs[0].fan_out), (9, 288));
    assert_eq!(plan.flops(), 32 * 26 * 26 * (2 * 9 + 2));
}
