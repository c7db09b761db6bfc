//! The worst mistakes of a network.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::path::{Path, PathBuf};

use super::{SampleResult, SampleTarget};

/// Keeps the worst of the samples passed to it.
#[derive(Debug)]
pub struct Mistakes {
    most: usize,
    wrong: u64,
    kept: BinaryHeap<Reverse<Mistake>>,
}

/// A sample that was predicted wrongly.
#[derive(Clone, Debug, PartialEq)]
pub struct Mistake {
    /// Its index in the data set, counted from 0.
    pub index: usize,
    /// Its file, if each sample has a file of its own.
    pub file: Option<PathBuf>,
    /// The target and the prediction.
    pub found: Wrong,
    /// The size of the mistake: the probability of the wrong class, or the largest distance of a number.
    pub size: f32,
}

/// The target and the wrong prediction.
#[derive(Clone, Debug, PartialEq)]
pub enum Wrong {
    /// Classes, by index.
    Class {
        /// The target class.
        target: usize,
        /// The predicted class.
        predicted: usize,
    },
    /// Numbers.
    Values {
        /// The target values.
        target: Vec<f32>,
        /// The predicted values.
        predicted: Vec<f32>,
    },
}

impl Mistakes {
    /// Keeps the `most` worst mistakes.
    #[must_use]
    pub fn new(most: usize) -> Self {
        Self { most, wrong: 0, kept: BinaryHeap::new() }
    }

    /// Adds a sample.
    pub fn note(&mut self, sample: &SampleResult<'_>) {
        let prediction = &sample.prediction;
        let (found, size) = match sample.target {
            SampleTarget::Class(target) => {
                let predicted = prediction.class();
                if predicted == target {
                    return;
                }
                let probability = prediction.values.get(predicted).copied().unwrap_or(f32::NAN);
                (Wrong::Class { target, predicted }, probability)
            }
            SampleTarget::Values(target) => {
                let far = target.iter().zip(&prediction.values).map(|(a, b)| (a - b).abs());
                let size =
                    far.fold(0.0, |most: f32, far| if far > most || far.is_nan() { far } else { most });
                if size == 0.0 {
                    return;
                }
                (Wrong::Values { target: target.to_vec(), predicted: prediction.values.clone() }, size)
            }
        };
        self.wrong += 1;
        let file = sample.file.map(Path::to_path_buf);
        self.kept.push(Reverse(Mistake { index: sample.index, file, found, size }));
        if self.kept.len() > self.most {
            self.kept.pop();
        }
    }

    /// The number of wrong samples.
    #[must_use]
    pub fn wrong(&self) -> u64 {
        self.wrong
    }

    /// The mistakes that were kept, the worst first; ties are in the order of the samples.
    #[must_use]
    pub fn worst(self) -> Vec<Mistake> {
        self.kept.into_sorted_vec().into_iter().map(|Reverse(mistake)| mistake).collect()
    }
}

impl Eq for Mistake {}

impl PartialOrd for Mistake {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// The worse mistake is greater.
impl Ord for Mistake {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.size.total_cmp(&other.size).then(other.index.cmp(&self.index))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inference::Prediction;

    fn indices(mistakes: Mistakes) -> Vec<usize> {
        mistakes.worst().iter().map(|mistake| mistake.index).collect()
    }

    #[test]
    fn the_most_confident_wrong_classes_come_first() {
        let mut mistakes = Mistakes::new(3);
        for (index, (target, probability)) in
            [(0, 0.6), (1, 0.9), (1, 0.1), (1, 0.2), (0, 0.9), (1, 0.1)].iter().enumerate()
        {
            let values = vec![1.0 - probability, *probability];
            let prediction = Prediction { logits: values.clone(), values };
            mistakes.note(&SampleResult {
                index,
                file: None,
                target: SampleTarget::Class(*target),
                prediction,
            });
        }
        assert_eq!(mistakes.wrong(), 5);
        assert_eq!(indices(mistakes), [2, 4, 5]);
    }

    #[test]
    fn the_largest_distances_come_first() {
        let mut mistakes = Mistakes::new(2);
        for (index, value) in [1.0, 5.0, 2.0, -3.0].into_iter().enumerate() {
            let prediction = Prediction { logits: vec![value, 0.0], values: vec![value, 0.0] };
            mistakes.note(&SampleResult {
                index,
                file: None,
                target: SampleTarget::Values(&[1.0, 0.0]),
                prediction,
            });
        }
        assert_eq!((mistakes.wrong(), indices(mistakes)), (3, vec![1, 3]));
        assert!(Mistakes::new(0).worst().is_empty());
    }
}
