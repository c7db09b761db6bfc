//! `[preprocess]`: converts sample values to the network's input.

use serde::{Deserialize, Serialize};

use super::{Dataset, Features, Loading, Targets};
use crate::config::Problems;
use crate::error::Result;

/// `[preprocess]`: transformations of every sample, in training, evaluation and prediction alike.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Shift and scale of each channel or feature, applied after pixels are scaled to [0, 1]: `mean` and
    /// `std`, or `"standardize"`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub normalize: Option<Normalization>,
    /// `"standardize"` trains the network on standardized numbers to predict: their distance from the mean of
    /// the training samples, in standard deviations (one for each number), so that one learning rate suits
    /// targets of any size. Predictions, `mae`, `rmse` and `r2` remain in the unit of the targets; `loss` is
    /// that of the standardized targets, which training minimizes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub targets: Option<Measured>,
}

/// The mean and the standard deviation to normalize with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(untagged)]
pub enum Normalization {
    /// They are measured on the training samples and saved in the checkpoint.
    Measured(Measured),
    /// They are given in the config.
    Given(Normalize),
}

/// The keyword for a measured mean and standard deviation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Measured {
    /// Use those of the training samples.
    Standardize,
}

/// Shifts and scales each channel: `(x - mean) / std`, after pixels are scaled to [0, 1].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Normalize {
    /// The mean to subtract: one number per channel (or feature), or one for all.
    pub mean: Vec<f64>,
    /// The standard deviation to divide by: as many numbers as `mean`, each greater than 0.
    pub std: Vec<f64>,
}

impl Config {
    /// Reports lists of the wrong length and non-positive divisors. `channels` is the size of a sample's
    /// first dimension, if known.
    pub fn validate(&self, channels: Option<usize>, problems: &mut Problems<'_>) {
        if let Some(Normalization::Given(normalize)) = &self.normalize {
            normalize.validate(&mut problems.key("normalize"), channels);
        }
    }

    /// The mean and the standard deviation of each number to predict over the samples `training` of
    /// `dataset`, if targets are to be standardized.
    #[must_use]
    pub fn resolve_targets(&self, dataset: &Dataset, training: &[usize]) -> Option<Normalize> {
        let Measured::Standardize = self.targets?;
        Normalize::measure_targets(dataset, training)
    }

    /// The mean and the standard deviation to use: those of the config, or those of the samples `training` of
    /// `dataset`.
    ///
    /// # Errors
    /// If samples on disk cannot be read, or a signal arrived.
    pub fn resolve(
        &self,
        dataset: &Dataset,
        training: &[usize],
        loading: &Loading,
    ) -> Result<Option<Normalize>> {
        let resolve = |normalize: &Normalization| match normalize {
            Normalization::Measured(Measured::Standardize) => Normalize::measure(dataset, training, loading),
            Normalization::Given(normalize) => Ok(normalize.clone()),
        };
        self.normalize.as_ref().map(resolve).transpose()
    }
}

impl Normalize {
    /// The mean and the standard deviation of each channel or feature over the samples `training` of
    /// `dataset`, with pixels scaled to [0, 1]; sums of numbers are computed in the order of `training`.
    ///
    /// This is the population standard deviation (divided by N), as in scikit-learn's `StandardScaler`; as
    /// there, constant features have 1.
    ///
    /// # Errors
    /// If samples on disk cannot be read, or a signal arrived.
    pub fn measure(dataset: &Dataset, training: &[usize], loading: &Loading) -> Result<Self> {
        let channels = dataset.sample_shape.0.first().copied().unwrap_or(1).max(1);
        let size = dataset.sample_shape.elements().unwrap_or(0);
        let run = (size / channels).max(1);
        let count = (training.len() * run).max(1) as f64;
        // Pixels are counted by value in one pass, since those on disk have to be decoded.
        let mut pixels = vec![[0_u64; 256]; channels];
        if let Features::Bytes(_) = dataset.features.buffer() {
            dataset.features.for_each(training, size, loading, |features, row| {
                let Features::Bytes(bytes) = features else { return };
                let sample = bytes[row * size..(row + 1) * size].chunks_exact(run);
                for (counts, plane) in pixels.iter_mut().zip(sample) {
                    for &byte in plane {
                        counts[usize::from(byte)] += 1;
                    }
                }
            })?;
        }
        let average = |of: &dyn Fn(usize, f64) -> f64| -> Result<Vec<f64>> {
            let of_pixels = |(channel, counts): (usize, &[u64; 256])| -> f64 {
                let part = |(value, &count)| count as f64 * of(channel, value as f64 / 255.0);
                counts.iter().enumerate().map(part).sum()
            };
            let mut sums: Vec<f64> = pixels.iter().enumerate().map(of_pixels).collect();
            if let Features::Floats(_) = dataset.features.buffer() {
                dataset.features.for_each(training, size, loading, |features, row| {
                    let Features::Floats(floats) = features else { return };
                    let sample = floats[row * size..(row + 1) * size].chunks_exact(run);
                    for ((channel, sum), values) in sums.iter_mut().enumerate().zip(sample) {
                        for &value in values {
                            *sum += of(channel, f64::from(value));
                        }
                    }
                })?;
            }
            Ok(sums.into_iter().map(|sum| sum / count).collect())
        };
        let mean = average(&|_, value| value)?;
        let variance = average(&|channel, value| (value - mean[channel]).powi(2))?;
        Ok(Self { std: deviations(&mean, &variance, count), mean })
    }

    /// As [`measure`](Self::measure), of each number to predict; `None` for classes.
    #[must_use]
    pub fn measure_targets(dataset: &Dataset, training: &[usize]) -> Option<Self> {
        let Targets::Values { values, width } = &dataset.targets else { return None };
        let count = training.len().max(1) as f64;
        let average = |of: &dyn Fn(usize, f64) -> f64| -> Vec<f64> {
            let mut sums = vec![0.0; *width];
            for &sample in training {
                let row = &values[sample * width..(sample + 1) * width];
                for (place, (sum, value)) in sums.iter_mut().zip(row).enumerate() {
                    *sum += of(place, f64::from(*value));
                }
            }
            sums.into_iter().map(|sum| sum / count).collect()
        };
        let mean = average(&|_, value| value);
        let variance = average(&|place, value| (value - mean[place]).powi(2));
        Some(Self { std: deviations(&mean, &variance, count), mean })
    }

    /// Reports lists of the wrong length and non-positive divisors. `channels` is the size of a sample's
    /// first dimension, if known.
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
                "{} numbers for {channels} channels; give {channels}, or 1 for all channels",
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

/// The standard deviations of `count` values each; 1 for constant values, whose variance does not exceed the
/// rounding error of their mean (the bound of scikit-learn's `StandardScaler`).
fn deviations(mean: &[f64], variance: &[f64], count: f64) -> Vec<f64> {
    let deviation = |(mean, variance): (&f64, &f64)| {
        let rounding = count * f64::EPSILON * variance + (count * mean * f64::EPSILON).powi(2);
        if *variance <= rounding { 1.0 } else { variance.sqrt() }
    };
    mean.iter().zip(variance).map(deviation).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dataset(sample_shape: Vec<usize>, features: Features) -> Dataset {
        let targets = Targets::Values { values: vec![0.0; 3], width: 1 };
        Dataset { sample_shape: crate::shape::Shape(sample_shape), features: features.into(), targets }
    }

    #[test]
    fn features_are_standardized_as_by_scikit_learn() {
        // StandardScaler().fit([[1, 7], [2, 7], [6, 7]]): mean_ 3 and 7, scale_ 2.160246899469287 and 1.
        let floats = Features::Floats(vec![1.0, 7.0, 2.0, 7.0, 6.0, 7.0]);
        let measured =
            Normalize::measure(&dataset(vec![2], floats), &[0, 1, 2], &Loading::default()).unwrap();
        assert_eq!(measured.mean, [3.0, 7.0]);
        assert!((measured.std[0] - 2.160_246_899_469_287).abs() < 1e-15);
        assert!((measured.std[1] - 1.0).abs() < f64::EPSILON);
    }

    #[test]
    fn each_target_is_measured_by_itself() {
        // StandardScaler().fit([[1, 700], [2, 700], [6, 700]]); the last sample is not for training.
        let targets =
            Targets::Values { values: vec![1.0, 700.0, 2.0, 700.0, 6.0, 700.0, 9.0, 9.0], width: 2 };
        let data = Dataset { targets, ..dataset(vec![1], Features::Floats(vec![0.0; 4])) };
        let measured = Normalize::measure_targets(&data, &[0, 1, 2]).unwrap();
        assert_eq!(measured.mean, [3.0, 700.0]);
        assert!((measured.std[0] - 2.160_246_899_469_287).abs() < 1e-15);
        assert!((measured.std[1] - 1.0).abs() < f64::EPSILON, "constant targets are only shifted");
        let labels = Targets::Classes { labels: vec![0], names: vec!["a".to_owned()] };
        let data = Dataset { targets: labels, ..dataset(vec![1], Features::Floats(vec![0.0])) };
        assert_eq!(Normalize::measure_targets(&data, &[0]), None);
    }

    #[test]
    fn rounding_errors_of_a_constant_are_not_a_deviation() {
        for byte in 0..=255 {
            let data = dataset(vec![1, 1, 1], Features::Bytes(vec![byte; 1000]));
            let order: Vec<usize> = (0..1000).collect();
            let measured = Normalize::measure(&data, &order, &Loading::default()).unwrap();
            assert!((measured.std[0] - 1.0).abs() < f64::EPSILON, "{byte}: {measured:?}");
        }
        let data = dataset(vec![1], Features::Floats(vec![1e6, 1e6, 1e6 + 0.0625]));
        let measured = Normalize::measure(&data, &[0, 1, 2], &Loading::default()).unwrap();
        assert!(
            (measured.std[0] - 0.0625 * 2_f64.sqrt() / 3.0).abs() < 1e-9,
            "a small deviation is kept: {measured:?}"
        );
    }

    #[test]
    fn only_training_samples_are_measured_and_each_channel_by_itself() {
        let bytes = Features::Bytes(vec![0, 255, 51, 51, 255, 0, 102, 102, 9, 9, 9, 9]);
        let measured =
            Normalize::measure(&dataset(vec![2, 1, 2], bytes), &[0, 1], &Loading::default()).unwrap();
        for (value, expected) in measured.mean.iter().chain(&measured.std).zip([0.5, 0.3, 0.5, 0.1]) {
            assert!((value - expected).abs() < 1e-15, "{measured:?}");
        }
    }
}
