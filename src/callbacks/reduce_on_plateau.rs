//! Lowers the learning rate when a metric no longer improves, as Keras's `ReduceLROnPlateau` does.
//!
//! After `patience` epochs without a better value, all following steps take their learning rate, which may follow a schedule,
//! times `factor`; then `cooldown` epochs are not counted. A value is better if it is lower than the best one by more than `min_delta`, or
//! higher for metrics such as accuracy. NaN is never better.
//!
//! PyTorch's `ReduceLROnPlateau` acts one epoch later and takes `min_delta` as a share of the best value; Keras counts the first epoch of
//! the cooldown already.

use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::improvement::{Improvement, read};
use super::{Callback, Control};
use crate::error::{Error, Result};
use crate::events::Epoch;
use crate::position::Position;

/// `[reduce_on_plateau]`: lowers the learning rate when a metric no longer improves.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The factor by which the learning rate is multiplied.
    #[schemars(extend("exclusiveMinimum" = 0, "exclusiveMaximum" = 1))]
    pub factor: f64,
    /// The number of epochs without a better value after which the learning rate is lowered.
    #[schemars(range(min = 0, max = 1_000_000_000))]
    pub patience: u64,
    /// The metric; by default that of `checkpoint.monitor`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub monitor: Option<String>,
    /// A better value differs from the best one by more than this.
    #[schemars(range(min = 0))]
    pub min_delta: f64,
    /// The number of epochs that are not counted after the learning rate was lowered.
    #[schemars(range(min = 0, max = 1_000_000_000))]
    pub cooldown: u64,
    /// The product of all factors does not become smaller than this.
    #[schemars(range(min = 0, max = 1))]
    pub min_factor: f64,
}

impl Default for Config {
    fn default() -> Self {
        Self { factor: 0.1, patience: 10, monitor: None, min_delta: 1e-4, cooldown: 0, min_factor: 0.0 }
    }
}

/// The state in a checkpoint.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct State {
    improvement: Improvement,
    /// The number of epochs that will not be counted.
    cooldown: u64,
    /// The product of all factors so far.
    factor: f64,
}

/// The callback.
pub struct ReduceOnPlateau {
    config: Config,
    state: State,
}

impl ReduceOnPlateau {
    /// Watches `metric`.
    #[must_use]
    pub fn new(config: &Config, metric: String) -> Self {
        let improvement = Improvement::of(metric, None);
        Self { config: config.clone(), state: State { improvement, cooldown: 0, factor: 1.0 } }
    }
}

impl Callback for ReduceOnPlateau {
    fn name(&self) -> &'static str {
        "reduce_on_plateau"
    }

    fn state(&self) -> Option<Value> {
        Some(json!(self.state))
    }

    fn restore(&mut self, state: &Value) -> Result<()> {
        let saved: State = read(state)?;
        if !(saved.factor > 0.0 && saved.factor <= 1.0) {
            return Err(Error::checkpoint("state.json", format!("damaged: a factor of {}", saved.factor)));
        }
        if saved.improvement.metric == self.state.improvement.metric {
            self.state = saved;
        } else {
            // Values of another metric do not count, but the learning rate stays as low as it was.
            self.state.factor = saved.factor;
        }
        Ok(())
    }

    fn start(&mut self, _run: &Path, _position: &Position, control: &mut Control) -> Result<()> {
        control.learning_rate_factor = self.state.factor;
        Ok(())
    }

    fn after_epoch(&mut self, epoch: &Epoch, _position: &Position, control: &mut Control) -> Result<()> {
        let Self { config, state } = self;
        let value = epoch.metrics.get(&state.improvement.metric);
        let is_better = state.improvement.take(value, config.min_delta);
        if state.cooldown > 0 {
            state.cooldown -= 1;
            state.improvement.waited = 0;
        } else if !is_better && state.improvement.waited >= config.patience {
            let before = state.factor;
            // A resumed run may have a minimum above the present factor.
            state.factor = (before * config.factor).max(config.min_factor).min(before);
            state.improvement.waited = 0;
            state.cooldown = config.cooldown;
            if state.factor < before {
                control.learning_rate_factor = state.factor;
                let State { improvement: Improvement { metric, .. }, factor, .. } = state;
                tracing::info!(
                    "{metric} no longer improves: learning rates are now multiplied by {factor:.3e}"
                );
            }
        }
        Ok(())
    }
}
