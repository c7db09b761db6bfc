//! Reads `state.json` and cards of older formats.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use serde_json::{Result, json};

use super::Card;
use super::state::{BEST, State, null_as_nan};
use crate::error::Error;
use crate::events::BestEpoch;
use crate::metrics::Running;
use crate::moved;
use crate::position::Position;

/// Format 1, of taper 0.1 before callbacks: the best checkpoint and two log files were fields.
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

/// Parses the `text` of a `state.json` of `format`; `path` is used in errors only.
///
/// # Errors
/// [`Error::Checkpoint`] if it is damaged.
pub fn state(path: &Path, text: &[u8], format: u32) -> crate::Result<State> {
    let state = if format == 1 { from_1(text) } else { serde_json::from_slice(text) };
    state.map_err(|error| Error::checkpoint(path, format!("damaged: {error}")))
}

/// Updates a card of format 1, in which some keys of the config were in different places.
///
/// # Errors
/// If its normalization is damaged.
pub fn card(card: &mut Card) -> Result<()> {
    moved::migrate(&mut card.experiment);
    card.normalize = serde_json::from_value(card.experiment["preprocess"]["normalize"].clone())?;
    Ok(())
}

/// Format 1 did not record the time of an unfinished epoch.
fn from_1(text: &[u8]) -> Result<State> {
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
