//! A custom callback: stops once validation no longer improves.
//!
//! `cargo run --release --example custom_callback`
#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "an example shows what it finds")]

use serde_json::{Value, json};
use taper::callbacks::{Callback, Control, Position};
use taper::events::Epoch;
use taper::experiment::Experiment;
use taper::run::Place;

/// Stops after `most` epochs without a lower validation loss.
struct Patience {
    most: u64,
    best: f64,
    waited: u64,
}

impl Callback for Patience {
    fn name(&self) -> &'static str {
        "patience"
    }

    // A resumed run continues to count from where it was stopped.
    fn state(&self) -> Option<Value> {
        self.best.is_finite().then(|| json!({ "best": self.best, "waited": self.waited }))
    }

    fn restore(&mut self, state: &Value) -> taper::Result<()> {
        self.best = state["best"].as_f64().unwrap_or(f64::INFINITY);
        self.waited = state["waited"].as_u64().unwrap_or(0);
        Ok(())
    }

    fn after_epoch(&mut self, epoch: &Epoch, _: &Position, control: &mut Control) -> taper::Result<()> {
        let loss = epoch.metrics.get("validation.loss").unwrap_or(f64::INFINITY);
        println!("epoch {}: validation loss {loss:.4}", epoch.epoch);
        self.waited = if loss < self.best { 0 } else { self.waited + 1 };
        self.best = self.best.min(loss);
        if self.waited >= self.most {
            control.stop(format!("no better validation loss for {} epochs", self.most));
        }
        Ok(())
    }
}

fn main() -> taper::Result<()> {
    let folder = std::env::temp_dir().join(format!("taper-example-{}", std::process::id()));
    let mut experiment = Experiment::built_in("synthetic_mlp")?;
    experiment.train.epochs = 200;
    let mut patience = Patience { most: 5, best: f64::INFINITY, waited: 0 };
    let outcome = taper::train(
        &experiment,
        taper::Options {
            place: Place::New { folder: folder.clone(), force: true },
            callbacks: vec![&mut patience],
            ..taper::Options::default()
        },
    )?;
    println!("stopped after {} epochs: {}", outcome.summary.epochs, outcome.summary.reason);
    std::fs::remove_dir_all(&folder).map_err(taper::Error::io(&folder, "delete it"))
}
