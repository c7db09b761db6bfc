//! Uses trained weights in candle: the first layer's outputs, computed by hand.
//!
//! `cargo run --release --example weights_in_candle`
#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "an example shows what it finds")]

use taper::candle_core::{Device, Tensor};
use taper::experiment::Experiment;
use taper::run::Place;

fn main() -> taper::Result<()> {
    let folder = std::env::temp_dir().join(format!("taper-example-{}", std::process::id()));
    let place = Place::New { folder: folder.clone(), force: true };
    let experiment = Experiment::built_in("synthetic_mlp")?;
    taper::train(&experiment, taper::Options { place, ..taper::Options::default() })?;

    let model = taper::Model::load(&folder)?;
    let parameter = |name: &str| {
        let found = model.parameters().iter().find(|parameter| parameter.name == name);
        found.map(|parameter| parameter.variable.as_tensor().clone())
    };
    // Parameters have the names and the layout that PyTorch gives those of a list called `layers`.
    if let (Some(weight), Some(bias)) = (parameter("layers.0.weight"), parameter("layers.0.bias")) {
        let x = Tensor::ones((1, weight.dim(1)?), weight.dtype(), &Device::Cpu)?;
        let y = x.matmul(&weight.t()?)?.broadcast_add(&bias)?;
        println!("{:?} outputs of a sample of ones: mean {}", y.dims(), y.mean_all()?);
    }
    std::fs::remove_dir_all(&folder).map_err(taper::Error::io(&folder, "delete it"))
}
