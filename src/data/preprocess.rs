//! `[preprocess]`: how the values of samples become the network's input.

use serde::{Deserialize, Serialize};

use super::{Dataset, Features};
use crate::config::Problems;

/// `[preprocess]`: what is done to every sample, in training, evaluation and prediction alike.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Shift and scale of each channel or feature, after pixels were scaled to [0, 1]: given as `mean` and
    /// `std`, or `"standardize"`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub normalize: Option<Normalization>,
}

/// Where the mean and the standard deviation come from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(untagged)]
pub enum Normalization {
    /// They are measured on the training samples, and kept in the checkpoint.
    Measured(Measured),
    /// They are given.
    Given(Normalize),
}

/// The word for a mean and a standard deviation that are measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Measured {
    /// Those of the training samples.
    Standardize,
}

/// Shifts and scales each channel: `(x - mean) / std`, where pixels are first scaled to [0, 1].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Normalize {
    /// The mean to subtract: one number for each channel (or feature), or one for all.
    pub mean: Vec<f64>,
    /// The standard deviation to divide by: as many numbers as `mean`, each above 0.
    pub std: Vec<f64>,
}

impl Config {
    /// Reports lists of the wrong length and divisors that are not positive.
    /// `channels` is the length of the first dimension of a sample, where it is known.
    pub fn validate(&self, channels: Option<usize>, problems: &mut Problems<'_>) {
        if let Some(Normalization::Given(normalize)) = &self.normalize {
            normalize.validate(&mut problems.key("normalize"), channels);
        }
    }

    /// The mean and the standard deviation to use: those that are given, or those of the samples
    /// `training` of `dataset`.
    #[must_use]
    pub fn resolve(&self, dataset: &Dataset, training: &[usize]) -> Option<Normalize> {
        self.normalize.as_ref().map(|normalize| match normalize {
            Normalization::Measured(Measured::Standardize) => Normalize::measure(dataset, training),
            Normalization::Given(normalize) => normalize.clone(),
        })
    }
}

impl Normalize {
    /// The mean and the standard deviation of each channel or feature over the samples `training` of
    /// `dataset`, pixels scaled to [0, 1]; the sums are made in the order of `training`.
    ///
    /// It is the deviation of the samples themselves (divided by their number), as of scikit-learn's
    /// `StandardScaler`; 1 stands for that of a feature that never changes, as there.
    #[must_use]
    pub fn measure(dataset: &Dataset, training: &[usize]) -> Self {
        let channels = dataset.sample_shape.0.first().copied().unwrap_or(1).max(1);
        let size = dataset.sample_shape.elements().unwrap_or(0);
        let run = (size / channels).max(1);
        let count = (training.len() * run).max(1) as f64;
        let sum = |of: &dyn Fn(usize, f64) -> f64| -> Vec<f64> {
            let mut sums = vec![0.0; channels];
            for &sample in training {
                for (channel, sum) in sums.iter_mut().enumerate() {
                    let first = sample * size + channel * run;
                    match &dataset.features {
                        Features::Bytes(bytes) => {
                            for &byte in &bytes[first..first + run] {
                                *sum += of(channel, f64::from(byte) / 255.0);
                            }
                        }
                        Features::Floats(floats) => {
                            for &value in &floats[first..first + run] {
                                *sum += of(channel, f64::from(value));
                            }
                        }
                    }
                }
            }
            sums.into_iter().map(|sum| sum / count).collect()
        };
        let mean = sum(&|_, value| value);
        let variance = sum(&|channel, value| (value - mean[channel]).powi(2));
        let std = variance.into_iter().map(f64::sqrt).map(|std| if std > 0.0 { std } else { 1.0 }).collect();
        Self { mean, std }
    }

    /// Reports lists of the wrong length and divisors that are not positive.
    /// `channels` is the length of the first dimension of a sample, where it is known.
    pub fn validate(&self, problems: &mut Problems<'_>, channels: Option<usize>) {
        if self.mean.len() != self.std.len() {
            problems.key("std").report(format!(
                "`mean` has {} numbers and `std` has {}; they must match",
                self.mean.len(),
                self.std.len()
            ));
        }
        if let Some(channels) = channels
            && self.mean.len() != 1
            && self.mean.len() != channels
        {
            problems.key("mean").report(format!(
                "{} numbers for {channels} channels; give {channels}, or 1 for all",
                self.mean.len()
            ));
        }
        for (i, &std) in self.std.iter().enumerate() {
            if std <= 0.0 {
                problems.key("std").index(i).report("must be above 0");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Targets;

    fn dataset(sample_shape: Vec<usize>, features: Features) -> Dataset {
        let targets = Targets::Values { values: vec![0.0; 3], width: 1 };
        Dataset { sample_shape: crate::shape::Shape(sample_shape), features, targets }
    }

    #[test]
    fn features_are_standardized_as_scikit_learn_does() {
        // StandardScaler().fit([[1, 7], [2, 7], [6, 7]]): mean_ 3 and 7, scale_ 2.160246899469287 and 1.
        let floats = Features::Floats(vec![1.0, 7.0, 2.0, 7.0, 6.0, 7.0]);
        let measured = Normalize::measure(&dataset(vec![2], floats), &[0, 1, 2]);
        assert_eq!(measured.mean, [3.0, 7.0]);
        assert!((measured.std[0] - 2.160_246_899_469_287).abs() < 1e-15);
        assert!((measured.std[1] - 1.0).abs() < f64::EPSILON);
    }

    #[test]
    fn only_training_samples_are_measured_and_each_channel_by_itself() {
        let bytes = Features::Bytes(vec![0, 255, 51, 51, 255, 0, 102, 102, 9, 9, 9, 9]);
        let measured = Normalize::measure(&dataset(vec![2, 1, 2], bytes), &[0, 1]);
        for (value, expected) in measured.mean.iter().chain(&measured.std).zip([0.5, 0.3, 0.5, 0.1]) {
            assert!((value - expected).abs() < 1e-15, "{measured:?}");
        }
    }
}
