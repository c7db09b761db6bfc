//! Marks the checkpoint of the epoch with the best monitored metric.

use serde_json::{Value, json};

use super::improvement::read;
use super::{Callback, Control};
use crate::checkpoint::BEST;
use crate::error::Result;
use crate::events::{BestEpoch, Metrics};
use crate::metrics;
use crate::position::Position;

/// The callback.
pub struct Best {
    /// The monitored metric, if any.
    monitor: Option<String>,
    best: Option<BestEpoch>,
}

impl Best {
    /// A callback that has not seen a best value yet.
    pub fn new(monitor: Option<String>) -> Self {
        Self { monitor, best: None }
    }

    /// Whether `value` is better than the best so far. The best value of another metric, monitored before the
    /// run was resumed, is ignored.
    fn is_better(&self, metric: &str, value: f64) -> bool {
        let rival = self.best.as_ref().filter(|best| best.metric == metric);
        value.is_finite()
            && rival.is_none_or(|best| {
                if metrics::higher_is_better(metric) { value > best.value } else { value < best.value }
            })
    }
}

impl Callback for Best {
    fn name(&self) -> &'static str {
        BEST
    }

    fn state(&self) -> Option<Value> {
        self.best.as_ref().map(|best| json!(best))
    }

    fn restore(&mut self, state: &Value) -> Result<()> {
        self.best = Some(read(state)?);
        Ok(())
    }

    fn before_save(&mut self, position: &Position, last: &Metrics, control: &mut Control) -> Result<()> {
        let Some(metric) = self.monitor.clone().filter(|_| position.is_between_epochs()) else {
            return Ok(());
        };
        let Some(value) = last.get(&metric).filter(|value| self.is_better(&metric, *value)) else {
            return Ok(());
        };
        tracing::info!("epoch {} is the best so far: {metric} {value:.4}", position.epoch);
        self.best = Some(BestEpoch { metric, value, step: position.step, epoch: position.epoch });
        control.best.clone_from(&self.best);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The step and the value of the best epoch, if the epochs end with these `values`.
    fn best(monitor: &str, values: &[(&str, f64)], before: Option<&BestEpoch>) -> Option<(u64, f64)> {
        let mut best = Best::new(Some(monitor.to_owned()));
        if let Some(before) = before {
            best.restore(&json!(before)).expect("a state");
        }
        let mut control = Control::default();
        for (step, (name, value)) in values.iter().enumerate() {
            let position = Position { step: step as u64, ..Position::default() };
            let last = Metrics(vec![((*name).to_owned(), *value)]);
            best.before_save(&position, &last, &mut control).expect("it cannot fail");
        }
        control.best.map(|best| (best.step, best.value))
    }

    #[test]
    fn losses_fall_and_accuracies_rise() {
        let name = "validation.loss";
        assert_eq!(best(name, &[(name, 2.0), (name, 1.0), (name, 1.5)], None), Some((1, 1.0)));
        let name = "validation.accuracy";
        assert_eq!(best(name, &[(name, 0.2), (name, 0.5), (name, 0.5)], None), Some((1, 0.5)));
        assert_eq!(best(name, &[(name, f64::NAN), ("train.loss", 1.0)], None), None);
    }

    #[test]
    fn the_best_value_of_another_metric_does_not_count() {
        let before = BestEpoch { metric: "train.loss".to_owned(), value: 2.0, step: 9, epoch: 3 };
        let name = "train.accuracy";
        assert_eq!(best(name, &[(name, 0.5)], Some(&before)), Some((0, 0.5)));
        assert_eq!(best("train.loss", &[("train.loss", 2.5)], Some(&before)), None);
    }
}
