//! Where samples come from: one file per data set, written as `[data.NAME]`.

pub mod synthetic;

mod batch;
mod dataset;
mod loader;
mod prepared;
mod search;
mod split;

pub use batch::{Batch, Scaling};
pub use dataset::{Dataset, Features, Normalize, Splits, Targets};
pub use loader::for_each_batch;
pub use prepared::Prepared;
pub use search::SearchPath;
pub use split::split;

use crate::config::{Problems, registry};
use crate::error::Result;
use crate::shape::Shape;

registry! {
    /// `[data.NAME]`: the samples to train and test on.
    Config: Source {
        synthetic
    }
}

/// What a data set's config promises before anything is read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts {
    /// The shape of one sample, where the config alone decides it.
    pub sample_shape: Option<Shape>,
    /// What is to be predicted, where the config alone decides it.
    pub target: Option<Target>,
}

/// What is to be predicted for each sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// One of so many classes.
    Class {
        /// How many there are.
        classes: usize,
    },
    /// So many real numbers.
    Value {
        /// How many for each sample.
        width: usize,
    },
}

/// A data set that a config can name.
pub trait Source {
    /// Reports what is wrong with the options, without looking at a disk.
    fn validate(&self, problems: &mut Problems<'_>);

    /// What is known from the options alone.
    fn facts(&self) -> Facts;

    /// The share of the training samples that is set aside for validation, in [0, 1).
    fn validation_split(&self) -> f64;

    /// How bytes or numbers become the network's input.
    fn normalize(&self) -> Option<&Normalize>;

    /// Where the files are, for `taper check`: a short text, or an error that says how to get them.
    ///
    /// # Errors
    /// What is missing and how to get it.
    fn locate(&self, search: &SearchPath) -> Result<String>;

    /// Reads or generates everything, checked.
    ///
    /// # Errors
    /// [`Error::Data`](crate::Error::Data) naming the file, what is wrong and what to do.
    fn load(&self, search: &SearchPath, seed: u64) -> Result<Splits>;
}
