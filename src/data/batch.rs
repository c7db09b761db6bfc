//! Samples by index as tensors.

use candle_core::{Device, Tensor};

use super::{Dataset, Features, Normalize, Targets};
use crate::error::Result;
use crate::shape::Shape;

/// Some samples as the engine takes them.
pub struct Batch {
    /// `[samples, sample shape]`, `f32`.
    pub features: Tensor,
    /// `[samples]` of `u32` labels, or `[samples, width]` of `f32` values.
    pub targets: Tensor,
    /// How many there are.
    pub samples: usize,
}

/// Samples gathered on the host, before they go to a device.
pub(super) struct HostBatch {
    features: Vec<f32>,
    labels: Vec<u32>,
    values: Vec<f32>,
    samples: usize,
}

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

    /// Appends one sample's values; `channel` is the number of values in each channel.
    fn append<T: Copy>(&self, to: &mut Vec<f32>, sample: &[T], channel: usize, number: impl Fn(T) -> f32) {
        let factors = self.scale.iter().zip(&self.shift).cycle();
        // One factor for all channels is one run over the whole sample.
        let run = if self.scale.len() == 1 { sample.len() } else { channel };
        for (values, (scale, shift)) in sample.chunks_exact(run.max(1)).zip(factors) {
            to.extend(values.iter().map(|&value| number(value).mul_add(*scale, *shift)));
        }
    }
}

impl Features {
    /// The scaled values of the samples at `indices`, each of shape `sample`.
    pub(super) fn gather(
        &self,
        sample: &Shape,
        indices: impl ExactSizeIterator<Item = usize>,
        scaling: &Scaling,
    ) -> Vec<f32> {
        let size = sample.elements().unwrap_or(0);
        let channel = size / sample.0.first().copied().unwrap_or(1).max(1);
        let mut values = Vec::with_capacity(size * indices.len());
        for i in indices {
            let range = i * size..(i + 1) * size;
            match self {
                Self::Bytes(bytes) => scaling.append(&mut values, &bytes[range], channel, f32::from),
                Self::Floats(floats) => scaling.append(&mut values, &floats[range], channel, |value| value),
            }
        }
        values
    }
}

impl Dataset {
    /// Gathers the samples at `indices`.
    pub(super) fn gather(&self, indices: &[usize], scaling: &Scaling) -> HostBatch {
        let mut batch = HostBatch {
            features: self.features.gather(&self.sample_shape, indices.iter().copied(), scaling),
            labels: Vec::new(),
            values: Vec::new(),
            samples: indices.len(),
        };
        for &i in indices {
            match &self.targets {
                Targets::Classes { labels, .. } => batch.labels.push(labels[i]),
                Targets::Values { values, width } => {
                    batch.values.extend_from_slice(&values[i * width..(i + 1) * width]);
                }
            }
        }
        batch
    }

    /// The samples at `indices` on `device`.
    ///
    /// # Errors
    /// If the device cannot hold them.
    ///
    /// # Panics
    /// If an index is not below [`len`](Self::len).
    pub fn batch(&self, indices: &[usize], scaling: &Scaling, device: &Device) -> Result<Batch> {
        self.gather(indices, scaling).on(self, device)
    }
}

impl HostBatch {
    pub(super) fn on(self, dataset: &Dataset, device: &Device) -> Result<Batch> {
        let samples = self.samples;
        let targets = match &dataset.targets {
            Targets::Classes { .. } => Tensor::from_vec(self.labels, samples, device)?,
            Targets::Values { width, .. } => Tensor::from_vec(self.values, (samples, *width), device)?,
        };
        let features = Tensor::from_vec(self.features, dataset.sample_shape.batch(samples), device)?;
        Ok(Batch { features, targets, samples })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn images() -> Dataset {
        Dataset {
            sample_shape: Shape(vec![2, 1, 2]),
            features: Features::Bytes(vec![0, 51, 102, 255, 255, 0, 0, 51]),
            targets: Targets::Classes { labels: vec![1, 0], names: vec!["a".into(), "b".into()] },
        }
    }

    #[test]
    fn pixels_become_zero_to_one() -> Result<()> {
        let data = images();
        let batch = data.batch(&[1, 0], &Scaling::new(&data.features, None), &Device::Cpu)?;
        assert_eq!(batch.features.dims(), [2, 2, 1, 2]);
        let values = batch.features.flatten_all()?.to_vec1::<f32>()?;
        for (value, expected) in values.iter().zip([1.0, 0.0, 0.0, 0.2, 0.0, 0.2, 0.4, 1.0]) {
            assert!((value - expected).abs() < 1e-7, "{values:?}");
        }
        assert_eq!(batch.targets.to_vec1::<u32>()?, [0, 1]);
        Ok(())
    }

    #[test]
    fn each_channel_has_its_own_mean_and_deviation() -> Result<()> {
        let data = images();
        let normalize = Normalize { mean: vec![0.0, 1.0], std: vec![0.5, 2.0] };
        let batch = data.batch(&[0], &Scaling::new(&data.features, Some(&normalize)), &Device::Cpu)?;
        let values = batch.features.flatten_all()?.to_vec1::<f32>()?;
        for (value, expected) in values.iter().zip([0.0, 0.4, -0.3, 0.0]) {
            assert!((value - expected).abs() < 1e-6, "{values:?}");
        }
        Ok(())
    }
}
