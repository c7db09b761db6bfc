//! Samples and their targets, as two arrays hold them.

use std::io::{Read, Seek};
use std::path::Path;

use super::arrays::{agree, arrange, numbers};
use super::labels::{Known, Labels};
use super::{Config, Task, names};
use crate::data::formats::npz::Archive;
use crate::data::{Dataset, Features, Targets};
use crate::error::{Error, Result};
use crate::shape::Shape;

/// Where samples are from.
pub(super) struct Source {
    /// What they are for: `training`, `validation` or `test`.
    pub kind: &'static str,
    /// The name of the array of samples.
    x: String,
    /// That of their targets.
    y: String,
}

impl Source {
    /// The arrays `x` and `y`.
    pub fn new(kind: &'static str, x: &str, y: &str) -> Self {
        Self { kind, x: x.to_owned(), y: y.to_owned() }
    }
}

/// What was read of them, before the classes are known.
pub(super) struct Part {
    pub source: Source,
    sample_shape: Shape,
    features: Features,
    goal: Goal,
}

/// What is to be predicted.
enum Goal {
    Class(Labels),
    Numbers(Targets),
}

/// An error about the array `name`.
fn about(path: &Path, name: &str) -> impl Fn(String) -> Error {
    move |message| Error::data(path, format!("array `{name}`: {message}"))
}

impl Part {
    /// Reads both arrays.
    pub fn read<R: Read + Seek>(
        archive: &mut Archive<'_, R>,
        source: Source,
        config: &Config,
    ) -> Result<Self> {
        let path = archive.path();
        let Source { kind, x, y } = &source;
        let key = if *kind == "training" { "train" } else { kind };
        names::require(archive, &format!("x_{key}"), x)?;
        names::require(archive, &format!("y_{key}"), y)?;
        let samples = archive.array(x)?;
        let count = samples.shape.first().copied().unwrap_or(0);
        let (sample_shape, features) = arrange(samples, config.layout).map_err(about(path, x))?;
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
        Ok(Self { source, sample_shape, features, goal })
    }

    /// Looks whether these training samples and `other` are labelled alike.
    pub fn require_same_labels(&self, path: &Path, other: &Self) -> Result<()> {
        match (&self.goal, &other.goal) {
            (Goal::Class(own), Goal::Class(others)) if own.kind() != others.kind() => {
                let (y, kind) = (&self.source.y, own.kind());
                let message =
                    format!("labels are {}, and those of `{y}` {kind}; save both alike", others.kind());
                Err(about(path, &other.source.y)(message))
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

    /// The first of the classes, called `names`, that none of these samples is of.
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

    /// The samples with their classes, called `names`. Those that are not to train on must look like `train`, which
    /// are those of the array that is named beside them.
    pub fn dataset(
        self,
        path: &Path,
        names: &[String],
        known: Known<'_>,
        train: Option<(&Dataset, &str)>,
    ) -> Result<Dataset> {
        let Self { source: Source { kind, x, y }, sample_shape, features, goal } = self;
        let targets = match goal {
            Goal::Class(labels) => labels.targets(names, known).map_err(about(path, &y))?,
            Goal::Numbers(targets) => targets,
        };
        let dataset = Dataset { sample_shape, features, targets };
        if let Some((train, x_train)) = train {
            agree(train, kind, &dataset).map_err(|message| Error::data(path, message))?;
            dataset.goes_with(train).map_err(|message| {
                let message =
                    format!("array `{x}` {message}, in `{x_train}`; save both arrays with the same type");
                Error::data(path, message)
            })?;
        }
        Ok(dataset)
    }
}
