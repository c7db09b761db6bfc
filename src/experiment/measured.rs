//! The names of the metrics that a run measures.

use super::Experiment;
use crate::data::Target;
use crate::error::{Error, Result};
use crate::layers;
use crate::metrics;

impl Experiment {
    /// The metrics of an epoch, which `checkpoint.monitor` can use.
    #[must_use]
    pub fn measured_each_epoch(&self) -> Vec<String> {
        let names = metrics::names(self.loss.member().link().is_some());
        let mut measured: Vec<String> = names.iter().map(|name| format!("train.{name}")).collect();
        if self.may_validate() {
            measured.extend(self.measured_of("validation"));
        }
        measured
    }

    /// All metrics of a run.
    #[must_use]
    pub fn measured(&self) -> Vec<String> {
        let mut measured = self.measured_each_epoch();
        measured.extend(self.measured_of("test"));
        measured
    }

    /// The metrics of a `split` that is evaluated as a whole.
    fn measured_of(&self, split: &str) -> Vec<String> {
        let names = metrics::names(self.loss.member().link().is_some());
        let more = if self.has_two_classes() { &metrics::OF_TWO_CLASSES[..] } else { &[] };
        let possible = |name: &&&str| match **name {
            "top_k_accuracy" => self.known_classes().is_some_and(|classes| classes > metrics::TOP_K),
            _ => self.loss.member().link().is_some(),
        };
        let more = more.iter().chain(metrics::ON_REQUEST.iter().filter(possible));
        names.iter().chain(more).map(|name| format!("{split}.{name}")).collect()
    }

    /// The metrics of [`ON_REQUEST`](metrics::ON_REQUEST) that the config names for `split`: in `[gate]`, as
    /// `checkpoint.monitor`, or as the `monitor` of another section. A run measures no others, which keeps its table and its log short.
    #[must_use]
    pub fn requested(&self, split: &str) -> Vec<&'static str> {
        let watched = self.watched().filter_map(|(_, monitor)| monitor);
        let named = self.gate.metrics().chain(self.checkpoint.monitor.as_deref()).chain(watched);
        let named: Vec<&str> = named.filter_map(|name| name.strip_prefix(split)?.strip_prefix('.')).collect();
        metrics::ON_REQUEST.into_iter().filter(|name| named.contains(name)).collect()
    }

    /// The number of classes, if the loss is for classes and the data or the layers determine it.
    fn known_classes(&self) -> Option<usize> {
        match self.data.member().facts().target {
            Some(Target::Class { classes }) if self.loss.member().link().is_some() => Some(classes),
            _ => self.classes(),
        }
    }

    /// Whether the loss, the data or the last layer implies two classes.
    fn has_two_classes(&self) -> bool {
        match (&self.loss, self.data.member().facts().target) {
            (loss, _) if loss.member().link().is_none() => false,
            (crate::loss::Config::binary_cross_entropy(_), _) => true,
            (_, Some(target)) => target == Target::Class { classes: 2 },
            (_, None) => {
                let units = |layer: &layers::Config| match layer {
                    layers::Config::dense(dense) => Some(dense.units),
                    _ => None,
                };
                self.model.layers.iter().rev().find_map(units) == Some(2)
            }
        }
    }

    /// Whether there may be validation samples: held out by `[split]`, or part of the data set.
    #[must_use]
    pub fn may_validate(&self) -> bool {
        self.split.validates() || self.data.member().may_validate()
    }

    /// The metric that determines the best checkpoint, if any; `validated` tells whether the run has validation
    /// samples.
    #[must_use]
    pub fn monitor(&self, validated: bool) -> Option<String> {
        self.checkpoint.monitor.clone().or_else(|| validated.then(|| "validation.loss".to_owned()))
    }

    /// The sections whose callbacks watch a metric, and the metric, if it is not that of `checkpoint.monitor`.
    pub(super) fn watched(&self) -> impl Iterator<Item = (&'static str, Option<&str>)> {
        let stopping = self.early_stopping.as_ref().map(|own| ("early_stopping", own.monitor.as_deref()));
        let plateau =
            self.reduce_on_plateau.as_ref().map(|own| ("reduce_on_plateau", own.monitor.as_deref()));
        stopping.into_iter().chain(plateau)
    }

    /// Checks that a run without validation samples does not need any.
    ///
    /// # Errors
    /// [`Error::Data`] with the key and the metric that cannot be measured.
    pub fn require_validation(&self) -> Result<()> {
        let gates = self.gate.metrics().map(|metric| ("gate", metric));
        let default = self.checkpoint.monitor.as_deref().unwrap_or("validation.loss");
        let mut needed = self
            .checkpoint
            .monitor
            .as_deref()
            .map(|metric| ("checkpoint.monitor", metric))
            .into_iter()
            .chain(self.watched().map(|(section, own)| (section, own.unwrap_or(default))))
            .chain(gates);
        match needed.find(|(_, metric)| metric.starts_with("validation.")) {
            Some((key, metric)) => {
                let message = format!(
                    "no validation samples, which `{metric}` in `{key}` requires; set `split.validation`, for example to 0.2"
                );
                Err(Error::data(self.data.name(), message))
            }
            None => Ok(()),
        }
    }
}
