//! Scaling of features to the network's input, and of its output back to the unit of the targets.

use crate::data::{Features, Normalize};

/// Scale and shift per channel: a value x becomes `x * scale + shift`.
#[derive(Clone, Debug, PartialEq)]
pub struct Scaling {
    scale: Vec<f32>,
    shift: Vec<f32>,
    /// The mean and the standard deviation of each number to predict, if the network is trained on
    /// standardized targets.
    targets: Option<Normalize>,
}

impl Scaling {
    /// Scales pixels to [0, 1], then applies `normalize`.
    #[must_use]
    pub fn new(features: &Features, normalize: Option<&Normalize>) -> Self {
        let pixel = if matches!(features, Features::Bytes(_)) { 1.0 / 255.0 } else { 1.0 };
        match normalize {
            None => Self { scale: vec![pixel as f32], shift: vec![0.0], targets: None },
            Some(Normalize { mean, std }) => Self {
                scale: std.iter().map(|std| (pixel / std) as f32).collect(),
                shift: mean.iter().zip(std).map(|(mean, std)| (-mean / std) as f32).collect(),
                targets: None,
            },
        }
    }

    /// Returns the scaling with `targets` as the mean and standard deviation of the numbers to predict.
    #[must_use]
    pub fn with_targets(self, targets: Option<Normalize>) -> Self {
        Self { targets, ..self }
    }

    /// The size of a difference of 1 in each output, in the unit of the targets; empty if they are equal.
    #[must_use]
    pub fn target_units(&self) -> &[f64] {
        self.targets.as_ref().map_or(&[], |targets| &targets.std)
    }

    /// Appends the network outputs that would match one sample's `targets` exactly.
    pub(crate) fn append_targets(&self, to: &mut Vec<f32>, targets: &[f32]) {
        match &self.targets {
            None => to.extend_from_slice(targets),
            Some(Normalize { mean, std }) => {
                let scaled = |((value, mean), std): ((&f32, &f64), &f64)| (f64::from(*value) - mean) / std;
                to.extend(targets.iter().zip(mean).zip(std).map(scaled).map(|value| value as f32));
            }
        }
    }

    /// Converts one sample's `outputs` to predictions in the unit of the targets.
    #[must_use]
    pub fn predicted(&self, outputs: &[f32]) -> Vec<f32> {
        match &self.targets {
            None => outputs.to_vec(),
            Some(Normalize { mean, std }) => {
                let value = |((output, mean), std): ((&f32, &f64), &f64)| f64::from(*output) * std + mean;
                outputs.iter().zip(mean).zip(std).map(value).map(|value| value as f32).collect()
            }
        }
    }

    /// The factors: one per channel, or one for all.
    #[must_use]
    pub fn scale(&self) -> &[f32] {
        &self.scale
    }

    /// The numbers added after scaling, as many as [`scale`](Self::scale) has.
    #[must_use]
    pub fn shift(&self) -> &[f32] {
        &self.shift
    }

    /// Appends one sample's values; `channel` is the number of values per channel.
    pub(super) fn append<T: Copy>(
        &self,
        to: &mut Vec<f32>,
        sample: &[T],
        channel: usize,
        number: impl Fn(T) -> f32,
    ) {
        let factors = self.scale.iter().zip(&self.shift).cycle();
        // With one factor for all channels, the whole sample is scaled in one pass.
        let run = if self.scale.len() == 1 { sample.len() } else { channel };
        for (values, (scale, shift)) in sample.chunks_exact(run.max(1)).zip(factors) {
            to.extend(values.iter().map(|&value| number(value).mul_add(*scale, *shift)));
        }
    }
}
