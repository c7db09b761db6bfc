//! A data set split and ready for batches.

use super::Scaling;
use crate::data::{Dataset, Normalize, Splits, preprocess, split};
use crate::error::Result;

/// Samples to train on, to validate on and to test on, and their scaling.
pub struct Prepared {
    /// The samples to train on, and those that were set aside of them.
    pub train: Dataset,
    /// Indices of the samples to train on, ascending.
    pub train_order: Vec<usize>,
    /// The samples to validate on, where they are others than those of `train`.
    pub validation: Option<Dataset>,
    /// Indices of the samples to validate on, ascending.
    pub validation_order: Vec<usize>,
    /// The samples to test on.
    pub test: Option<Dataset>,
    /// The mean and the standard deviation of each channel or feature.
    pub normalize: Option<Normalize>,
    /// How values become the network's input.
    pub scaling: Scaling,
    /// SHA-256 of the samples to train and validate on, and their targets.
    pub digest: String,
}

impl Prepared {
    /// Sets the validation samples aside, and measures what preprocessing needs to know.
    ///
    /// # Errors
    /// [`Error::Data`](crate::Error::Data) if the samples cannot be split as `split` says.
    pub fn new(
        splits: Splits,
        split: &split::Config,
        preprocess: &preprocess::Config,
        seed: u64,
    ) -> Result<Self> {
        let Splits { train, validation, test, .. } = splits;
        let (train_order, mut validation_order) = split.divide(&train, seed)?;
        let mut digest = train.digest();
        if let Some(validation) = &validation {
            validation_order = (0..validation.len()).collect();
            digest = format!("{digest} {}", validation.digest());
        }
        let normalize = preprocess.resolve(&train, &train_order);
        let scaling = Scaling::new(&train.features, normalize.as_ref());
        Ok(Self { train, train_order, validation, validation_order, test, normalize, scaling, digest })
    }

    /// The data set that [`validation_order`](Self::validation_order) is about.
    #[must_use]
    pub fn validated(&self) -> &Dataset {
        self.validation.as_ref().unwrap_or(&self.train)
    }
}
