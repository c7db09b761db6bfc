//! Tables in CSV files: one sample in each line, one of the columns to be predicted.
//!
//! A column whose values are no numbers, in no line, becomes a value for each text that occurs in the training file:
//! 1 where a line has it, else 0. These texts are kept with the weights, and other tables are read by them.
//!
//! What fills gaps is measured on the samples to train on, without those that are set aside, and kept with the weights as
//! well. Which columns have gaps, which decides about `missing_indicator`, and which categories there are is seen from
//! the whole training file, because the network's first layer has a weight for each.

mod learn;
mod missing;
mod nameless;
mod options;
mod pixels;
mod rows;
mod table;
mod words;

pub use missing::{Gaps, Missing};
pub use options::{Target, UnknownCategory};

use std::io::Read;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{DataConfig, Task};
use crate::config::Problems;
use crate::data::columns::Columns;
use crate::data::formats::csv::{is_missing, sorted};
use crate::data::{self, Dataset, Facts, SearchPath, Splits, Surveyed, Targets};
use crate::error::{Error, Result};
use crate::files;

/// `[data.csv]`: numbers from a CSV file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The file of training samples; a relative path starts at the config file's folder.
    #[schemars(extend("format" = "path"))]
    pub path: PathBuf,
    /// The file of test samples, whose columns have the same names, in any order. No test split by default.
    #[serde(default)]
    #[schemars(extend("format" = "path"))]
    pub test_path: Option<PathBuf>,
    /// The name of the column to predict; for regression, a list of names predicts several numbers.
    pub target: Target,
    /// The names of the columns to predict from. All but `target` and those of `ignore` by default.
    #[serde(default)]
    #[schemars(length(min = 1))]
    pub features: Option<Vec<String>>,
    /// The names of columns that are not predicted from, such as an identifier.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ignore: Vec<String>,
    /// The names of columns that hold categories though they may look like numbers (a postal code), or though they have
    /// more than 100. Columns of texts hold categories anyway. Each category that occurs in the training
    /// file (also in samples that are set aside for validation) becomes a value of 1 or 0.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub categorical: Vec<String>,
    /// What happens where another file has a category that the training file lacks: it is refused, or ignored with a
    /// warning, which makes all values of its column 0.
    #[serde(default, skip_serializing_if = "UnknownCategory::is_default")]
    pub unknown_category: UnknownCategory,
    /// What is done about values that are missing: nothing, or what pandas reads so (`NA`, `NaN`, `null`, …). `"error"`
    /// refuses them, `"drop"` leaves the line out, `"mean"`, `"median"` and `"most_frequent"` fill them with that of
    /// the column among the samples to train on, a number with that number. Categories have no mean, so these all
    /// fill them with the most frequent one. A target is never filled, and `predict` never drops a line: it fills or
    /// refuses.
    #[serde(default, skip_serializing_if = "Missing::is_default")]
    pub missing: Missing,
    /// Texts that mark a missing value, such as `["?", "-999"]`, in addition to those that always do.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(inner(length(min = 1)))]
    pub missing_marks: Vec<String>,
    /// Whether each column with gaps in the training file gets one more value: 1 where there was a gap, else 0.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub missing_indicator: bool,
    /// The shape of a sample whose values are those of an image, row by row: `[channels, height, width]`. By default a
    /// sample is a flat list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(inner(range(min = 1, max = 1_000_000)))]
    pub shape: Option<[usize; 3]>,
    /// Whether all values are pixels, whole numbers from 0 to 255, which are scaled to [0, 1]. A network
    /// trained on them also predicts for pictures.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub pixels: bool,
    /// What is to be predicted: a class, named by any text, or numbers.
    #[serde(default)]
    pub task: Task,
    /// Whether the first line names the columns. Without names they are "0", "1", ….
    #[serde(default = "yes")]
    pub has_headers: bool,
    /// The character between columns, within ASCII; also as a word: `"tab"`, `"semicolon"`, `"comma"`, `"space"`, `"pipe"`.
    #[serde(default = "comma", deserialize_with = "options::delimiter")]
    #[schemars(with = "String", length(min = 1))]
    pub delimiter: char,
    /// The names of the classes in the order of their indices. By default those that occur in the
    /// training samples: sorted as numbers if all are whole numbers, else as texts.
    #[serde(default)]
    #[schemars(length(min = 1))]
    pub classes: Option<Vec<String>>,
    /// The columns of a network that was trained on such a table, by which its lines are read.
    #[serde(skip)]
    pub trained: Option<Columns>,
}

fn yes() -> bool {
    true
}

fn comma() -> char {
    ','
}

impl DataConfig for Config {
    fn validate(&self, problems: &mut Problems<'_>) {
        self.check(problems);
    }

    fn facts(&self) -> Facts {
        Facts {
            // Columns of words become as many values as the file has categories.
            sample_shape: match (self.shape, &self.trained) {
                (Some(shape), _) => Some(shape.into()),
                (None, columns) => columns.as_ref().map(|columns| [columns.width()].into()),
            },
            target: match (self.task, &self.classes) {
                (Task::Regression, _) => Some(data::Target::Value { width: self.target.names().len() }),
                (Task::Classification, classes) => {
                    classes.as_ref().map(|names| data::Target::Class { classes: names.len() })
                }
            },
        }
    }

    fn locate(&self, search: &SearchPath) -> Result<String> {
        let path = search.resolve(&self.path);
        for path in [Some(&self.path), self.test_path.as_ref()].into_iter().flatten() {
            files::open(&search.resolve(path))?;
        }
        Ok(path.display().to_string())
    }

    fn survey(&self, outputs: Option<usize>, search: &SearchPath) -> Result<Surveyed> {
        Ok(Surveyed::from(&self.load_for(outputs, search, 0)?.train))
    }

    fn load(&self, search: &SearchPath, _seed: u64) -> Result<Splits> {
        let open = |path: &PathBuf| -> Result<(PathBuf, _)> {
            let path = search.resolve(path);
            Ok((path.clone(), search.loading.open(&path)?.0))
        };
        self.decode(open(&self.path)?, self.test_path.as_ref().map(open).transpose()?)
    }

    fn takes_validation_file(&self) -> bool {
        true
    }

    fn load_validation(&self, path: &Path, splits: &Splits, search: &SearchPath) -> Result<Dataset> {
        let width = if self.has_headers {
            None
        } else {
            let trained = search.resolve(&self.path);
            Some(self.width(&trained, search.loading.open(&trained)?.0)?)
        };
        let (content, _) = search.loading.open(path)?;
        let classes = match &splits.train.targets {
            Targets::Classes { names, .. } => names.as_slice(),
            Targets::Values { .. } => &[],
        };
        let Some(columns) = &splits.columns else {
            return Err(Error::data(path, "belongs to a table whose columns are not known"));
        };
        self.dataset(path, self.read(path, content, columns, width)?, classes)
    }
}

impl Config {
    /// A table at `path` with the column `target` to predict, and no other options.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>, target: &str) -> Self {
        Self {
            path: path.into(),
            test_path: None,
            target: Target::One(target.to_owned()),
            features: None,
            ignore: Vec::new(),
            categorical: Vec::new(),
            unknown_category: UnknownCategory::default(),
            missing: Missing::default(),
            missing_marks: Vec::new(),
            missing_indicator: false,
            shape: None,
            pixels: false,
            task: Task::default(),
            has_headers: true,
            delimiter: comma(),
            classes: None,
            trained: None,
        }
    }

    /// Takes the columns to predict from and the classes from a network that was trained on such a table, where
    /// the config leaves them to the file.
    pub(super) fn take_trained(&mut self, columns: &Columns, classes: &[String]) {
        self.trained = Some(columns.clone());
        if self.classes.is_none() && self.task == Task::Classification {
            self.classes = Some(classes.to_vec());
        }
    }

    /// Reads the contents of the training and the test file as [`load`](DataConfig::load) does; the paths
    /// are only named in errors.
    ///
    /// # Errors
    /// As [`load`](DataConfig::load).
    pub fn decode<R: Read>(&self, train: (PathBuf, R), test: Option<(PathBuf, R)>) -> Result<Splits> {
        let (path, content) = train;
        let table = match &self.trained {
            Some(columns) => self.read(&path, content, columns, None)?,
            None => self.learn(&path, content)?,
        };
        let test = match test {
            None => None,
            Some((path, content)) => {
                let test = self.read(&path, content, &table.columns, Some(table.width))?;
                Some((path, test))
            }
        };
        let classes = match (&self.classes, self.task) {
            (Some(classes), _) => classes.clone(),
            (None, Task::Classification) => {
                let labels: Vec<String> =
                    table.targets.iter().filter(|label| !is_missing(label)).cloned().collect();
                sorted(labels)
            }
            (None, Task::Regression) => Vec::new(),
        };
        Ok(Splits {
            columns: Some(table.columns.clone()),
            train: self.dataset(&path, table, &classes)?,
            validation: None,
            test: test.map(|(path, table)| self.dataset(&path, table, &classes)).transpose()?,
        })
    }
}

#[cfg(test)]
mod tests;
