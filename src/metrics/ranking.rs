//! How well two classes are separated at every threshold: the areas under the ROC curve and the
//! precision-recall curve, and the scores at a threshold.
//!
//! Samples are ranked by their logit, or by the second logit minus the first, which has the order of the
//! second class's probability without its rounding. For P samples of the second class and N of the first,
//! the area under the ROC curve is the share of the P N pairs that are ranked correctly, where a tie counts
//! half (`roc_auc_score` of scikit-learn); the area under the precision-recall curve is the average
//! precision `Σ (R_k - R_(k-1)) P_k` over the thresholds from the highest down, where samples with equal
//! scores share one (`average_precision_score`).
//!
//! Both need all samples at once, so they are measured when a whole split is evaluated, never during
//! training.

use serde::Serialize;

use super::classification::ClassCounts;
use super::confusion::Confusion;

/// The scores of all samples of two classes: 16 bytes per sample.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ranking {
    /// The score, and whether the sample is of the second class.
    samples: Vec<(f64, bool)>,
}

/// The areas under both curves.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Areas {
    /// Under the ROC curve. NaN (null in JSON) unless there are samples of both classes.
    pub roc_auc: f64,
    /// Under the precision-recall curve of the second class: its average precision. NaN without samples of
    /// that class.
    pub pr_auc: f64,
}

/// The scores of the second class if it is predicted when its probability exceeds `threshold`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct AtThreshold {
    /// The threshold.
    pub threshold: f64,
    /// The share of the samples predicted as the second class that belong to it.
    pub precision: f64,
    /// The share of the second class's samples that are predicted as such.
    pub recall: f64,
    /// The harmonic mean of both.
    pub f1: f64,
}

impl Ranking {
    /// Adds a sample by its one or two `logits`.
    pub(super) fn note(&mut self, label: u32, logits: &[f32]) {
        self.samples.push((score(logits), label == 1));
    }

    /// Both areas, from counts: bit-identical in any order of the samples.
    #[must_use]
    pub fn areas(&self) -> Areas {
        let mut sorted = self.samples.clone();
        sorted.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
        let positives = sorted.iter().filter(|sample| sample.1).count() as u64;
        let negatives = sorted.len() as u64 - positives;
        let (mut found, mut wrong) = (0_u64, 0_u64); // above the threshold
        let (mut doubled, mut precision) = (0_u128, 0.0);
        for tied in sorted.chunk_by(|a, b| a.0 == b.0) {
            let own = tied.iter().filter(|sample| sample.1).count() as u64;
            let others = tied.len() as u64 - own;
            doubled += u128::from(others) * u128::from(2 * found + own);
            (found, wrong) = (found + own, wrong + others);
            precision += own as f64 * (found as f64 / (found + wrong) as f64);
        }
        let sound = sorted.iter().all(|sample| !sample.0.is_nan());
        let pairs = 2.0 * positives as f64 * negatives as f64;
        Areas {
            roc_auc: if sound && pairs > 0.0 { doubled as f64 / pairs } else { f64::NAN },
            pr_auc: if sound && positives > 0 { precision / positives as f64 } else { f64::NAN },
        }
    }

    /// The counts if the second class is predicted when its probability exceeds `threshold`, which is
    /// between 0 and 1. At 0.5 they are those of the most probable class.
    #[must_use]
    pub fn at(&self, threshold: f64) -> (ClassCounts, Confusion) {
        let least = least_score(threshold);
        let (mut counts, mut confusion) = (ClassCounts::new(2), Confusion::new(2));
        for (score, second) in &self.samples {
            let (label, predicted) = (u32::from(*second), u32::from(*score > least));
            counts.note(label, predicted);
            confusion.note(label, predicted);
        }
        (counts, confusion)
    }

    /// The scores of the second class at nine thresholds from 0.1 to 0.9.
    #[must_use]
    pub fn table(&self) -> Vec<AtThreshold> {
        let row = |tenth: u8| {
            let threshold = f64::from(tenth) / 10.0;
            let second = self.at(threshold).0.report(&[]).per_class.swap_remove(1);
            AtThreshold { threshold, precision: second.precision, recall: second.recall, f1: second.f1 }
        };
        (1..10).map(row).collect()
    }
}

/// Whether the second class is predicted by the one or two `logits` of a sample if its probability must be above
/// `threshold`, which is between 0 and 1: judged by the logits, because probabilities near 0 and 1 are rounded.
#[must_use]
pub fn is_second(logits: &[f32], threshold: f64) -> bool {
    score(logits) > least_score(threshold)
}

/// The score by which samples are ranked: the single logit, or the second minus the first.
fn score(logits: &[f32]) -> f64 {
    match logits {
        [first, second] => f64::from(*second) - f64::from(*first),
        _ => logits.first().copied().map_or(f64::NAN, f64::from),
    }
}

/// The score of a sample whose probability is `threshold`.
fn least_score(threshold: f64) -> f64 {
    libm::log(threshold / (1.0 - threshold))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ranking(scores: &[f32], labels: &[u32]) -> Ranking {
        let mut ranking = Ranking::default();
        scores.iter().zip(labels).for_each(|(score, label)| ranking.note(*label, &[*score]));
        ranking
    }

    /// Sixty scores, and labels of which one in `every` is of the second class.
    fn scattered(shift: f32, every: u16, at: u16) -> (Vec<f32>, Vec<u32>) {
        let score = |i: u16| f32::from(i * 37 % 101) / 16.0 - shift;
        ((0..60).map(score).collect(), (0..60).map(|i| u32::from(i % every == at)).collect())
    }

    #[test]
    fn areas_agree_with_scikit_learn() {
        // roc_auc_score(labels, scores) and average_precision_score(labels, scores) of scikit-learn 1.5.2.
        let (rare, of_rare) = scattered(0.0, 12, 5);
        let cases: [(&[f32], &[u32], f64, f64); 6] = [
            (&[0.1, 0.4, 0.35, 0.8], &[0, 0, 1, 1], 0.75, 0.833_333_333_333_333_3),
            (
                &[1.0, 1.0, 1.0, 2.0, 2.0, 0.0, 0.0, 3.0, -1.0, 2.0],
                &[0, 1, 1, 1, 0, 0, 1, 1, 0, 0],
                0.62,
                0.639_682_539_682_539_6,
            ),
            (&[0.5; 5], &[1, 0, 0, 1, 0], 0.5, 0.4),
            (&[3.0, 2.0, 1.0, 0.0], &[0, 0, 1, 1], 0.0, 0.416_666_666_666_666_6),
            (&[0.0, 1.0, 2.0, 3.0], &[0, 0, 1, 1], 1.0, 1.0),
            (&rare, &of_rare, 0.429_090_909_090_909_1, 0.089_665_132_214_874_3),
        ];
        for (scores, labels, roc_auc, pr_auc) in cases {
            let areas = ranking(scores, labels).areas();
            assert!((areas.roc_auc - roc_auc).abs() < 1e-15, "{scores:?}: {areas:?}");
            assert!((areas.pr_auc - pr_auc).abs() < 1e-15, "{scores:?}: {areas:?}");
            // The order of the samples does not matter, and two logits rank as their difference does.
            let mut two_logits = Ranking::default();
            for (score, label) in scores.iter().zip(labels).rev() {
                two_logits.note(*label, &[3.0, 3.0 + score]);
            }
            let two_logits = two_logits.areas();
            assert!(
                (two_logits.roc_auc - roc_auc).abs() < 1e-15 && (two_logits.pr_auc - pr_auc).abs() < 1e-15
            );
            let reversed = |values: &[f32]| values.iter().rev().copied().collect::<Vec<f32>>();
            let labels: Vec<u32> = labels.iter().rev().copied().collect();
            assert_eq!(ranking(&reversed(scores), &labels).areas(), areas);
        }
    }

    #[test]
    fn thresholds_agree_with_scikit_learn() {
        // precision_score, recall_score and f1_score of labels and 1 / (1 + exp(-score)) > threshold.
        let (scores, labels) = scattered(3.0, 4, 1);
        let table = ranking(&scores, &labels).table();
        for (row, threshold, precision, recall, f1) in [
            (0, 0.1, 0.25, 0.866_666_666_666_666_7, 0.388_059_701_492_537_3),
            (2, 0.3, 0.256_410_256_410_256_4, 0.666_666_666_666_666_6, 0.370_370_370_370_370_35),
            (4, 0.5, 0.258_064_516_129_032_25, 0.533_333_333_333_333_3, 0.347_826_086_956_521_73),
            (8, 0.9, 0.3, 0.2, 0.24),
        ] {
            let found = table[row];
            let pairs = [
                (found.threshold, threshold),
                (found.precision, precision),
                (found.recall, recall),
                (found.f1, f1),
            ];
            assert!(pairs.iter().all(|(found, expected)| (found - expected).abs() < 1e-15), "{found:?}");
        }
    }

    #[test]
    fn areas_that_are_undefined_are_nan() {
        let empty = Ranking::default().areas();
        assert!(empty.roc_auc.is_nan() && empty.pr_auc.is_nan());
        let first = ranking(&[0.1, 0.2], &[0, 0]).areas();
        assert!(first.roc_auc.is_nan() && first.pr_auc.is_nan(), "{first:?}");
        let second = ranking(&[0.1, 0.2], &[1, 1]).areas();
        assert!(second.roc_auc.is_nan() && (second.pr_auc - 1.0).abs() < 1e-15, "{second:?}");
        let odd = ranking(&[0.1, f32::NAN], &[0, 1]).areas();
        assert!(odd.roc_auc.is_nan() && odd.pr_auc.is_nan(), "{odd:?}");
        assert_eq!(ranking(&[0.0, -0.0], &[0, 1]).areas().roc_auc.to_bits(), 0.5_f64.to_bits());
    }
}
