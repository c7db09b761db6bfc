//! Reads what a run reported: `cargo run --release --example read_events [RUN]`; without a run it trains one.
#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "an example shows what it finds")]

use std::path::PathBuf;

use taper::events::{Event, Events, Summary};
use taper::experiment::Experiment;
use taper::run::Place;

fn main() -> taper::Result<()> {
    if let Some(run) = std::env::args_os().nth(1) {
        return show(&PathBuf::from(run));
    }
    let folder = std::env::temp_dir().join(format!("taper-example-{}", std::process::id()));
    let place = Place::New { folder: folder.clone(), force: true };
    let experiment = Experiment::built_in("synthetic_mlp")?;
    taper::train(&experiment, taper::Options { place, ..taper::Options::default() })?;
    show(&folder)?;
    std::fs::remove_dir_all(&folder).map_err(taper::Error::io(&folder, "delete it"))
}

fn show(run: &std::path::Path) -> taper::Result<()> {
    for line in Events::open(run)? {
        if let Event::Epoch(epoch) = line?.event {
            let loss = epoch.metrics.get("train.loss").unwrap_or(f64::NAN);
            println!("epoch {}: loss {loss:.4}, {:.0} samples/s", epoch.epoch, epoch.samples_per_second);
        }
    }
    let summary = Summary::read(run)?;
    println!("{}: {} steps in {:.2} s", summary.name, summary.steps, summary.seconds);
    Ok(())
}
