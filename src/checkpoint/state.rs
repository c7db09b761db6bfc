//! `state.json`: where in the run a checkpoint stands.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::data::Target;
use crate::events::BestEpoch;
use crate::metrics::Running;
use crate::position::Position;

/// The name of the callback whose state is the best checkpoint so far.
pub const BEST: &str = "best";

/// Everything besides weights and optimizer state from which a run resumes.
///
/// Random numbers need no state: each stream is named by the seed, its purpose, and the epoch,
/// step and layer (see [`random`](crate::random)).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    /// The taper that wrote it.
    pub taper: String,
    /// The run's seed: with the position it names all random streams.
    pub seed: u64,
    /// Where the run stands.
    pub position: Position,
    /// What was measured in the current epoch so far.
    pub running: Running,
    /// Seconds of training, over all sessions.
    pub seconds: f64,
    /// Those of the current epoch.
    pub epoch_seconds: f64,
    /// The last value of everything that was measured, by name. What is not a number, such as the R²
    /// of a single sample, is null in the file.
    #[serde(deserialize_with = "null_as_nan")]
    pub last: Vec<(String, f64)>,
    /// SHA-256 of the training samples.
    pub data: String,
    /// The folder that relative paths of the config start from, absolute.
    pub config_folder: String,
    /// What callbacks keep, by name.
    #[serde(deserialize_with = "with_a_valid_best")]
    pub callbacks: BTreeMap<String, Value>,
    /// How long the run's growing files are at this point, in bytes, by name.
    pub files: BTreeMap<String, u64>,
}

impl State {
    /// Whether a run on epochs of `samples` that predicts `target` can stand there. A file whose sums
    /// verify may still be made up, and its numbers are counted on from.
    #[must_use]
    pub fn is_possible(&self, samples: u64, target: Target) -> bool {
        let most = 1_u64 << 53;
        let Position { step, epoch, samples_in_epoch, .. } = self.position;
        let is_time = |seconds: f64| seconds.is_finite() && seconds >= 0.0;
        // Every epoch takes a step.
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

/// What callbacks keep; the best checkpoint decides what `eval` uses, so it is checked here.
fn with_a_valid_best<'de, D: Deserializer<'de>>(from: D) -> Result<BTreeMap<String, Value>, D::Error> {
    let callbacks = BTreeMap::<String, Value>::deserialize(from)?;
    if let Some(best) = callbacks.get(BEST) {
        BestEpoch::deserialize(best).map_err(serde::de::Error::custom)?;
    }
    Ok(callbacks)
}
