//! Older formats of `state.json`, read as the present one.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Result, json};

use super::state::{BEST, State, null_as_nan};
use crate::events::BestEpoch;
use crate::metrics::Running;
use crate::position::Position;

/// Format 1, of taper 0.1 before callbacks: the best checkpoint and two growing files were fixed.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Format1 {
    taper: String,
    seed: u64,
    step: u64,
    epoch: u64,
    samples_in_epoch: u64,
    running: Running,
    seconds: f64,
    best: Option<BestEpoch>,
    #[serde(deserialize_with = "null_as_nan")]
    last: Vec<(String, f64)>,
    data: String,
    config_folder: String,
    files: Files1,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Files1 {
    events: u64,
    metrics: u64,
}

/// The state in the `text` of a file of format 1. It did not know the time of an unfinished epoch.
pub fn state(text: &[u8]) -> Result<State> {
    let old: Format1 = serde_json::from_slice(text)?;
    let Format1 { step, epoch, samples_in_epoch, .. } = old;
    let files = [("events.jsonl", old.files.events), ("metrics.csv", old.files.metrics)];
    Ok(State {
        taper: old.taper,
        seed: old.seed,
        position: Position { step, epoch, samples_in_epoch, ..Position::default() },
        running: old.running,
        seconds: old.seconds,
        epoch_seconds: 0.0,
        last: old.last,
        data: old.data,
        config_folder: old.config_folder,
        callbacks: old.best.map(|best| (BEST.to_owned(), json!(best))).into_iter().collect(),
        files: files.into_iter().map(|(name, size)| (name.to_owned(), size)).collect::<BTreeMap<_, _>>(),
    })
}
