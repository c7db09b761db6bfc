//! Accuracy, precision, recall, F1 and Matthews correlation from counts per class, as scikit-learn computes them.
//!
//! For a class with t true positives, p predictions and s samples (its support): precision t / p, recall t
//! / s, F1 2t / (p + s); 0 if the denominator is 0 (`zero_division=0`). The macro averages are plain means
//! over the classes that occur among the targets or the predictions, which is scikit-learn's default: a
//! class missing from a split does not lower the mean.
//!
//! The Matthews correlation coefficient of several classes (Gorodkin, 2004) needs no confusion matrix: for n
//! samples, c of them correct, it is `(c n - Σ p_k s_k) / √((n² - Σ p_k²) (n² - Σ s_k²))`
//! (`matthews_corrcoef`).

use candle_core::Result;
use serde::{Deserialize, Serialize};

use super::predicted::check_classes;

/// Three counts per class: enough for all scores, with memory linear in the number of classes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Saved")]
pub struct ClassCounts {
    /// Correctly predicted samples, by class.
    correct: Vec<u64>,
    /// Predictions, by predicted class.
    predicted: Vec<u64>,
    /// Samples, by target class.
    support: Vec<u64>,
}

/// The forms of the counts in checkpoints.
#[derive(Deserialize)]
#[serde(untagged)]
enum Saved {
    Counts {
        correct: Vec<u64>,
        predicted: Vec<u64>,
        support: Vec<u64>,
    },
    /// Until format 1: one row per target class, one column per predicted class.
    Matrix(Vec<Vec<u64>>),
}

/// The scores of a split.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// The share of samples predicted correctly; 0 without samples.
    pub accuracy: f64,
    /// The mean of the precision over the classes.
    pub precision: f64,
    /// The mean of the recall over the classes.
    pub recall: f64,
    /// The mean of the F1 score over the classes.
    pub f1: f64,
    /// The scores of every class, including those that do not occur.
    pub per_class: Vec<ClassScores>,
}

/// The scores of one class.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ClassScores {
    /// The name of the class.
    pub class: String,
    /// The share of its predictions that are correct.
    pub precision: f64,
    /// The share of its samples predicted as this class.
    pub recall: f64,
    /// The harmonic mean of precision and recall.
    pub f1: f64,
    /// The number of its samples.
    pub support: u64,
}

impl ClassCounts {
    /// Counts of no samples.
    #[must_use]
    pub fn new(classes: usize) -> Self {
        let [correct, predicted, support] = [(); 3].map(|()| vec![0; classes]);
        Self { correct, predicted, support }
    }

    /// The number of classes.
    #[must_use]
    pub fn classes(&self) -> usize {
        self.support.len()
    }

    /// Counts samples by target class and predicted class.
    ///
    /// # Errors
    /// If the lists differ in length or a class is out of range; then nothing is counted.
    pub fn count(&mut self, targets: &[u32], predicted: &[u32]) -> Result<()> {
        check_classes(targets, predicted, self.classes())?;
        targets.iter().zip(predicted).for_each(|(target, predicted)| self.note(*target, *predicted));
        Ok(())
    }

    /// Counts a sample whose classes were checked.
    pub(super) fn note(&mut self, target: u32, predicted: u32) {
        self.support[target as usize] += 1;
        self.predicted[predicted as usize] += 1;
        self.correct[target as usize] += u64::from(target == predicted);
    }

    /// Adds the counts of other samples.
    ///
    /// # Errors
    /// If the numbers of classes differ.
    pub fn merge(&mut self, other: &Self) -> Result<()> {
        if self.classes() != other.classes() {
            candle_core::bail!("cannot add counts of {} classes to {}", other.classes(), self.classes());
        }
        let own = [&mut self.correct, &mut self.predicted, &mut self.support];
        for (own, other) in own.into_iter().zip([&other.correct, &other.predicted, &other.support]) {
            own.iter_mut().zip(other).for_each(|(count, more)| *count += more);
        }
        Ok(())
    }

    /// Whether these are the counts of exactly `samples` samples of `classes` classes.
    #[must_use]
    pub fn is_of(&self, classes: usize, samples: u64) -> bool {
        let sum = |counts: &[u64]| counts.iter().try_fold(0_u64, |sum, &count| sum.checked_add(count));
        let possible = |class: usize| self.correct[class] <= self.predicted[class].min(self.support[class]);
        self.classes() == classes
            && [&self.predicted, &self.support].iter().all(|counts| sum(counts) == Some(samples))
            && (0..classes).all(possible)
    }

    /// The number of samples counted.
    #[must_use]
    pub fn samples(&self) -> u64 {
        self.support.iter().sum()
    }

    /// The number of samples predicted correctly.
    #[must_use]
    pub fn correct(&self) -> u64 {
        self.correct.iter().sum()
    }

    /// The share of samples predicted correctly; 0 without samples.
    #[must_use]
    pub fn accuracy(&self) -> f64 {
        ratio(self.correct(), self.samples())
    }

    /// The Matthews correlation coefficient, from -1 to 1: 1 if all predictions are correct, 0 if they are as good
    /// as chance, or if all targets or all predictions are of the same class.
    #[must_use]
    pub fn matthews(&self) -> f64 {
        // Exact: at most the square of the number of samples.
        let product = |a: &[u64], b: &[u64]| {
            a.iter().zip(b).map(|(a, b)| u128::from(*a) * u128::from(*b)).sum::<u128>()
        };
        let (samples, correct) = (u128::from(self.samples()), u128::from(self.correct()));
        let spread = |counts: &[u64]| (samples * samples - product(counts, counts)) as f64;
        let (right, chance) = (correct * samples, product(&self.predicted, &self.support));
        let sign = if right < chance { -1.0 } else { 1.0 };
        let scale = (spread(&self.predicted) * spread(&self.support)).sqrt();
        if scale == 0.0 { 0.0 } else { sign * right.abs_diff(chance) as f64 / scale }
    }

    /// All scores. `names` are the class names; a class without a name is named by its index.
    #[must_use]
    pub fn report(&self, names: &[String]) -> Report {
        let scores = |class: usize| {
            let (correct, predicted, support) =
                (self.correct[class], self.predicted[class], self.support[class]);
            ClassScores {
                class: names.get(class).cloned().unwrap_or_else(|| class.to_string()),
                precision: ratio(correct, predicted),
                recall: ratio(correct, support),
                f1: ratio(2 * correct, predicted + support),
                support,
            }
        };
        let per_class: Vec<ClassScores> = (0..self.classes()).map(scores).collect();
        let occurs = |(scores, predicted): &(&ClassScores, &u64)| scores.support > 0 || **predicted > 0;
        let occurring: Vec<_> =
            per_class.iter().zip(&self.predicted).filter(occurs).map(|pair| pair.0).collect();
        let mean = |score: fn(&ClassScores) -> f64| {
            occurring.iter().map(|scores| score(scores)).sum::<f64>() / occurring.len().max(1) as f64
        };
        Report {
            accuracy: self.accuracy(),
            precision: mean(|scores| scores.precision),
            recall: mean(|scores| scores.recall),
            f1: mean(|scores| scores.f1),
            per_class,
        }
    }
}

/// 0 for a denominator of 0.
fn ratio(numerator: u64, denominator: u64) -> f64 {
    if denominator == 0 { 0.0 } else { numerator as f64 / denominator as f64 }
}

impl TryFrom<Saved> for ClassCounts {
    type Error = String;

    fn try_from(saved: Saved) -> std::result::Result<Self, String> {
        match saved {
            Saved::Counts { correct, predicted, support } => {
                let [a, b, c] = [&correct, &predicted, &support].map(Vec::len);
                if (a, b) == (c, c) {
                    Ok(Self { correct, predicted, support })
                } else {
                    Err(format!("counts of {a}, {b} and {c} classes"))
                }
            }
            Saved::Matrix(rows) => {
                if let Some(row) = rows.iter().find(|row| row.len() != rows.len()) {
                    return Err(format!(
                        "a confusion matrix of {} rows has a row of {}",
                        rows.len(),
                        row.len()
                    ));
                }
                let sum = |counts: &mut dyn Iterator<Item = u64>| counts.fold(0, u64::saturating_add);
                let classes = 0..rows.len();
                Ok(Self {
                    correct: classes.clone().map(|class| rows[class][class]).collect(),
                    predicted: classes.map(|class| sum(&mut rows.iter().map(|row| row[class]))).collect(),
                    support: rows.iter().map(|row| sum(&mut row.iter().copied())).collect(),
                })
            }
        }
    }
}

#[cfg(test)]
mod tests;
