//! `summary.json`: one run in one object.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::Metrics;
use crate::error::{Error, Result};

/// The content of `summary.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// The version of this object: 2. In version 1, `metrics` were the last values of everything, whatever
    /// epoch was tested.
    pub version: u32,
    /// The run folder.
    pub run: String,
    /// The run's name.
    pub name: String,
    /// Why training ended, as in [`Event::End`](super::Event::End), or `signal`: then the run can be resumed.
    pub reason: String,
    /// Epochs finished.
    pub epochs: u64,
    /// Steps taken.
    pub steps: u64,
    /// Steps of all epochs that the config asks for.
    #[serde(default)]
    pub all_steps: Option<u64>,
    /// What was measured of the weights that are kept and tested, by name: those of the best epoch, else the last.
    pub metrics: Metrics,
    /// The epoch of these weights.
    #[serde(default)]
    pub metrics_epoch: Option<u64>,
    /// The epoch of the weights that were tested, if there are test samples.
    pub test_epoch: Option<u64>,
    /// What was measured of the last epoch.
    #[serde(default)]
    pub last: Option<LastEpoch>,
    /// The best checkpoint, if a metric is monitored.
    pub best: Option<BestEpoch>,
    /// The conditions of `[gate]`; none after a signal.
    #[serde(default)]
    pub gate: Vec<Verdict>,
    /// Seconds of training, over all sessions.
    pub seconds: f64,
    /// Training samples in each of these seconds.
    pub samples_per_second: f64,
    /// The number of parameters.
    pub parameters: u64,
    /// Samples to train on.
    pub train_samples: usize,
    /// The run's seed.
    pub seed: u64,
    /// SHA-256 of the training samples.
    pub data_sha256: String,
    /// The taper that ran.
    pub taper: String,
    /// The engine that ran the steps.
    pub engine: String,
    /// `cpu` or `cuda:N`.
    pub device: String,
    /// CPU threads.
    pub threads: usize,
    /// The commit of the folder that the run was started in, if that is a git checkout.
    pub git_commit: Option<String>,
    /// The machine's name.
    pub host: Option<String>,
    /// The operating system.
    pub os: String,
    /// The processor architecture.
    pub arch: String,
    /// Whether a debug build ran.
    pub debug_build: bool,
}

/// The last epoch that a run has finished.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LastEpoch {
    /// Its number, counted from 1; 0 if none was finished.
    pub epoch: u64,
    /// What was measured of it, by name.
    pub metrics: Metrics,
}

/// A condition of `[gate]`, and what came of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// The metric that it is about.
    pub metric: String,
    /// The condition, such as `>= 0.97`.
    pub condition: String,
    /// The metric's value, if it was measured and is finite.
    pub value: Option<f64>,
    /// Whether it holds.
    pub passed: bool,
}

/// The best checkpoint of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BestEpoch {
    /// The metric that decides.
    pub metric: String,
    /// Its value.
    pub value: f64,
    /// The step of the checkpoint.
    pub step: u64,
    /// The epochs finished then.
    pub epoch: u64,
}

/// The largest file that is read.
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
    /// If it cannot be written as JSON, which a summary always can.
    pub fn to_json(&self) -> Result<String> {
        serde_json::to_string_pretty(self)
            .map_err(|error| Error::data(Self::FILE, format!("cannot be written: {error}")))
    }
}
