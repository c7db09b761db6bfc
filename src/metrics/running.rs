//! Means over the samples so far, in a form that a checkpoint can hold.

use serde::{Deserialize, Serialize};

use super::ON_REQUEST;
use super::classification::ClassCounts;
use super::confusion::Confusion;
use super::predicted::{check_range, predicted_classes};
use super::probabilities::Probabilities;
use super::ranking::Ranking;
use super::regression::Residuals;
use super::top_k::{TOP_K, TopK};
use crate::data::{BatchTargets, Target};
use crate::error::Result;

/// Loss and metrics of the samples added so far. Means are over samples, not over batches.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Running {
    loss_sum: f64,
    samples: u64,
    counts: Counts,
    /// The confusion matrix, if it is reported. Not part of a checkpoint.
    #[serde(skip)]
    confusion: Option<Confusion>,
    /// The scores of two classes, if reported. Not part of a checkpoint.
    #[serde(skip)]
    ranking: Option<Ranking>,
    /// The requested ones of the metrics of [`ON_REQUEST`], in its order. Not part of a checkpoint.
    #[serde(skip)]
    requested: Vec<&'static str>,
    #[serde(skip)]
    probabilities: Option<Probabilities>,
    #[serde(skip)]
    top_k: Option<TopK>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Counts {
    Classes(ClassCounts),
    Values(Residuals),
}

impl Running {
    /// Means of no samples.
    #[must_use]
    pub fn new(target: Target) -> Self {
        let counts = match target {
            Target::Class { classes } => Counts::Classes(ClassCounts::new(classes)),
            Target::Value { width } => Counts::Values(Residuals::new(width)),
        };
        Self {
            loss_sum: 0.0,
            samples: 0,
            counts,
            confusion: None,
            ranking: None,
            requested: Vec::new(),
            probabilities: None,
            top_k: None,
        }
    }

    /// Metrics without samples yet, for a split that is measured as a whole: the [`report`](Self::report) then
    /// also contains the confusion matrix. For two classes, the score of each sample is kept, and the report
    /// contains the areas under the curves and a table of thresholds.
    #[must_use]
    pub fn of_split(target: Target) -> Self {
        let (confusion, ranking) = match target {
            Target::Class { classes: 2 } => (Some(Confusion::new(2)), Some(Ranking::default())),
            Target::Class { classes } => (Some(Confusion::new(classes)), None),
            Target::Value { .. } => (None, None),
        };
        Self { confusion, ranking, ..Self::new(target) }
    }

    /// The same with the metrics of [`ON_REQUEST`] that are among `names` and that the target
    /// has.
    #[must_use]
    pub fn with(self, names: &[&str]) -> Self {
        let Counts::Classes(counts) = &self.counts else { return self };
        let classes = counts.classes();
        let possible = |name: &&str| *name != "top_k_accuracy" || classes > TOP_K;
        let requested: Vec<&str> =
            ON_REQUEST.into_iter().filter(|name| names.contains(name)).filter(possible).collect();
        let any = |names: &[&str]| names.iter().any(|name| requested.contains(name));
        let probabilities = any(&["log_loss", "calibration_error"]).then(|| Probabilities::new(classes));
        let top_k = any(&["top_k_accuracy"]).then(TopK::default);
        Self { requested, probabilities, top_k, ..self }
    }

    /// The metrics of the same samples, where the second class is predicted if its probability exceeds
    /// `threshold`; `None` unless this is [of a whole split](Self::of_split) with two classes.
    #[must_use]
    pub fn at_threshold(&self, threshold: f64) -> Option<Self> {
        let (counts, confusion) = self.ranking.as_ref()?.at(threshold);
        Some(Self { counts: Counts::Classes(counts), confusion: Some(confusion), ..self.clone() })
    }

    /// The same for scaled numbers: errors are reported in the unit of the targets, in which a difference
    /// of 1 is `units[i]`. Without units, and for classes, nothing changes.
    #[must_use]
    pub fn in_units(self, units: &[f64]) -> Self {
        let counts = match self.counts {
            Counts::Values(residuals) => Counts::Values(residuals.in_units(units)),
            Counts::Classes(classes) => Counts::Classes(classes),
        };
        Self { counts, ..self }
    }

    /// Adds a batch: the sum of its losses, its logits (`[samples, outputs]` row by row) and its targets.
    ///
    /// # Errors
    /// If they do not match each other or the kind of target; then nothing is added.
    pub fn add(&mut self, loss_sum: f64, logits: &[f32], targets: BatchTargets<'_>) -> Result<()> {
        match (&mut self.counts, targets) {
            (Counts::Classes(counts), BatchTargets::Classes(labels) | BatchTargets::Mixed { labels, .. }) => {
                check_range(labels, counts.classes())?;
                let predicted = predicted_classes(logits, labels.len(), counts.classes())?;
                let rows = logits.chunks_exact((logits.len() / labels.len().max(1)).max(1));
                for ((label, predicted), row) in labels.iter().zip(predicted).zip(rows) {
                    counts.note(*label, predicted);
                    if let Some(confusion) = &mut self.confusion {
                        confusion.note(*label, predicted);
                    }
                    if let Some(ranking) = &mut self.ranking {
                        ranking.note(*label, row);
                    }
                    if let Some(probabilities) = &mut self.probabilities {
                        probabilities.note(*label, predicted, row);
                    }
                    if let Some(top_k) = &mut self.top_k {
                        top_k.note(*label, row);
                    }
                }
            }
            (Counts::Values(residuals), BatchTargets::Values { values, .. }) => {
                residuals.add(logits, values)?;
            }
            (Counts::Classes(_), BatchTargets::Values { .. }) => {
                return Err(candle_core::Error::msg("numeric targets for metrics of classes").into());
            }
            (Counts::Values(_), BatchTargets::Classes(_) | BatchTargets::Mixed { .. }) => {
                return Err(candle_core::Error::msg("class targets for metrics of numbers").into());
            }
        }
        self.loss_sum += loss_sum;
        self.samples += targets.samples() as u64;
        Ok(())
    }

    /// The number of samples added.
    #[must_use]
    pub fn samples(&self) -> u64 {
        self.samples
    }

    /// Whether this counts exactly `samples` samples of `target`.
    #[must_use]
    pub fn is_of(&self, target: Target, samples: u64) -> bool {
        let counted = match (&self.counts, target) {
            (Counts::Classes(counts), Target::Class { classes }) => counts.is_of(classes, samples),
            (Counts::Values(residuals), Target::Value { width }) => residuals.is_of(width, samples),
            _ => false,
        };
        counted && self.samples == samples && self.loss_sum.is_finite()
    }

    /// The mean loss; 0 before the first sample.
    #[must_use]
    pub fn loss(&self) -> f64 {
        if self.samples == 0 { 0.0 } else { self.loss_sum / self.samples as f64 }
    }

    /// The share of correct predictions, for classes.
    #[must_use]
    pub fn accuracy(&self) -> Option<f64> {
        match &self.counts {
            Counts::Classes(counts) => Some(counts.accuracy()),
            Counts::Values(_) => None,
        }
    }

    /// The loss and the metrics by name, as listed by [`names`](super::names), and for a whole split of two
    /// classes those of [`OF_TWO_CLASSES`](super::OF_TWO_CLASSES), then the [requested](Self::with) ones.
    #[must_use]
    pub fn values(&self) -> Vec<(&'static str, f64)> {
        let mut values = vec![("loss", self.loss())];
        match &self.counts {
            Counts::Classes(counts) => {
                let report = counts.report(&[]);
                values.extend([
                    ("accuracy", report.accuracy),
                    ("precision", report.precision),
                    ("recall", report.recall),
                    ("f1", report.f1),
                ]);
                if let Some(areas) = self.ranking.as_ref().map(Ranking::areas) {
                    values.extend([("roc_auc", areas.roc_auc), ("pr_auc", areas.pr_auc)]);
                }
                values.extend(self.requested(counts));
            }
            Counts::Values(residuals) => {
                let report = residuals.report();
                values.extend([("mae", report.mae), ("rmse", report.rmse), ("r2", report.r2)]);
            }
        }
        values
    }

    fn requested(&self, counts: &ClassCounts) -> impl Iterator<Item = (&'static str, f64)> {
        self.requested.iter().filter_map(|name| {
            let value = match *name {
                "top_k_accuracy" => self.top_k.as_ref()?.accuracy(),
                "log_loss" => self.probabilities.as_ref()?.log_loss(),
                "matthews" => counts.matthews(),
                "calibration_error" => self.probabilities.as_ref()?.calibration_error(),
                _ => return None,
            };
            Some((*name, value))
        })
    }

    /// All metrics except the loss, with tables per class, for `taper eval`. `names` are the class names.
    /// The matrix of more than [`MAX_CLASSES`](super::MAX_CLASSES) classes is left out.
    #[must_use]
    pub fn report(&self, names: &[String]) -> serde_json::Value {
        match &self.counts {
            Counts::Classes(counts) => {
                let mut report = serde_json::json!(counts.report(names));
                for (name, value) in self.requested(counts) {
                    report[name] = serde_json::json!(value);
                }
                if let Some(ranking) = &self.ranking {
                    let areas = ranking.areas();
                    report["roc_auc"] = serde_json::json!(areas.roc_auc);
                    report["pr_auc"] = serde_json::json!(areas.pr_auc);
                    report["thresholds"] = serde_json::json!(ranking.table());
                }
                if let Some(matrix) = self.confusion.as_ref().and_then(Confusion::matrix) {
                    report["confusion_matrix"] = serde_json::json!(matrix);
                }
                report
            }
            Counts::Values(residuals) => serde_json::json!(residuals.report()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_that_does_not_match_adds_nothing() {
        let mut running = Running::new(Target::Class { classes: 3 });
        let values = BatchTargets::Values { values: &[1.0], width: 1 };
        assert!(running.add(1.0, &[0.0; 3], values).is_err());
        assert!(running.add(1.0, &[0.0; 3], BatchTargets::Classes(&[3])).is_err());
        assert!(running.add(1.0, &[0.0; 4], BatchTargets::Classes(&[2])).is_err());
        assert_eq!(running, Running::new(Target::Class { classes: 3 }));
        let mut running = Running::new(Target::Value { width: 2 });
        assert!(running.add(1.0, &[0.0; 2], BatchTargets::Classes(&[0])).is_err());
        assert!(running.add(1.0, &[0.0; 1], values).is_err());
        assert_eq!(running, Running::new(Target::Value { width: 2 }));
    }

    #[test]
    fn means_are_over_samples() -> Result<()> {
        let mut running = Running::new(Target::Class { classes: 2 });
        running.add(3.0, &[1.0, 0.0, 0.0, 1.0, 0.0, 1.0], BatchTargets::Classes(&[0, 1, 0]))?;
        running.add(5.0, &[1.0, 0.0], BatchTargets::Classes(&[0]))?;
        assert_eq!((running.samples(), running.loss(), running.accuracy()), (4, 2.0, Some(0.75)));
        Ok(())
    }

    #[test]
    fn requested_metrics_follow_the_others_and_are_not_in_checkpoints() -> Result<()> {
        let named = |running: &Running| running.values().iter().map(|(name, _)| *name).collect::<Vec<_>>();
        for (classes, all) in [(2, 3), (TOP_K, 3), (TOP_K + 1, 4)] {
            let target = Target::Class { classes };
            let plain = Running::of_split(target);
            let mut running = Running::of_split(target).with(&ON_REQUEST);
            let names = named(&running);
            assert_eq!(names[names.len() - all..], ON_REQUEST[ON_REQUEST.len() - all..]);
            assert_eq!(names[..names.len() - all], named(&plain));
            let report = running.report(&[]);
            assert!(names[names.len() - all..].iter().all(|name| report[*name].is_f64()), "{report}");
            let some = Running::of_split(target).with(&["matthews", "train.loss"]);
            assert_eq!(named(&some).last(), Some(&"matthews"));
            running.add(0.5, &vec![0.5; classes], BatchTargets::Classes(&[1]))?;
            let saved = serde_json::to_string(&running).expect("finite numbers");
            let mut whole = Running::new(target);
            whole.add(0.5, &vec![0.5; classes], BatchTargets::Classes(&[1]))?;
            assert_eq!(saved, serde_json::to_string(&whole).expect("finite numbers"));
        }
        let values = Running::of_split(Target::Value { width: 1 }).with(&ON_REQUEST);
        assert_eq!(named(&values), crate::metrics::names(false));
        Ok(())
    }
}
