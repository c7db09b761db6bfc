//! How good predicted probabilities are: log loss and calibration error.
//!
//! The log loss is the mean of `-ln p` over the samples, where p is the probability of the target class
//! (`log_loss` of scikit-learn). Unlike the loss of training it has no label smoothing and no class weights.
//! It is computed from logits, so that it does not end where a probability rounds to 0, which scikit-learn
//! replaces by 2⁻⁵².
//!
//! The calibration error is the expected calibration error (Guo et al., 2017, "On Calibration of Modern Neural
//! Networks"): the probabilities of the predicted classes are put into 15 bins of equal width, `((m - 1) / 15,
//! m / 15]`, and the error is `Σ |correct_m - confidence_m| / n` for n samples, where a bin counts
//! `correct_m` correct predictions and the probabilities in it add up to `confidence_m`.
//!
//! All sums are in f64, in the order of the samples.

/// The number of bins.
const BINS: usize = 15;

/// Sums over the samples of a split.
#[derive(Clone, Debug, PartialEq)]
pub struct Probabilities {
    classes: usize,
    samples: u64,
    log_loss: f64,
    bins: [Bin; BINS],
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Bin {
    correct: u64,
    confidence: f64,
}

impl Probabilities {
    /// Sums over no samples.
    pub(super) fn new(classes: usize) -> Self {
        Self { classes, samples: 0, log_loss: 0.0, bins: [Bin::default(); BINS] }
    }

    /// Adds a sample by its `logits`, of which there may be one for two classes, and the class that they
    /// predict.
    pub(super) fn note(&mut self, label: u32, predicted: u32, logits: &[f32]) {
        match logits {
            [logit] if self.classes == 2 => self.note_all(label, predicted, &[0.0, *logit]),
            _ => self.note_all(label, predicted, logits),
        }
    }

    fn note_all(&mut self, label: u32, predicted: u32, logits: &[f32]) {
        let (label, predicted) = (label as usize, predicted as usize);
        let below = |class: usize| f64::from(logits[class]) - f64::from(logits[predicted]);
        // Relative to the largest, so that nothing overflows; `ln_1p` keeps what is small next to it.
        let others: f64 =
            (0..logits.len()).filter(|class| *class != predicted).map(|class| libm::exp(below(class))).sum();
        let confidence = 1.0 / (1.0 + others);
        self.samples += 1;
        self.log_loss += libm::log1p(others) - below(label);
        let bin = &mut self.bins[bin(confidence)];
        bin.correct += u64::from(label == predicted);
        bin.confidence += confidence;
    }

    /// The mean of `-ln p`; 0 without samples.
    #[must_use]
    pub fn log_loss(&self) -> f64 {
        self.log_loss / self.samples.max(1) as f64
    }

    /// The expected calibration error, from 0 to 1; 0 without samples.
    #[must_use]
    pub fn calibration_error(&self) -> f64 {
        let gaps = self.bins.iter().map(|bin| (bin.correct as f64 - bin.confidence).abs());
        gaps.sum::<f64>() / self.samples.max(1) as f64
    }
}

/// The bin of a probability: the number of inner borders below it.
fn bin(probability: f64) -> usize {
    (1..BINS).filter(|border| probability > *border as f64 / BINS as f64).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::predicted_class;

    fn of(classes: usize, rows: &[(u32, &[f32])]) -> Probabilities {
        let mut probabilities = Probabilities::new(classes);
        for (label, row) in rows {
            probabilities.note(*label, predicted_class(row, classes) as u32, row);
        }
        probabilities
    }

    #[test]
    fn agrees_with_a_case_computed_by_hand() {
        // Probabilities 3/4 (right), 3/4 (wrong) and 1/2, of which the first class is predicted (right).
        let three = libm::logf(3.0);
        let found = of(2, &[(1, &[0.0, three]), (0, &[1.0, 1.0 + three]), (0, &[2.0, 2.0])]);
        let log_loss = -(libm::log(0.75) + libm::log(0.25) + libm::log(0.5)) / 3.0;
        assert!((found.log_loss() - log_loss).abs() < 1e-7, "{found:?}");
        let error = ((1.0_f64 - 1.5).abs() + (1.0_f64 - 0.5).abs()) / 3.0;
        assert!((found.calibration_error() - error).abs() < 1e-7, "{found:?}");
    }

    #[test]
    fn one_logit_counts_as_two_logits_of_which_the_first_is_0() {
        let logits = [-3.0, -0.1, 0.0, 0.5, 40.0];
        for label in [0, 1] {
            for logit in logits {
                assert_eq!(of(2, &[(label, &[logit])]), of(2, &[(label, &[0.0, logit])]), "{label} {logit}");
            }
        }
    }

    #[test]
    fn a_probability_on_a_border_belongs_to_the_bin_below() {
        for border in 1..=BINS {
            let probability = border as f64 / BINS as f64;
            assert_eq!(bin(probability), border - 1);
            assert_eq!(bin(probability.next_up()), border.min(BINS - 1));
        }
    }

    #[test]
    fn extreme_logits_have_exact_values() {
        let found = of(3, &[(0, &[-1e30, 1e30, 0.0])]);
        assert_eq!((found.log_loss(), found.calibration_error()), (f64::from(1e30_f32) * 2.0, 1.0));
        let found = of(3, &[(1, &[-1e30, 1e30, 0.0])]);
        assert_eq!((found.log_loss(), found.calibration_error()), (0.0, 0.0));
        let sure = of(2, &[(1, &[0.0, 50.0])]);
        assert!((sure.log_loss() / libm::exp(-50.0) - 1.0).abs() < 1e-12, "not rounded to 0: {sure:?}");
    }

    #[test]
    fn without_samples_both_are_0_and_nan_is_not_hidden() {
        let empty = Probabilities::new(3);
        assert!(empty.log_loss().abs() + empty.calibration_error() < f64::MIN_POSITIVE);
        for row in [[f32::NAN, 0.0, 1.0], [0.0, f32::NAN, 1.0], [f32::NAN; 3]] {
            let found = of(3, &[(2, &[0.0, 1.0, 0.0]), (1, &row)]);
            assert!(found.log_loss().is_nan() && found.calibration_error().is_nan(), "{row:?}: {found:?}");
        }
    }
}
