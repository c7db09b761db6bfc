//! Means over the samples seen so far, in a form that a checkpoint can hold.

use candle_core::Tensor;
use serde::{Deserialize, Serialize};

use super::classification::Confusion;
use super::regression::Residuals;
use crate::data::Target;
use crate::error::Result;

/// Loss and metrics of the samples added so far. Means are over samples, not over batches.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Running {
    loss_sum: f64,
    samples: u64,
    counts: Counts,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Counts {
    Classes(Confusion),
    Values(Residuals),
}

impl Running {
    /// Nothing seen yet.
    #[must_use]
    pub fn new(target: Target) -> Self {
        let counts = match target {
            Target::Class { classes } => Counts::Classes(Confusion::new(classes)),
            Target::Value { width } => Counts::Values(Residuals::new(width)),
        };
        Self { loss_sum: 0.0, samples: 0, counts }
    }

    /// Adds a batch: the sum of its losses, `logits` of `[batch, outputs]`, and its targets.
    ///
    /// # Errors
    /// If a tensor cannot be read.
    pub fn add(&mut self, loss_sum: f64, logits: &Tensor, targets: &Tensor) -> Result<()> {
        self.loss_sum += loss_sum;
        self.samples += logits.dim(0)? as u64;
        match &mut self.counts {
            Counts::Classes(confusion) => confusion.add(logits, targets)?,
            Counts::Values(residuals) => residuals.add(logits, targets)?,
        }
        Ok(())
    }

    /// How many samples were added.
    #[must_use]
    pub fn samples(&self) -> u64 {
        self.samples
    }

    /// The mean loss; 0 before the first sample.
    #[must_use]
    pub fn loss(&self) -> f64 {
        if self.samples == 0 { 0.0 } else { self.loss_sum / self.samples as f64 }
    }

    /// The share of right classes, where classes are predicted.
    #[must_use]
    pub fn accuracy(&self) -> Option<f64> {
        match &self.counts {
            Counts::Classes(confusion) => Some(confusion.accuracy()),
            Counts::Values(_) => None,
        }
    }

    /// The loss and the metrics by name, as [`names`](super::names) lists them.
    #[must_use]
    pub fn values(&self) -> Vec<(&'static str, f64)> {
        let mut values = vec![("loss", self.loss())];
        match &self.counts {
            Counts::Classes(confusion) => {
                let report = confusion.report(&[]);
                values.extend([
                    ("accuracy", report.accuracy),
                    ("precision", report.precision),
                    ("recall", report.recall),
                    ("f1", report.f1),
                ]);
            }
            Counts::Values(residuals) => {
                let report = residuals.report();
                values.extend([("mae", report.mae), ("rmse", report.rmse), ("r2", report.r2)]);
            }
        }
        values
    }

    /// All that was measured besides the loss, with tables per class, for `taper eval`. `names` are
    /// those of the classes.
    #[must_use]
    pub fn report(&self, names: &[String]) -> serde_json::Value {
        match &self.counts {
            Counts::Classes(confusion) => serde_json::json!(confusion.report(names)),
            Counts::Values(residuals) => serde_json::json!(residuals.report()),
        }
    }
}
