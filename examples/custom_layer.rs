//! A custom layer: swish, y = x σ(β x), whose β is learned.
//!
//! `cargo run --release --example custom_layer`
#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "an example shows what it finds")]

use std::path::Path;

use taper::candle_core::{Result, Tensor, Var};
use taper::experiment::Experiment;
use taper::init::Initializer;
use taper::layers::custom::{Config, CustomLayer};
use taper::network::{Mode, ParameterSpec};
use taper::ops::Activation;
use taper::run::Place;
use taper::shape::Shape;

struct Swish;

impl CustomLayer for Swish {
    fn name(&self) -> &'static str {
        "swish"
    }

    fn output(&self, input: &Shape) -> std::result::Result<Shape, String> {
        Ok(input.clone())
    }

    fn parameters(&self, _: &Shape) -> Vec<ParameterSpec> {
        vec![ParameterSpec::trainable("beta", vec![1], Initializer::Ones, [1, 1])]
    }

    fn forward(&self, x: &Tensor, parameters: &[Var], _: Mode) -> Result<Tensor> {
        x * Activation::Sigmoid.forward(&x.broadcast_mul(&parameters[0])?)?
    }
}

fn main() -> taper::Result<()> {
    let folder = std::env::temp_dir().join(format!("taper-example-{}", std::process::id()));
    let mut experiment = Experiment::built_in("synthetic_mlp")?;
    experiment.model.layers.insert(1, Config::new(Swish).into());
    let place = Place::New { folder: folder.clone(), force: true };
    taper::train(&experiment, taper::Options { place, ..taper::Options::default() })?;

    // A checkpoint holds weights and options, but no code, which `load_as` takes from here.
    let mut model = taper::Model::load_as(&folder, &experiment)?;
    for parameter in model.parameters().iter().filter(|parameter| parameter.name == "layers.1.beta") {
        println!("beta is {:.3}", parameter.variable.get(0)?.to_scalar::<f32>()?);
    }
    let sample = format!("[{:?}]", [0.5; 100]);
    let inputs = model.reader().json(Path::new("a sample"), sample.as_bytes())?;
    let prediction = model.predict(&inputs)?.swap_remove(0);
    println!("the sample is a {}", model.classes()[prediction.class()]);
    std::fs::remove_dir_all(&folder).map_err(taper::Error::io(&folder, "delete it"))
}
