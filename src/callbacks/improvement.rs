//! The best value of a metric so far, and for how many epochs there was no better one.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::{Error, Result};
use crate::metrics;

/// The best value so far.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Improvement {
    /// The metric; values of another one, watched before a run was resumed, do not count.
    pub metric: String,
    best: Option<f64>,
    /// The number of epochs without a better value.
    pub waited: u64,
}

impl Improvement {
    /// No value so far; the first one must be better than `baseline`, if there is one.
    pub fn of(metric: String, baseline: Option<f64>) -> Self {
        Self { metric, best: baseline, waited: 0 }
    }

    /// Takes the value of the next epoch and returns whether it is better than the best one by more than
    /// `min_delta`. A value that is not finite is never better, nor is a missing one.
    pub fn take(&mut self, value: Option<f64>, min_delta: f64) -> bool {
        let value = value.filter(|value| value.is_finite());
        let is_better = |value: f64| match self.best {
            None => true,
            Some(best) if metrics::higher_is_better(&self.metric) => value > best + min_delta,
            Some(best) => value < best - min_delta,
        };
        let better = value.filter(|value| is_better(*value));
        self.best = better.or(self.best);
        self.waited = if better.is_some() { 0 } else { self.waited + 1 };
        better.is_some()
    }
}

/// Reads the state of a callback.
pub fn read<T: serde::de::DeserializeOwned>(state: &Value) -> Result<T> {
    serde_json::from_value(state.clone())
        .map_err(|error| Error::checkpoint("state.json", format!("damaged: {error}")))
}
