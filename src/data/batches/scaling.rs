//! How numbers of a data set become the network's input.

use crate::data::{Features, Normalize};

/// Scale and shift of each channel: a sample's value x becomes `x * scale + shift`.
#[derive(Clone, Debug, PartialEq)]
pub struct Scaling {
    scale: Vec<f32>,
    shift: Vec<f32>,
}

impl Scaling {
    /// Pixels to [0, 1], then `normalize`.
    #[must_use]
    pub fn new(features: &Features, normalize: Option<&Normalize>) -> Self {
        let pixel = if matches!(features, Features::Bytes(_)) { 1.0 / 255.0 } else { 1.0 };
        match normalize {
            None => Self { scale: vec![pixel as f32], shift: vec![0.0] },
            Some(Normalize { mean, std }) => Self {
                scale: std.iter().map(|std| (pixel / std) as f32).collect(),
                shift: mean.iter().zip(std).map(|(mean, std)| (-mean / std) as f32).collect(),
            },
        }
    }

    /// The factors: one for each channel, or one for all.
    #[must_use]
    pub fn scale(&self) -> &[f32] {
        &self.scale
    }

    /// What is added to the scaled values: as many numbers as [`scale`](Self::scale) has.
    #[must_use]
    pub fn shift(&self) -> &[f32] {
        &self.shift
    }

    /// Appends one sample's values; `channel` is the number of values in each channel.
    pub(super) fn append<T: Copy>(
        &self,
        to: &mut Vec<f32>,
        sample: &[T],
        channel: usize,
        number: impl Fn(T) -> f32,
    ) {
        let factors = self.scale.iter().zip(&self.shift).cycle();
        // One factor for all channels is one run over the whole sample.
        let run = if self.scale.len() == 1 { sample.len() } else { channel };
        for (values, (scale, shift)) in sample.chunks_exact(run.max(1)).zip(factors) {
            to.extend(values.iter().map(|&value| number(value).mul_add(*scale, *shift)));
        }
    }
}
