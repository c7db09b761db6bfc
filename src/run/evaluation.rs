//! What a network was measured on, and what came of it.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::data::{Dataset, Prepared};
use crate::error::{Error, Result};
use crate::events::{Metrics, Verdict};
use crate::gate;
use crate::inference::Threshold;
use crate::metrics::Running;

/// Samples to measure on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SplitName {
    /// Those that were trained on.
    Train,
    /// Those that were set aside.
    Validation,
    /// Those of the data set's own test split, or those that were set aside for it.
    Test,
}

/// What was measured.
pub struct Evaluation {
    /// On which samples.
    pub split: SplitName,
    /// Loss and metrics.
    pub running: Running,
    /// Above which probability the second of two classes was predicted, where that is not 0.5.
    pub threshold: Option<f64>,
    /// The names of the classes, by index; empty where numbers are predicted.
    pub classes: Vec<String>,
    /// Whether it was measured on others than those that the network was trained on, though the split is one of
    /// them.
    pub other_data: bool,
    /// How long it took, without reading the samples.
    pub seconds: f64,
    /// The checkpoint whose weights were measured.
    pub checkpoint: PathBuf,
    /// The steps that they were trained for, where the checkpoint is more than weights.
    pub step: Option<u64>,
    /// The epochs that they were trained for to the end.
    pub epoch: Option<u64>,
    /// The conditions of `[gate]`.
    pub(super) conditions: gate::Config,
}

impl Evaluation {
    /// The same where the second of two classes is predicted if its probability is above `threshold`.
    ///
    /// # Errors
    /// [`Error::Usage`] if it is not between 0 and 1, or there are not two classes.
    pub fn at_threshold(self, threshold: f64) -> Result<Self> {
        let threshold = Threshold::new(threshold, self.classes.len())?.value();
        let running = self.running.at_threshold(threshold).unwrap_or(self.running);
        Ok(Self { running, threshold: Some(threshold), ..self })
    }

    /// The conditions of `[gate]` about this split, and what came of them.
    #[must_use]
    pub fn gate(&self) -> Vec<Verdict> {
        let mut metrics = Metrics::default();
        metrics.add(self.split.name(), self.running.values());
        let verdicts = self.conditions.judge(|name| metrics.get(name)).into_iter();
        verdicts.filter(|verdict| self.is_about(&verdict.metric)).collect()
    }

    /// The metrics of the other conditions.
    #[must_use]
    pub fn gate_not_measured(&self) -> Vec<&str> {
        self.conditions.metrics().filter(|metric| !self.is_about(metric)).collect()
    }

    fn is_about(&self, metric: &str) -> bool {
        metric.split('.').next() == Some(self.split.name())
    }

    /// Checks that the conditions of `[gate]` about this split hold.
    ///
    /// # Errors
    /// [`Error::Gate`] naming those that do not.
    pub fn check_gate(&self) -> Result<()> {
        gate::require(&self.gate())
    }

    /// Everything as JSON, in the order in which `taper eval` writes it: the checkpoint, the split, the loss, and
    /// the metrics, also of each class.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let running = &self.running;
        let mut result = json!({
            "checkpoint": self.checkpoint.display().to_string(),
            "split": self.split.name(),
            "samples": running.samples(),
            "loss": running.loss(),
        });
        if let Some(threshold) = self.threshold {
            result["threshold"] = json!(threshold);
        }
        if let (Value::Object(to), Value::Object(from)) = (&mut result, running.report(&self.classes)) {
            to.extend(from);
            to.insert("step".to_owned(), json!(self.step));
            to.insert("epoch".to_owned(), json!(self.epoch));
            to.insert("gate".to_owned(), json!(self.gate()));
            to.insert("gate_not_measured".to_owned(), json!(self.gate_not_measured()));
            to.insert("seconds".to_owned(), json!(self.seconds));
        }
        result
    }
}

impl SplitName {
    /// Its name in results.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Validation => "validation",
            Self::Test => "test",
        }
    }
}

/// The samples that `split` names, or the first kind that there is.
pub fn choose(split: Option<SplitName>, data: &Prepared) -> Result<(SplitName, &Dataset, Vec<usize>)> {
    let refuse = |message: &str| Err(Error::Usage(message.to_owned()));
    let (validation, test) = (!data.validation_order.is_empty(), !data.test_order.is_empty());
    let split = split.unwrap_or(match (test, validation) {
        (true, _) => SplitName::Test,
        (false, true) => SplitName::Validation,
        (false, false) => SplitName::Train,
    });
    match split {
        SplitName::Train => Ok((split, &data.train, data.train_order.clone())),
        SplitName::Validation if validation => Ok((split, data.validated(), data.validation_order.clone())),
        SplitName::Validation => {
            refuse("--split validation: this run set no samples aside (`split.validation`)")
        }
        SplitName::Test if test => Ok((split, data.tested(), data.test_order.clone())),
        SplitName::Test => refuse(
            "--split test: this data set has no test samples, and this run set none aside (`split.test`); \
             use --split validation or train",
        ),
    }
}
