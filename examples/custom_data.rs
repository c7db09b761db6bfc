//! A custom data set: points within a circle and around it.
//!
//! `cargo run --release --example custom_data`
#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "an example shows what it finds")]

use taper::data::sets::custom::{Config, CustomData};
use taper::data::{Dataset, Features, SearchPath, Splits, Targets};
use taper::experiment::Experiment;
use taper::random::{Purpose, Stream};
use taper::run::Place;

struct Rings;

impl CustomData for Rings {
    fn name(&self) -> &'static str {
        "rings"
    }

    fn load(&self, _: &SearchPath, seed: u64) -> taper::Result<Splits> {
        let points = |split: u64, samples: u32| {
            let mut draw = Stream::new(seed, Purpose::Data, [split, 0]);
            let labels: Vec<u32> = (0..samples).map(|i| i % 2).collect();
            let point = |label: &u32| {
                let radius = f64::from(*label) + draw.uniform_in(0.2, 0.8);
                // All directions are equally likely.
                let (x, y) = (draw.normal(), draw.normal());
                let factor = radius / (x * x + y * y).sqrt();
                [(factor * x) as f32, (factor * y) as f32]
            };
            Dataset {
                sample_shape: [2].into(),
                features: Features::Floats(labels.iter().flat_map(point).collect()).into(),
                targets: Targets::Classes { labels, names: vec!["within".to_owned(), "around".to_owned()] },
            }
        };
        Ok(Splits { train: points(0, 800), validation: None, test: Some(points(1, 200)), columns: None })
    }
}

fn main() -> taper::Result<()> {
    let folder = std::env::temp_dir().join(format!("taper-example-{}", std::process::id()));
    let mut experiment = Experiment::built_in("binary_mlp")?;
    experiment.data = Config::new(Rings).into();
    let place = Place::New { folder: folder.clone(), force: true };
    taper::train(&experiment, taper::Options { place, ..taper::Options::default() })?;

    // Evaluation needs the code of the data set, which `load_as` takes from here; for predictions,
    // `Model::load` is enough.
    let mut model = taper::Model::load_as(&folder, &experiment)?;
    let evaluation = model.evaluate(None, &SearchPath::default())?;
    println!("{} accuracy {}", evaluation.split.name(), evaluation.to_json()["accuracy"]);
    std::fs::remove_dir_all(&folder).map_err(taper::Error::io(&folder, "delete it"))
}
