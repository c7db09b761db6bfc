//! The prediction for one sample.

use super::link;
use crate::data::Scaling;
use crate::loss::Loss;
use crate::metrics::predicted_class;

/// A network's prediction for one sample.
#[derive(Clone, Debug, PartialEq)]
pub struct Prediction {
    /// The network's outputs before the loss's own function.
    pub logits: Vec<f32>,
    /// The probability of each class, or the predicted numbers in the unit of the targets.
    pub values: Vec<f32>,
}

impl Prediction {
    /// The prediction from the `logits` of a sample, for a network trained with `loss`.
    pub(super) fn of(loss: &dyn Loss, logits: &[f32], scaling: &Scaling) -> Self {
        let values = match loss.link() {
            Some(function) => link::probabilities(function, logits),
            None => scaling.predicted(logits),
        };
        Self { logits: logits.to_vec(), values }
    }

    /// The most probable class, in a tie the first one, as in the metrics: compared by the logits, because
    /// probabilities near 1 round to the same number.
    #[must_use]
    pub fn class(&self) -> usize {
        predicted_class(&self.logits, self.values.len())
    }

    /// The `most` most probable classes, starting with [`class`](Self::class); ties are in the order of the
    /// classes.
    #[must_use]
    pub fn top(&self, most: usize) -> Vec<usize> {
        let first = self.class();
        let mut others: Vec<usize> = (0..self.values.len()).filter(|class| *class != first).collect();
        others.sort_by(|&a, &b| self.values[b].total_cmp(&self.values[a]));
        std::iter::once(first).chain(others).take(most).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class(logits: &[f32]) -> usize {
        Prediction { logits: logits.to_vec(), values: vec![0.5; logits.len().max(2)] }.class()
    }

    #[test]
    fn the_class_is_the_first_of_the_largest_logits() {
        assert_eq!(class(&[1.0, 40.0, 41.0, 41.0]), 2);
        assert_eq!(class(&[3.0, 3.0]), 0);
        assert_eq!((class(&[0.0]), class(&[0.1])), (0, 1));
    }

    #[test]
    fn the_top_classes_start_with_the_class_of_the_largest_logit() {
        let of = |values: &[f32]| Prediction { logits: vec![1.0, 3.0, 2.0, 2.0], values: values.to_vec() };
        assert_eq!(of(&[0.1, 0.5, 0.2, 0.2]).top(3), [1, 2, 3]);
        // Both are rounded to 1, but the logits differ.
        assert_eq!(of(&[1.0, 1.0, 0.0, 0.0]).top(2), [1, 0]);
        assert_eq!(of(&[0.1, 0.5, 0.2, 0.2]).top(9).len(), 4);
        assert_eq!(of(&[0.1, 0.5, 0.2, 0.2]).top(0), [0_usize; 0]);
    }
}
