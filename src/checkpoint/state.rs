//! `state.json`: the position and state of a run at a checkpoint.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::data::Target;
use crate::events::BestEpoch;
use crate::metrics::Running;
use crate::position::Position;

/// The name of the callback whose state is the best checkpoint so far.
pub const BEST: &str = "best";

/// The state of a run except weights and optimizer state.
///
/// Random numbers need no state: each stream is derived from the seed, its purpose, and the epoch, step and
/// layer (see [`random`](crate::random)).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    /// The version of taper that wrote it.
    pub taper: String,
    /// The run's seed; with the position it determines all random streams.
    pub seed: u64,
    /// The position of the run.
    pub position: Position,
    /// The metrics of the current epoch so far.
    pub running: Running,
    /// Training time over all sessions in seconds.
    pub seconds: f64,
    /// Training time of the current epoch in seconds.
    pub epoch_seconds: f64,
    /// The last value of each metric, by name. Values that are not numbers, such as the R² of a single
    /// sample, are null in the file.
    #[serde(deserialize_with = "null_as_nan")]
    pub last: Vec<(String, f64)>,
    /// SHA-256 of the training samples.
    pub data: String,
    /// The folder for relative paths of the config, absolute.
    pub config_folder: String,
    /// The states of callbacks, by name.
    #[serde(deserialize_with = "with_a_valid_best")]
    pub callbacks: BTreeMap<String, Value>,
    /// The sizes of the run's append-only files at this point, in bytes, by name.
    pub files: BTreeMap<String, u64>,
}

impl State {
    /// Whether a run with epochs of `samples` samples that predicts `target` can be in this state. A file
    /// with valid checksums may still be forged, and its numbers are used for counting.
    #[must_use]
    pub fn is_possible(&self, samples: u64, target: Target) -> bool {
        let most = 1_u64 << 53;
        let Position { step, epoch, samples_in_epoch, .. } = self.position;
        let is_time = |seconds: f64| seconds.is_finite() && seconds >= 0.0;
        // Every epoch has at least one step.
        epoch <= step
            && step <= most
            && samples_in_epoch <= samples
            && self.running.is_of(target, samples_in_epoch)
            && is_time(self.seconds)
            && is_time(self.epoch_seconds)
    }

    /// The best checkpoint so far, if a metric is monitored.
    #[must_use]
    pub fn best(&self) -> Option<BestEpoch> {
        serde_json::from_value(self.callbacks.get(BEST)?.clone()).ok()
    }
}

pub(super) fn null_as_nan<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<(String, f64)>, D::Error> {
    let values = Vec::<(String, Option<f64>)>::deserialize(from)?;
    Ok(values.into_iter().map(|(name, value)| (name, value.unwrap_or(f64::NAN))).collect())
}

/// The states of callbacks. The best checkpoint determines what `eval` uses, so it is checked here.
fn with_a_valid_best<'de, D: Deserializer<'de>>(from: D) -> Result<BTreeMap<String, Value>, D::Error> {
    let callbacks = BTreeMap::<String, Value>::deserialize(from)?;
    if let Some(best) = callbacks.get(BEST) {
        BestEpoch::deserialize(best).map_err(serde::de::Error::custom)?;
    }
    Ok(callbacks)
}
