//! A data set that is split, preprocessed and ready for batches.

use super::Scaling;
use crate::data::split::{self, Divided};
use crate::data::{Columns, Dataset, Features, Loading, Normalize, Splits, preprocess};
use crate::error::{Error, Result};

/// Training, validation and test samples with their scaling.
pub struct Prepared {
    /// The training samples, including those held out from them.
    pub train: Dataset,
    /// Indices of the training samples, ascending.
    pub train_indices: Vec<usize>,
    /// The validation samples, if they are not held out from `train`.
    pub validation: Option<Dataset>,
    /// Indices of the validation samples, ascending.
    pub validation_indices: Vec<usize>,
    /// The test samples, if they are not held out from `train`.
    pub test: Option<Dataset>,
    /// Indices of the test samples, ascending.
    pub test_indices: Vec<usize>,
    /// The columns of a table, with the values that replace missing ones.
    pub columns: Option<Columns>,
    /// The mean and the standard deviation of each channel or feature.
    pub normalize: Option<Normalize>,
    /// The mean and the standard deviation of each number to predict, if targets are standardized.
    pub targets: Option<Normalize>,
    /// Maps values to the network's input.
    pub scaling: Scaling,
    /// SHA-256 of the samples and targets from which training, validation and test samples are drawn.
    pub digest: String,
}

impl Prepared {
    /// Splits the samples, fills in missing values, and measures the statistics that preprocessing needs.
    ///
    /// # Errors
    /// [`Error::Data`] if the samples cannot be split as configured; [`Error::StoppedReading`] after a
    /// signal.
    pub fn new(
        splits: Splits,
        split: &split::Config,
        preprocess: &preprocess::Config,
        seed: u64,
        loading: &Loading,
    ) -> Result<Self> {
        let Splits { mut train, mut validation, mut test, mut columns } = splits;
        let Divided { train: train_indices, validation: mut validation_indices, test: mut test_indices } =
            split.divide(&train, seed)?;
        if let Some(columns) = &mut columns
            && let Some(Features::Floats(values)) = train.features.memory_mut()
        {
            let measured = columns.measure(values, &train_indices);
            measured.map_err(|message| Error::data("data.csv.missing", message))?;
            columns.fill(values);
            for others in [&mut validation, &mut test].into_iter().flatten() {
                if let Some(Features::Floats(values)) = others.features.memory_mut() {
                    columns.fill(values);
                }
            }
        }
        let mut digest = train.digest_under(loading)?;
        if let Some(validation) = &validation {
            validation_indices = (0..validation.len()).collect();
            digest = format!("{digest} {}", validation.digest_under(loading)?);
        }
        if let Some(test) = &test {
            test_indices = (0..test.len()).collect();
        }
        let normalize = preprocess.resolve(&train, &train_indices, loading)?;
        let targets = preprocess.resolve_targets(&train, &train_indices);
        loading.check()?;
        let scaling =
            Scaling::new(&train.features.buffer(), normalize.as_ref()).with_targets(targets.clone());
        Ok(Self {
            train,
            train_indices,
            validation,
            validation_indices,
            test,
            test_indices,
            columns,
            normalize,
            targets,
            scaling,
            digest,
        })
    }

    /// The data set that [`validation_indices`](Self::validation_indices) indexes.
    #[must_use]
    pub fn validated(&self) -> &Dataset {
        self.validation.as_ref().unwrap_or(&self.train)
    }

    /// The data set that [`test_indices`](Self::test_indices) indexes.
    #[must_use]
    pub fn tested(&self) -> &Dataset {
        self.test.as_ref().unwrap_or(&self.train)
    }
}
