//! What a run of an experiment measures, by name.

use super::Experiment;
use crate::error::{Error, Result};
use crate::metrics;

impl Experiment {
    /// The names of what an epoch measures, by which a checkpoint can be the best.
    #[must_use]
    pub fn measured_each_epoch(&self) -> Vec<String> {
        let names = metrics::names(self.loss.member().link().is_some());
        let validation = self.may_validate().then_some("validation");
        let splits = ["train"].into_iter().chain(validation);
        splits.flat_map(|split| names.iter().map(move |name| format!("{split}.{name}"))).collect()
    }

    /// The names of all that a run measures.
    #[must_use]
    pub fn measured(&self) -> Vec<String> {
        let names = metrics::names(self.loss.member().link().is_some());
        let mut measured = self.measured_each_epoch();
        measured.extend(names.iter().map(|name| format!("test.{name}")));
        measured
    }

    /// Whether there may be samples to validate on; some data sets bring them along.
    #[must_use]
    pub fn may_validate(&self) -> bool {
        self.split.validates() || self.data.member().may_validate()
    }

    /// The metric that decides which checkpoint is the best, if one does, in a run that is `validated` or not.
    #[must_use]
    pub fn monitor(&self, validated: bool) -> Option<String> {
        self.checkpoint.monitor.clone().or_else(|| validated.then(|| "validation.loss".to_owned()))
    }

    /// Looks for what the config is about in a run without samples to validate on.
    ///
    /// # Errors
    /// [`Error::Data`] naming the key and the metric that cannot be measured.
    pub fn require_validation(&self) -> Result<()> {
        let gates = self.gate.metrics().map(|metric| ("gate", metric));
        let mut needed = self
            .checkpoint
            .monitor
            .as_deref()
            .map(|metric| ("checkpoint.monitor", metric))
            .into_iter()
            .chain(gates);
        match needed.find(|(_, metric)| metric.starts_with("validation.")) {
            Some((key, metric)) => {
                let message = format!(
                    "no samples to validate on, which `{metric}` (`{key}`) needs; set `split.validation`, such as 0.2"
                );
                Err(Error::data(self.data.name(), message))
            }
            None => Ok(()),
        }
    }
}
