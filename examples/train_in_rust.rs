//! Trains, evaluates and predicts from Rust: `cargo run --release --example train_in_rust`.
#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "an example shows what it finds")]

use taper::Experiment;
use taper::data::SearchPath;
use taper::run::Place;

fn main() -> taper::Result<()> {
    let folder = std::env::temp_dir().join(format!("taper-example-{}", std::process::id()));
    let experiment = Experiment::built_in("digits_cnn")?;
    let options = taper::Options {
        place: Place::New { folder: folder.clone(), force: true },
        ..taper::Options::default()
    };
    let outcome = taper::train(&experiment, options)?;
    println!("{} epochs, {:?}", outcome.summary.epochs, outcome.summary.metrics.get("test.accuracy"));

    let mut model = taper::Model::load(&outcome.folder)?;
    let evaluation = model.evaluate(None, &SearchPath::default())?;
    println!("{}: loss {:.4}", evaluation.split.name(), evaluation.running.loss());

    let image = vec![0_u8; 28 * 28];
    let inputs = model.reader().pixels(&image)?;
    let prediction = model.predict(&inputs)?.swap_remove(0);
    println!("an empty image is a {}", model.classes()[prediction.class()]);
    std::fs::remove_dir_all(&folder).map_err(taper::Error::io(&folder, "delete it"))
}
