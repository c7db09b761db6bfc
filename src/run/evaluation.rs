//! The result of an evaluation.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::data::{Dataset, Prepared};
use crate::error::{Error, Result};
use crate::events::{Metrics, Verdict};
use crate::gate;
use crate::inference::Threshold;
use crate::metrics::Running;

/// The samples to evaluate on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SplitName {
    /// The training samples.
    Train,
    /// The validation samples.
    Validation,
    /// The test samples, from the data set's own test split or held out for it.
    Test,
}

/// The result of an evaluation.
pub struct Evaluation {
    /// The evaluated split.
    pub split: SplitName,
    /// Loss and metrics.
    pub running: Running,
    /// The probability above which the second of two classes was predicted, if not 0.5.
    pub threshold: Option<f64>,
    /// The names of the classes, by index; empty if numbers are predicted.
    pub classes: Vec<String>,
    /// Whether the samples differ from those of training, although the split is a training split.
    pub other_data: bool,
    /// The duration without reading samples, in seconds.
    pub seconds: f64,
    /// The checkpoint with the evaluated weights.
    pub checkpoint: PathBuf,
    /// The number of steps that they were trained for, unless the checkpoint is a lone weights file.
    pub step: Option<u64>,
    /// The number of complete epochs that they were trained for.
    pub epoch: Option<u64>,
    /// The conditions of `[gate]`.
    pub(super) conditions: gate::Config,
}

impl Evaluation {
    /// The evaluation with the second of two classes predicted where its probability is above `threshold`.
    ///
    /// # Errors
    /// [`Error::Usage`] if `threshold` is not between 0 and 1, or there are not two classes.
    pub fn at_threshold(self, threshold: f64) -> Result<Self> {
        let threshold = Threshold::new(threshold, self.classes.len())?.value();
        let running = self.running.at_threshold(threshold).unwrap_or(self.running);
        Ok(Self { running, threshold: Some(threshold), ..self })
    }

    /// The conditions of `[gate]` about this split, with their results.
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

    /// The results as JSON, in the order in which `taper eval` writes them: checkpoint, split, loss, and
    /// metrics, also per class.
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

/// The samples of `split`; by default the test samples, else the validation samples, else the training
/// samples.
pub fn choose(split: Option<SplitName>, data: &Prepared) -> Result<(SplitName, &Dataset, Vec<usize>)> {
    let refuse = |message: &str| Err(Error::Usage(message.to_owned()));
    let (validation, test) = (!data.validation_indices.is_empty(), !data.test_indices.is_empty());
    let split = split.unwrap_or(match (test, validation) {
        (true, _) => SplitName::Test,
        (false, true) => SplitName::Validation,
        (false, false) => SplitName::Train,
    });
    match split {
        SplitName::Train => Ok((split, &data.train, data.train_indices.clone())),
        SplitName::Validation if validation => Ok((split, data.validated(), data.validation_indices.clone())),
        SplitName::Validation => {
            refuse("--split validation: this run has no validation samples (`split.validation`)")
        }
        SplitName::Test if test => Ok((split, data.tested(), data.test_indices.clone())),
        SplitName::Test => refuse(
            "--split test: this run has no test samples (`split.test`); \
             use --split validation or train",
        ),
    }
}
