//! The share of samples whose target class is among the most probable ones.
//!
//! A sample counts if fewer than [`TOP_K`] classes are before its own. Those with a larger logit are, and so are
//! those with an equal logit and a lower index: the order of predictions, so that the value is never below the
//! accuracy. (In a tie, `top_k_accuracy_score` of scikit-learn puts the higher index first.)

/// The number of classes that a sample's own must be among. With no more classes, every sample would count, and
/// nothing is measured.
pub const TOP_K: usize = 5;

/// Counts of the samples of a split.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct TopK {
    samples: u64,
    found: u64,
    /// Whether a logit was NaN, which has no place in an order.
    unordered: bool,
}

impl TopK {
    /// Adds a sample by its `logits`, one for each class.
    pub(super) fn note(&mut self, label: u32, logits: &[f32]) {
        let label = label as usize;
        let own = logits[label];
        let before = |(class, logit): &(usize, &f32)| **logit > own || (**logit == own && *class < label);
        self.samples += 1;
        self.found += u64::from(logits.iter().enumerate().filter(before).count() < TOP_K);
        self.unordered |= logits.iter().any(|logit| logit.is_nan());
    }

    /// The share of the samples; 0 without samples, NaN if a logit was NaN.
    #[must_use]
    pub fn accuracy(&self) -> f64 {
        if self.unordered { f64::NAN } else { self.found as f64 / self.samples.max(1) as f64 }
    }
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "these values are exact")]
mod tests {
    use super::*;
    use crate::metrics::predicted_class;

    fn of(rows: &[(u32, &[f32])]) -> f64 {
        let mut top = TopK::default();
        for (label, row) in rows {
            top.note(*label, row);
        }
        top.accuracy()
    }

    #[test]
    fn the_five_most_probable_classes_count() {
        let row: &[f32] = &[0.5, 6.0, -1.0, 4.0, 3.0, 2.0, 1.0];
        let found = [1, 3, 4, 5, 6, 0, 2].map(|label| of(&[(label, row)]));
        assert_eq!(found, [1.0, 1.0, 1.0, 1.0, 1.0, 0.0, 0.0]);
        assert_eq!(of(&[(1, row), (6, row), (0, row), (2, row)]), 0.5);
        assert_eq!(TopK::default().accuracy(), 0.0);
    }

    #[test]
    fn in_a_tie_the_lower_index_is_first_as_in_predictions() {
        let equal: &[f32] = &[0.25; 8];
        assert_eq!([0, 4, 5, 7].map(|label| of(&[(label, equal)])), [1.0, 1.0, 0.0, 0.0]);
        let row: &[f32] = &[1.0, 0.0, 1.0, 2.0, 0.0, -0.0, 0.0, -1.0];
        assert_eq!(
            [3, 0, 2, 1, 4, 5, 6].map(|label| of(&[(label, row)])),
            [1.0, 1.0, 1.0, 1.0, 1.0, 0.0, 0.0]
        );
        for row in [equal, row] {
            assert_eq!(of(&[(predicted_class(row, 8) as u32, row)]), 1.0);
        }
    }

    #[test]
    fn nan_is_not_hidden() {
        assert!(of(&[(0, &[1.0; 6]), (0, &[1.0, 1.0, 1.0, 1.0, 1.0, f32::NAN])]).is_nan());
    }
}
