//! A data set split and ready for batches.

use super::{Dataset, Scaling, Source, Splits, split};

/// Samples to train on, to validate on and to test on, and their scaling.
pub struct Prepared {
    /// The samples of the first two.
    pub train: Dataset,
    /// Indices of the samples to train on, ascending.
    pub train_order: Vec<usize>,
    /// Indices of the samples to validate on, ascending.
    pub validation_order: Vec<usize>,
    /// The samples to test on.
    pub test: Option<Dataset>,
    /// How values become the network's input.
    pub scaling: Scaling,
    /// SHA-256 of the training samples and their targets.
    pub digest: String,
}

impl Prepared {
    /// Sets the validation samples aside: which ones depends on the seed only.
    #[must_use]
    pub fn new(splits: Splits, source: &dyn Source, seed: u64) -> Self {
        let (train_order, validation_order) = split(splits.train.len(), source.validation_split(), seed);
        let scaling = Scaling::new(&splits.train.features, source.normalize());
        let digest = splits.train.digest();
        Self { train: splits.train, train_order, validation_order, test: splits.test, scaling, digest }
    }
}
