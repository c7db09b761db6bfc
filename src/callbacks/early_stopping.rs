//! Stops a run when its metric no longer improves, as Keras's `EarlyStopping` does.
//!
//! A value is better if it is lower than the best one by more than `min_delta`, or higher for metrics such as accuracy. After
//! `patience` epochs without a better one, the run stops. NaN is never better; in Keras a NaN in the first epoch is never beaten.
//! The weights of the best epoch need not be restored: they are in the best checkpoint, which is tested and used by
//! `eval`, `predict` and `serve`.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::improvement::{Improvement, read};
use super::{Callback, Control};
use crate::config::Problems;
use crate::error::Result;
use crate::events::Epoch;
use crate::metrics;
use crate::position::Position;

/// The name of the callback, and the reason that it gives.
pub const NAME: &str = "early_stopping";

/// `[early_stopping]`: stops the run when a metric no longer improves.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The number of epochs without a better value after which the run stops.
    #[schemars(range(min = 0, max = 1_000_000_000))]
    pub patience: u64,
    /// The metric; by default that of `checkpoint.monitor`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub monitor: Option<String>,
    /// A better value differs from the best one by more than this.
    #[serde(default)]
    #[schemars(range(min = 0))]
    pub min_delta: f64,
    /// A value that must be passed as well before an epoch counts as better.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<f64>,
    /// The number of epochs at the beginning whose values are ignored.
    #[serde(default)]
    #[schemars(range(min = 0, max = 1_000_000_000))]
    pub start_from_epoch: u64,
    /// A value that is good enough: the run stops once it is reached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop_at: Option<f64>,
}

impl Config {
    /// Whether a run with these states of callbacks, in which `metric` is watched, has been stopped.
    #[must_use]
    pub fn has_stopped(&self, states: &BTreeMap<String, Value>, metric: &str) -> bool {
        let saved = states.get(NAME).and_then(|state| read::<State>(state).ok());
        saved.is_some_and(|saved| saved.improvement.metric == metric && self.is_over(&saved))
    }

    fn is_over(&self, State { improvement, last }: &State) -> bool {
        let higher = metrics::higher_is_better(&improvement.metric);
        let is_enough = |(value, goal): (f64, f64)| if higher { value >= goal } else { value <= goal };
        last.zip(self.stop_at).is_some_and(is_enough)
            || (improvement.waited > 0 && improvement.waited >= self.patience)
    }
}

/// The state in a checkpoint.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct State {
    improvement: Improvement,
    /// The value of the last epoch.
    last: Option<f64>,
}

/// The callback.
pub struct EarlyStopping {
    config: Config,
    state: State,
}

impl EarlyStopping {
    /// Watches `metric`.
    #[must_use]
    pub fn new(config: &Config, metric: String) -> Self {
        let improvement = Improvement::of(metric, config.baseline);
        Self { config: config.clone(), state: State { improvement, last: None } }
    }
}

impl Callback for EarlyStopping {
    fn name(&self) -> &'static str {
        NAME
    }

    fn state(&self) -> Option<Value> {
        Some(json!(self.state))
    }

    fn restore(&mut self, state: &Value) -> Result<()> {
        let saved: State = read(state)?;
        if saved.improvement.metric == self.state.improvement.metric {
            self.state = saved;
        }
        Ok(())
    }

    /// A run that was killed after its last epoch, and before its end was logged, has nothing left to do.
    fn start(&mut self, _run: &Path, _position: &Position, control: &mut Control) -> Result<()> {
        if self.config.is_over(&self.state) {
            control.stop(NAME);
        }
        Ok(())
    }

    fn after_epoch(&mut self, epoch: &Epoch, _position: &Position, control: &mut Control) -> Result<()> {
        if epoch.epoch <= self.config.start_from_epoch {
            return Ok(());
        }
        let Self { config, state: State { improvement, last } } = self;
        *last = epoch.metrics.get(&improvement.metric).filter(|value| value.is_finite());
        improvement.take(*last, config.min_delta);
        if self.config.is_over(&self.state) {
            control.stop(NAME);
        }
        Ok(())
    }
}

/// Reports a metric that is not among `measured`, or the lack of one: `default` is that of `checkpoint.monitor`.
pub fn validate_monitor(
    monitor: Option<&str>,
    default: Option<&str>,
    measured: &[String],
    problems: &mut Problems<'_>,
) {
    match (monitor, default) {
        (Some(metric), _) => metrics::check_name(metric, measured, &mut problems.key("monitor")),
        (None, Some(_)) => {}
        (None, None) => problems.report_with_help(
            "no metric to watch: there are no validation samples",
            "set `split.validation`, for example to 0.2, or `monitor` to a metric such as \"train.loss\"",
        ),
    }
}
