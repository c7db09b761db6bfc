//! NPZ files: several NumPy arrays in a ZIP archive, as written by `numpy.savez` and used by Keras's data
//! sets, or folders with a file for each, as written by `numpy.save`.

mod arrays;
mod labels;
mod names;
mod part;
mod rows;

use std::io::{Read, Seek};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use self::labels::Known;
use self::part::{ArrayNames, Part};
use super::classes::MOST_CLASSES;
use super::{Classes, DataConfig, Task};
use crate::config::Problems;
use crate::data::formats::npz::Archive;
use crate::data::{Dataset, Facts, SearchPath, Splits, Surveyed, Target, Targets};
use crate::error::{Error, Result};
use crate::wording::counted;

/// Default names of the arrays of validation samples and targets.
const VALIDATION: [[&str; 2]; 3] =
    [["x_val", "y_val"], ["x_valid", "y_valid"], ["x_validation", "y_validation"]];

/// `[data.npz]`: arrays of samples and targets from one `.npz` file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The file, or a folder with a file `NAME.npy` for each array; relative to the config file's folder. Samples of more
    /// than 256 MiB stay on disk, from which batches read them, unless they are compressed or in Fortran order.
    #[schemars(extend("format" = "path"))]
    pub path: PathBuf,
    /// The array of training samples, whose first dimension counts them. Unsigned bytes are pixels and scaled
    /// to [0, 1]; other numbers are used unscaled.
    #[serde(default = "x_train")]
    #[schemars(length(min = 1))]
    pub x_train: String,
    /// The array of training labels (integers from 0, or strings), or of numbers to predict.
    #[serde(default = "y_train")]
    #[schemars(length(min = 1))]
    pub y_train: String,
    /// The array of test samples. If the file has neither `x_test` nor `y_test`, there is no test split.
    #[serde(default = "x_test")]
    #[schemars(length(min = 1))]
    pub x_test: String,
    /// The array of test labels, or of numbers to predict.
    #[serde(default = "y_test")]
    #[schemars(length(min = 1))]
    pub y_test: String,
    /// The array of validation samples. By default `x_val`, `x_valid` or `x_validation`, if the file has one.
    #[serde(default)]
    #[schemars(length(min = 1))]
    pub x_validation: Option<String>,
    /// The array of validation labels, or of numbers to predict. By default the one that belongs to
    /// `x_validation`.
    #[serde(default)]
    #[schemars(length(min = 1))]
    pub y_validation: Option<String>,
    /// What to predict.
    #[serde(default)]
    pub task: Task,
    /// The number of classes, or their names: those of labels 0, 1, …, or the allowed string labels. By
    /// default, the strings in the training samples, sorted; for numeric labels, as many classes as the last
    /// layer has outputs.
    #[serde(default)]
    pub classes: Option<Classes>,
    /// The position of the channels in arrays of four dimensions; Keras puts them last.
    #[serde(default)]
    pub layout: Layout,
}

/// The order of the dimensions of images.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Layout {
    /// Samples, channels, rows, columns, as in PyTorch.
    ChannelsFirst,
    /// Samples, rows, columns, channels, as in Keras.
    #[default]
    ChannelsLast,
}

fn x_train() -> String {
    "x_train".to_owned()
}

fn y_train() -> String {
    "y_train".to_owned()
}

fn x_test() -> String {
    "x_test".to_owned()
}

fn y_test() -> String {
    "y_test".to_owned()
}

impl DataConfig for Config {
    fn validate(&self, problems: &mut Problems<'_>) {
        if self.path.as_os_str().is_empty() {
            problems.key("path").report("must not be empty");
        }
        if let Some(classes) = &self.classes {
            classes.validate(&mut problems.key("classes"));
            if self.task == Task::Regression {
                problems.key("classes").report("regression has no classes");
            }
        }
    }

    fn facts(&self) -> Facts {
        let classes = self.classes.as_ref().map(|classes| Target::Class { classes: classes.count() });
        Facts { sample_shape: None, target: classes }
    }

    fn locate(&self, search: &SearchPath) -> Result<String> {
        let path = search.resolve(&self.path);
        Archive::open(&path, &search.loading)?;
        Ok(path.display().to_string())
    }

    fn survey(&self, outputs: Option<usize>, search: &SearchPath) -> Result<Surveyed> {
        Ok(Surveyed::from(&self.load_for(outputs, search, 0)?.train))
    }

    fn load(&self, search: &SearchPath, seed: u64) -> Result<Splits> {
        self.load_for(None, search, seed)
    }

    fn load_for(&self, outputs: Option<usize>, search: &SearchPath, _seed: u64) -> Result<Splits> {
        let path = search.resolve(&self.path);
        self.splits(Archive::open(&path, &search.loading)?, outputs)
    }

    fn may_validate(&self) -> bool {
        true
    }

    fn validation_samples(&self) -> String {
        let named = self.x_validation.as_deref().map(|name| format!("array `{name}`"));
        named.unwrap_or_else(|| format!("array `{}`", VALIDATION.map(|[x, _]| x).join("`, `")))
    }

    fn takes_validation_file(&self) -> bool {
        true
    }

    /// The arrays have the same names as those of the training samples.
    fn load_validation(&self, path: &Path, splits: &Splits, search: &SearchPath) -> Result<Dataset> {
        let train = &splits.train;
        let part = Part::read(
            &mut Archive::open(path, &search.loading)?,
            ArrayNames::new("validation", &self.x_train, &self.y_train),
            self,
        )?;
        let names = match &train.targets {
            Targets::Classes { names, .. } => names.clone(),
            Targets::Values { .. } => Vec::new(),
        };
        let given = Classes::Names(names.clone());
        part.dataset(path, &names, Known::Config(&given), Some((train, &self.x_train)))
    }
}

impl Config {
    /// Decodes the `content` of a file as [`load`](DataConfig::load) does; `path` is used in errors only.
    ///
    /// # Errors
    /// As [`load`](DataConfig::load).
    pub fn decode(&self, path: &Path, content: impl Read + Seek) -> Result<Splits> {
        self.splits(Archive::new(path, content)?, None)
    }

    /// Adopts the classes of a network trained on such a file, unless the config specifies them.
    pub(super) fn take_trained(&mut self, classes: &[String]) {
        if self.classes.is_none() && self.task == Task::Classification {
            self.classes = Some(Classes::Names(classes.to_vec()));
        }
    }

    fn splits<R: Read + Seek>(&self, mut archive: Archive<'_, R>, outputs: Option<usize>) -> Result<Splits> {
        let path = archive.path();
        let train =
            Part::read(&mut archive, ArrayNames::new("training", &self.x_train, &self.y_train), self)?;
        let validation = self.validation(&archive)?;
        // Arrays named by the user must exist.
        let named = self.x_test != x_test() || self.y_test != y_test();
        let test = (named || archive.has(&self.x_test) || archive.has(&self.y_test))
            .then(|| ArrayNames::new("test", &self.x_test, &self.y_test));
        let mut others = Vec::new();
        for arrays in [validation, test].into_iter().flatten() {
            let part = Part::read(&mut archive, arrays, self)?;
            train.require_same_labels(path, &part)?;
            others.push(part);
        }
        let known = match (&self.classes, outputs.filter(|&outputs| outputs <= MOST_CLASSES)) {
            (Some(classes), _) => Known::Config(classes),
            (None, Some(outputs)) => Known::Outputs(outputs),
            (None, None) => Known::Labels,
        };
        let names = train.classes(&others, known);
        let unseen = train.unseen(&names);
        let x_train = self.x_train.as_str();
        let train = train.dataset(path, &names, known, None)?;
        let mut splits = Splits { train, validation: None, test: None, columns: None };
        for part in others {
            let kind = part.arrays.kind;
            let dataset = part.dataset(path, &names, known, Some((&splits.train, x_train)))?;
            *(if kind == "test" { &mut splits.test } else { &mut splits.validation }) = Some(dataset);
        }
        // An error is reported first, and without this warning.
        if let (Known::Outputs(outputs), Some(label)) = (known, unseen) {
            tracing::warn!(
                "{}: the last layer has {}, and no training sample has label {label}",
                path.display(),
                counted(outputs, "output")
            );
        }
        Ok(splits)
    }

    /// The arrays of validation samples: those named in the config, or those with a default name.
    fn validation<R: Read + Seek>(&self, archive: &Archive<'_, R>) -> Result<Option<ArrayNames>> {
        if self.x_validation.is_some() || self.y_validation.is_some() {
            let [x, y] = VALIDATION[0].map(str::to_owned);
            let x = self.x_validation.clone().unwrap_or(x);
            return Ok(Some(ArrayNames::new("validation", &x, self.y_validation.as_ref().unwrap_or(&y))));
        }
        let used = [&self.x_train, &self.y_train, &self.x_test, &self.y_test];
        let free = |name: &&str| archive.has(name) && !used.iter().any(|used| used == name);
        let mut found = VALIDATION.iter().filter(|names| names.iter().any(free));
        match (found.next(), found.next()) {
            (Some([x, _]), Some([other, _])) => {
                let message =
                    format!("has both `{x}` and `{other}`; set `x_validation` to the validation samples");
                Err(Error::data(archive.path(), message))
            }
            (Some([x, y]), None) => Ok(Some(ArrayNames::new("validation", x, y))),
            (None, _) => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests;
