//! `state.json`: where in the run a checkpoint stands.

use std::path::Path;

use serde::{Deserialize, Deserializer, Serialize};

use crate::data::Target;
use crate::error::Error;
use crate::metrics::Running;

/// Everything besides weights and optimizer state that a run needs in order to go on.
///
/// Random numbers need no state: each stream is named by the seed, its purpose, and the epoch,
/// step and layer (see [`random`](crate::random)).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    /// The taper that wrote it.
    pub taper: String,
    /// The run's seed: with `epoch` and `step` it names all random streams.
    pub seed: u64,
    /// Steps taken.
    pub step: u64,
    /// Epochs finished, validation included.
    pub epoch: u64,
    /// Samples of the current epoch that were used.
    pub samples_in_epoch: u64,
    /// What was measured in the current epoch so far.
    pub running: Running,
    /// Seconds of training, over all sessions.
    pub seconds: f64,
    /// The best checkpoint so far, if a metric is monitored.
    pub best: Option<Best>,
    /// The last value of everything that was measured, by name. What is not a number, such as the R²
    /// of a single sample, is null in the file.
    #[serde(deserialize_with = "null_as_nan")]
    pub last: Vec<(String, f64)>,
    /// SHA-256 of the training samples.
    pub data: String,
    /// The folder that relative paths of the config start from, absolute.
    pub config_folder: String,
    /// How long the run's growing files are at this point.
    pub files: Files,
}

impl State {
    /// Whether a run on epochs of `samples` that predicts `target` can stand there. A file whose sums
    /// verify may still be made up, and its numbers are counted on from.
    #[must_use]
    pub fn is_possible(&self, samples: u64, target: Target) -> bool {
        let most = 1_u64 << 53;
        // Every epoch takes a step.
        self.epoch <= self.step
            && self.step <= most
            && self.samples_in_epoch <= samples
            && self.running.is_of(target, self.samples_in_epoch)
            && self.seconds.is_finite()
            && self.seconds >= 0.0
    }

    /// Reads the `text` of a `state.json`; `path` is only named in errors.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] if it is none.
    pub fn parse(path: &Path, text: &[u8]) -> crate::Result<Self> {
        serde_json::from_slice(text).map_err(|error| Error::checkpoint(path, format!("damaged: {error}")))
    }
}

/// The best checkpoint of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Best {
    /// The metric that decides.
    pub metric: String,
    /// Its value.
    pub value: f64,
    /// The step of the checkpoint.
    pub step: u64,
    /// The epochs finished then.
    pub epoch: u64,
}

/// Sizes in bytes; a resumed run cuts the files there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Files {
    /// Of `events.jsonl`.
    pub events: u64,
    /// Of `metrics.csv`.
    pub metrics: u64,
}

fn null_as_nan<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<(String, f64)>, D::Error> {
    let values = Vec::<(String, Option<f64>)>::deserialize(from)?;
    Ok(values.into_iter().map(|(name, value)| (name, value.unwrap_or(f64::NAN))).collect())
}
