//! Samples by index with their targets; values are not copied until an engine reads them.

use candle_core::{Device, Tensor};

use super::Scaling;
use crate::data::{Dataset, Features, Source, Targets};
use crate::error::Result;
use crate::shape::Shape;

/// Samples given by their indices in a data set. Every index is valid.
#[derive(Clone, Copy, Debug)]
pub struct Samples<'a> {
    /// The values of all samples of the data set.
    pub features: &'a Features,
    /// The shape of one sample.
    pub shape: &'a Shape,
    /// Which samples, in order.
    pub indices: &'a [usize],
    /// Maps values to the network's input.
    pub scaling: &'a Scaling,
}

/// The targets of the samples, in the order of the batch.
#[derive(Clone, Copy, Debug)]
pub enum BatchTargets<'a> {
    /// One label per sample.
    Classes(&'a [u32]),
    /// Two labels per sample, which share its target.
    Mixed {
        /// The labels with the larger shares.
        labels: &'a [u32],
        /// The other labels.
        others: &'a [u32],
        /// The shares of `labels`, from 1/2 to 1; the rest is that of `others`.
        shares: &'a [f32],
    },
    /// Real numbers, `width` per sample.
    Values {
        /// All numbers, sample by sample.
        values: &'a [f32],
        /// Numbers per sample.
        width: usize,
    },
}

/// Samples with their targets.
#[derive(Clone, Copy, Debug)]
pub struct Batch<'a> {
    /// The network's input.
    pub samples: Samples<'a>,
    /// The targets of the samples.
    pub targets: BatchTargets<'a>,
}

impl Samples<'_> {
    /// The number of samples.
    #[must_use]
    pub fn len(&self) -> usize {
        self.indices.len()
    }

    /// Whether there are no samples.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.indices.is_empty()
    }

    /// The network's input as `[samples, sample shape]` of `f32`.
    ///
    /// # Errors
    /// If the tensor does not fit on the device.
    ///
    /// # Panics
    /// If an index is out of range.
    pub fn tensor(&self, device: &Device) -> Result<Tensor> {
        Ok(Tensor::from_vec(self.scaled(), self.shape.batch(self.len()), device)?)
    }

    fn scaled(&self) -> Vec<f32> {
        let size = self.shape.elements().unwrap_or(0);
        let channel = size / self.shape.0.first().copied().unwrap_or(1).max(1);
        let mut values = Vec::with_capacity(size * self.len());
        for &i in self.indices {
            let range = i * size..(i + 1) * size;
            match self.features {
                Features::Bytes(bytes) => {
                    self.scaling.append(&mut values, &bytes[range], channel, f32::from);
                }
                Features::Floats(floats) => {
                    self.scaling.append(&mut values, &floats[range], channel, |value| value);
                }
            }
        }
        values
    }
}

impl BatchTargets<'_> {
    /// The number of samples.
    #[must_use]
    pub fn samples(&self) -> usize {
        match self {
            Self::Classes(labels) | Self::Mixed { labels, .. } => labels.len(),
            Self::Values { values, width } => values.len() / (*width).max(1),
        }
    }

    /// `[samples]` of `u32` labels, `[samples, 3]` of mixtures (two labels and the share of the first) as `f32`, which holds labels
    /// up to 2^24 exactly, or `[samples, width]` of `f32` values.
    ///
    /// # Errors
    /// If the tensor does not fit on the device, or the number of values is not a multiple of `width`.
    pub fn tensor(&self, device: &Device) -> Result<Tensor> {
        Ok(match *self {
            Self::Classes(labels) => Tensor::from_slice(labels, labels.len(), device)?,
            Self::Mixed { labels, others, shares } => {
                let pairs = labels.iter().zip(others).zip(shares);
                let rows = pairs.flat_map(|((label, other), share)| [*label as f32, *other as f32, *share]);
                Tensor::from_vec(rows.collect(), (labels.len(), 3), device)?
            }
            Self::Values { values, width } => Tensor::from_slice(values, (self.samples(), width), device)?,
        })
    }
}

/// Iterates over a data set in batches without allocating for each one. The last batch may be smaller.
pub struct Loader<'a> {
    dataset: &'a Dataset,
    batches: std::slice::Chunks<'a, usize>,
    /// The samples of the current batch, unless all are in memory, and their places in it.
    samples: Features,
    places: Vec<usize>,
    scaling: &'a Scaling,
    /// The targets of the current batch: labels or values.
    labels: Vec<u32>,
    values: Vec<f32>,
}

impl<'a> Loader<'a> {
    /// Batches of `batch_size` samples, taken from `dataset` in the order of `indices`; the last one may be
    /// smaller.
    #[must_use]
    pub fn new(dataset: &'a Dataset, indices: &'a [usize], batch_size: usize, scaling: &'a Scaling) -> Self {
        let batches = indices.chunks(batch_size.max(1));
        let samples = dataset.features.buffer();
        Self {
            dataset,
            batches,
            samples,
            places: Vec::new(),
            scaling,
            labels: Vec::new(),
            values: Vec::new(),
        }
    }

    /// The next batch, valid until the following call. (An `Iterator` would have to copy the targets.)
    ///
    /// # Errors
    /// If a sample on disk cannot be read.
    ///
    /// # Panics
    /// If an index is out of range.
    #[allow(clippy::should_implement_trait, reason = "a batch borrows from the loader")]
    pub fn next(&mut self) -> Result<Option<Batch<'_>>> {
        let Some(indices) = self.batches.next() else { return Ok(None) };
        let targets = match &self.dataset.targets {
            Targets::Classes { labels, .. } => {
                self.labels.clear();
                self.labels.extend(indices.iter().map(|&i| labels[i]));
                BatchTargets::Classes(&self.labels)
            }
            Targets::Values { values, width } => {
                self.values.clear();
                for &i in indices {
                    self.scaling.append_targets(&mut self.values, &values[i * width..(i + 1) * width]);
                }
                BatchTargets::Values { values: &self.values, width: *width }
            }
        };
        let Dataset { features: source, sample_shape: shape, .. } = self.dataset;
        let (features, indices) = if let Source::Memory(features) = source {
            (features, indices)
        } else {
            // The next batch is announced first, so that its files are fetched while this one is decoded and used.
            source.prepare(self.batches.clone().next().unwrap_or_default());
            source.read(indices, shape.elements().unwrap_or(0), &mut self.samples)?;
            self.places.clear();
            self.places.extend(0..indices.len());
            (&self.samples, &self.places[..])
        };
        let samples = Samples { features, shape, indices, scaling: self.scaling };
        Ok(Some(Batch { samples, targets }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Normalize;

    fn images() -> Dataset {
        Dataset {
            sample_shape: Shape(vec![2, 1, 2]),
            features: Features::Bytes(vec![0, 51, 102, 255, 255, 0, 0, 51]).into(),
            targets: Targets::Classes { labels: vec![1, 0], names: vec!["a".into(), "b".into()] },
        }
    }

    /// The network's input for samples of [`images`].
    fn input(indices: &[usize], normalize: Option<&Normalize>) -> Result<Vec<f32>> {
        let data = images();
        let scaling = Scaling::new(&data.features.buffer(), normalize);
        let mut loader = Loader::new(&data, indices, indices.len(), &scaling);
        let tensor = loader.next()?.expect("a batch").samples.tensor(&Device::Cpu)?;
        assert_eq!(tensor.dims(), [indices.len(), 2, 1, 2]);
        Ok(tensor.flatten_all()?.to_vec1()?)
    }

    #[test]
    fn pixels_become_zero_to_one() -> Result<()> {
        let values = input(&[1, 0], None)?;
        for (value, expected) in values.iter().zip([1.0, 0.0, 0.0, 0.2, 0.0, 0.2, 0.4, 1.0]) {
            assert!((value - expected).abs() < 1e-7, "{values:?}");
        }
        Ok(())
    }

    #[test]
    fn each_channel_has_its_own_mean_and_deviation() -> Result<()> {
        let values = input(&[0], Some(&Normalize { mean: vec![0.0, 1.0], std: vec![0.5, 2.0] }))?;
        for (value, expected) in values.iter().zip([0.0, 0.4, -0.3, 0.0]) {
            assert!((value - expected).abs() < 1e-6, "{values:?}");
        }
        Ok(())
    }

    #[test]
    fn labels_and_values_follow_the_order_of_the_indices() -> Result<()> {
        let mut data = images();
        let scaling = Scaling::new(&data.features.buffer(), None);
        let mut loader = Loader::new(&data, &[1, 0, 1], 3, &scaling);
        let batch = loader.next()?.expect("a batch");
        assert_eq!((batch.samples.len(), batch.targets.samples()), (3, 3));
        assert_eq!(batch.targets.tensor(&Device::Cpu)?.to_vec1::<u32>()?, [0, 1, 0]);
        data.targets = Targets::Values { values: vec![1.0, 2.0, 3.0, 4.0], width: 2 };
        let mut loader = Loader::new(&data, &[1, 0], 3, &scaling);
        let batch = loader.next()?.expect("a batch");
        assert_eq!((batch.samples.len(), batch.targets.samples()), (2, 2));
        let values = batch.targets.tensor(&Device::Cpu)?.to_vec2::<f32>()?;
        assert_eq!(values, [[3.0, 4.0], [1.0, 2.0]]);
        Ok(())
    }

    #[test]
    fn scaled_targets_are_converted_back_to_their_unit() -> Result<()> {
        let data = Dataset {
            sample_shape: Shape(vec![1]),
            features: Features::Floats(vec![0.0; 2]).into(),
            targets: Targets::Values { values: vec![1000.0, 0.5, 1200.0, 0.5], width: 2 },
        };
        let units = Normalize { mean: vec![1100.0, 0.5], std: vec![100.0, 1.0] };
        let scaling = Scaling::new(&data.features.buffer(), None).with_targets(Some(units));
        let mut loader = Loader::new(&data, &[1, 0], 2, &scaling);
        let targets = loader.next()?.expect("a batch").targets;
        let BatchTargets::Values { values, width: 2 } = targets else { panic!() };
        assert_eq!(values, [1.0, 0.0, -1.0, 0.0]);
        assert_eq!(scaling.predicted(&values[..2]), [1200.0, 0.5]);
        assert_eq!(scaling.target_units(), [100.0, 1.0]);
        Ok(())
    }

    #[test]
    fn every_sample_comes_once_and_in_order() -> Result<()> {
        let data = Dataset {
            sample_shape: Shape(vec![1]),
            features: Features::Floats(vec![0.0; 5]).into(),
            targets: Targets::Values { values: vec![0.0; 5], width: 1 },
        };
        let scaling = Scaling::new(&data.features.buffer(), None);
        let mut loader = Loader::new(&data, &[4, 3, 2, 1, 0], 2, &scaling);
        let mut batches = Vec::new();
        while let Some(batch) = loader.next()? {
            batches.push(batch.samples.indices.to_vec());
        }
        assert_eq!(batches, [vec![4, 3], vec![2, 1], vec![0]]);
        assert!(Loader::new(&data, &[], 2, &scaling).next()?.is_none());
        Ok(())
    }
}
