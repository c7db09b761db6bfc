//! What a network was measured on, and what came of it.

use serde_json::{Value, json};

use crate::data::{Dataset, Prepared};
use crate::error::{Error, Result};
use crate::metrics::Running;

/// Samples to measure on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SplitName {
    /// Those that were trained on.
    Train,
    /// Those that were set aside.
    Validation,
    /// Those of the data set's own test split.
    Test,
}

/// What was measured.
pub struct Evaluation {
    /// On which samples.
    pub split: SplitName,
    /// Loss and metrics.
    pub running: Running,
    /// The names of the classes, by index; empty where numbers are predicted.
    pub classes: Vec<String>,
    /// Whether it was measured on others than those that the network was trained on, though the split is one of
    /// them.
    pub other_data: bool,
    /// How long it took, without reading the samples.
    pub seconds: f64,
}

impl Evaluation {
    /// Everything as JSON, in the order in which `taper eval` writes it: the split, the loss, and the
    /// metrics, also of each class.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let running = &self.running;
        let mut result =
            json!({ "split": self.split.name(), "samples": running.samples(), "loss": running.loss() });
        if let (Value::Object(to), Value::Object(from)) = (&mut result, running.report(&self.classes)) {
            to.extend(from);
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
    let validation = !data.validation_order.is_empty();
    let split = split.unwrap_or(match &data.test {
        Some(_) => SplitName::Test,
        None if validation => SplitName::Validation,
        None => SplitName::Train,
    });
    match (split, &data.test) {
        (SplitName::Train, _) => Ok((split, &data.train, data.train_order.clone())),
        (SplitName::Validation, _) if validation => {
            Ok((split, data.validated(), data.validation_order.clone()))
        }
        (SplitName::Validation, _) => {
            refuse("--split validation: this run set no samples aside (`split.validation`)")
        }
        (SplitName::Test, Some(test)) => Ok((split, test, (0..test.len()).collect())),
        (SplitName::Test, None) => {
            refuse("--split test: this data set has no test samples; use --split validation or train")
        }
    }
}
