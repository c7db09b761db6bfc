//! A data set split and ready for batches.

use super::Scaling;
use crate::data::split::{self, Divided};
use crate::data::{Columns, Dataset, Features, Loading, Normalize, Splits, preprocess};
use crate::error::{Error, Result};

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
    /// The samples to test on, where they are others than those of `train`.
    pub test: Option<Dataset>,
    /// Indices of the samples to test on, ascending.
    pub test_order: Vec<usize>,
    /// The columns of a table, and what fills their gaps.
    pub columns: Option<Columns>,
    /// The mean and the standard deviation of each channel or feature.
    pub normalize: Option<Normalize>,
    /// The mean and the standard deviation of each number to predict, if the network learns scaled ones.
    pub targets: Option<Normalize>,
    /// How values become the network's input.
    pub scaling: Scaling,
    /// SHA-256 of the samples that training, validation and test are drawn from, and their targets.
    pub digest: String,
}

impl Prepared {
    /// Sets the samples to validate and to test on aside, fills gaps, and measures what preprocessing needs to know.
    ///
    /// # Errors
    /// [`Error::Data`] if the samples cannot be split as `split` says; a signal.
    pub fn new(
        splits: Splits,
        split: &split::Config,
        preprocess: &preprocess::Config,
        seed: u64,
        loading: &Loading,
    ) -> Result<Self> {
        let Splits { mut train, mut validation, mut test, mut columns } = splits;
        let Divided { train: train_order, validation: mut validation_order, test: mut test_order } =
            split.divide(&train, seed)?;
        if let Some(columns) = &mut columns
            && let Features::Floats(values) = &mut train.features
        {
            let measured = columns.measure(values, &train_order);
            measured.map_err(|message| Error::data("data.csv.missing", message))?;
            columns.fill(values);
            for others in [&mut validation, &mut test].into_iter().flatten() {
                if let Features::Floats(values) = &mut others.features {
                    columns.fill(values);
                }
            }
        }
        let mut digest = train.digest_under(loading)?;
        if let Some(validation) = &validation {
            validation_order = (0..validation.len()).collect();
            digest = format!("{digest} {}", validation.digest_under(loading)?);
        }
        if let Some(test) = &test {
            test_order = (0..test.len()).collect();
        }
        let normalize = preprocess.resolve(&train, &train_order);
        let targets = preprocess.resolve_targets(&train, &train_order);
        loading.check()?;
        let scaling = Scaling::new(&train.features, normalize.as_ref()).with_targets(targets.clone());
        Ok(Self {
            train,
            train_order,
            validation,
            validation_order,
            test,
            test_order,
            columns,
            normalize,
            targets,
            scaling,
            digest,
        })
    }

    /// The data set that [`validation_order`](Self::validation_order) is about.
    #[must_use]
    pub fn validated(&self) -> &Dataset {
        self.validation.as_ref().unwrap_or(&self.train)
    }

    /// The data set that [`test_order`](Self::test_order) is about.
    #[must_use]
    pub fn tested(&self) -> &Dataset {
        self.test.as_ref().unwrap_or(&self.train)
    }
}
