//! Samples and their targets from two arrays.

use std::io::{Read, Seek};
use std::path::Path;

use super::arrays::{agree, arrange, numbers};
use super::labels::{Known, Labels};
use super::rows::{LARGE, Rows};
use super::{Config, Task, names};
use crate::data::formats::npz::Archive;
use crate::data::{Dataset, Source, Targets};
use crate::error::{Error, Result};
use crate::shape::Shape;

/// The names of the arrays of one split.
pub(super) struct ArrayNames {
    /// The split: `training`, `validation` or `test`.
    pub kind: &'static str,
    /// The name of the array of samples.
    x: String,
    /// The name of the array of targets.
    y: String,
}

impl ArrayNames {
    /// The arrays `x` and `y`.
    pub fn new(kind: &'static str, x: &str, y: &str) -> Self {
        Self { kind, x: x.to_owned(), y: y.to_owned() }
    }
}

/// The samples of one split, before the classes are known.
pub(super) struct Part {
    pub arrays: ArrayNames,
    sample_shape: Shape,
    features: Source,
    goal: Goal,
}

/// The targets, before the classes are known.
enum Goal {
    Class(Labels),
    Numbers(Targets),
}

/// Converts a message to an error about the array `name`.
fn about(path: &Path, name: &str) -> impl Fn(String) -> Error {
    move |message| Error::data(path, format!("array `{name}`: {message}"))
}

impl Part {
    /// Reads both arrays.
    pub fn read<R: Read + Seek>(
        archive: &mut Archive<'_, R>,
        arrays: ArrayNames,
        config: &Config,
    ) -> Result<Self> {
        let path = archive.path();
        let ArrayNames { kind, x, y } = &arrays;
        let key = if *kind == "training" { "train" } else { kind };
        names::require(archive, &format!("x_{key}"), x)?;
        names::require(archive, &format!("y_{key}"), y)?;
        let rows = match archive.place(x).filter(|place| place.size > LARGE) {
            Some(place) => Rows::open(path, x, &place, config.layout)?,
            None => None,
        };
        let (count, sample_shape, features) = if let Some(rows) = rows {
            rows.source()?
        } else {
            let samples = archive.array(x)?;
            let count = samples.shape.first().copied().unwrap_or(0);
            let (sample_shape, features) = arrange(samples, config.layout).map_err(about(path, x))?;
            (count, sample_shape, features.into())
        };
        let targets = archive.array(y)?;
        if targets.shape.first() != Some(&count) {
            let message = format!("shape {:?} for the {count} samples of `{x}`", targets.shape);
            return Err(about(path, y)(message));
        }
        let goal = match config.task {
            Task::Regression => numbers(targets).map(Goal::Numbers),
            Task::Classification => Labels::new(targets).map(Goal::Class),
        };
        let goal = goal.map_err(about(path, y))?;
        Ok(Self { arrays, sample_shape, features, goal })
    }

    /// Checks that these training samples and `other` have labels of the same type.
    pub fn require_same_labels(&self, path: &Path, other: &Self) -> Result<()> {
        match (&self.goal, &other.goal) {
            (Goal::Class(own), Goal::Class(others)) if own.kind() != others.kind() => {
                let (y, kind) = (&self.arrays.y, own.kind());
                let message = format!(
                    "labels are {}, but those of `{y}` are {kind}; save both with the same type",
                    others.kind()
                );
                Err(about(path, &other.arrays.y)(message))
            }
            _ => Ok(()),
        }
    }

    /// The names of the classes of these training samples and the others.
    pub fn classes<'a>(&'a self, others: &'a [Self], known: Known<'_>) -> Vec<String> {
        let labels = |part: &'a Self| match &part.goal {
            Goal::Class(labels) => Some(labels),
            Goal::Numbers(_) => None,
        };
        let others: Vec<&Labels> = others.iter().filter_map(labels).collect();
        labels(self).map_or_else(Vec::new, |own| own.classes(&others, known))
    }

    /// The first of the classes `names` that has no sample here.
    pub fn unseen<'a>(&self, names: &'a [String]) -> Option<&'a String> {
        let Goal::Class(Labels::Numbers(labels)) = &self.goal else { return None };
        let mut seen = vec![false; names.len()];
        for label in labels {
            if let Some(seen) = usize::try_from(*label).ok().and_then(|label| seen.get_mut(label)) {
                *seen = true;
            }
        }
        names.iter().zip(seen).find(|(_, seen)| !seen).map(|(name, _)| name)
    }

    /// Converts to a data set with the classes `names`. Samples other than training samples must have the
    /// form of `train`, the training samples, read from the array named next to them.
    pub fn dataset(
        self,
        path: &Path,
        names: &[String],
        known: Known<'_>,
        train: Option<(&Dataset, &str)>,
    ) -> Result<Dataset> {
        let Self { arrays: ArrayNames { kind, x, y }, sample_shape, features, goal } = self;
        let targets = match goal {
            Goal::Class(labels) => labels.targets(names, known).map_err(about(path, &y))?,
            Goal::Numbers(targets) => targets,
        };
        let dataset = Dataset { sample_shape, features, targets };
        if let Some((train, x_train)) = train {
            agree(train, kind, &dataset).map_err(|message| Error::data(path, message))?;
            dataset.goes_with(train).map_err(|message| {
                let message =
                    format!("array `{x}` {message} (`{x_train}`); save both arrays with the same type");
                Error::data(path, message)
            })?;
        }
        Ok(dataset)
    }
}
