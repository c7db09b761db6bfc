//! Samples in memory, and their way into a batch.

use sha2::{Digest, Sha256};

use super::Loading;
use super::columns::Columns;
use crate::digest;
use crate::error::Result;
use crate::shape::Shape;
use crate::wording::counted;

/// So many values are digested at once.
const PART: usize = 1 << 18;

/// What a data set's config promises before anything is read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts {
    /// The shape of one sample, where the config alone decides it.
    pub sample_shape: Option<Shape>,
    /// What is to be predicted, where the config alone decides it.
    pub target: Option<Target>,
}

/// What is known of a data set once its files are looked at.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Surveyed {
    /// The shape of a sample and what is to be predicted.
    pub facts: Facts,
    /// The names of the classes, where the files or the options decide them.
    pub classes: Vec<String>,
}

impl From<&Dataset> for Surveyed {
    fn from(dataset: &Dataset) -> Self {
        let classes = match &dataset.targets {
            Targets::Classes { names, .. } => names.clone(),
            Targets::Values { .. } => Vec::new(),
        };
        Self { facts: dataset.into(), classes }
    }
}

impl From<&Dataset> for Facts {
    fn from(dataset: &Dataset) -> Self {
        Self { sample_shape: Some(dataset.sample_shape.clone()), target: Some(dataset.target()) }
    }
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

/// What a data set provides: samples to train on and, where it has them, others to test on.
#[derive(Clone, Debug)]
pub struct Splits {
    /// The samples to train on; validation samples are taken from these where there are no others.
    pub train: Dataset,
    /// The samples to validate on, where a file has them.
    pub validation: Option<Dataset>,
    /// The samples kept for the final measurement.
    pub test: Option<Dataset>,
    /// The columns that a sample is made of, where it is a row of a table. Weights keep them, so that other tables are
    /// read by their names and categories. A gap that is to be filled with what the samples to train on have is NaN in
    /// all samples until a run takes them.
    pub columns: Option<Columns>,
}

/// Samples of one shape with what is to be predicted for each.
#[derive(Clone, Debug, PartialEq)]
pub struct Dataset {
    /// The shape of one sample: `[features]` or `[channels, height, width]`.
    pub sample_shape: Shape,
    /// All samples, one after the other.
    pub features: Features,
    /// What is to be predicted.
    pub targets: Targets,
}

/// The values of all samples, sample by sample, in the order of the sample's shape.
#[derive(Clone, Debug, PartialEq)]
pub enum Features {
    /// Pixels; they stay bytes until a batch is made, where 0..=255 becomes 0..=1.
    Bytes(Vec<u8>),
    /// Numbers, used as they are.
    Floats(Vec<f32>),
}

/// What is to be predicted, sample by sample.
#[derive(Clone, Debug, PartialEq)]
pub enum Targets {
    /// The index of each sample's class; every label is below the number of names.
    Classes {
        /// One label for each sample.
        labels: Vec<u32>,
        /// The names of the classes, by index.
        names: Vec<String>,
    },
    /// Real numbers, `width` for each sample.
    Values {
        /// All numbers, sample by sample.
        values: Vec<f32>,
        /// How many there are for each sample.
        width: usize,
    },
}

impl Dataset {
    /// The number of samples.
    #[must_use]
    pub fn len(&self) -> usize {
        match &self.targets {
            Targets::Classes { labels, .. } => labels.len(),
            Targets::Values { values, width } => values.len() / (*width).max(1),
        }
    }

    /// Whether there is no sample.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// SHA-256 of all values and targets, in hexadecimal.
    #[must_use]
    pub fn digest(&self) -> String {
        self.digest_under(&Loading::default()).unwrap_or_default()
    }

    /// The same under the watch of `loading`.
    ///
    /// # Errors
    /// [`Error::StoppedReading`](crate::Error::StoppedReading) after a signal.
    pub(crate) fn digest_under(&self, loading: &Loading) -> Result<String> {
        let mut digest = Sha256::new();
        let mut part = |bytes: &[u8]| {
            digest.update(bytes);
            loading.check()
        };
        let mut floats = |values: &[f32]| {
            let bytes =
                |values: &[f32]| values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<_>>();
            values.chunks(PART).try_for_each(|values| part(&bytes(values)))
        };
        if let Features::Floats(values) = &self.features {
            floats(values)?;
        }
        if let Targets::Values { values, .. } = &self.targets {
            floats(values)?;
        }
        if let Features::Bytes(bytes) = &self.features {
            bytes.chunks(PART).try_for_each(&mut part)?;
        }
        if let Targets::Classes { labels, .. } = &self.targets {
            let bytes =
                |labels: &[u32]| labels.iter().flat_map(|label| label.to_le_bytes()).collect::<Vec<_>>();
            labels.chunks(PART).try_for_each(|labels| part(&bytes(labels)))?;
        }
        Ok(digest::hexadecimal(&digest.finalize()))
    }

    /// What is to be predicted.
    #[must_use]
    pub fn target(&self) -> Target {
        match &self.targets {
            Targets::Classes { names, .. } => Target::Class { classes: names.len() },
            Targets::Values { width, .. } => Target::Value { width: *width },
        }
    }
}

impl std::fmt::Display for Target {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Class { classes } => write!(to, "{}", counted(*classes, "class")),
            Self::Value { width } => write!(to, "{} for each sample", counted(*width, "number")),
        }
    }
}
