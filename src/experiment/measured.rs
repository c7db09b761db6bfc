//! What a run of an experiment measures, by name.

use super::Experiment;
use crate::metrics;

impl Experiment {
    /// The names of what an epoch measures, by which a checkpoint can be the best.
    #[must_use]
    pub fn measured_each_epoch(&self) -> Vec<String> {
        let names = metrics::names(self.loss.member().link().is_some());
        let validation = self.split.validates().then_some("validation");
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

    /// The metric that decides which checkpoint is the best, if one does.
    #[must_use]
    pub fn monitor(&self) -> Option<String> {
        self.checkpoint
            .monitor
            .clone()
            .or_else(|| self.split.validates().then(|| "validation.loss".to_owned()))
    }
}
