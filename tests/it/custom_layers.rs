//! Layers of user code, in runs through the library.

use std::path::Path;

use candle_core::{Result, Tensor, Var};
use serde_json::{Value, json};
use taper::config::{Input, Problems, reference, schema};
use taper::data::SearchPath;
use taper::experiment::Experiment;
use taper::init::Initializer;
use taper::internals::engine::compile;
use taper::layers::custom::{self, CustomLayer};
use taper::layers::{Config, LayerConfig, sequence};
use taper::network::{Id, Mode, Net, ParameterSpec};
use taper::ops::Activation;
use taper::run::{Options, Outcome, Place, Stopped};
use taper::shape::Shape;
use taper::{Model, ops};
use taper_kernels::simd::lanes::Isa;

use crate::cases::{Case, network};

/// y = x σ(factor · x)
struct Swish {
    factor: f64,
}

impl CustomLayer for Swish {
    fn name(&self) -> &'static str {
        "swish"
    }

    fn options(&self) -> Value {
        json!({ "factor": self.factor })
    }

    fn output(&self, input: &Shape) -> std::result::Result<Shape, String> {
        Ok(input.clone())
    }

    fn forward(&self, x: &Tensor, _: &[Var], _: Mode) -> Result<Tensor> {
        x * Activation::Sigmoid.forward(&(x * self.factor)?)?
    }
}

/// Equivalent to `dense`.
struct Linear {
    units: usize,
}

impl CustomLayer for Linear {
    fn name(&self) -> &'static str {
        "linear"
    }

    fn output(&self, input: &Shape) -> std::result::Result<Shape, String> {
        match input.0.len() {
            1 => Ok([self.units].into()),
            _ => Err(format!("linear needs a flat input, not {input}")),
        }
    }

    fn parameters(&self, input: &Shape) -> Vec<ParameterSpec> {
        let (units, inputs) = (self.units, input.0[0]);
        let fans = [inputs, units];
        vec![
            ParameterSpec::trainable("weight", vec![units, inputs], Initializer::GlorotUniform, fans),
            ParameterSpec::trainable("bias", vec![units], Initializer::Zeros, fans),
        ]
    }

    fn flops(&self, input: &Shape) -> u64 {
        (self.units * (2 * input.0[0] + 1)) as u64
    }

    fn forward(&self, x: &Tensor, parameters: &[Var], _: Mode) -> Result<Tensor> {
        ops::dense(x, &parameters[0], Some(&parameters[1]))
    }
}

/// A composite of a dense layer and its activation.
struct Pair;

impl LayerConfig for Pair {
    fn nodes(&self, input: Id, net: &mut Net) -> std::result::Result<Id, String> {
        sequence(
            "layers",
            &layers(&json!([{"dense": {"units": 6}}, {"activation": {"function": "tanh"}}])),
            input,
            net,
        )
    }
}

/// Promises another shape than it returns.
struct Liar;

impl CustomLayer for Liar {
    fn name(&self) -> &'static str {
        "liar"
    }

    fn output(&self, _: &Shape) -> std::result::Result<Shape, String> {
        Ok([3].into())
    }

    fn forward(&self, x: &Tensor, _: &[Var], _: Mode) -> Result<Tensor> {
        Ok(x.clone())
    }
}

fn layers(json: &Value) -> Vec<Config> {
    serde_json::from_value(json.clone()).expect("layers")
}

fn own(layer: impl CustomLayer + 'static) -> Config {
    custom::Config::new(layer).into()
}

/// A network of `json`, in which each `custom` layer is replaced by one of `given`, in order.
fn case(json: &Value, given: Vec<Config>) -> Case {
    let mut case = network("custom", json, &[7], &json!({ "adam": {} }));
    let places = case.experiment.model.layers.iter_mut().filter(|layer| matches!(layer, Config::custom(_)));
    for (place, layer) in places.zip(given) {
        *place = layer;
    }
    case
}

#[test]
fn a_custom_layer_trains_like_the_equivalent_built_in_one() {
    let built_in = json!([
        { "dense": { "units": 6 } }, { "activation": { "function": "silu" } }, { "dense": { "units": 3 } },
    ]);
    let placeholder = json!({ "custom": { "name": "any" } });
    let repeated = json!([placeholder, placeholder, { "dense": { "units": 3 } }]);
    let repeated = case(&repeated, vec![own(Linear { units: 6 }), own(Swish { factor: 1.0 })]);
    let built_in = case(&built_in, Vec::new());
    let (plan, expected) = (repeated.plan(), built_in.plan());
    assert_eq!(plan.specs, expected.specs);
    assert_eq!(plan.rows[0].flops, expected.rows[0].flops);
    assert_eq!((plan.rows[0].name, plan.rows[1].name), ("linear", "swish"));
    let trace = |case: &Case| case.train(&mut case.graph(), 30, 14);
    let difference = trace(&repeated).difference(&trace(&built_in));
    assert!(difference.iter().all(|d| *d < 1e-5), "{difference:?}");
}

#[test]
fn a_composite_layer_is_equivalent_to_its_parts_on_both_engines() {
    let composite = json!([{ "custom": { "name": "pair" } }, { "dense": { "units": 3 } }]);
    let composite = case(&composite, vec![custom::Config::composite("pair", Value::Null, Pair).into()]);
    let graph = composite.train(&mut composite.graph(), 12, 14);
    let fused = composite.train(&mut composite.fused(2, Isa::detect()), 12, 14);
    let difference = fused.difference(&graph);
    assert!(difference.iter().all(|d| *d < 1e-5), "{difference:?}");
    assert_eq!(composite.plan().specs[0].name, "layers.0.layers.0.weight");
}

#[test]
fn a_layer_that_breaks_its_promised_shape_is_an_error() {
    let liar = case(&json!([{ "custom": { "name": "liar" } }]), vec![own(Liar)]);
    let engine = &mut liar.graph();
    let error = liar.with_batch(&[0, 1], |batch| {
        taper::internals::engine::Predictor::logits(engine, &batch.samples)
            .expect_err("another shape")
            .to_string()
    });
    assert!(error.contains("layer `liar` returned [2, 7] for [2, 7], but declared [2, 3]"), "{error}");
    let refused = own(Linear { units: 2 }).plan(&[1, 2, 2].into()).expect_err("an image");
    assert_eq!(refused, "linear needs a flat input, not 1 x 2 x 2");
}

/// 48 samples in batches of 16: three steps per epoch. The custom layer is within a residual block.
fn experiment(factor: f64, more: &[&str]) -> Experiment {
    let text = r#"
name = "c"
seed = 3
[data.synthetic]
samples = 60
features = 4
classes = 3
[split]
validation = 0.2
[model]
layers = [ { residual = { layers = [ { dense = { units = 4 } } ] } }, { dense = { units = 3 } } ]
[loss.cross_entropy]
[optimizer.adam]
[train]
epochs = 4
batch_size = 16
"#;
    let overrides = more.iter().map(|text| ("--set".to_owned(), (*text).to_owned())).collect();
    let input = Input { name: "c.toml".to_owned(), text: text.into(), overrides };
    let mut experiment = Experiment::load(&input).expect("a config");
    if let Some(Config::residual(block)) = experiment.model.layers.first_mut() {
        block.layers.push(own(Swish { factor }));
    }
    experiment
}

fn train(run: &Path, experiment: &Experiment) -> taper::Result<Outcome> {
    let place = if run.exists() {
        Place::Resumed(Box::new(Stopped::latest(run, |_| {})?))
    } else {
        Place::New { folder: run.to_path_buf(), force: false }
    };
    taper::train(experiment, Options { place, ..Options::default() })
}

const REFUSED: &str =
    "layer `swish` is defined in Rust code; load it from a program that defines it (`taper::Model::load_as`)";

#[test]
fn a_run_with_a_custom_layer_resumes_bit_for_bit_and_is_loaded_by_a_program_with_its_code() {
    let folder = tempfile::tempdir().expect("a folder");
    let [whole, parts] = ["whole", "parts"].map(|name| folder.path().join(name));
    // A number without a short decimal form is restored exactly from the checkpoint.
    let factor = 0.1 + 0.2;
    train(&whole, &experiment(factor, &[])).expect("a run");
    train(&parts, &experiment(factor, &["train.max_steps=5"])).expect("a run");
    train(&parts, &experiment(factor, &[])).expect("a run");
    for file in ["model.safetensors", "optimizer.safetensors"] {
        let read =
            |run: &Path| std::fs::read(run.join("checkpoints/step-00000012").join(file)).expect("a file");
        assert!(read(&whole) == read(&parts), "{file}");
    }

    let mut model = Model::load_as(&whole, &experiment(factor, &[])).expect("a model");
    let evaluation = model.evaluate(None, &SearchPath::default()).expect("an evaluation");
    assert!(evaluation.running.loss().is_finite());
    let error = Model::load(&whole).err().expect("no code").to_string();
    assert!(error.contains(REFUSED), "{error}");
    let error = Model::load_as(&whole, &experiment(2.0, &[])).err().expect("another layer").to_string();
    let change =
        "`model.layers[0].residual.layers[1].custom.options.factor` was 0.30000000000000004 and is now 2.0";
    assert!(error.contains(change), "{error}");
    let error = train(&parts, &experiment(2.0, &["train.epochs=5"])).expect_err("another layer").to_string();
    assert!(error.contains(change), "{error}");
}

#[test]
fn a_custom_layer_named_in_a_file_is_an_error_with_place_and_remedy() {
    let text = experiment(1.0, &[]).to_toml();
    let error = Experiment::from_toml(&text).expect_err("no code").to_string();
    assert!(error.contains(REFUSED) && error.contains("swish"), "{error}");
    assert!(error.contains("config.toml:") || error.contains("--> config.toml"), "{error}");
    let unread = text.replace("name = \"swish\"", "nome = \"swish\"");
    assert!(Experiment::from_toml(&unread).is_err());
    let schema = schema::<Experiment>();
    assert!(!schema.to_string().contains("\"custom\"") && !reference(&schema).contains(".custom"));
    assert!(!Config::NAMES.contains(&"custom"));
    let misspelt =
        Experiment::from_toml("[model]\nlayers = [{ custm = {} }]").expect_err("unknown").to_string();
    assert!(misspelt.contains("unknown key `custm`") && !misspelt.contains("`custom`"), "{misspelt}");
}

#[test]
fn the_graph_engine_runs_custom_layers_and_the_fused_engine_refuses_them() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut experiment = experiment(1.0, &["train.max_steps=1"]);
    let Config::residual(block) = experiment.model.layers.remove(0) else { panic!("a block") };
    experiment.model.layers.splice(0..0, block.layers);
    let plan = experiment.plan(&[4].into(), None, &mut Problems::new(&mut Vec::new())).expect("a plan");
    assert_eq!(compile(&plan).err().as_deref(), Some("the custom layer `swish`"));
    train(&folder.path().join("auto"), &experiment).expect("a run");
    experiment.train.engine = taper::internals::engine::Choice::Fused;
    let error = train(&folder.path().join("fused"), &experiment).expect_err("not supported").to_string();
    assert!(error.contains("does not support the custom layer `swish`; use \"auto\""), "{error}");
}
