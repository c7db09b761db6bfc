//! Data sets: loading, splitting, preprocessing and batching of samples.
//!
//! ```
//! use taper::data::{Config, SearchPath, split};
//!
//! # fn main() -> taper::Result<()> {
//! let digits = Config::digits(Default::default());
//! let samples = digits.load(&split::Config::default(), &SearchPath::default(), 42)?;
//! assert_eq!(samples.train.len(), 6000);
//! # Ok(())
//! # }
//! ```

pub mod catalogue;
pub mod input;
pub mod preprocess;
pub mod sets;
pub mod split;

pub(crate) mod batches;
pub(crate) mod columns;
mod dataset;
pub(crate) mod fetch;
pub(crate) mod formats;
mod hub;
mod loading;
mod search;
mod sound;
mod source;

pub use batches::BatchTargets;
pub(crate) use batches::{Batch, Loader, Prepared, Samples, Scaling};
pub use columns::{Column, Columns, Fill, Rule};
pub use dataset::{Dataset, Facts, Splits, Surveyed, Target, Targets};
pub use loading::{Loading, LoadingReport, Unit};
pub use preprocess::Normalize;
pub use search::SearchPath;
pub use sets::{Config, DataConfig, MnistOptions, Task};
pub use source::{Features, Source, Stored};

use crate::error::{Error, Result};

impl Config {
    /// Loads or generates all samples. If `split` names a file of validation samples, they are loaded from
    /// it; validation samples that are part of the data set are dropped if `split` holds out others.
    ///
    /// # Errors
    /// [`Error::Data`] naming the file, what is wrong and what to do; [`Error::StoppedReading`] after a
    /// signal.
    pub fn load(&self, split: &split::Config, search: &SearchPath, seed: u64) -> Result<Splits> {
        let loading = &search.loading;
        loading.check()?;
        let mut splits = self.member().load(search, seed).map_err(|error| loading.or_stopped(error))?;
        if split.validates() {
            splits.validation = None;
        }
        self.add_validation(split, search, &mut splits)?;
        Ok(splits)
    }

    /// As [`load`](Self::load), to train a network with the given number of `outputs` (one per class), if
    /// known.
    ///
    /// # Errors
    /// As [`load`](Self::load), also if both the data set and `split` provide validation samples, or a label
    /// exceeds the number of outputs.
    pub fn load_for(
        &self,
        outputs: Option<usize>,
        split: &split::Config,
        search: &SearchPath,
        seed: u64,
    ) -> Result<Splits> {
        let loading = &search.loading;
        loading.check()?;
        let splits = self.member().load_for(outputs, search, seed);
        let mut splits = splits.map_err(|error| loading.or_stopped(error))?;
        // A folder that is found automatically may still be named, as older versions required.
        let file = split.file.as_ref().map(|file| search.resolve(file));
        if splits.validation.is_some() && file.is_some_and(|file| self.member().validates_on(&file, search)) {
            return Ok(splits);
        }
        if splits.validation.is_some() && split.validates() {
            let key = if split.file.is_some() { "split.file" } else { "split.validation" };
            let what = self.member().validation_samples();
            let message =
                format!("has validation samples ({what}), and `{key}` adds others; remove one of the two");
            return Err(Error::data(self.name(), message));
        }
        self.add_validation(split, search, &mut splits)?;
        Ok(splits)
    }

    fn add_validation(&self, split: &split::Config, search: &SearchPath, splits: &mut Splits) -> Result<()> {
        if let Some(file) = &split.file {
            let file = search.resolve(file);
            let validation = self.member().load_validation(&file, splits, search);
            let validation = validation.map_err(|error| search.loading.or_stopped(error))?;
            validation.goes_with(&splits.train).map_err(|message| Error::data(file, message))?;
            splits.validation = Some(validation);
        }
        search.loading.check()
    }
}
