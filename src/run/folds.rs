//! The results of cross-validation: one run for each part of the training samples.

use std::path::{Path, PathBuf};

use serde::{Serialize, Serializer};

use crate::durable;
use crate::error::{Error, Result};
use crate::events::Summary;

/// The metrics of several runs that differ in their validation samples.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Folds {
    /// The version of this object: 1.
    pub version: u32,
    /// The run folders, in the order of the folds.
    pub runs: Vec<PathBuf>,
    /// The metrics that all runs have, by name, in the order of the first run.
    #[serde(serialize_with = "by_name")]
    pub metrics: Vec<Spread>,
}

/// One metric of several runs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Spread {
    /// Its name, such as `validation.accuracy`.
    #[serde(skip)]
    pub metric: String,
    /// The mean over the runs.
    pub mean: f64,
    /// The sample standard deviation (divided by N - 1).
    pub std: f64,
    /// The value of each run.
    pub values: Vec<f64>,
}

impl Folds {
    /// The name of the file in the folder of the runs.
    pub const FILE: &'static str = "folds.json";

    /// The results of runs with these folders and summaries.
    #[must_use]
    pub fn new(runs: &[(PathBuf, Summary)]) -> Self {
        let names = runs.first().map(|(_, summary)| summary.metrics.0.iter().map(|(name, _)| name.clone()));
        let spread = |metric: String| {
            let values = runs.iter().map(|(_, summary)| summary.metrics.get(&metric));
            let values: Vec<f64> = values.collect::<Option<_>>()?;
            let (mean, std) = mean_and_deviation(&values);
            Some(Spread { metric, mean, std, values })
        };
        Self {
            version: 1,
            runs: runs.iter().map(|(folder, _)| folder.clone()).collect(),
            metrics: names.into_iter().flatten().filter_map(spread).collect(),
        }
    }

    /// The text of the file.
    ///
    /// # Errors
    /// If a metric is not finite.
    pub fn to_json(&self) -> Result<String> {
        serde_json::to_string_pretty(self)
            .map_err(|error| Error::data(Self::FILE, format!("cannot be written: {error}")))
    }

    /// Writes `folds.json` to `folder`.
    ///
    /// # Errors
    /// If the disk is full, or the folder cannot be written.
    pub fn write(&self, folder: &Path) -> Result<()> {
        durable::write_file(&folder.join(Self::FILE), (self.to_json()? + "\n").as_bytes())
    }
}

fn by_name<S: Serializer>(metrics: &[Spread], serializer: S) -> std::result::Result<S::Ok, S::Error> {
    serializer.collect_map(metrics.iter().map(|spread| (&spread.metric, spread)))
}

fn mean_and_deviation(values: &[f64]) -> (f64, f64) {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (mean, (squares / (count - 1.0)).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_deviation_is_that_of_a_sample() {
        // statistics.mean and statistics.stdev of Python.
        let (mean, std) = mean_and_deviation(&[0.5, 0.75, 0.875, 0.625]);
        assert!(
            (mean - 0.6875).abs() < 1e-15 && (std - 0.161_374_306_091_975_67).abs() < 1e-15,
            "{mean} {std}"
        );
    }
}
