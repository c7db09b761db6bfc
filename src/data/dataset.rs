//! Samples in memory.

use sha2::{Digest, Sha256};

use super::columns::Columns;
use super::{Features, Loading, Source};
use crate::digest;
use crate::error::Result;
use crate::shape::Shape;
use crate::wording::counted;

/// Number of values hashed at once.
const PART: usize = 1 << 18;

/// The properties of a data set that its config determines, before anything is read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts {
    /// The shape of one sample, if the config determines it.
    pub sample_shape: Option<Shape>,
    /// What is to be predicted, if the config determines it.
    pub target: Option<Target>,
}

/// The properties of a data set that are known after inspecting its files.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Surveyed {
    /// The shape of a sample, and what is to be predicted.
    pub facts: Facts,
    /// The names of the classes, if the files or the options determine them.
    pub classes: Vec<String>,
    /// The number of training samples, before any are held out.
    pub samples: Option<usize>,
}

impl From<&Dataset> for Surveyed {
    fn from(dataset: &Dataset) -> Self {
        let classes = match &dataset.targets {
            Targets::Classes { names, .. } => names.clone(),
            Targets::Values { .. } => Vec::new(),
        };
        Self { facts: dataset.into(), classes, samples: Some(dataset.len()) }
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
    /// One of several classes.
    Class {
        /// The number of classes.
        classes: usize,
    },
    /// Real numbers.
    Value {
        /// Numbers per sample.
        width: usize,
    },
}

/// The samples of a data set: training samples and, if it has them, validation and test samples.
#[derive(Clone, Debug)]
pub struct Splits {
    /// The training samples; validation samples are held out from these unless `validation` is given.
    pub train: Dataset,
    /// Separate validation samples, if there are any.
    pub validation: Option<Dataset>,
    /// Separate test samples, if there are any.
    pub test: Option<Dataset>,
    /// The columns of the table whose rows are the samples. They are saved with the weights, so that other
    /// tables are read by column and category names. Missing values that a statistic of the training samples
    /// will replace are NaN until a run splits the samples.
    pub columns: Option<Columns>,
}

/// Samples of one shape with their targets.
#[derive(Clone, Debug, PartialEq)]
pub struct Dataset {
    /// The shape of one sample: `[features]` or `[channels, height, width]`.
    pub sample_shape: Shape,
    /// The values of all samples.
    pub features: Source,
    /// The targets of all samples.
    pub targets: Targets,
}

/// The targets, sample by sample.
#[derive(Clone, Debug, PartialEq)]
pub enum Targets {
    /// The class index of each sample; every label is less than the number of names.
    Classes {
        /// One label per sample.
        labels: Vec<u32>,
        /// The names of the classes, by index.
        names: Vec<String>,
    },
    /// Real numbers, `width` per sample.
    Values {
        /// All numbers, sample by sample.
        values: Vec<f32>,
        /// Numbers per sample.
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

    /// Whether there are no samples.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// SHA-256 of all values and targets, in hexadecimal; of samples on disk, their fingerprint takes the place of the values.
    #[must_use]
    pub fn digest(&self) -> String {
        self.digest_under(&Loading::default()).unwrap_or_default()
    }

    /// As [`digest`](Self::digest), but stops after a signal.
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
        if let Source::Memory(Features::Floats(values)) = &self.features {
            floats(values)?;
        }
        if let Targets::Values { values, .. } = &self.targets {
            floats(values)?;
        }
        match &self.features {
            Source::Memory(Features::Bytes(bytes)) => bytes.chunks(PART).try_for_each(&mut part)?,
            Source::Memory(Features::Floats(_)) => {}
            Source::Bytes(stored) => part(stored.fingerprint().as_bytes())?,
            Source::Floats(stored) => part(stored.fingerprint().as_bytes())?,
        }
        if let Targets::Classes { labels, .. } = &self.targets {
            let bytes =
                |labels: &[u32]| labels.iter().flat_map(|label| label.to_le_bytes()).collect::<Vec<_>>();
            labels.chunks(PART).try_for_each(|labels| part(&bytes(labels)))?;
        }
        Ok(digest::hexadecimal(&digest.finalize()))
    }

    /// What to predict.
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
            Self::Value { width } => write!(to, "{} per sample", counted(*width, "number")),
        }
    }
}
