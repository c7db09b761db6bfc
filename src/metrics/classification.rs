//! Accuracy, precision, recall and F1 from a confusion matrix, as scikit-learn computes them.
//!
//! For a class with t true positives, p predictions and s samples (its support): precision t / p,
//! recall t / s, F1 2t / (p + s); 0 where the denominator is 0 (`zero_division=0`). The macro averages
//! are plain means over the classes that occur in the truth or in the predictions, which is
//! scikit-learn's default: a class that a split does not contain does not pull the mean down.

use candle_core::Result;
use serde::{Deserialize, Serialize};

/// Counts of predicted classes for each true class.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<Vec<u64>>", into = "Vec<Vec<u64>>")]
pub struct Confusion {
    classes: usize,
    counts: Vec<u64>, // [truth, prediction]
}

/// The scores of a split.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// The share of samples whose class was predicted; 0 without samples.
    pub accuracy: f64,
    /// The mean of the classes' precisions.
    pub precision: f64,
    /// The mean of the classes' recalls.
    pub recall: f64,
    /// The mean of the classes' F1 scores.
    pub f1: f64,
    /// The scores of every class, also of those that do not occur.
    pub per_class: Vec<ClassScores>,
    /// Counts of samples: one row for each true class, one column for each predicted class.
    pub confusion_matrix: Vec<Vec<u64>>,
}

/// The scores of one class.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ClassScores {
    /// The name of the class.
    pub class: String,
    /// The share of its predictions that are right.
    pub precision: f64,
    /// The share of its samples that were found.
    pub recall: f64,
    /// The harmonic mean of precision and recall.
    pub f1: f64,
    /// The number of its samples.
    pub support: u64,
}

/// The class that a sample's logits predict, out of `classes`: that of the largest logit, the first of
/// equals; a single logit for two classes predicts class 1 above 0. A logit that is not a number is no
/// larger than another and none is larger than it.
#[must_use]
pub fn predicted_class(logits: &[f32], classes: usize) -> usize {
    match logits {
        [logit] if classes == 2 => usize::from(*logit > 0.0),
        _ => (1..logits.len()).fold(0, |best, i| if logits[i] > logits[best] { i } else { best }),
    }
}

impl Confusion {
    /// No samples yet, of so many classes.
    #[must_use]
    pub fn new(classes: usize) -> Self {
        Self { classes, counts: vec![0; classes * classes] }
    }

    /// Counts a batch by its logits, row by row `[samples, classes]` or `[samples, 1]` for two classes,
    /// and its labels. The prediction is that of [`predicted_class`].
    ///
    /// # Errors
    /// If the lengths do not fit or a label is out of range; nothing is counted then.
    pub fn add(&mut self, logits: &[f32], labels: &[u32]) -> Result<()> {
        let single = self.classes == 2 && logits.len() == labels.len();
        let outputs = if single { 1 } else { self.classes };
        if labels.len().checked_mul(outputs) != Some(logits.len()) {
            candle_core::bail!(
                "{} logits for {} samples of {} classes",
                logits.len(),
                labels.len(),
                self.classes
            );
        }
        self.check_range(labels)?;
        for (logits, label) in logits.chunks_exact(outputs.max(1)).zip(labels) {
            let predicted = predicted_class(logits, self.classes);
            self.counts[*label as usize * self.classes + predicted] += 1;
        }
        Ok(())
    }

    /// Counts samples by their true and their predicted classes.
    ///
    /// # Errors
    /// If the lists differ in length or a class is out of range; nothing is counted then.
    pub fn count(&mut self, truth: &[u32], predicted: &[u32]) -> Result<()> {
        if truth.len() != predicted.len() {
            candle_core::bail!("{} labels for {} predictions", truth.len(), predicted.len());
        }
        self.check_range(truth)?;
        self.check_range(predicted)?;
        for (truth, predicted) in truth.iter().zip(predicted) {
            self.counts[*truth as usize * self.classes + *predicted as usize] += 1;
        }
        Ok(())
    }

    fn check_range(&self, classes: &[u32]) -> Result<()> {
        match classes.iter().find(|class| **class as usize >= self.classes) {
            Some(class) => candle_core::bail!("class {class} out of {} classes", self.classes),
            None => Ok(()),
        }
    }

    /// Adds the counts of other samples.
    ///
    /// # Errors
    /// If the numbers of classes differ.
    pub fn merge(&mut self, other: &Self) -> Result<()> {
        if self.classes != other.classes {
            candle_core::bail!("cannot add counts of {} classes to {}", other.classes, self.classes);
        }
        for (count, more) in self.counts.iter_mut().zip(&other.counts) {
            *count += more;
        }
        Ok(())
    }

    /// Whether this counts just so many samples of so many classes.
    #[must_use]
    pub fn is_of(&self, classes: usize, samples: u64) -> bool {
        let sum = self.counts.iter().try_fold(0_u64, |sum, &count| sum.checked_add(count));
        (self.classes, sum) == (classes, Some(samples))
    }

    /// The number of samples counted.
    #[must_use]
    pub fn samples(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// The number of samples whose class was predicted.
    #[must_use]
    pub fn correct(&self) -> u64 {
        (0..self.classes).map(|class| self.counts[class * self.classes + class]).sum()
    }

    /// The share of samples whose class was predicted; 0 without samples.
    #[must_use]
    pub fn accuracy(&self) -> f64 {
        ratio(self.correct(), self.samples())
    }

    /// All scores. `names` are those of the classes; one without a name is called by its index.
    #[must_use]
    pub fn report(&self, names: &[String]) -> Report {
        let rows = self.rows();
        let mut predictions = vec![0; self.classes];
        for row in &rows {
            for (sum, count) in predictions.iter_mut().zip(row) {
                *sum += count;
            }
        }
        let per_class: Vec<ClassScores> = (0..self.classes)
            .map(|class| {
                let (right, predicted, support) =
                    (rows[class][class], predictions[class], rows[class].iter().sum());
                ClassScores {
                    class: names.get(class).cloned().unwrap_or_else(|| class.to_string()),
                    precision: ratio(right, predicted),
                    recall: ratio(right, support),
                    f1: ratio(2 * right, predicted + support),
                    support,
                }
            })
            .collect();
        let occurs = |(scores, predicted): &(&ClassScores, &u64)| scores.support > 0 || **predicted > 0;
        let occurring: Vec<_> =
            per_class.iter().zip(&predictions).filter(occurs).map(|pair| pair.0).collect();
        let mean = |score: fn(&ClassScores) -> f64| {
            occurring.iter().map(|scores| score(scores)).sum::<f64>() / occurring.len().max(1) as f64
        };
        Report {
            accuracy: self.accuracy(),
            precision: mean(|scores| scores.precision),
            recall: mean(|scores| scores.recall),
            f1: mean(|scores| scores.f1),
            per_class,
            confusion_matrix: rows,
        }
    }

    fn rows(&self) -> Vec<Vec<u64>> {
        self.counts.chunks_exact(self.classes.max(1)).map(<[u64]>::to_vec).collect()
    }
}

/// 0 for a denominator of 0.
fn ratio(numerator: u64, denominator: u64) -> f64 {
    if denominator == 0 { 0.0 } else { numerator as f64 / denominator as f64 }
}

impl From<Confusion> for Vec<Vec<u64>> {
    fn from(confusion: Confusion) -> Self {
        confusion.rows()
    }
}

impl TryFrom<Vec<Vec<u64>>> for Confusion {
    type Error = String;

    fn try_from(rows: Vec<Vec<u64>>) -> std::result::Result<Self, String> {
        match rows.iter().find(|row| row.len() != rows.len()) {
            Some(row) => Err(format!("a confusion matrix of {} rows has one of {}", rows.len(), row.len())),
            None => Ok(Self { classes: rows.len(), counts: rows.concat() }),
        }
    }
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "these values are exact")]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_a_case_worked_by_hand() -> Result<()> {
        // Class 2 is never predicted, class 3 never occurs and is never predicted.
        let mut confusion = Confusion::new(4);
        confusion.count(&[0, 0, 0, 1, 1, 2], &[0, 0, 1, 1, 0, 1])?;
        let report = confusion.report(&["zero".to_owned()]);
        assert_eq!(report.accuracy, 0.5);
        let row = |class: usize| {
            let scores = &report.per_class[class];
            (scores.class.as_str(), scores.precision, scores.recall, scores.f1, scores.support)
        };
        assert_eq!(row(0), ("zero", 2.0 / 3.0, 2.0 / 3.0, 2.0 / 3.0, 3));
        assert_eq!(row(1), ("1", 1.0 / 3.0, 0.5, 0.4, 2));
        assert_eq!(row(2), ("2", 0.0, 0.0, 0.0, 1));
        assert_eq!(row(3), ("3", 0.0, 0.0, 0.0, 0));
        assert!((report.recall - (2.0 / 3.0 + 0.5) / 3.0).abs() < 1e-15, "class 3 does not count");
        assert_eq!(report.confusion_matrix[0], [2, 1, 0, 0]);
        Ok(())
    }

    #[test]
    fn without_samples_everything_is_0() {
        let report = Confusion::new(2).report(&[]);
        assert_eq!((report.accuracy, report.precision, report.recall, report.f1), (0.0, 0.0, 0.0, 0.0));
    }

    #[test]
    fn logits_predict_the_first_largest_class() -> Result<()> {
        let mut confusion = Confusion::new(3);
        confusion.add(&[0.0, 1.0, 1.0, 3.0, 2.0, -1.0], &[1, 2])?;
        assert_eq!(Vec::from(confusion), [[0, 0, 0], [0, 1, 0], [1, 0, 0]]);
        Ok(())
    }

    #[test]
    fn a_single_logit_predicts_class_1_above_0() -> Result<()> {
        let mut confusion = Confusion::new(2);
        confusion.add(&[0.1, 0.0, -2.0], &[1, 1, 0])?;
        assert_eq!(Vec::from(confusion), [[1, 0], [1, 1]]);
        Ok(())
    }

    #[test]
    fn a_logit_that_is_not_a_number_is_counted_as_candle_would() -> Result<()> {
        let logits = [f32::NAN, 1.0, 2.0, 1.0, f32::NAN, 2.0, 2.0, 1.0, f32::NAN];
        let tensor = candle_core::Tensor::from_slice(&logits, (3, 3), &candle_core::Device::Cpu)?;
        let expected = tensor.argmax(1)?.to_vec1::<u32>()?;
        let predicted = logits.chunks_exact(3).map(|row| predicted_class(row, 3) as u32);
        assert_eq!(predicted.collect::<Vec<_>>(), expected);
        let mut confusion = Confusion::new(3);
        confusion.add(&logits, &[0, 0, 0])?;
        assert_eq!(confusion.samples(), 3);
        let mut confusion = Confusion::new(2);
        confusion.add(&[f32::NAN], &[0])?;
        assert_eq!(confusion.correct(), 1);
        Ok(())
    }

    #[test]
    fn refuses_what_does_not_fit_and_counts_nothing() {
        let mut confusion = Confusion::new(2);
        assert!(confusion.count(&[0, 2], &[0, 0]).is_err());
        assert!(confusion.count(&[0], &[2]).is_err());
        assert!(confusion.count(&[0], &[]).is_err());
        assert!(confusion.add(&[0.0; 4], &[0, 2]).is_err());
        assert!(confusion.add(&[0.0; 3], &[0, 1]).is_err());
        assert!(confusion.add(&[], &[0]).is_err());
        assert!(confusion.merge(&Confusion::new(3)).is_err());
        assert_eq!(confusion.samples(), 0);
    }

    #[test]
    fn merging_and_restoring_count_every_sample_once() -> Result<()> {
        let (truth, predicted) = ([0, 1, 2, 1, 0], [0, 2, 2, 1, 1]);
        let mut whole = Confusion::new(3);
        whole.count(&truth, &predicted)?;
        let mut first = Confusion::new(3);
        first.count(&truth[..2], &predicted[..2])?;
        let saved = serde_json::to_string(&first).expect("plain numbers");
        let mut restored: Confusion = serde_json::from_str(&saved).expect("what was saved");
        let mut second = Confusion::new(3);
        second.count(&truth[2..], &predicted[2..])?;
        restored.merge(&second)?;
        assert_eq!(restored, whole);
        assert_eq!((whole.samples(), whole.correct()), (5, 3));
        assert!(serde_json::from_str::<Confusion>("[[1, 2], [3]]").is_err());
        Ok(())
    }
}
