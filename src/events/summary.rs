//! `summary.json`: the result of a run.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::Metrics;
use crate::error::{Error, Result};

/// The content of `summary.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// The version of this object: 2. In version 1, `metrics` held the last value of each metric, regardless
    /// of the tested epoch.
    pub version: u32,
    /// The run folder.
    pub run: String,
    /// The run's name.
    pub name: String,
    /// Why training ended, as in [`Event::End`](super::Event::End); or `signal` if the run can be resumed.
    pub reason: String,
    /// The number of epochs finished.
    pub epochs: u64,
    /// The number of steps taken.
    pub steps: u64,
    /// The number of steps in all epochs of the config.
    #[serde(default)]
    pub all_steps: Option<u64>,
    /// The metrics of the weights that are kept and tested, by name: those of the best epoch, else the last.
    pub metrics: Metrics,
    /// The epoch of these weights.
    #[serde(default)]
    pub metrics_epoch: Option<u64>,
    /// The epoch of the tested weights, if there are test samples.
    pub test_epoch: Option<u64>,
    /// The metrics of the last epoch.
    #[serde(default)]
    pub last: Option<LastEpoch>,
    /// The best checkpoint, if a metric is monitored.
    pub best: Option<BestEpoch>,
    /// The results of `[gate]`; empty after a signal.
    #[serde(default)]
    pub gate: Vec<Verdict>,
    /// Training time over all sessions in seconds.
    pub seconds: f64,
    /// Training samples per second of this time.
    pub samples_per_second: f64,
    /// The number of parameters.
    pub parameters: u64,
    /// The number of training samples.
    pub train_samples: usize,
    /// The run's seed.
    pub seed: u64,
    /// SHA-256 of the training samples.
    pub data_sha256: String,
    /// The version of taper.
    pub taper: String,
    /// The engine that ran the steps.
    pub engine: String,
    /// `cpu` or `cuda:N`.
    pub device: String,
    /// The number of CPU threads.
    pub threads: usize,
    /// The commit of the current folder when the run started, if it is a git checkout.
    pub git_commit: Option<String>,
    /// The host name of the machine.
    pub host: Option<String>,
    /// The operating system.
    pub os: String,
    /// The processor architecture.
    pub arch: String,
    /// Whether this was a debug build.
    pub debug_build: bool,
}

/// The last epoch that was finished.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LastEpoch {
    /// The epoch, counted from 1; 0 if none was finished.
    pub epoch: u64,
    /// Its metrics, by name.
    pub metrics: Metrics,
}

/// A condition of `[gate]` and its result.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// The metric of the condition.
    pub metric: String,
    /// The condition, such as `>= 0.97`.
    pub condition: String,
    /// The metric's value, if it was measured and is finite.
    pub value: Option<f64>,
    /// Whether the condition holds.
    pub passed: bool,
}

/// The best checkpoint of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BestEpoch {
    /// The metric that determines it.
    pub metric: String,
    /// The value of the metric.
    pub value: f64,
    /// The step of the checkpoint.
    pub step: u64,
    /// The number of epochs finished at that point.
    pub epoch: u64,
}

/// The largest file that is accepted, in bytes.
const LIMIT: u64 = 1 << 24;

impl Summary {
    /// The name of the file in a run folder.
    pub const FILE: &'static str = "summary.json";

    /// Reads the summary of the run folder `run`.
    ///
    /// # Errors
    /// [`Error::Data`] if there is none, or it is damaged.
    pub fn read(run: &Path) -> Result<Self> {
        let path = run.join(Self::FILE);
        let text = crate::files::read(&path, LIMIT)?;
        serde_json::from_slice(&text)
            .map_err(|error| Error::data(&path, format!("not the summary of a run: {error}")))
    }

    /// The text of the file.
    ///
    /// # Errors
    /// If it cannot be written as JSON, which never happens.
    pub fn to_json(&self) -> Result<String> {
        serde_json::to_string_pretty(self)
            .map_err(|error| Error::data(Self::FILE, format!("cannot be written: {error}")))
    }
}
